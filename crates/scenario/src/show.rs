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
        outcome(&run.outcome),
        exits.join(", ")
    )
}

/// An outcome in a few lines.
pub fn outcome(outcome: &Outcome) -> String {
    let mut text = String::new();
    let wide = outcome.requests.keys().map(String::len).max().unwrap_or(0);
    let mut names: Vec<&String> = outcome.requests.keys().collect();
    names.sort_by_key(|name| in_rounds(name));
    for name in names {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {name:wide$}  {}", request(&outcome.requests[name]));
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

/// `r.10` comes after `r.9`.
pub(crate) fn in_rounds(name: &str) -> (String, Vec<usize>) {
    let mut parts = name.split('.');
    let base = parts.next().unwrap_or_default().to_owned();
    (base, parts.filter_map(|round| round.parse().ok()).collect())
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
        parts.push(format!("on {}", conns.collect::<Vec<_>>().join(", then ")));
    }
    parts.extend(request.steps.iter().map(step));
    for (name, values) in &request.trailers {
        parts.push(format!("trailer {name}: {}", values.join(", ")));
    }
    parts.join("; ")
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
    let mut text = format!("{} bytes", read.bytes);
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
