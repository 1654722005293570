//! Go's names and what stands for each here: the page of `{{#dictionary}}`.
//!
//! Everything on it comes from somewhere else: the pairs from the documentation of the crates, Go's lines from
//! `book/data/go_symbols.toml`, the chapters from their directives and texts, the scenarios from `book/scenarios`.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use crate::error::{Error, Faults};
use crate::html;
use crate::listing::Listing;
use crate::pages::{self, Page};
use crate::symbols::table::{ABSENT, Symbol, numbers, range_of};
use crate::symbols::{Pair, Twin, paired};
use crate::walk::{Walks, link};
use crate::workspace::Workspace;

/// The letters of exit ids, and the function of Go's whose exits they name.
const EXITS: [(&str, &str); 6] = [
    ("RL-", "(*persistConn).readLoop"),
    ("WL-", "(*persistConn).writeLoop"),
    ("WR-", "(*persistConn).wroteRequest"),
    ("RT-", "(*persistConn).roundTrip"),
    ("GC-", "(*Transport).getConn"),
    ("EC-", "(*persistConn).waitForContinue"),
];

/// The whole dictionary as Markdown: a heading for each file of Go's, an entry with an anchor for each name.
///
/// # Errors
///
/// What has no partner, or cannot be read.
pub fn markdown(workspace: &Workspace, walks: &Walks) -> Result<String, String> {
    let mut faults = Vec::new();
    let pairs = paired(workspace, &mut faults).map_err(|error| error.to_string())?;
    Faults::none(faults).map_err(|faults| faults.to_string())?;
    let chapters = chapters(workspace, walks).map_err(|error| error.to_string())?;
    let scenarios = scenarios(workspace).map_err(|error| error.to_string())?;
    // The files of net/http first.
    let mut files: BTreeMap<(bool, &str), Vec<&Pair>> = BTreeMap::new();
    for pair in &pairs {
        let file = pair.symbol.file.as_str();
        files.entry((!file.starts_with("net/http/"), file)).or_default().push(pair);
    }
    let mut out = String::new();
    let mut ids = HashSet::new();
    for ((_, file), pairs) in files {
        out.push_str(&format!("## {file}\n\n"));
        for Pair { symbol, twins } in pairs {
            let mut id = id(symbol);
            while !ids.insert(id.clone()) {
                id.push_str("-too");
            }
            let chapters: Vec<_> = chapters.iter().filter_map(|chapter| chapter.link(symbol, twins)).collect();
            let scenarios: Vec<_> =
                scenarios.iter().filter(|(_, text)| takes_part(symbol, text)).map(|(name, _)| code(name)).collect();
            out.push_str(&entry(&id, symbol, twins, &chapters, &scenarios));
        }
        out.push('\n');
    }
    Ok(out)
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", html::escape(text))
}

/// `go-transport-persistconn-readloop`: from the file's name and the symbol's.
pub(crate) fn id(symbol: &Symbol) -> String {
    let stem = symbol.file.rsplit('/').next().unwrap_or("").trim_end_matches(".go");
    let parts = symbol.name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    ["go", stem].into_iter().chain(parts).collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// One entry: no empty line inside, which would end the HTML.
fn entry(id: &str, symbol: &Symbol, twins: &[Twin], chapters: &[String], scenarios: &[String]) -> String {
    let within = symbol.within.as_ref().map_or(String::new(), |function| format!(" in {}", code(function)));
    let mut out = format!(
        "<div class=\"symbol\" id=\"{id}\">\n<p><a href=\"#{id}\">{}</a>{within}</p>\n<dl>\n",
        code(&symbol.name)
    );
    let mut row = |what: &str, text: &str| {
        out.push_str(&format!("<div><dt>{what}</dt><dd>{text}</dd></div>\n"));
    };
    for twin in twins {
        let item = &twin.item;
        let place = format!("{} line {}, page {}", html::escape(&item.file), item.line, html::escape(&item.page()));
        row("here", &format!("{}<br><small>{place}</small>", code(&item.path)));
    }
    if !chapters.is_empty() {
        row("chapter", &chapters.join(", "));
    }
    if !scenarios.is_empty() {
        row("scenario", &scenarios.join(", "));
    }
    let mut versions: Vec<_> = symbol.lines.iter().collect();
    versions.sort_by_key(|(version, _)| numbers(version));
    let lines: Vec<_> = versions.into_iter().map(|(version, lines)| lines_of(symbol, version, lines)).collect();
    row("Go", &lines.join(" · "));
    out.push_str("</dl>\n</div>\n");
    out
}

fn lines_of(symbol: &Symbol, version: &str, lines: &str) -> String {
    if lines == ABSENT {
        return format!("{version}: –");
    }
    let (file, range) = symbol.place(version).unwrap_or((&symbol.file, lines));
    let other = if file == symbol.file { String::new() } else { format!("{} ", html::escape(file)) };
    // Lines that are none are refused when the table is read.
    let (first, last) = range_of(range).unwrap_or((1, 1));
    let said = range.replace('-', "–");
    format!("{version}: <a href=\"{}\">{other}{said}</a>", link(version, file, first, last))
}

/// What a chapter shows and says, as far as the dictionary asks.
#[derive(Debug)]
struct Chapter {
    page: String,
    title: String,
    text: String,
    listings: Vec<(String, usize, usize)>,
    /// Name, file and function of each walk.
    walks: Vec<(String, String, String)>,
}

impl Chapter {
    /// A link to where this chapter walks through the symbol, shows its twin or names it.
    fn link(&self, symbol: &Symbol, twins: &[Twin]) -> Option<String> {
        let walk = self.walks.iter().find(|(_, file, func)| *file == symbol.file && *func == symbol.name);
        let shown = || {
            twins.iter().any(|twin| {
                let item = &twin.item;
                // A module's documentation is about all of its file.
                item.line > 1
                    && self
                        .listings
                        .iter()
                        .any(|(file, first, last)| *file == item.file && item.line <= *last && *first <= item.last)
            })
        };
        let named = || self.text.contains(&format!("`{}`", symbol.name));
        let anchor = match walk {
            Some((name, _, _)) => format!("#walk-{name}"),
            None if shown() || named() => String::new(),
            None => return None,
        };
        Some(format!("<a href=\"{}{anchor}\">{}</a>", html::escape(&self.page), html::inline(&self.title)))
    }
}

/// What each chapter shows and says. What is wrong with a directive is told elsewhere.
fn chapters(workspace: &Workspace, walks: &Walks) -> Result<Vec<Chapter>, Error> {
    let shown = |page: Page| {
        let (mut listings, mut walked) = (Vec::new(), Vec::new());
        for directive in page.directives() {
            match directive.as_slice() {
                ["include", spec] => listings.extend(lines_shown(workspace, spec)),
                ["walk", name] => {
                    if let Ok(walk) = walks.get(name) {
                        listings.extend(lines_shown(workspace, &walk.rust));
                        walked.push((walk.name.clone(), walk.file.clone(), walk.func.clone()));
                    }
                }
                _ => {}
            }
        }
        Chapter { page: page.html, title: page.title, text: page.text, listings, walks: walked }
    };
    Ok(pages::read(workspace)?.into_iter().map(shown).collect())
}

fn lines_shown(workspace: &Workspace, spec: &str) -> Option<(String, usize, usize)> {
    let listing = Listing::read(workspace.root(), spec).ok()?;
    Some((listing.path, listing.first, listing.last))
}

/// The scenarios by name, with their texts.
fn scenarios(workspace: &Workspace) -> Result<Vec<(String, String)>, Error> {
    let dir = workspace.book().join("scenarios");
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&dir).map_err(failed())? {
        let path: PathBuf = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, Error::read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a scenario names the symbol, or an exit of it.
fn takes_part(symbol: &Symbol, scenario: &str) -> bool {
    let last = symbol.name.rsplit('.').next().unwrap_or(&symbol.name);
    // A word such as `Get` or `body` is in every scenario and means something else there.
    let telling = last.len() >= 6 && last.chars().skip(1).any(char::is_uppercase);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let named = telling
        && scenario.match_indices(last).any(|(at, _)| {
            let before = scenario[..at].chars().next_back();
            let after = scenario[at + last.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        });
    let exit = || {
        EXITS.iter().any(|(letters, function)| *function == symbol.name && scenario.contains(&format!("\"{letters}")))
    };
    named || exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        let lines = [("1.12.7", "-"), ("1.27.3", "net/http/b.go:3-9"), ("1.19.8", "7")];
        Symbol {
            name: name.to_owned(),
            file: "net/http/a.go".to_owned(),
            within: None,
            lines: lines.into_iter().map(|(version, lines)| (version.to_owned(), lines.to_owned())).collect(),
        }
    }

    #[test]
    fn an_entry_links_to_the_lines_of_each_version_in_their_order() {
        let entry = entry("x", &symbol("(*T).do"), &[], &[], &["<code>s</code>".to_owned()]);
        let base = "https://github.com/golang/go/blob/go";
        let go = format!(
            "<dd>1.12.7: – · 1.19.8: <a href=\"{base}1.19.8/src/net/http/a.go#L7\">7</a> · \
             1.27.3: <a href=\"{base}1.27.3/src/net/http/b.go#L3-L9\">net/http/b.go 3–9</a></dd>"
        );
        assert!(entry.contains(&go), "{entry}");
        assert!(entry.contains("<dt>scenario</dt><dd><code>s</code></dd>"), "{entry}");
        assert!(!entry.trim_end().contains("\n\n"), "an empty line ends the HTML: {entry}");
    }

    #[test]
    fn an_id_is_made_of_the_file_and_the_name() {
        assert_eq!(id(&symbol("(*persistConn).readLoop")), "go-a-persistconn-readloop");
    }

    #[test]
    fn a_scenario_takes_part_by_name_or_by_exit() {
        assert!(takes_part(&symbol("Transport.IdleConnTimeout"), "IdleConnTimeout = \"1s\""));
        assert!(!takes_part(&symbol("Transport.IdleConnTimeout"), "MyIdleConnTimeout = 1"));
        assert!(!takes_part(&symbol("Get"), "Get"));
        assert!(takes_part(&symbol("(*persistConn).readLoop"), "exits = [\"RL-B1\"]"));
    }
}
