//! Prediction questions: what will the program print? The key is never typed, it is read from a recording.

use std::io::ErrorKind;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::measured::Matrix;
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// A text in the languages it has. English for now; another is another field.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English. Code stands between back-ticks.
    pub en: String,
}

/// Where the right answer is to be read.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Key {
    /// One value of an output.
    Line {
        /// The recording.
        recording: String,
        /// The word before the colon of the line that has the value.
        line: String,
    },
    /// Settled tasks of several rows of the matrix, joined by commas: `13, 1, 3`.
    Settled {
        /// The matrix.
        recording: String,
        /// Its column.
        column: String,
        /// What its lines say was done.
        lines: Vec<String>,
    },
}

impl Key {
    /// The recording that is read.
    pub fn recording(&self) -> &str {
        match self {
            Key::Line { recording, .. } | Key::Settled { recording, .. } => recording,
        }
    }

    fn read(&self, recordings: &Recordings) -> Result<String, String> {
        match self {
            Key::Line { recording, line } => recordings.value(recording, line),
            Key::Settled { recording, column, lines } => {
                let matrix = Matrix::read(recordings, recording)?;
                let settled = lines.iter().map(|what| Ok(matrix.find(what, column)?.settled.to_string()));
                Ok(settled.collect::<Result<Vec<_>, String>>()?.join(", "))
            }
        }
    }
}

/// One answer that plausible reasoning gives.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What the program would print.
    pub value: String,
    /// The reasoning behind it, and where it goes wrong or right.
    pub explanation: Text,
}

/// One question with its answers.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The name that a chapter uses in `{{#predict ID}}`.
    pub id: String,
    /// The question itself.
    pub text: Text,
    /// Where the right answer is to be read.
    pub key: Key,
    /// The answers, in the order in which they are shown.
    pub option: Vec<Choice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    question: Vec<Question>,
}

/// All questions of the book.
#[derive(Clone, Debug, Default)]
pub struct Questions(Vec<Question>);

impl Questions {
    /// Reads `book/questions/*.toml`. A book without that directory has no questions.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or two questions share an id.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let dir = workspace.questions();
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Questions::default()),
            Err(error) => return Err(Error::io(format!("cannot read {}", dir.display()))(error)),
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut faults = Vec::new();
        let mut questions: Vec<Question> = Vec::new();
        for path in paths {
            let name = workspace.name_of(&path);
            match toml::from_str::<File>(&Error::read(&path)?) {
                Err(error) => faults.push(Fault::in_file(name, error.to_string())),
                Ok(file) => {
                    for question in file.question {
                        if questions.iter().any(|other| other.id == question.id) {
                            faults.push(Fault::in_file(&name, format!("the id `{}` is taken", question.id)));
                        }
                        questions.push(question);
                    }
                }
            }
        }
        Faults::none(faults)?;
        Ok(Questions(questions))
    }

    /// All of them.
    pub fn list(&self) -> &[Question] {
        &self.0
    }

    /// The question called `id`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn get(&self, id: &str) -> Result<&Question, String> {
        self.0.iter().find(|question| question.id == id).ok_or_else(|| {
            let ids: Vec<_> = self.0.iter().map(|question| question.id.as_str()).collect();
            format!("no question `{id}` in book/questions/; there are: {}", ids.join(", "))
        })
    }
}

impl Question {
    /// The value that the recording gives.
    ///
    /// # Errors
    ///
    /// When the recording or the line is missing, when no option has that value, or two have.
    pub fn answer(&self, recordings: &Recordings) -> Result<String, String> {
        let key = self.key.read(recordings).map_err(|what| format!("question `{}`: {what}", self.id))?;
        let values: Vec<_> = self.option.iter().map(|option| option.value.as_str()).collect();
        match values.iter().filter(|value| **value == key).count() {
            1 => Ok(key),
            0 => Err(format!(
                "question `{}`: the recording says `{key}`, and no option has that value; the options are {}",
                self.id,
                values.join(", ")
            )),
            _ => Err(format!("question `{}`: two options have the value `{key}`", self.id)),
        }
    }

    /// The question as one block of HTML. Without script, and in print, all of it shows.
    ///
    /// # Errors
    ///
    /// As [`answer`](Self::answer).
    pub fn html(&self, recordings: &Recordings) -> Result<String, String> {
        let key = self.answer(recordings)?;
        let id = html::escape(&self.id);
        let command = html::escape(&recordings.get(self.key.recording())?.command());
        let mut out = format!(
            "<div class=\"predict\" data-id=\"{id}\">\n<fieldset>\n<legend><strong>Predict.</strong> {}</legend>\n",
            html::inline(&self.text.en)
        );
        for (i, option) in self.option.iter().enumerate() {
            let right = option.value == key;
            let value = html::escape(&option.value);
            let class = if right { "predict-option predict-right" } else { "predict-option" };
            let verdict = if right { "Measured." } else { "Not so." };
            out.push_str(&format!(
                "<div class=\"{class}\">\n\
                 <label><input type=\"radio\" name=\"{id}\" value=\"{value}\" aria-describedby=\"{id}-{i}\"> {value}</label>\n\
                 <p class=\"predict-why\" id=\"{id}-{i}\"><strong>{verdict}</strong> {}</p>\n</div>\n",
                html::inline(&option.explanation.en)
            ));
        }
        out.push_str(&format!(
            "<p class=\"predict-source\">The answer is read from the recorded run of <code>{command}</code>.</p>\n\
             <p class=\"predict-verdict\" role=\"status\"></p>\n</fieldset>\n</div>\n"
        ));
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = r#"
        [[question]]
        id = "alive"
        text.en = "How many of `1 < 3`?"
        key = { recording = "a", line = "answer" }
        [[question.option]]
        value = "13"
        explanation.en = "Two each."
        [[question.option]]
        value = "3"
        explanation.en = "One connection."
    "#;

    fn book(output: &str) -> (tempfile::TempDir, Recordings, Questions) {
        let dir = tempfile::tempdir().expect("a directory");
        for folder in ["book/recordings", "book/questions"] {
            std::fs::create_dir_all(dir.path().join(folder)).expect("a folder");
        }
        let write = |path: &str, text: &str| std::fs::write(dir.path().join(path), text).expect("written");
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write("book/recordings/index.toml", "[[recording]]\nname = \"a\"\n");
        write("book/recordings/a.out", output);
        write("book/questions/q.toml", QUESTION);
        let workspace = Workspace::around(dir.path()).expect("a workspace");
        let recordings = Recordings::load(&workspace).expect("an index");
        let questions = Questions::load(&workspace).expect("questions");
        (dir, recordings, questions)
    }

    #[test]
    fn the_right_option_is_the_one_that_the_recording_gives() {
        let (_dir, recordings, questions) = book("answer: 3\n");
        let html = questions.get("alive").unwrap().html(&recordings).unwrap();
        assert!(html.contains("How many of <code>1 &lt; 3</code>?"), "{html}");
        let right = html.split("predict-right").nth(1).expect("a right option");
        assert!(right.contains("value=\"3\""), "{html}");
        assert_eq!(html.matches("Measured.").count(), 1);
        assert!(!html.contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn a_key_that_is_no_option_is_an_error() {
        let (_dir, recordings, questions) = book("answer: 5\n");
        let error = questions.get("alive").unwrap().html(&recordings).unwrap_err();
        assert_eq!(
            error,
            "question `alive`: the recording says `5`, and no option has that value; the options are 13, 3"
        );
    }

    #[test]
    fn a_key_can_be_several_figures_of_a_matrix() {
        let (_dir, recordings, _) = book("   Kill  Drain\nread   3 / 1   3 / 1\nneither  13 / 6   13 / 6\n");
        let key = |lines: [&str; 2]| Key::Settled {
            recording: "a".to_owned(),
            column: "Kill".to_owned(),
            lines: lines.map(str::to_owned).to_vec(),
        };
        assert_eq!(key(["neither", "read"]).read(&recordings).unwrap(), "13, 3");
        assert!(key(["neither", "write"]).read(&recordings).unwrap_err().contains("no line `write`"));
    }

    #[test]
    fn an_unknown_question_names_the_known_ones() {
        let (_dir, _recordings, questions) = book("answer: 3\n");
        assert!(questions.get("dead").unwrap_err().ends_with("there are: alive"));
    }
}
