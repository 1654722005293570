//! An outcome for a person to read.

use std::fmt::Write as _;

use crate::outcome::{ConnOutcome, Count, OriginOutcome, Outcome, Read, RequestOutcome, Sent, StepOutcome};
use crate::port::Run;
use crate::scenario::{Policy, Scenario};

/// A run in a few lines: what became of each request, what each origin saw, what was counted, and the exits.
pub fn run(scenario: &Scenario, policy: Policy, run: &Run) -> String {
    let exits: Vec<String> = run
        .exits
        .iter()
        .map(|(exit, count)| if *count == 1 { exit.id().to_owned() } else { format!("{} x{count}", exit.id()) })
        .collect();
    format!(
        "{} ({policy}): {}\n{}  exits: {}\n",
        scenario.name,
        scenario.about,
        outcome(scenario, &run.outcome),
        exits.join(", ")
    )
}

/// An outcome in a few lines, the requests in the order of the steps that send them.
pub fn outcome(scenario: &Scenario, outcome: &Outcome) -> String {
    let mut text = String::new();
    let wide = outcome.requests.keys().map(String::len).max().unwrap_or(0);
    let sent = scenario.caller.requests().filter_map(|name| Some((name, outcome.requests.get(name)?)));
    for (name, told) in sent {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {name:wide$}  {}", request(told));
    }
    for (name, origin) in &outcome.origins {
        text.push_str(&origin_lines(name, origin));
    }
    let (end, others): (Vec<_>, Vec<_>) = outcome.counts.iter().partition(|(name, _)| *name == crate::parse::END);
    for (name, count) in others.into_iter().chain(end) {
        let _ = writeln!(text, "  {name}: {}", count_line(*count));
    }
    text
}

fn request(request: &RequestOutcome) -> String {
    let mut parts = vec![sent(&request.sent)];
    if !request.conns.is_empty() {
        let how = request.events.caller.iter().filter(|event| event.starts_with("GotConn"));
        let conns = request.conns.iter().zip(how).map(|(conn, how)| {
            let how = match (how.contains("was_idle=true"), how.contains("reused=true")) {
                (true, true) => "from the pool",
                (true, false) => "from the pool, unused",
                (false, true) => "just given back",
                (false, false) => "new",
            };
            format!("{conn} {how}")
        });
        parts.push(format!("on {}", in_a_row(conns).join(", then ")));
    }
    parts.extend(request.steps.iter().map(step));
    for (name, values) in &request.trailers {
        parts.push(format!("trailer {name}: {}", values.join(", ")));
    }
    parts.join("; ")
}

/// What is there several times in a row is told once, with how often.
fn in_a_row(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for text in texts {
        match runs.last_mut() {
            Some((last, count)) if *last == text => *count += 1,
            Some(_) | None => runs.push((text, 1)),
        }
    }
    runs.into_iter().map(|(text, count)| if count == 1 { text } else { format!("{text} x{count}") }).collect()
}

fn sent(sent: &Sent) -> String {
    if let Some(error) = &sent.error {
        return format!("failed: {error}");
    }
    match sent.status {
        Some(status) => status.to_string(),
        None if sent.dropped => "dropped before its response came".to_owned(),
        None => "no response yet".to_owned(),
    }
}

fn step(step: &StepOutcome) -> String {
    let ended = |what: &str, error: &Option<String>, skipped: bool| match error {
        Some(error) => format!("{what}: {error}"),
        None if skipped => format!("{what}: there is no response"),
        None => what.to_owned(),
    };
    match step {
        StepOutcome::Read(read) => format!("read {}", bytes(read)),
        StepOutcome::Close(end) => ended("closed", &end.error, end.skipped),
        StepOutcome::Write(end) => ended("wrote", &end.error, end.skipped),
        StepOutcome::Drop(end) => ended("dropped", &end.error, end.skipped),
    }
}

fn bytes(read: &Read) -> String {
    if read.pending {
        return "goes on".to_owned();
    }
    if read.skipped {
        return "nothing: there is no response".to_owned();
    }
    let mut text = if read.bytes == 1 { "1 byte".to_owned() } else { format!("{} bytes", read.bytes) };
    if let Some(short) = read.text.as_ref().filter(|short| !short.is_empty()) {
        let _ = write!(text, " {short:?}");
    }
    if let Some(error) = &read.error {
        let _ = write!(text, ", then {error}");
    }
    text
}

fn origin_lines(name: &str, origin: &OriginOutcome) -> String {
    let mut text = format!("  origin {name}: {} accepted, {} open\n", origin.accepted, origin.open);
    for (at, conn) in origin.conns.iter().enumerate() {
        let _ = writeln!(text, "    {name}#{}: {}", at + 1, conn_line(conn));
    }
    for failure in &origin.failures {
        let _ = writeln!(text, "    not as expected: {failure}");
    }
    text
}

fn conn_line(conn: &ConnOutcome) -> String {
    let requests = match conn.requests.len() {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    format!("{requests}, {}", if conn.end == "open" { "open".to_owned() } else { format!("ended: {}", conn.end) })
}

fn count_line(count: Count) -> String {
    let Count { alive, read_loop, write_loop, other } = count;
    let mut parts = vec!["1 caller".to_owned()];
    for (what, count) in [("read_loop", read_loop), ("write_loop", write_loop), ("other", other)] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    format!("{alive} = {}", parts.join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_several_times_in_a_row_is_told_once() {
        let texts = ["a#1 new", "a#1 from the pool", "a#1 from the pool", "a#2 new"].map(str::to_owned);
        assert_eq!(in_a_row(texts.into_iter()), ["a#1 new", "a#1 from the pool x2", "a#2 new"]);
    }

    #[test]
    fn requests_stand_in_the_order_in_which_they_are_sent() {
        let text = r##"about = "?"
[origin.a]
reply = { bytes = 3 }
[caller]
steps = [
  { send = "one", get = "a/" },
  { times = 10, steps = [{ send = "again", get = "a/" }] },
]
"##;
        let scenario = Scenario::parse("x.toml", text).expect("a scenario");
        let requests = scenario.caller.requests().map(|name| (name.to_owned(), RequestOutcome::default())).collect();
        let told = outcome(&scenario, &Outcome { requests, ..Outcome::default() });
        let names: Vec<&str> = told.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(names[..3], ["one", "again.1", "again.2"]);
        assert_eq!(names[10], "again.10");
    }
}
