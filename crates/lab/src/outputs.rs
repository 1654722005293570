//! Where everything comes from that a page shows and nobody typed: the page of `{{#outputs}}`.
//!
//! The recordings come from their index, each with what its meta file says; the files of `book/data` from the directives
//! that name them, each with what it says of itself; and the pages from the directives of all chapters.

use std::collections::{BTreeMap, BTreeSet};

use crate::data;
use crate::html;
use crate::measured::MEASURED;
use crate::pages::{self, Page};
use crate::picture::Gallery;
use crate::question::Questions;
use crate::question::key::Sources;

/// Files of `book/data` that directives read without naming them.
const PLACES: &str = "go_places.toml";
const SYMBOLS: &str = "go_symbols.toml";

/// All recordings in the order of the index, then all files of `book/data` that a page reads: an entry with an anchor
/// for each.
///
/// # Errors
///
/// When a recording or a file does not say where it comes from, or cannot be read.
pub fn markdown(sources: Sources<'_>, questions: &Questions, gallery: &Gallery) -> Result<String, String> {
    let mut uses = Uses::default();
    for page in &pages::read(sources.workspace).map_err(|error| error.to_string())? {
        uses.note(page, sources, questions, gallery);
    }
    let mut out = "## Recordings\n\n".to_owned();
    for recording in sources.recordings.list() {
        let name = recording.name.as_str();
        let meta = sources.recordings.meta(name)?;
        let mut rows = vec![("command", code(&meta.command))];
        rows.extend(meta.trace_command.as_ref().map(|command| ("trace", code(command))));
        rows.push(("with", format!("{}, crates {}", html::escape(&meta.rustc), html::escape(&meta.version))));
        rows.push(("pages", listed(uses.recordings.get(name))));
        out.push_str(&entry("recording", name, &rows));
    }
    out.push_str("\n## Figures and tables\n\n");
    for (name, pages) in &uses.data {
        let said = data::source(sources.workspace, name)?;
        let rows = [("source", html::inline(&said)), ("pages", listed(Some(pages)))];
        out.push_str(&entry("data", name, &rows));
    }
    Ok(out)
}

/// Links to the pages, by the recordings and the files of `book/data` that they use.
#[derive(Debug, Default)]
struct Uses {
    recordings: BTreeMap<String, Vec<String>>,
    data: BTreeMap<String, Vec<String>>,
}

impl Uses {
    /// Takes note of what the directives of `page` name. What does not exist is told when the page is built.
    fn note(&mut self, page: &Page, sources: Sources<'_>, questions: &Questions, gallery: &Gallery) {
        let Sources { recordings: _, measured, workspace: _ } = sources;
        let (mut recordings, mut data) = (BTreeSet::new(), BTreeSet::new());
        let directives = page.directives();
        for directive in &directives {
            match directive.as_slice() {
                ["output" | "value", name, ..] => {
                    recordings.insert(*name);
                }
                ["races", names @ ..] => {
                    recordings.extend(names);
                    data.insert(MEASURED);
                }
                ["matrix", ..] => {
                    recordings.extend(measured.recording());
                    data.insert(MEASURED);
                }
                ["cell", _, column, ..] => match measured.recording_of(column) {
                    Some(recording) => {
                        recordings.insert(recording);
                    }
                    None => {
                        data.insert(MEASURED);
                    }
                },
                ["predict" | "check", ids @ ..] => {
                    for question in ids.iter().filter_map(|id| questions.get(id).ok()) {
                        let (recording, file) = question.key.reads(measured);
                        recordings.extend(recording);
                        data.extend(file);
                    }
                }
                ["picture", name] => {
                    let drawn = gallery.list().iter().filter(|picture| picture.name == *name);
                    recordings.extend(drawn.map(|picture| picture.recording.as_str()));
                }
                ["data" | "figure", name, ..] => {
                    data.insert(*name);
                }
                ["walk", _] => {
                    data.insert(PLACES);
                }
                ["dictionary"] => {
                    data.insert(SYMBOLS);
                }
                _ => {}
            }
        }
        for name in recordings {
            self.recordings.entry(name.to_owned()).or_default().push(page.link());
        }
        for name in data {
            self.data.entry(name.to_owned()).or_default().push(page.link());
        }
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", html::escape(text))
}

fn listed(pages: Option<&Vec<String>>) -> String {
    // Titles have commas of their own.
    pages.map_or("–".to_owned(), |pages| pages.join(" · "))
}

/// One entry: no empty line inside, which would end the HTML.
fn entry(kind: &str, name: &str, rows: &[(&str, String)]) -> String {
    let id = format!("{kind}-{}", name.replace('.', "-"));
    let rows: String = rows.iter().map(|(what, text)| format!("<div><dt>{what}</dt><dd>{text}</dd></div>\n")).collect();
    format!(
        "<div class=\"symbol\" id=\"{id}\">\n<p><a href=\"#{id}\">{}</a></p>\n<dl>\n{rows}</dl>\n</div>\n",
        code(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_an_anchor_and_no_empty_line() {
        let entry = entry("data", "a.toml", &[("source", "x".to_owned()), ("pages", listed(None))]);
        assert!(entry.contains("id=\"data-a-toml\""), "{entry}");
        assert!(entry.contains("<dt>pages</dt><dd>–</dd>"), "{entry}");
        assert!(!entry.trim_end().contains("\n\n"), "{entry}");
    }
}
