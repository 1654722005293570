//! Words are spelled as a dictionary or the book's own list has them, and things are called by one name.

use std::collections::BTreeSet;

use serde::Deserialize;
use unicase::UniCase;

use crate::error::{Error, Fault, Faults};
use crate::prose::{self, Page, Word};
use crate::workspace::Workspace;

/// A name for a thing, and the one that the book uses.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    /// What is not written.
    wrong: String,
    /// What is written instead.
    right: String,
    /// Whether capitals matter.
    #[serde(default)]
    case: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    term: Vec<Term>,
}

/// Looks at every word. Returns the number of different ones.
///
/// # Errors
///
/// When a file cannot be read, or the list of terms is not as it must be.
pub fn check(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let pages = prose::pages(workspace)?;
    let known = known(workspace)?;
    misspellings(&pages, faults);
    let spelled = prose::spelled(pages.iter().filter(|page| !page.table));
    for (word, (file, line)) in &spelled {
        let unknown = known.as_ref().is_some_and(|known| !known.contains(word));
        if unknown && misspelled(word).is_none() {
            let what = format!("`{word}` is not in book/words.txt; if it is right, `cargo lab words --write` adds it");
            faults.push(Fault::at(file, *line, what));
        }
    }
    let path = workspace.terms();
    if path.is_file() {
        let file: File = toml::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(workspace.name_of(&path), error.to_string())]))?;
        for page in pages.iter().filter(|page| !page.table) {
            terms(&file.term, page, faults);
        }
    }
    Ok(spelled.len())
}

/// The words of `book/words.txt`; `None` for a book without that list.
fn known(workspace: &Workspace) -> Result<Option<BTreeSet<String>>, Error> {
    let path = workspace.words();
    match path.is_file() {
        true => Ok(Some(Error::read(&path)?.lines().map(str::to_owned).collect())),
        false => Ok(None),
    }
}

/// What the word should be, when it is one of the misspellings that people make.
fn misspelled(word: &str) -> Option<&'static [&'static str]> {
    typos_dict::WORD.find(&UniCase::new(word)).copied().filter(|right| !right.is_empty())
}

fn misspellings(pages: &[Page], faults: &mut Vec<Fault>) {
    for (word, (file, line)) in prose::spelled(pages) {
        if let Some(right) = misspelled(&word) {
            faults.push(Fault::at(file, line, format!("`{word}` is a known misspelling of {}", right.join(" or "))));
        }
    }
}

fn terms(terms: &[Term], page: &Page, faults: &mut Vec<Fault>) {
    for term in terms {
        let wrong: Vec<&str> = term.wrong.split_whitespace().collect();
        let is = |word: &Word, wanted: &str| match term.case {
            true => word.text == wanted,
            false => word.text.eq_ignore_ascii_case(wanted),
        };
        for run in page.words.windows(wrong.len().max(1)) {
            if !wrong.is_empty() && run.iter().zip(&wrong).all(|(word, wanted)| is(word, wanted)) {
                let what = format!("`{}` is called `{}` in this book", term.wrong, term.right);
                faults.push(Fault::at(&page.file, run[0].line, what));
            }
        }
    }
}

/// The words of the book that `book/words.txt` lacks, and those that it has for nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// Not in the list yet.
    pub new: Vec<String>,
    /// In the list, and nowhere in the book.
    pub old: Vec<String>,
}

/// Compares the list with the book, and with `write` makes it anew. Known misspellings never come into it.
///
/// # Errors
///
/// When a file cannot be read or written; a fault for each known misspelling.
pub fn words(workspace: &Workspace, write: bool) -> Result<Words, Error> {
    let pages = prose::pages(workspace)?;
    let mut faults = Vec::new();
    misspellings(&pages, &mut faults);
    Faults::none(faults)?;
    let spelled = prose::spelled(pages.iter().filter(|page| !page.table));
    let known = known(workspace)?.unwrap_or_default();
    let now: BTreeSet<String> = spelled.into_keys().collect();
    if write {
        let text: String = now.iter().map(|word| format!("{word}\n")).collect();
        Error::write(&workspace.words(), &text)?;
    }
    let missing = |from: &BTreeSet<String>, other: &BTreeSet<String>| from.difference(other).cloned().collect();
    Ok(Words { new: missing(&now, &known), old: missing(&known, &now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wrong: &str, case: bool, prose: &str) -> Vec<String> {
        let term = Term { wrong: wrong.to_owned(), right: "right".to_owned(), case };
        let words = prose.split(' ').map(|text| Word { text: text.to_owned(), line: 7 }).collect();
        let mut faults = Vec::new();
        terms(&[term], &Page { file: "f".to_owned(), words, table: false }, &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_wrong_name_is_found_as_a_whole_and_in_any_case() {
        assert_eq!(found("keepalive", false, "a Keepalive b"), ["f:7: `keepalive` is called `right` in this book"]);
        assert_eq!(found("read loop", false, "the Read loop reads").len(), 1);
        assert!(found("read loop", false, "read the loop loop read").is_empty());
        assert!(found("Github", true, "GitHub").is_empty());
        assert_eq!(found("Github", true, "Github").len(), 1);
    }

    #[test]
    fn misspellings_that_people_make_are_known() {
        assert_eq!(misspelled("recieve"), Some(&["receive"][..]));
        assert_eq!(misspelled("receive"), None);
        assert_eq!(misspelled("behaviour"), None, "British spelling is spelling");
    }
}
