//! What may differ from run to run, and how it is written instead.

/// What a recording declares as different from run to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// Durations such as `12.3ms` are written `TIME`. Ports always are, so there is no switch for them.
    pub times: bool,
}

const HOSTS: [&str; 3] = ["127.0.0.1:", "localhost:", "[::1]:"];
const UNITS: [&str; 6] = ["ns", "µs", "us", "ms", "min", "s"];

/// `text` with ports of the own machine as `PORT`, with durations as `TIME` where `rules` say so, and
/// with line ends as `\n`.
pub fn normalise(text: &str, rules: Rules) -> String {
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
        assert_eq!(normalise(text, Rules::default()), hidden);
    }

    #[test]
    fn times_are_hidden_only_where_that_is_declared() {
        let text = "took 12.3ms, then 4s (v1.2s3, 90 s, 7µs); x5ms";
        assert_eq!(normalise(text, Rules::default()), text);
        let hidden = "took TIME, then TIME (v1.2s3, 90 s, TIME); x5ms";
        assert_eq!(normalise(text, Rules { times: true }), hidden);
    }
}
