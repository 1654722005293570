//! Strict includes: code of the book comes from files that Cargo compiles.
//!
//! `{{#include PATH}}` shows a whole file, `{{#include PATH:ANCHOR}}` the lines between
//! `// ANCHOR: name` and `// ANCHOR_END: name`. PATH starts at the root of the repository, wherever the
//! chapter lies. The lines that mark anchors are not shown, and the rest is moved to the left margin.
//! Whatever is missing, empty or marked wrongly is an error; mdBook itself would leave the page empty.

use std::path::{Component, Path};

use crate::html;

/// Code to be shown, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The file, from the root of the repository.
    pub path: String,
    /// The first line shown, from 1.
    pub first: usize,
    /// The last line shown.
    pub last: usize,
    /// The language for the fence.
    pub language: &'static str,
    /// The lines themselves, at the left margin.
    pub code: String,
}

impl Listing {
    /// Reads what `spec`, a `PATH` or `PATH:ANCHOR`, names in the repository at `root`.
    ///
    /// # Errors
    ///
    /// What is wrong and what was expected, in a sentence.
    pub fn read(root: &Path, spec: &str) -> Result<Self, String> {
        let (path, anchor) = match spec.split_once(':') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (spec, None),
        };
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.is_empty() {
            return Err(format!("the path `{path}` must start at the root of the repository and stay inside it"));
        }
        let language = language_of(path)?;
        let text = std::fs::read_to_string(root.join(path))
            .map_err(|error| format!("cannot read `{path}` (paths start at the root of the repository): {error}"))?;
        let anchors = anchors(&text).map_err(|what| format!("`{path}`: {what}"))?;
        let lines: Vec<&str> = text.lines().collect();
        let (from, to) = match anchor {
            None => (0, lines.len()),
            Some(name) => {
                let found = anchors.iter().find(|anchor| anchor.name == name);
                found.map(|anchor| (anchor.from, anchor.to)).ok_or_else(|| no_such_anchor(path, name, &anchors))?
            }
        };
        let shown: Vec<(usize, &str)> =
            (from..to).map(|i| (i + 1, lines[i])).filter(|(_, line)| marker(line).is_none()).collect();
        let first = shown.iter().position(|(_, line)| !line.trim().is_empty());
        let last = shown.iter().rposition(|(_, line)| !line.trim().is_empty());
        let (Some(first), Some(last)) = (first, last) else {
            return Err(match anchor {
                Some(name) => format!("the anchor `{name}` in `{path}` is empty; expected at least one line of code"),
                None => format!("`{path}` is empty; expected at least one line of code"),
            });
        };
        let shown = &shown[first..=last];
        Ok(Listing {
            path: path.to_owned(),
            first: shown[0].0,
            last: shown[shown.len() - 1].0,
            language,
            code: dedent(shown.iter().map(|(_, line)| *line)),
        })
    }

    /// Its beginning, for a listing of a whole Rust file without anchors: at most so many lines, up to the end of an item
    /// where that can be told by an empty line, and a mark that there is more.
    pub fn head(mut self, lines: usize) -> Self {
        let all: Vec<&str> = self.code.lines().collect();
        if all.len() > lines && self.last + 1 - self.first == all.len() {
            let items_end = |at: &usize| all[*at].is_empty() && !all[at + 1].starts_with(' ');
            let shown = (lines / 2..lines).rev().find(items_end).unwrap_or(lines);
            self.last = self.first + shown - 1;
            self.code = all[..shown].iter().chain(&["// …"]).flat_map(|line| [line, "\n"]).collect();
        }
        self
    }

    /// The listing as Markdown: a caption with its place, and a fence.
    pub fn markdown(&self) -> String {
        let lines = match self.first == self.last {
            true => format!("line {}", self.first),
            false => format!("lines {}–{}", self.first, self.last),
        };
        let caption = format!("<code>{}</code>, {lines}", html::escape(&self.path));
        let code = match self.language {
            "rust" => unhide(&self.code),
            _ => self.code.clone(),
        };
        html::captioned_fence("class=\"listing\"", &caption, self.language, &code)
    }
}

/// The lines between two markers, as indices into the file's lines.
struct Anchor {
    name: String,
    from: usize,
    to: usize,
}

enum Marker<'a> {
    Start(&'a str),
    End(&'a str),
}

/// Recognises `// ANCHOR: name` and `// ANCHOR_END: name` (and the same after `#`, as in TOML).
fn marker(line: &str) -> Option<Marker<'_>> {
    let line = line.trim();
    let comment = line.strip_prefix("//").or_else(|| line.strip_prefix('#'))?.trim_start();
    if let Some(name) = comment.strip_prefix("ANCHOR:") {
        return Some(Marker::Start(name.trim()));
    }
    comment.strip_prefix("ANCHOR_END:").map(|name| Marker::End(name.trim()))
}

fn anchors(text: &str) -> Result<Vec<Anchor>, String> {
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut done: Vec<Anchor> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        match marker(line) {
            Some(Marker::Start(name)) => {
                let taken = open.iter().any(|(n, _)| n == name) || done.iter().any(|anchor| anchor.name == name);
                if taken {
                    return Err(format!("line {}: the anchor `{name}` is there twice", i + 1));
                }
                open.push((name.to_owned(), i + 1));
            }
            Some(Marker::End(name)) => {
                let at = open
                    .iter()
                    .position(|(n, _)| n == name)
                    .ok_or_else(|| format!("line {}: `ANCHOR_END: {name}` without an `ANCHOR: {name}`", i + 1))?;
                let (name, from) = open.remove(at);
                done.push(Anchor { name, from, to: i });
            }
            None => {}
        }
    }
    match open.first() {
        Some((name, line)) => Err(format!("line {line}: `ANCHOR: {name}` without an `ANCHOR_END: {name}`")),
        None => Ok(done),
    }
}

fn no_such_anchor(path: &str, name: &str, anchors: &[Anchor]) -> String {
    let names: Vec<_> = anchors.iter().map(|anchor| format!("`{}`", anchor.name)).collect();
    match names.is_empty() {
        true => format!("no anchor `{name}` in `{path}`; it has none"),
        false => format!("no anchor `{name}` in `{path}`; it has {}", names.join(", ")),
    }
}

fn language_of(path: &str) -> Result<&'static str, String> {
    match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => Ok("rust"),
        Some("toml") => Ok("toml"),
        Some("json") => Ok("json"),
        Some("css") => Ok("css"),
        Some("js") => Ok("javascript"),
        Some("sh") => Ok("sh"),
        _ => Err(format!("`{path}`: expected a file ending in .rs, .toml, .json, .css, .js or .sh")),
    }
}

fn dedent<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> String {
    let margin = lines
        .clone()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut out = String::new();
    for line in lines {
        out.push_str(line.get(margin..).unwrap_or(""));
        out.push('\n');
    }
    out
}

/// Doubles a leading `#` that mdBook would take as the sign of a line to hide.
fn unhide(code: &str) -> String {
    let mut out = String::new();
    for line in code.lines() {
        let text = line.trim_start();
        let hides = text.strip_prefix('#').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '#']));
        if hides {
            let margin = &line[..line.len() - text.len()];
            out.push_str(margin);
            out.push('#');
        }
        out.push_str(if hides { text } else { line });
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
// ANCHOR: all
fn main() {
    // ANCHOR: inner
    if true {

        go();
    }
    // ANCHOR_END: inner
}
// ANCHOR_END: all
// ANCHOR: hollow

// ANCHOR_END: hollow
";

    fn read(text: &str, spec: &str) -> Result<Listing, String> {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a.rs"), text).expect("written");
        Listing::read(dir.path(), spec)
    }

    #[test]
    fn an_anchor_is_shown_at_the_left_margin_without_its_markers() {
        let listing = read(FILE, "a.rs:inner").unwrap();
        assert_eq!(listing.code, "if true {\n\n    go();\n}\n");
        assert_eq!((listing.first, listing.last), (4, 7));
        assert!(listing.markdown().contains("<code>a.rs</code>, lines 4–7"));
    }

    #[test]
    fn an_outer_anchor_leaves_the_markers_of_an_inner_one_out() {
        let listing = read(FILE, "a.rs:all").unwrap();
        assert_eq!(listing.code, "fn main() {\n    if true {\n\n        go();\n    }\n}\n");
    }

    #[test]
    fn a_missing_file_says_where_paths_start() {
        let error = read(FILE, "b.rs:inner").unwrap_err();
        assert!(error.starts_with("cannot read `b.rs` (paths start at the root of the repository)"), "{error}");
    }

    #[test]
    fn a_missing_anchor_names_the_ones_there_are() {
        let error = read(FILE, "a.rs:iner").unwrap_err();
        assert_eq!(error, "no anchor `iner` in `a.rs`; it has `inner`, `all`, `hollow`");
    }

    #[test]
    fn an_empty_anchor_is_an_error() {
        let error = read(FILE, "a.rs:hollow").unwrap_err();
        assert_eq!(error, "the anchor `hollow` in `a.rs` is empty; expected at least one line of code");
    }

    #[test]
    fn an_anchor_that_does_not_end_or_begin_or_comes_twice_is_an_error() {
        assert!(read("// ANCHOR: a\nx\n", "a.rs:a").unwrap_err().contains("without an `ANCHOR_END: a`"));
        assert!(read("x\n// ANCHOR_END: a\n", "a.rs").unwrap_err().contains("without an `ANCHOR: a`"));
        let twice = "// ANCHOR: a\nx\n// ANCHOR_END: a\n// ANCHOR: a\ny\n// ANCHOR_END: a\n";
        assert!(read(twice, "a.rs:a").unwrap_err().contains("is there twice"));
    }

    #[test]
    fn a_path_cannot_leave_the_repository() {
        for path in ["../a.rs", "/etc/passwd", "a/../../b.rs", ""] {
            assert!(read(FILE, path).unwrap_err().contains("must start at the root"), "{path}");
        }
    }

    #[test]
    fn lines_that_mdbook_would_hide_are_kept() {
        let listing = read("let s = \"\n# one\n## two\n\";\n#[test]\n", "a.rs").unwrap();
        let markdown = listing.markdown();
        assert!(markdown.contains("\n## one\n### two\n"), "{markdown}");
        assert!(markdown.contains("\n#[test]\n"), "{markdown}");
    }

    #[test]
    fn a_long_file_is_shown_by_its_first_lines() {
        let file = "fn a() {}\n\nfn b() {\n\n    one();\n}\n";
        let head = |lines| read(file, "a.rs").expect("a listing").head(lines);
        assert_eq!((head(2).code.as_str(), head(2).first, head(2).last), ("fn a() {}\n// …\n", 1, 1));
        assert_eq!((head(5).code.as_str(), head(5).last), ("fn a() {}\n\nfn b() {\n\n    one();\n// …\n", 5));
        assert_eq!((head(6).code.as_str(), head(6).last), (file, 6));
        let marked = read(FILE, "a.rs").expect("a listing");
        assert_eq!(marked.clone().head(2), marked, "lines that are not shown would make the caption lie");
    }
}
