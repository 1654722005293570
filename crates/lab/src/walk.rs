//! Walks: a place of ours and Go's beside each other.
//!
//! Each walk of `book/data/go_places.toml` names our lines by their anchor, and Go's by file, function and lines per
//! version. Go's lines themselves are not in this repository. A hash says which lines were meant, so that the book that
//! is served on a reader's machine can show those of the reader's own Go tree and knows when they are others; see
//! [`shown`].
//!
//! # Layout
//!
//! - [`shown`]: Go's lines from a tree, for the served book
//! - [`places`]: the list held against a tree

pub mod places;
pub mod shown;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::listing::Listing;
use crate::symbols::table::{ABSENT, numbers, range_of};
use crate::workspace::Workspace;

/// The versions that every reader sees; another one is shown to whoever has it.
pub const VERSIONS: [&str; 2] = ["1.12.7", "1.27.3"];

/// A walked place.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// What chapters call it.
    pub name: String,
    /// Our lines, `PATH:ANCHOR`.
    pub rust: String,
    /// Go's file, from `src`.
    pub file: String,
    /// Go's function: `(*Transport).dialConn`.
    pub func: String,
    /// Go's lines, per version.
    pub go: BTreeMap<String, Region>,
}

/// Lines of one version of Go.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// `2123-2124`; `1973` where only the beginning is known; [`ABSENT`] where that version has no such lines.
    pub lines: String,
    /// [`hash`] of the lines.
    pub hash: Option<String>,
}

impl Region {
    /// The first and the last line, `None` where the version has none.
    pub fn range(&self) -> Option<(usize, usize)> {
        range_of(&self.lines)
    }
}

/// 64-bit FNV-1a of `lines`, each without the blanks at its end and with a line feed, as 16 hexadecimal digits.
pub fn hash<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for line in lines {
        for byte in line.trim_end().bytes().chain([b'\n']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "walk", default)]
    walks: Vec<Walk>,
}

/// All walks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Walks {
    list: Vec<Walk>,
}

/// Where the list lies.
pub fn path(workspace: &Workspace) -> PathBuf {
    workspace.book().join("data/go_places.toml")
}

impl Walks {
    /// Reads the list; an empty one where there is no file.
    ///
    /// # Errors
    ///
    /// [`Error::Faults`] when it is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = path(workspace);
        if !path.is_file() {
            return Ok(Walks::default());
        }
        let name = workspace.name_of(&path);
        let file: File = toml::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(&name, error.to_string())]))?;
        let mut seen = HashSet::new();
        let mut faults = Vec::new();
        for walk in &file.walks {
            let mut fault = |what: String| faults.push(Fault::in_file(&name, format!("`{}`: {what}", walk.name)));
            if !seen.insert(&walk.name) {
                fault("is there twice".to_owned());
            }
            for version in VERSIONS.iter().filter(|version| !walk.go.contains_key(**version)) {
                fault(format!("says nothing of Go {version}; `lines = \"{ABSENT}\"` says that it has no such lines"));
            }
            for (version, region) in &walk.go {
                if region.lines != ABSENT && region.range().is_none() {
                    fault(format!("`{}` are no lines ({version})", region.lines));
                }
            }
        }
        Faults::none(faults)?;
        Ok(Walks { list: file.walks })
    }

    /// All walks.
    pub fn list(&self) -> &[Walk] {
        &self.list
    }

    /// The walk of this name.
    ///
    /// # Errors
    ///
    /// A sentence when there is none.
    pub fn get(&self, name: &str) -> Result<&Walk, String> {
        self.list.iter().find(|walk| walk.name == name).ok_or_else(|| {
            let names: Vec<_> = self.list.iter().map(|walk| walk.name.as_str()).collect();
            format!("no walk `{name}` in book/data/go_places.toml; it has: {}", names.join(", "))
        })
    }
}

impl Walk {
    /// Both panes as Markdown: our lines, and where Go has its own.
    ///
    /// # Errors
    ///
    /// What is wrong with our lines.
    pub fn markdown(&self, workspace: &Workspace) -> Result<String, String> {
        let ours = Listing::read(workspace.root(), &self.rust)?.markdown();
        let panels: String = VERSIONS.iter().map(|version| self.panel(version)).collect();
        Ok(format!(
            "<div class=\"walk\" id=\"walk-{name}\">\n<div class=\"walk-ours\">\n\n{ours}\n</div>\n<div class=\"walk-go\">\n\
             <p class=\"walk-func\">Go: <code>{func}</code></p>\n{panels}\
             <div data-go-lines=\"{name} other\"></div>\n</div>\n</div>\n",
            name = html::escape(&self.name),
            func = html::escape(&self.func),
        ))
    }

    fn panel(&self, version: &str) -> String {
        let name = html::escape(&self.name);
        let place = match self.go.get(version).and_then(Region::range) {
            Some((first, last)) => format!(
                "<a href=\"{}\"><code>{}</code>, {}</a> of Go {version}",
                link(version, &self.file, first, last),
                html::escape(self.file.rsplit('/').next().unwrap_or(&self.file)),
                html::escape(&in_words(first, last))
            ),
            None => format!("Go {version} has no such lines."),
        };
        format!(
            "<div class=\"walk-version\" data-version=\"{version}\">\n<p>{place}</p>\n\
             <div data-go-lines=\"{name} {version}\"></div>\n</div>\n"
        )
    }

    /// The newest version that has a hash and these lines in it come first.
    fn known(&self) -> Vec<(&str, &Region)> {
        let mut known: Vec<_> = self.go.iter().map(|(version, region)| (version.as_str(), region)).collect();
        known.sort_by_key(|(version, _)| std::cmp::Reverse(numbers(version)));
        known
    }
}

/// `line 7` or `lines 7–9`.
fn in_words(first: usize, last: usize) -> String {
    if first == last { format!("line {first}") } else { format!("lines {first}–{last}") }
}

/// The public page with these lines.
pub fn link(version: &str, file: &str, first: usize, last: usize) -> String {
    let fragment = if first == last { format!("L{first}") } else { format!("L{first}-L{last}") };
    format!("https://github.com/golang/go/blob/go{version}/src/{file}#{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_lines_and_not_of_blanks_at_their_ends() {
        // Known values of 64-bit FNV-1a: of nothing, and of "a" (with the line feed here).
        assert_eq!(hash(std::iter::empty()), "cbf29ce484222325");
        assert_eq!(hash(["\tx := 1", "}"].into_iter()), hash(["\tx := 1  ", "}\t"].into_iter()));
        assert_ne!(hash(["ab"].into_iter()), hash(["a", "b"].into_iter()));
        assert_ne!(hash(["\tx"].into_iter()), hash(["x"].into_iter()));
    }

    #[test]
    fn a_pane_links_to_the_lines_of_each_version() {
        let region = |lines: &str| Region { lines: lines.to_owned(), hash: None };
        let walk = Walk {
            name: "a".into(),
            rust: "a.rs:x".into(),
            file: "net/http/transport.go".into(),
            func: "(*T).f".into(),
            go: [("1.12.7".into(), region("-")), ("1.27.3".into(), region("3-4"))].into(),
        };
        assert!(walk.panel("1.12.7").contains("<p>Go 1.12.7 has no such lines.</p>"));
        let panel = walk.panel("1.27.3");
        let link = "<a href=\"https://github.com/golang/go/blob/go1.27.3/src/net/http/transport.go#L3-L4\">";
        assert!(panel.contains(&format!("{link}<code>transport.go</code>, lines 3–4</a> of Go 1.27.3")), "{panel}");
        assert!(panel.contains("<div data-go-lines=\"a 1.27.3\"></div>"), "{panel}");
    }
}
