//! Which chapter asks which question. Answers stand in that order, and no question is asked twice.

use crate::error::Fault;
use crate::question::key::Sources;
use crate::question::{Questions, page};

/// A question and where it is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// The question.
    pub id: String,
    /// The chapter's file, as messages name it.
    pub file: String,
    /// The line there.
    pub line: usize,
    /// The chapter's title.
    pub chapter: String,
    /// The chapter's page, from a page beside it.
    pub page: String,
}

/// All questions that the chapters ask, in the order of the book.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    /// The questions.
    pub asked: Vec<Asked>,
    /// Whether some page has the answers.
    pub answered: bool,
}

impl Survey {
    /// Looks through one more chapter.
    pub fn chapter(&mut self, file: &str, title: &str, text: &str) {
        let page = file.rsplit('/').next().unwrap_or(file).replace(".md", ".html");
        for (i, line) in text.lines().enumerate() {
            let Some(inner) = line.strip_prefix("{{#").and_then(|rest| rest.trim_end().strip_suffix("}}")) else {
                continue;
            };
            let mut words = inner.split_whitespace();
            match words.next() {
                Some("predict" | "check") => self.asked.extend(words.map(|id| Asked {
                    id: id.to_owned(),
                    file: file.to_owned(),
                    line: i + 1,
                    chapter: title.to_owned(),
                    page: page.clone(),
                })),
                Some("answers") => self.answered = true,
                _ => {}
            }
        }
    }

    /// What is wrong with the book's questions as a whole: one that is asked twice, or never, or without an answer.
    pub fn faults(&self, questions: &Questions) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (i, asked) in self.asked.iter().enumerate() {
            if let Some(first) = self.asked[..i].iter().find(|other| other.id == asked.id) {
                let what = format!("asks `{}` a second time, after {}:{}", asked.id, first.file, first.line);
                faults.push(Fault::at(&asked.file, asked.line, what));
            }
        }
        for question in questions.list() {
            if !self.asked.iter().any(|asked| asked.id == question.id) {
                let what = format!("no chapter asks `{}`", question.id);
                faults.push(Fault::in_file("book/questions", what));
            }
        }
        if !self.asked.is_empty() && !self.answered {
            faults.push(Fault::in_file("book/src", "questions are asked, and no page has `{{#answers}}`"));
        }
        faults
    }

    /// The answers, under a heading for each chapter. A question that is missing, or its key, is a fault of the chapter
    /// that asks; it is not told a second time here.
    pub fn answers(&self, questions: &Questions, sources: Sources<'_>) -> String {
        let mut out = String::from("<div class=\"quiz-store\"></div>\n\n");
        let mut chapter = "";
        for asked in &self.asked {
            if asked.chapter != chapter {
                chapter = &asked.chapter;
                out.push_str(&format!("## {chapter}\n\n"));
            }
            let answer = questions.get(&asked.id).and_then(|question| page::answer(question, &asked.page, sources));
            out.push_str(&answer.unwrap_or_default());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_found_where_they_stand_on_a_line_of_their_own() {
        let mut survey = Survey::default();
        survey.chapter(
            "book/src/a.md",
            "A",
            "# A\n\n{{#predict one}}\n\nsee \\{{#predict x}}\n\n{{#check two three}}\n",
        );
        let found: Vec<_> =
            survey.asked.iter().map(|asked| (asked.id.as_str(), asked.line, asked.page.as_str())).collect();
        assert_eq!(found, [("one", 3, "a.html"), ("two", 7, "a.html"), ("three", 7, "a.html")]);
    }

    #[test]
    fn a_question_asked_twice_and_a_book_without_answers_are_faults() {
        let mut survey = Survey::default();
        survey.chapter("a.md", "A", "{{#predict one}}\n");
        survey.chapter("b.md", "B", "{{#check one}}\n");
        let faults: Vec<_> = survey.faults(&Questions::default()).iter().map(ToString::to_string).collect();
        assert_eq!(faults[0], "b.md:1: asks `one` a second time, after a.md:1");
        assert!(faults[1].contains("no page has `{{#answers}}`"), "{faults:?}");
    }
}
