//! The words that a reader reads: those of chapters, questions, guides and titles, without code and without directives.

use std::collections::BTreeMap;
use std::path::Path;

use mdbook_markdown::pulldown_cmark::{Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};
use toml::Value;

use crate::error::Error;
use crate::schedule::plan;
use crate::workspace::Workspace;

/// One word, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// As it is written, with hyphens and apostrophes.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
}

/// The words of one file. Sentences of different paragraphs are parted by an empty word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The file, as messages name it.
    pub file: String,
    /// Its words in order.
    pub words: Vec<Word>,
    /// Whether it is a table that a program has written, full of names from elsewhere.
    pub table: bool,
}

/// The prose of the whole book: its chapters, its tables in `book/data`, its questions, its guides and plans, and the
/// titles of its pictures.
///
/// # Errors
///
/// When a file cannot be read.
pub fn pages(workspace: &Workspace) -> Result<Vec<Page>, Error> {
    let mut pages = Vec::new();
    let data = workspace.book().join("data");
    for (dir, ending) in [(workspace.src(), ".md"), (data.clone(), ".md"), (workspace.questions(), ".toml")] {
        for path in files(&dir, ending)? {
            let text = Error::read(&path)?;
            let words = if ending == ".md" { markdown(&text) } else { strings(&text) };
            pages.push(Page { file: workspace.name_of(&path), words, table: dir == data });
        }
    }
    // Guides and plans are Markdown in TOML.
    let mut plans = files(&workspace.guide(), ".toml")?;
    plans.extend(Some(workspace.root().join(plan::FILE)).filter(|path| path.is_file()));
    for path in plans {
        let words = pieces(&Error::read(&path)?, &is_said);
        pages.push(Page { file: workspace.name_of(&path), words, table: false });
    }
    let pictures = workspace.pictures();
    if pictures.is_file() {
        let words = titles(&Error::read(&pictures)?);
        pages.push(Page { file: workspace.name_of(&pictures), words, table: false });
    }
    Ok(pages)
}

/// The files of a directory whose names end so, in order; none without the directory.
fn files(dir: &Path, ending: &str) -> Result<Vec<std::path::PathBuf>, Error> {
    let mut found = Vec::new();
    if !dir.is_dir() {
        return Ok(found);
    }
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The words of Markdown outside code, HTML and directives.
fn markdown(text: &str) -> Vec<Word> {
    let text = without_directives(text);
    let mut words = Vec::new();
    let mut in_code = false;
    let mut options = MarkdownOptions::default();
    // It would part a word at its apostrophe.
    options.smart_punctuation = false;
    for (event, range) in new_cmark_parser(&text, &options).into_offset_iter() {
        let line = || text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(prose) if !in_code => {
                let line = line();
                words.extend(split(&prose).map(|text| Word { text, line }));
            }
            // What stands on both sides of code or of a link's end is not one phrase.
            Event::Code(_) | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                words.push(Word { text: String::new(), line: line() });
            }
            _ => {}
        }
    }
    words
}

/// `text` with directives blanked out, line by line, so that lines keep their numbers.
fn without_directives(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{#") {
        let Some(end) = rest[at..].find("}}") else { break };
        out.push_str(&rest[..at]);
        match rest[at + 3..at + end].split_once(' ') {
            // What is shown to a room, and said to it.
            Some(("slide" | "note", text)) => out.push_str(text),
            // A directive that stands for a figure; as code it is no word.
            Some(_) | None => out.push_str("`x`"),
        }
        rest = &rest[at + end + 2..];
    }
    out.push_str(rest);
    out
}

/// The words of the texts, values and explanations of a file of questions. Code stands between back-ticks there.
fn strings(toml: &str) -> Vec<Word> {
    let mut texts = Vec::new();
    if let Ok(table) = toml.parse::<toml::Table>() {
        collect(&Value::Table(table), "", &|key| key == "en", &mut texts);
    }
    let mut words = Vec::new();
    for text in texts {
        let mut line = line_of(toml, &text);
        for (i, part) in text.split('`').enumerate() {
            for (j, piece) in part.split('\n').enumerate() {
                line += usize::from(j > 0);
                if i % 2 == 0 {
                    words.extend(split(piece).map(|text| Word { text, line }));
                }
            }
            words.push(Word { text: String::new(), line });
        }
    }
    words
}

/// The words of those strings of a TOML file which `wanted` knows by their keys, each a piece of Markdown.
fn pieces(toml: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<Word> {
    let mut texts = Vec::new();
    if let Ok(table) = toml.parse::<toml::Table>() {
        collect(&Value::Table(table), "", wanted, &mut texts);
    }
    let mut words = Vec::new();
    for text in texts {
        let before = line_of(toml, &text) - 1;
        words.extend(markdown(&text).into_iter().map(|word| Word { line: word.line + before, ..word }));
        words.push(Word { text: String::new(), line: before + 1 });
    }
    words
}

/// Whether a string with this key in a guide or a plan is prose, and no name.
fn is_said(key: &str) -> bool {
    !["question", "answer", "command", "recording", "page", "exercise", "one_of", "name", "begins", "of"].contains(&key)
}

/// A multi-line string stands somewhere in the file by its first words.
fn line_of(toml: &str, text: &str) -> usize {
    let first = text.trim_start().lines().next().unwrap_or("");
    toml.find(first).map_or(1, |at| toml[..at].matches('\n').count() + 1)
}

fn collect(value: &Value, name: &str, wanted: &dyn Fn(&str) -> bool, texts: &mut Vec<String>) {
    match value {
        Value::Table(table) => table.iter().for_each(|(name, value)| collect(value, name, wanted, texts)),
        Value::Array(list) => list.iter().for_each(|value| collect(value, name, wanted, texts)),
        Value::String(text) if wanted(name) => texts.push(text.clone()),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// The words of the pictures' titles.
fn titles(toml: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (i, line) in toml.lines().enumerate() {
        if let Some(title) = line.strip_prefix("title = ") {
            let prose = title.split('`').step_by(2);
            words.extend(prose.flat_map(split).map(|text| Word { text, line: i + 1 }));
            words.push(Word { text: String::new(), line: i + 1 });
        }
    }
    words
}

/// The words of a piece of prose. A part of an address, or of an issue's name, is no word.
fn split(prose: &str) -> impl Iterator<Item = String> + '_ {
    prose
        .split_whitespace()
        .filter(|piece| !piece.contains("://") && !piece.contains('#') && !piece.contains('_'))
        .flat_map(|piece| piece.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '\'' | '’')))
        .map(|word| word.replace('’', "'").trim_matches(['-', '\'']).to_owned())
        .filter(|word| !word.is_empty())
}

/// The words to be spelled, in small letters, each with the place where it first stands. Names of code, abbreviations and
/// words in other scripts are left out.
pub fn spelled<'a>(pages: impl IntoIterator<Item = &'a Page>) -> BTreeMap<String, (String, usize)> {
    let mut found = BTreeMap::new();
    for page in pages {
        for word in &page.words {
            for part in word.text.split('-') {
                let part = part.strip_suffix("'s").unwrap_or(part);
                let letters = part.chars().all(|c| c.is_ascii_alphabetic() || c == '\'');
                let inner_capital = part.chars().skip(1).any(|c| c.is_ascii_uppercase());
                if part.len() > 1 && letters && !inner_capital {
                    found.entry(part.to_ascii_lowercase()).or_insert_with(|| (page.file.clone(), word.line));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[Word]) -> Vec<(&str, usize)> {
        words.iter().filter(|word| !word.text.is_empty()).map(|word| (word.text.as_str(), word.line)).collect()
    }

    #[test]
    fn prose_is_what_is_neither_code_nor_a_directive() {
        let text = "# A `b` c\n\nIt is {{#value a b}} keep-alive,\nGo's.\n\n```sh\nnot this\n```\n\n[golang#1](https://a.b/c)\n";
        let words = markdown(text);
        let expected = [("A", 1), ("c", 1), ("It", 3), ("is", 3), ("keep-alive", 3), ("Go's", 4)];
        assert_eq!(texts(&words), expected);
    }

    #[test]
    fn the_titles_and_the_notes_of_slides_are_prose() {
        let words = markdown("{{#slide Why two}}\n\n{{#note Ask `them`.}}\n\n{{#slide_end}}\n");
        assert_eq!(texts(&words), [("Why", 1), ("two", 1), ("Ask", 3)]);
    }

    #[test]
    fn of_questions_only_the_texts_are_prose() {
        let toml = "[[question]]\nid = \"xid\"\ntext.en = \"\"\"\nHow many\n`code` are?\"\"\"\nkey = { recording = \"r\", line = \"l\" }\n";
        assert_eq!(texts(&strings(toml)), [("How", 4), ("many", 4), ("are", 5)]);
    }

    #[test]
    fn of_guides_what_is_said_is_prose_and_names_are_not() {
        let toml =
            "stuck = [\n \"Here `x`, see [it](a_b.md).\",\n]\n[[demo]]\ncommand = \"cargo run\"\nshow = \"Look\"\n";
        let mut words = pieces(toml, &is_said);
        words.sort_by_key(|word| word.line);
        assert_eq!(texts(&words), [("Here", 2), ("see", 2), ("it", 2), ("Look", 6)]);
    }

    #[test]
    fn names_and_abbreviations_are_not_spelled() {
        let words = ["Go's", "keep-alive", "HTTP", "readLoop", "eofc2", "a", "泄漏", "Don't"];
        let words = words.map(|text| Word { text: text.to_owned(), line: 1 }).to_vec();
        let found = spelled([&Page { file: "f".to_owned(), words, table: false }]);
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["alive", "don't", "go", "keep"]);
    }
}
