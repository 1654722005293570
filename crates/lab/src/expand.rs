//! From a chapter as it is written to a chapter with its code, outputs, pictures and questions in place.
//!
//! A directive stands on a line of its own, at the margin:
//!
//! - `{{#include PATH}}`, `{{#include PATH:ANCHOR}}`: code, see [`listing`](crate::listing)
//! - `{{#output NAME}}`: what the example of that recording printed
//! - `{{#picture NAME}}`: a picture of `book/pictures.toml`, drawn from a trace
//! - `{{#predict ID}}`: a question of `book/questions/`, before the run
//! - `{{#check ID ID ID}}`: three to five questions at the end of a chapter
//! - `{{#answers}}`: the answers of all questions, in the order in which the chapters ask them
//! - `{{#matrix}}`, `{{#matrix ROW…}}`: our figures and Go's side by side, see [`measured`](crate::measured)
//! - `{{#races NAME…}}`: the rows that a race decides, as these recordings have them and as Go was seen with
//! - `{{#data NAME.md}}`: a table of `book/data` that a program has written, see [`data`]
//! - `{{#exercise NAME}}`: an exercise of `book/exercises`, see [`exercise`](crate::exercise)
//! - `{{#walk NAME}}`: a place of ours and Go's beside each other, see [`walk`](crate::walk)
//! - `{{#dictionary}}`: Go's names and what stands for each here, see [`dictionary`]
//! - `{{#outputs}}`: every recording and every file of figures, with where it comes from, see [`outputs`]
//! - `{{#exits}}`: every exit with its facts, under a heading for each place, see [`exits`]
//! - `{{#guides}}`: what an instructor needs to know about every page, see [`guide::page`]
//! - `{{#plan NAME}}`: a workshop with its clock, see [`schedule`]
//! - `{{#minutes}}`: how long the page takes, from its file in `book/guide`
//! - `{{#slide TITLE}}`, `{{#note TEXT}}`, `{{#slide_end}}`: what is shown to a room, see [`slides`](crate::slides)
//!
//! Some may stand anywhere in a line, so that no number in the prose is typed:
//!
//! - `{{#value NAME LINE}}`: what stands after `LINE:` in that recording
//! - `{{#cell ROW COLUMN}}`, `{{#cell ROW COLUMN PART}}`: a figure of the recorded matrix or of Go's; PART is
//!   `settled`, `connections` or `runs`
//! - `{{#figure NAME PATH}}`: the figure at that path in a TOML or JSON file of `book/data`
//!
//! `\{{#` shows the braces themselves. Any other `{{#` is an error.

use crate::data;
use crate::dictionary;
use crate::error::{Error, Fault};
use crate::exercise::Exercises;
use crate::exits;
use crate::guide::page::Around;
use crate::guide::{self, Guides};
use crate::lint::lint;
use crate::listing::Listing;
use crate::measured::Measured;
use crate::outputs;
use crate::picture::Gallery;
use crate::question::Questions;
use crate::question::key::Sources;
use crate::question::page::{self, Kind};
use crate::question::survey::Survey;
use crate::recording::Recordings;
use crate::schedule;
use crate::slides::Slides;
use crate::walk::Walks;
use crate::workspace::Workspace;

/// How many of each kind were put in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Used {
    /// Chapters that were read.
    pub chapters: usize,
    /// Listings from files.
    pub includes: usize,
    /// Outputs of recorded runs.
    pub outputs: usize,
    /// Single values of recorded runs.
    pub values: usize,
    /// Tables: of ours and Go's, those of `book/data`, the lists of names and of outputs, the plans and the guides.
    pub tables: usize,
    /// Lists of all exits.
    pub exits: usize,
    /// Places of ours and Go's beside each other.
    pub walks: usize,
    /// Pictures.
    pub pictures: usize,
    /// Questions.
    pub questions: usize,
    /// Exercises.
    pub exercises: usize,
    /// Lists of all answers.
    pub answers: usize,
    /// Slides.
    pub slides: usize,
}

/// Knows everything that directives can ask for.
#[derive(Debug)]
pub struct Expander {
    workspace: Workspace,
    recordings: Recordings,
    measured: Measured,
    questions: Questions,
    gallery: Gallery,
    exercises: Exercises,
    walks: Walks,
    guides: Guides,
    survey: Survey,
}

/// How many questions stand at the end of a chapter.
const CHECKS: std::ops::RangeInclusive<usize> = 3..=5;

impl Expander {
    /// Reads the index of recordings, the figures of Go, the questions, the list of pictures and the exercises.
    ///
    /// # Errors
    ///
    /// When one of them is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        Ok(Expander {
            workspace: workspace.clone(),
            recordings: Recordings::load(workspace)?,
            measured: Measured::load(workspace)?,
            questions: Questions::load(workspace)?,
            gallery: Gallery::load(workspace)?,
            exercises: Exercises::load(workspace)?,
            walks: Walks::load(workspace)?,
            guides: Guides::load(workspace)?,
            survey: Survey::default(),
        })
    }

    /// Looks through a chapter for the questions that it asks. The page of answers shows those that were seen before it
    /// is put together, so all chapters come first.
    pub fn survey(&mut self, file: &str, title: &str, text: &str) {
        self.survey.chapter(file, title, text);
    }

    /// Puts everything in place in one chapter. What cannot be put in place is added to `faults`.
    pub fn chapter(&self, file: &str, text: &str, used: &mut Used, faults: &mut Vec<Fault>) -> String {
        used.chapters += 1;
        faults.extend(lint(file, text));
        let mut out = String::with_capacity(text.len());
        let mut slides = Slides::default();
        for (i, line) in text.lines().enumerate() {
            let made = match line.trim_end() {
                "{{#minutes}}" => self.guides.minutes(stem(file)),
                _ => slides.line(i + 1, line).unwrap_or_else(|| self.line(line, used)),
            };
            match made {
                Ok(line) => out.push_str(&line),
                Err(what) => faults.push(Fault::at(file, i + 1, what)),
            }
            out.push('\n');
        }
        match slides.end() {
            Ok(count) => used.slides += count,
            Err((line, what)) => faults.push(Fault::at(file, line, what)),
        }
        out
    }

    /// What is shown for one line.
    ///
    /// # Errors
    ///
    /// Why what it asks for cannot be put in place.
    pub fn line(&self, line: &str, used: &mut Used) -> Result<String, String> {
        if !line.contains("{{#") {
            return Ok(line.to_owned());
        }
        match whole_line(line).and_then(|inner| self.block(inner, used)) {
            Some(block) => block,
            None => self.inside(line, used),
        }
    }

    /// The directives that take a whole line; `None` for any other.
    fn block(&self, inner: &str, used: &mut Used) -> Option<Result<String, String>> {
        let (name, argument) = inner.split_once(' ').unwrap_or((inner, ""));
        let argument = argument.trim();
        let (count, made) = match name {
            "include" => {
                (&mut used.includes, Listing::read(self.workspace.root(), argument).map(|listing| listing.markdown()))
            }
            "output" => (&mut used.outputs, self.recordings.output_markdown(argument)),
            "picture" => (&mut used.pictures, self.gallery.html(argument, &self.recordings)),
            "predict" => (
                &mut used.questions,
                self.questions.get(argument).and_then(|question| page::ask(question, Kind::Prediction, self.sources())),
            ),
            "check" => return Some(self.check(inner, &words(argument), used)),
            "answers" if argument.is_empty() => {
                (&mut used.answers, Ok(self.survey.answers(&self.questions, self.sources())))
            }
            "exercise" => (
                &mut used.exercises,
                self.exercises.get(argument).and_then(|exercise| exercise.markdown(&self.workspace)),
            ),
            "matrix" => (&mut used.tables, self.measured.table(&words(argument), &self.recordings)),
            "races" => (&mut used.tables, self.measured.races(&words(argument), &self.recordings)),
            "data" => (&mut used.tables, data::table(&self.workspace, argument)),
            "walk" => (&mut used.walks, self.walks.get(argument).and_then(|walk| walk.markdown(&self.workspace))),
            "dictionary" if argument.is_empty() => {
                (&mut used.tables, dictionary::markdown(&self.workspace, &self.walks))
            }
            "outputs" if argument.is_empty() => {
                (&mut used.tables, outputs::markdown(self.sources(), &self.questions, &self.gallery))
            }
            "guides" if argument.is_empty() => (&mut used.tables, guide::page::markdown(&self.guides, self.around())),
            "plan" => (&mut used.tables, schedule::table(&self.workspace, argument)),
            "exits" if argument.is_empty() => (&mut used.exits, exits::list(&self.workspace)),
            _ => return None,
        };
        *count += 1;
        Some(made.map_err(|what| format!("`{{{{#{inner}}}}}`: {what}")))
    }

    /// The questions at the end of a chapter.
    fn check(&self, inner: &str, ids: &[&str], used: &mut Used) -> Result<String, String> {
        if !CHECKS.contains(&ids.len()) {
            let (least, most) = (CHECKS.start(), CHECKS.end());
            return Err(format!(
                "`{{{{#{inner}}}}}`: a chapter ends with {least} to {most} questions, not {}",
                ids.len()
            ));
        }
        used.questions += ids.len();
        let asked = ids.iter().enumerate().map(|(i, id)| {
            let question = self.questions.get(id)?;
            page::ask(question, Kind::Check(i + 1), self.sources())
        });
        let asked = asked.collect::<Result<Vec<_>, String>>();
        Ok(asked.map_err(|what| format!("`{{{{#{inner}}}}}`: {what}"))?.join("\n"))
    }

    /// The directives inside a line, and the escaped ones.
    fn inside(&self, line: &str, used: &mut Used) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = line;
        while let Some(at) = rest.find("{{#") {
            let (before, after) = (&rest[..at], &rest[at + 3..]);
            if let Some(before) = before.strip_suffix('\\') {
                out.push_str(before);
                out.push_str("{{#");
                rest = after;
                continue;
            }
            out.push_str(before);
            let (inner, after) = after.split_once("}}").ok_or("a `{{#` without its `}}`")?;
            match words(inner).as_slice() {
                ["value", name, line @ ..] if !line.is_empty() => {
                    let value = self.recordings.value(name, &line.join(" "));
                    out.push_str(&value.map_err(|what| format!("`{{{{#{inner}}}}}`: {what}"))?);
                    used.values += 1;
                }
                ["cell", row, column, part @ ..] if part.len() <= 1 => {
                    let cell = self.measured.cell(row, column, part.first().copied(), &self.recordings);
                    out.push_str(&cell.map_err(|what| format!("`{{{{#{inner}}}}}`: {what}"))?);
                    used.values += 1;
                }
                ["figure", name, path] => {
                    let figure = data::figure(&self.workspace, name, path);
                    out.push_str(&figure.map_err(|what| format!("`{{{{#{inner}}}}}`: {what}"))?);
                    used.values += 1;
                }
                [
                    "data" | "exercise" | "include" | "output" | "picture" | "predict" | "check" | "matrix" | "races"
                    | "walk" | "plan",
                    ..,
                ]
                | ["answers" | "dictionary" | "outputs" | "exits" | "guides"] => {
                    return Err(format!("`{{{{#{inner}}}}}` must stand on a line of its own, at the margin"));
                }
                _ => {
                    return Err(format!(
                        "`{{{{#{inner}}}}}` is no directive of this book; there are include PATH:ANCHOR, output NAME, \
                         picture NAME, predict ID, check ID…, answers, exercise NAME, matrix ROW…, races NAME…, data NAME, \
                         walk NAME, dictionary, outputs, exits, guides, plan NAME, minutes, slide TITLE, note TEXT, slide_end, value NAME LINE, figure NAME PATH and cell ROW COLUMN PART"
                    ));
                }
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The index of recordings.
    pub fn recordings(&self) -> &Recordings {
        &self.recordings
    }

    /// What the keys of questions are read from.
    pub fn sources(&self) -> Sources<'_> {
        Sources { recordings: &self.recordings, measured: &self.measured, workspace: &self.workspace }
    }

    /// What guides refer to.
    fn around(&self) -> Around<'_> {
        Around {
            workspace: &self.workspace,
            questions: &self.questions,
            survey: &self.survey,
            recordings: &self.recordings,
        }
    }

    /// The questions.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The exercises.
    pub fn exercises(&self) -> &Exercises {
        &self.exercises
    }

    /// The walked places.
    pub fn walks(&self) -> &Walks {
        &self.walks
    }

    /// The pictures.
    pub fn gallery(&self) -> &Gallery {
        &self.gallery
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// `ch01_six_requests` of `book/src/ch01_six_requests.md`.
fn stem(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file).trim_end_matches(".md")
}

/// What stands between the braces, when the line is one directive and nothing else.
fn whole_line(line: &str) -> Option<&str> {
    let inner = line.strip_prefix("{{#")?.trim_end().strip_suffix("}}")?;
    (!inner.contains("}}")).then(|| inner.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> (String, Vec<String>, Used) {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("book/recordings")).expect("a folder");
        let write = |path: &str, text: &str| std::fs::write(dir.path().join(path), text).expect("written");
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write("a.rs", "// ANCHOR: one\nfn one() {}\n// ANCHOR_END: one\n");
        write("book/recordings/index.toml", "[[recording]]\nname = \"a\"\n");
        write("book/recordings/a.out", "alive\nanswer: 3\n");
        let workspace = Workspace::around(dir.path()).expect("a workspace");
        let expander = Expander::load(&workspace).expect("loaded");
        let (mut used, mut faults) = (Used::default(), Vec::new());
        let out = expander.chapter("c.md", text, &mut used, &mut faults);
        (out, faults.iter().map(ToString::to_string).collect(), used)
    }

    #[test]
    fn code_and_output_come_with_their_source() {
        let (out, faults, used) = expand("# A\n\n{{#include a.rs:one}}\n\n{{#output a}}\n");
        assert_eq!(faults, Vec::<String>::new());
        assert!(out.contains("<code>a.rs</code>, line 2</figcaption>\n\n```rust\nfn one() {}\n```"), "{out}");
        assert!(
            out.contains("<code>cargo run --example a</code></figcaption>\n\n```text\nalive\nanswer: 3\n```"),
            "{out}"
        );
        assert_eq!((used.chapters, used.includes, used.outputs), (1, 1, 1));
    }

    #[test]
    fn a_value_stands_in_the_middle_of_a_sentence() {
        let (out, faults, used) = expand("It is {{#value a answer}}, not \\{{#value}}.\n");
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(out, "It is 3, not {{#value}}.\n");
        assert_eq!(used.values, 1);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "{{#include a.rs:two}}\n{{#output b}}\n{{#predict q}}\n{{#picture p}}\n{{#value a nothing}}\n";
        let (_, faults, _) = expand(text);
        assert_eq!(faults.len(), 5, "{faults:?}");
        for (i, fault) in faults.iter().enumerate() {
            assert!(fault.starts_with(&format!("c.md:{}: `{{{{#", i + 1)), "{fault}");
        }
    }

    #[test]
    fn an_unknown_directive_is_an_error() {
        for text in ["{{#rustdoc_include a.rs}}\n", "see {{#title x}}\n", "{{#}}\n"] {
            let (_, faults, _) = expand(text);
            assert!(faults[0].contains("is no directive of this book"), "{faults:?}");
        }
    }

    #[test]
    fn a_block_directive_inside_a_line_or_without_an_end_is_an_error() {
        let (_, faults, _) = expand("  {{#output a}}\n\nx {{#value a answer\n");
        assert!(faults[0].contains("must stand on a line of its own"), "{faults:?}");
        assert!(faults[1].contains("without its `}}`"), "{faults:?}");
    }
}
