//! Questions: a prediction at the beginning of a chapter, a few more at its end. The key is never typed beside the
//! question alone: it is read from a recording, from the figures of Go or from `book/data`, or something shows it.
//!
//! # Layout
//!
//! - [`key`]: where the right answer is to be read
//! - [`page`]: questions in a chapter, and their answers at the end of the book
//! - [`survey`]: which chapter asks which question

pub mod key;
pub mod page;
pub mod survey;

use std::io::ErrorKind;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::question::key::{Key, Sources};
use crate::workspace::Workspace;

/// A text in the languages it has. English for now; another is another field.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English. Code stands between back-ticks.
    pub en: String,
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
    /// The name that a chapter uses in `{{#predict ID}}` or `{{#check ID…}}`.
    pub id: String,
    /// The question itself.
    pub text: Text,
    /// Where the right answer is to be read.
    pub key: Key,
    /// Whether the answer is typed instead of chosen. The options are then the answers that have an explanation.
    #[serde(default)]
    pub typed: bool,
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
    /// When a file cannot be read, two questions share an id, or one breaks a rule of the house.
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
                        faults.extend(
                            question
                                .broken_rules()
                                .into_iter()
                                .map(|what| Fault::in_file(&name, format!("question `{}`: {what}", question.id))),
                        );
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

/// How many options a question may have.
const OPTIONS: std::ops::RangeInclusive<usize> = 3..=5;

impl Question {
    /// The right answer.
    ///
    /// # Errors
    ///
    /// When what it is read from is missing, when no option has that value, or two have.
    pub fn answer(&self, sources: Sources<'_>) -> Result<String, String> {
        let key = self.key.read(sources).map_err(|what| format!("question `{}`: {what}", self.id))?;
        let values: Vec<_> = self.option.iter().map(|option| option.value.as_str()).collect();
        match values.iter().filter(|value| **value == key).count() {
            1 => Ok(key),
            0 => Err(format!(
                "question `{}`: the key says `{key}`, and no option has that value; the options are {}",
                self.id,
                values.join(", ")
            )),
            _ => Err(format!("question `{}`: two options have the value `{key}`", self.id)),
        }
    }

    /// What is wrong with it whatever its key: the number of options, options that speak of the others, a question for
    /// what is not so.
    fn broken_rules(&self) -> Vec<String> {
        let mut broken = Vec::new();
        if !OPTIONS.contains(&self.option.len()) {
            let (least, most) = (OPTIONS.start(), OPTIONS.end());
            broken.push(format!("has {} options; there must be {least} to {most}", self.option.len()));
        }
        for option in &self.option {
            let value = option.value.to_lowercase();
            if ["all of the", "none of the", "both of the"].iter().any(|words| value.contains(words)) {
                broken.push(format!("the option `{}` speaks of the others", option.value));
            }
            if option.explanation.en.trim().is_empty() {
                broken.push(format!("the option `{}` has no explanation", option.value));
            }
        }
        let text = self.text.en.to_lowercase();
        let asks = text.split(['.', ';', ':']).filter(|sentence| sentence.contains('?'));
        let negated = |sentence: &str| {
            let words: Vec<&str> = sentence.split(|c: char| !c.is_alphanumeric() && c != '\'').collect();
            words.contains(&"which")
                && words.iter().any(|word| ["not", "never", "except"].contains(word) || word.ends_with("n't"))
        };
        if asks.into_iter().any(negated) {
            broken.push("asks for what is not so; ask for what is".to_owned());
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Measured;
    use crate::question::page::Kind;
    use crate::recording::Recordings;

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
        [[question.option]]
        value = "7"
        explanation.en = "One each."
    "#;

    struct Book {
        _dir: tempfile::TempDir,
        workspace: Workspace,
        recordings: Recordings,
        measured: Measured,
        questions: Questions,
    }

    impl Book {
        fn sources(&self) -> Sources<'_> {
            Sources { recordings: &self.recordings, measured: &self.measured, workspace: &self.workspace }
        }
    }

    fn load(output: &str, questions: &str) -> Result<Book, Error> {
        let dir = tempfile::tempdir().expect("a directory");
        for folder in ["book/recordings", "book/questions", "book/data"] {
            std::fs::create_dir_all(dir.path().join(folder)).expect("a folder");
        }
        let write = |path: &str, text: &str| std::fs::write(dir.path().join(path), text).expect("written");
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write("book/recordings/index.toml", "[[recording]]\nname = \"a\"\n");
        write("book/recordings/a.out", output);
        write("book/data/d.toml", "cost = 13\n");
        write("book/questions/q.toml", questions);
        let workspace = Workspace::around(dir.path()).expect("a workspace");
        let recordings = Recordings::load(&workspace)?;
        let measured = Measured::load(&workspace)?;
        let questions = Questions::load(&workspace)?;
        Ok(Book { _dir: dir, workspace, recordings, measured, questions })
    }

    fn book(output: &str) -> Book {
        load(output, QUESTION).expect("a book in which everything is so")
    }

    #[test]
    fn the_right_option_is_the_one_that_the_recording_gives() {
        let book = book("answer: 3\n");
        let html = page::ask(book.questions.get("alive").unwrap(), Kind::Prediction, book.sources()).unwrap();
        assert!(html.contains("<strong>Predict.</strong> How many of <code>1 &lt; 3</code>?"), "{html}");
        let right = html.split("predict-right").nth(1).expect("a right option");
        assert!(right.contains("value=\"3\""), "{html}");
        assert_eq!(html.matches("Measured.").count(), 1);
        assert!(!html.contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn an_answer_leads_back_to_its_question_and_begins_with_the_right_option() {
        let book = book("answer: 3\n");
        let html = page::answer(book.questions.get("alive").unwrap(), "one.html", book.sources()).unwrap();
        assert!(html.contains("id=\"a-alive\"") && html.contains("href=\"one.html#q-alive\""), "{html}");
        let first = html.split("<strong>").nth(1).expect("an option");
        assert!(first.starts_with("3</strong>. Measured. One connection."), "{html}");
        assert!(!html.contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn a_typed_answer_has_a_field_instead_of_buttons() {
        let typed = QUESTION.replace("id = \"alive\"", "id = \"alive\"\ntyped = true");
        let book = load("answer: 3\n", &typed).unwrap();
        let html = page::ask(book.questions.get("alive").unwrap(), Kind::Check(2), book.sources()).unwrap();
        assert!(html.contains("<strong>2.</strong>") && !html.contains("type=\"radio\""), "{html}");
        assert_eq!(html.matches("type=\"text\"").count(), 1);
    }

    #[test]
    fn a_key_that_is_no_option_is_an_error() {
        let book = book("answer: 5\n");
        let error = book.questions.get("alive").unwrap().answer(book.sources()).unwrap_err();
        assert_eq!(error, "question `alive`: the key says `5`, and no option has that value; the options are 13, 3, 7");
    }

    #[test]
    fn a_key_can_be_several_figures_of_a_matrix() {
        let book = book("   Kill  Drain\nread   3 / 1   3 / 1\nneither  13 / 6   13 / 6\n");
        let key = |lines: [&str; 2]| Key::Settled {
            recording: "a".to_owned(),
            column: "Kill".to_owned(),
            lines: lines.map(str::to_owned).to_vec(),
        };
        assert_eq!(key(["neither", "read"]).read(book.sources()).unwrap(), "13, 3");
        assert!(key(["neither", "write"]).read(book.sources()).unwrap_err().contains("no line `write`"));
    }

    #[test]
    fn a_key_can_be_a_figure_or_a_word_that_something_shows() {
        let book = book("the pool:  asked\n");
        let figure = |path: &str| Key::Figure { figure: ["d.toml".to_owned(), path.to_owned()] };
        assert_eq!(figure("cost").read(book.sources()).unwrap(), "13");
        assert!(figure("price").read(book.sources()).unwrap_err().contains("has no price"));
        let stated = |because: &str| Key::Stated { value: "after".to_owned(), because: because.to_owned() };
        assert_eq!(stated("RL-B1").read(book.sources()).unwrap(), "after");
        assert!(stated("RL-B1").source(book.sources()).unwrap().contains("exits.html#rl-b1"));
        assert_eq!(stated("a: the pool:  asked").read(book.sources()).unwrap(), "after");
        assert!(stated("a: nobody").read(book.sources()).unwrap_err().contains("has no line `nobody`"));
        assert!(stated("RL-Z1").read(book.sources()).unwrap_err().contains("neither an exit nor a recording"));
    }

    #[test]
    fn a_cell_of_a_book_without_figures_of_go_is_an_error() {
        let book = book("answer: 3\n");
        let key = Key::Cell { cell: vec!["readall".to_owned(), "1.27.3".to_owned()] };
        assert!(key.read(book.sources()).unwrap_err().contains("there is no book/data/go_measured.json"));
    }

    #[test]
    fn a_question_that_breaks_a_rule_is_refused() {
        let refused = |from: &str, to: &str| {
            assert!(QUESTION.contains(from), "{from}");
            load("answer: 3\n", &QUESTION.replace(from, to)).err().expect("refused").to_string()
        };
        assert!(refused("value = \"7\"", "value = \"none of the others\"").contains("speaks of the others"));
        assert!(refused("\"One each.\"", "\" \"").contains("the option `7` has no explanation"));
        assert!(refused("How many of `1 < 3`?", "Which of them is not alive?").contains("asks for what is not so"));
        let two = QUESTION.rsplit_once("[[question.option]]").unwrap().0;
        let error = load("answer: 3\n", two).err().expect("refused").to_string();
        assert!(error.contains("has 2 options; there must be 3 to 5"), "{error}");
    }

    #[test]
    fn an_unknown_question_names_the_known_ones() {
        assert!(book("answer: 3\n").questions.get("dead").unwrap_err().ends_with("there are: alive"));
    }
}
