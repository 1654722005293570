//! The text of a file, and faults in it.

use std::fmt;
use std::ops::Range;

/// What is wrong with a scenario: where, what was found, and what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Broken {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A place in the text, in bytes.
pub(super) type Span = Range<usize>;

/// A file's text.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The line that a place begins in, from 1.
    pub(super) fn line(&self, span: &Span) -> usize {
        1 + self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn broken(&self, span: &Span, what: impl Into<String>) -> Broken {
        self.at_line(self.line(span), what)
    }

    pub(super) fn at_line(&self, line: usize, what: impl Into<String>) -> Broken {
        Broken { file: self.file.to_owned(), line, what: what.into() }
    }
}

/// ` (did you mean `b`?)` where one of `known` is like `name`, nothing otherwise.
pub(super) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let letters = name.chars().count();
    let nearest = known.into_iter().map(|known| (distance(name, known), known)).min();
    match nearest {
        Some((far, known)) if far <= 1 + letters / 3 && far < letters => format!(" (did you mean `{known}`?)"),
        Some(_) | None => String::new(),
    }
}

/// `a, b and c`, each in backticks.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((one, [])) => one.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// How many letters have to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        assert_eq!(did_you_mean("byts", ["bytes", "text"]), " (did you mean `bytes`?)");
        assert_eq!(did_you_mean("maxidleconns", ["MaxIdleConns"]), " (did you mean `MaxIdleConns`?)");
        assert_eq!(did_you_mean("b", ["a"]), "", "one letter for another is no likeness");
        assert_eq!(did_you_mean("zebra", ["bytes", "text"]), "");
    }

    #[test]
    fn names_are_listed_as_one_says_them() {
        assert_eq!(listed([]), "none");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
