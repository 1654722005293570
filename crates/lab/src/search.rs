//! The search of the book: an index made from the built pages, and read by `book/theme/search.js`.
//!
//! It is a script of its own, which a page loads when somebody searches. So it works without a network and from disk,
//! where a page may load scripts but fetch nothing.
//!
//! # Layout
//!
//! - [`text`]: a built page as sections of plain text
//! - [`mod@words`]: a text as the words that can be looked for

pub mod text;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::error::Error;
use crate::search::text::{Section, sections};
use crate::search::words::words;

/// The file of the index, from the root of the built book.
pub const FILE: &str = "search-index.js";

/// Pages that repeat others, or are none.
const NOT_SEARCHED: [&str; 3] = ["404.html", "print.html", "toc.html"];

/// Everything that can be found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Index {
    /// The pages, each with its title.
    pub pages: Vec<(String, String)>,
    /// The sections: number of the page, anchor (empty for the top), title, text.
    pub sections: Vec<(usize, String, String, String)>,
    /// Each word with the numbers of the sections that have it.
    pub words: BTreeMap<String, BTreeSet<usize>>,
}

impl Index {
    /// The index of these pages, each given by its path and its HTML.
    pub fn of(pages: &[(String, String)]) -> Self {
        let mut index = Index::default();
        let mut seen: Vec<Vec<Section>> = Vec::new();
        for (path, html) in pages {
            let sections = sections(html);
            // The first chapter is written a second time, as index.html.
            if sections.is_empty() || seen.contains(&sections) {
                continue;
            }
            let page = index.pages.len();
            index.pages.push((path.clone(), sections[0].title.clone()));
            for section in &sections {
                let number = index.sections.len();
                for word in words(&section.title).into_iter().chain(words(&section.text)) {
                    index.words.entry(word).or_default().insert(number);
                }
                let Section { anchor, title, text } = section.clone();
                index.sections.push((page, anchor, title, text));
            }
            seen.push(sections);
        }
        index
    }

    /// The script that the pages load.
    pub fn script(&self) -> String {
        let json = serde_json::to_string(self).expect("a map with plain keys");
        format!("window.whyThreeIndex = {json};\n")
    }
}

/// Writes the index of the book at `dest` beside its pages. Returns its size in bytes.
///
/// # Errors
///
/// When the book cannot be read or the file not be written.
pub fn write(dest: &Path) -> Result<usize, Error> {
    let mut pages = Vec::new();
    collect(dest, "", &mut pages)?;
    // index.html comes last, so that the first chapter is found under its own name.
    pages.sort_by(|a, b| (a.0 == "index.html", &a.0).cmp(&(b.0 == "index.html", &b.0)));
    let script = Index::of(&pages).script();
    Error::write(&dest.join(FILE), &script)?;
    Ok(script.len())
}

fn collect(dir: &Path, prefix: &str, pages: &mut Vec<(String, String)>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), pages)?;
        } else if name.ends_with(".html") && !NOT_SEARCHED.contains(&name.as_str()) {
            let html = Error::read(&path)?;
            pages.push((name, html));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Vec<(String, String)> {
        let page = "<p>out</p><main><h1 id=\"pool\"><a href=\"#pool\">The pool</a></h1><p>Go's <code>tryPutIdleConn</code></p>\
                    <h2 id=\"ours\">Ours</h2><pre>fn try_put_idle_conn()</pre><h2 id=\"泄漏\">泄漏</h2><p>连接复用</p></main>";
        vec![("pool.html".to_owned(), page.to_owned()), ("index.html".to_owned(), page.to_owned())]
    }

    #[test]
    fn gos_spelling_and_rusts_are_one_word() {
        let index = Index::of(&pages());
        assert_eq!(index.words["try_put_idle_conn"], BTreeSet::from([0, 1]));
    }

    #[test]
    fn a_section_has_its_page_its_anchor_and_its_title() {
        let index = Index::of(&pages());
        assert_eq!(index.pages, [("pool.html".to_owned(), "The pool".to_owned())]);
        assert_eq!(index.sections[1], (0, "ours".to_owned(), "Ours".to_owned(), "fn try_put_idle_conn()".to_owned()));
    }

    #[test]
    fn chinese_is_found_by_any_two_characters_that_follow_each_other() {
        let index = Index::of(&pages());
        for word in ["泄漏", "连接", "接复", "复用"] {
            assert_eq!(index.words[word], BTreeSet::from([2]), "{word}");
        }
    }

    #[test]
    fn the_script_is_one_that_any_page_can_load() {
        let script = Index::of(&pages()).script();
        assert!(script.starts_with("window.whyThreeIndex = {\"pages\":[[\"pool.html\",\"The pool\"]]"), "{script}");
    }
}
