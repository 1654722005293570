//! What may differ from run to run, and how it is written instead.
//!
//! Ports and times are hidden. The outcome of a race is not: a recording shows one that happened, and declares which
//! others are as good.

/// What a recording declares as different from run to run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// Durations such as `12.3ms` are written `TIME`. Ports always are, so there is no switch for them.
    pub times: bool,
    /// What may stand last on a line that ends in ` *`. Without any, such a line is like every other.
    pub races: Vec<String>,
}

impl Rules {
    /// A line that a race decides, as what stands before its outcome and the outcome; `None` for any other line.
    fn race<'a>(&self, line: &'a str) -> Option<(&'a str, &'a str)> {
        let line = line.strip_suffix(RACE)?.trim_end();
        self.races.iter().find_map(|outcome| {
            let before = line.strip_suffix(outcome.as_str())?;
            before.ends_with(' ').then(|| (before.trim_end(), &line[before.len()..]))
        })
    }

    /// Whether every race in `text` ended as declared.
    ///
    /// # Errors
    ///
    /// The first line that did not, or that races are declared and there is none.
    pub fn allow(&self, text: &str) -> Result<(), String> {
        if self.races.is_empty() {
            return Ok(());
        }
        let mut marked = text.lines().filter(|line| line.ends_with(RACE)).peekable();
        if marked.peek().is_none() {
            return Err(format!("declares races, and no line of its output ends in `{RACE}`"));
        }
        match marked.find(|line| self.race(line).is_none()) {
            Some(line) => Err(format!(
                "the race of the line `{line}` ended in none of the declared ways: {}",
                self.races.join(", ")
            )),
            None => Ok(()),
        }
    }

    /// `fresh` with the outcomes that `recorded` has, line by line, wherever the two differ in nothing but the
    /// declared outcome of a race. So whatever else differs still does.
    pub fn agree(&self, fresh: &str, recorded: &str) -> String {
        let mut recorded = recorded.lines();
        let mut out = String::with_capacity(fresh.len());
        for line in fresh.split_inclusive('\n') {
            let text = line.trim_end_matches('\n');
            let other = recorded.next().unwrap_or("");
            let same = matches!((self.race(text), self.race(other)), (Some((a, _)), Some((b, _))) if a == b);
            out.push_str(if same { other } else { text });
            out.push_str(&line[text.len()..]);
        }
        out
    }
}

/// The end of a line that a race decides.
const RACE: &str = " *";

const HOSTS: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];
const UNITS: [&str; 6] = ["ns", "µs", "us", "ms", "min", "s"];

/// `text` with ports of the own machine as `PORT`, with durations as `TIME` where `rules` say so, and
/// with line ends as `\n`.
pub fn normalise(text: &str, rules: &Rules) -> String {
    let text = text.replace("\r\n", "\n");
    let text = HOSTS.iter().fold(text, |text, host| hide_ports(&text, host));
    if rules.times { hide_times(&text) } else { text }
}

fn hide_ports(text: &str, host: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(host) {
        let (before, after) = rest.split_at(at + host.len());
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(before);
        if digits > 0 {
            out.push_str("PORT");
        }
        rest = &after[digits..];
    }
    out + rest
}

fn hide_times(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let word_before = before.is_alphanumeric() || before == '_' || before == '.';
        match duration(rest).filter(|_| !word_before) {
            Some(len) => {
                out.push_str("TIME");
                before = 'E';
                rest = &rest[len..];
            }
            None => {
                out.push(c);
                before = c;
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// The length in bytes of the duration that `text` starts with: digits, a fraction, a unit, no letter after.
fn duration(text: &str) -> Option<usize> {
    let is_digit = |c: char| c.is_ascii_digit();
    let number = text.trim_start_matches(is_digit);
    if number.len() == text.len() {
        return None;
    }
    let after = match number.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(is_digit) => fraction.trim_start_matches(is_digit),
        _ => number,
    };
    let unit = UNITS.iter().find(|unit| after.starts_with(**unit))?;
    let tail = &after[unit.len()..];
    let ends = !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    ends.then(|| text.len() - tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_this_machine_are_hidden_and_others_are_not() {
        let text = "GET http://127.0.0.1:54321/a\nlocalhost:80 [::1]:9 example.com:443 127.0.0.1: x\r\n";
        let hidden = "GET http://127.0.0.1:PORT/a\nlocalhost:PORT [::1]:PORT example.com:443 127.0.0.1: x\n";
        assert_eq!(normalise(text, &Rules::default()), hidden);
    }

    #[test]
    fn times_are_hidden_only_where_that_is_declared() {
        let text = "took 12.3ms, then 4s (v1.2s3, 90 s, 7µs); x5ms";
        assert_eq!(normalise(text, &Rules::default()), text);
        let hidden = "took TIME, then TIME (v1.2s3, 90 s, TIME); x5ms";
        assert_eq!(normalise(text, &Rules { times: true, ..Rules::default() }), hidden);
    }

    fn races() -> Rules {
        Rules { races: ["3 / 1", "5 / 2"].map(str::to_owned).to_vec(), ..Rules::default() }
    }

    #[test]
    fn the_outcome_of_a_race_is_taken_from_the_recording_and_nothing_else_is() {
        let recorded = "read    3 / 1\nclose    13 / 1     3 / 1 *\n* a race\n";
        let agreed = |fresh| races().agree(fresh, recorded);
        assert_eq!(agreed("read    3 / 1\nclose    13 / 1     5 / 2 *\n* a race\n"), recorded);
        for fault in [
            "read    5 / 2\nclose    13 / 1     3 / 1 *\n* a race\n",
            "read    3 / 1\nclose    15 / 2     5 / 2 *\n* a race\n",
            "read    3 / 1\nclose    13 / 1     5 / 2\n* a race\n",
            "read    3 / 1\nclose    13 / 1     7 / 3 *\n* a race\n",
            "read    3 / 1\n",
        ] {
            assert_eq!(agreed(fault), fault, "the fault must not be mended");
        }
    }

    #[test]
    fn a_race_that_ends_as_nobody_declared_is_refused() {
        assert_eq!(races().allow("a   1 / 6   5 / 2 *\n"), Ok(()));
        let refused = races().allow("a   1 / 6   13 / 1 *\n").unwrap_err();
        assert!(
            refused.contains("`a   1 / 6   13 / 1 *` ended in none of the declared ways: 3 / 1, 5 / 2"),
            "{refused}"
        );
        assert!(races().allow("a   1 / 6\n").unwrap_err().contains("no line of its output ends in ` *`"));
    }

    #[test]
    fn without_declared_races_a_star_means_nothing() {
        assert_eq!(Rules::default().allow("a 1 *\n"), Ok(()));
        assert_eq!(Rules::default().agree("a 2 *\n", "a 1 *\n"), "a 2 *\n");
    }
}
