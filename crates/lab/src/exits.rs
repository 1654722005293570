//! The list of all exits, from the one table of [`Exit`].
//!
//! # Layout
//!
//! - this file: the list and its entries
//! - [`shown`]: the scenario or the test that shows an exit

pub mod shown;

use httptrace::exit::{Exit, Facts};

use crate::html;
use crate::workspace::Workspace;
use shown::Shown;

/// Every exit, grouped by place under headings of its own: an anchor, what it is, who causes it, what the caller sees,
/// what becomes of the connection, Go's lines, and a scenario that takes it. The anchor is the id in lower case: `#rl-b1`.
///
/// # Errors
///
/// When an exit does not begin with its place, names lines that are none, or is not shown as it must be (see
/// [`shown::all`]).
pub fn list(workspace: &Workspace) -> Result<String, String> {
    let mut out = String::new();
    let mut current = "";
    for (exit, shown) in Exit::ALL.iter().zip(shown::all(workspace)?) {
        let facts = exit.facts();
        let (place, what) = place(&facts)?;
        if place != current {
            out.push_str(&format!("## {place}\n\n"));
            current = place;
        }
        out.push_str(&entry(&facts, what, &shown)?);
    }
    Ok(out)
}

/// `read_loop, idle: the server closed it.` is a place and what happens there.
fn place(facts: &Facts) -> Result<(&'static str, &'static str), String> {
    facts.what.split_once(": ").ok_or_else(|| format!("{} does not begin with its place and a colon", facts.id))
}

fn entry(facts: &Facts, what: &str, shown: &Shown) -> Result<String, String> {
    let anchor = facts.id.to_ascii_lowercase();
    let rows = [
        ("caused by", html::inline(facts.who)),
        ("caller sees", html::inline(facts.caller)),
        ("connection", html::inline(facts.connection)),
        ("Go 1.12.7", go_lines("1.12.7", facts.go_1_12_7).map_err(|what| format!("{}: {what}", facts.id))?),
        ("Go 1.27.3", go_lines("1.27.3", facts.go_1_27_3).map_err(|what| format!("{}: {what}", facts.id))?),
    ];
    let rows: String = rows.iter().map(|(name, text)| format!("<div><dt>{name}</dt><dd>{text}</dd></div>\n")).collect();
    // No empty line in between: Markdown takes it for the end of the HTML.
    Ok(format!(
        "<div class=\"exit\" id=\"{anchor}\">\n<p><a href=\"#{anchor}\"><code>{}</code></a> {}</p>\n<dl>\n{rows}</dl>\n{}</div>\n\n",
        facts.id,
        html::inline(what),
        shown.html(),
    ))
}

/// `1680-1684, 1823` as links to the lines of transport.go in this version. A dash stays a dash.
fn go_lines(version: &str, text: &str) -> Result<String, String> {
    if text == "–" {
        return Ok(text.to_owned());
    }
    let links = text.split(',').map(|range| {
        let range = range.trim();
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (from, to) = (line(first)?, line(last)?);
        if from > to {
            return Err(format!("`{range}` ends before it begins"));
        }
        let fragment = if range.contains('-') { format!("L{from}-L{to}") } else { format!("L{from}") };
        Ok(format!(
            "<a href=\"https://github.com/golang/go/blob/go{version}/src/net/http/transport.go#{fragment}\">{}</a>",
            range.replace('-', "–")
        ))
    });
    Ok(links.collect::<Result<Vec<_>, String>>()?.join(", "))
}

fn line(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|line| *line > 0).ok_or_else(|| format!("`{text}` is no line of a file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_links_and_a_dash_stays_a_dash() {
        let links = go_lines("1.12.7", "1680-1684, 1823").unwrap();
        let file = "https://github.com/golang/go/blob/go1.12.7/src/net/http/transport.go";
        assert_eq!(links, format!("<a href=\"{file}#L1680-L1684\">1680–1684</a>, <a href=\"{file}#L1823\">1823</a>"));
        assert_eq!(go_lines("1.12.7", "–").unwrap(), "–");
    }

    #[test]
    fn what_is_no_range_of_lines_is_refused() {
        for text in ["", "-", "12-", "0", "a", "12, ", "20-12", "1-2-3"] {
            assert!(go_lines("1.27.3", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_place_is_one_heading() {
        let list = list(&Workspace::find().unwrap()).unwrap();
        let headings: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let expected = [
            "read_loop, idle",
            "read_loop, head",
            "read_loop, body",
            "write_loop",
            "wrote_request",
            "round_trip",
            "get_conn",
            "expect-continue",
        ];
        assert_eq!(headings, expected);
    }

    fn a_scenario() -> Shown {
        Shown::Scenario { path: "s.toml".to_owned(), about: "Is <it>?".to_owned(), text: "one\n\ntwo\n".to_owned() }
    }

    #[test]
    fn an_entry_says_all_there_is_to_know() {
        let facts = Facts {
            id: "XX-1",
            what: "somewhere: it `ends` & is gone.",
            who: "the <server>",
            caller: "`a: b`",
            connection: "closed",
            go_1_12_7: "–",
            go_1_27_3: "7",
        };
        let (place, what) = place(&facts).unwrap();
        assert_eq!(place, "somewhere");
        let entry = entry(&facts, what, &a_scenario()).unwrap();
        for wanted in [
            "id=\"xx-1\"",
            "<a href=\"#xx-1\"><code>XX-1</code></a> it <code>ends</code> &amp; is gone.</p>",
            "<dt>caused by</dt><dd>the &lt;server&gt;</dd>",
            "<dt>caller sees</dt><dd><code>a: b</code></dd>",
            "<dt>connection</dt><dd>closed</dd>",
            "<dt>Go 1.12.7</dt><dd>–</dd>",
            "go1.27.3/src/net/http/transport.go#L7\">7</a></dd>",
            "<summary>Is &lt;it&gt;?</summary>",
            "cargo lab run s.toml",
        ] {
            assert!(entry.contains(wanted), "{wanted} in {entry}");
        }
        assert!(!entry.trim_end().contains("\n\n"), "an empty line ends the HTML: {entry}");
    }

    #[test]
    fn an_exit_without_a_place_or_with_lines_that_are_none_is_refused_by_its_id() {
        let facts = Facts { what: "nowhere", ..Exit::ALL[0].facts() };
        assert!(place(&facts).unwrap_err().starts_with(facts.id));
        let facts = Facts { go_1_27_3: "x", ..Exit::ALL[0].facts() };
        assert_eq!(entry(&facts, "", &a_scenario()).unwrap_err(), format!("{}: `x` is no line of a file", facts.id));
    }
}
