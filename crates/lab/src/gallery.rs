//! The programs of `book/gallery`, and what the compiler says of each.
//!
//! They come in pairs, and one of each pair must not compile; so they are a package of their own, whose examples they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::Error;
use crate::record::{cargo, tail};
use crate::workspace::Workspace;

/// A program, and the compiler's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The program: the name of its file.
    pub program: String,
    /// What the compiler said against it; `None` when it compiles.
    pub said: Option<String>,
}

impl Verdict {
    /// What is left of the answer when its words do not count: `E0382, line 5`, or `compiles`.
    pub fn short(&self) -> String {
        match &self.said {
            None => "compiles".to_owned(),
            Some(said) => {
                let essence = essence(said);
                let first = essence.first().map_or("", String::as_str);
                first.replace(&format!(" at {}:", Self::file(&self.program)), ", line ")
            }
        }
    }

    fn file(program: &str) -> String {
        format!("book/gallery/programs/{program}.rs")
    }
}

/// Has Cargo check these programs, or all of them when none is named. The answers come in the order asked for.
///
/// # Errors
///
/// When one is not among the programs, or Cargo fails for another reason than a program.
pub fn ask(workspace: &Workspace, names: &[String]) -> Result<Vec<Verdict>, Error> {
    let known = programs(workspace)?;
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(Error::Gallery(format!("no program `{unknown}` in book/gallery; there are: {}", known.join(", "))));
    }
    let names = if names.is_empty() { &known } else { names };
    let mut command = cargo();
    command.args(["check", "--quiet", "--keep-going", "--message-format", "json"]);
    for name in names {
        command.args(["--example", name]);
    }
    // Run from their workspace, so that its settings hold.
    let output = command.current_dir(workspace.gallery()).stdin(Stdio::null()).output();
    let output = output.map_err(Error::io("cannot start cargo"))?;
    let mut answers = answers(&String::from_utf8_lossy(&output.stdout));
    names
        .iter()
        .map(|name| match answers.remove(name.as_str()) {
            Some(said) => {
                let said = (!said.is_empty()).then(|| tidy(&said, workspace.root()));
                Ok(Verdict { program: name.clone(), said })
            }
            None => {
                let stderr = tail(&String::from_utf8_lossy(&output.stderr));
                Err(Error::Gallery(format!("cargo did not check `{name}`:\n{stderr}")))
            }
        })
        .collect()
}

/// What `cargo lab gallery` prints: the compiler's words on one program, a line each for several, and then which of them
/// compile, counted from 1.
///
/// # Errors
///
/// As [`ask`].
pub fn show(workspace: &Workspace, names: &[String]) -> Result<String, Error> {
    let verdicts = ask(workspace, names)?;
    if let [Verdict { program, said }] = verdicts.as_slice() {
        return Ok(said.clone().unwrap_or_else(|| format!("{program}: compiles")));
    }
    let lines = verdicts.iter().map(|verdict| format!("{:<27}{}\n", format!("{}:", verdict.program), verdict.short()));
    let compile: Vec<_> = (1..).zip(&verdicts).filter(|(_, verdict)| verdict.said.is_none()).collect();
    let numbers: Vec<_> = compile.iter().map(|(number, _)| number.to_string()).collect();
    Ok(lines.collect::<String>() + &format!("compile: {}\n", numbers.join(", ")))
}

/// The programs, in the order of the package's manifest.
fn programs(workspace: &Workspace) -> Result<Vec<String>, Error> {
    let path = workspace.gallery().join("Cargo.toml");
    let manifest: Table =
        Error::read(&path)?.parse().map_err(|error| Error::Gallery(format!("{}: {error}", path.display())))?;
    let examples = manifest.get("example").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Ok(examples.iter().filter_map(|example| example.get("name")?.as_str().map(str::to_owned)).collect())
}

/// One line of what Cargo says as JSON, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    target: Option<Target>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    rendered: Option<String>,
    spans: Vec<serde::de::IgnoredAny>,
}

/// What was said against each program that was checked; nothing is an empty text.
fn answers(json: &str) -> BTreeMap<String, String> {
    let mut answers = BTreeMap::<String, String>::new();
    for line in json.lines() {
        let Ok(Line { target: Some(target), message }) = serde_json::from_str(line) else { continue };
        if target.kind != ["example"] {
            continue;
        }
        let answer = answers.entry(target.name).or_default();
        // Without a span it is the count of errors, or the advice to ask for an explanation.
        if let Some(Message { level, rendered: Some(rendered), spans }) = message
            && level == "error"
            && !spans.is_empty()
        {
            answer.push_str(&rendered);
        }
    }
    answers
}

/// The compiler's words with paths from the repository's root. Of a note about code elsewhere only the note is left: where
/// that code lies, and whether it can be shown, differs from machine to machine.
fn tidy(said: &str, root: &Path) -> String {
    let root = format!("--> {}/", root.display());
    let said = said.replace("\r\n", "\n").replace(&root, "--> ").replace("--> programs/", "--> book/gallery/programs/");
    let mut out = String::new();
    let mut elsewhere = false;
    for line in said.trim_end().lines() {
        match line.trim_start().strip_prefix("--> ") {
            Some(place) => elsewhere = Path::new(place).is_absolute() || place.starts_with('/'),
            // What follows a place is indented, or a line with a number.
            None if !line.starts_with([' ', '.']) && !line.starts_with(|c: char| c.is_ascii_digit()) => {
                elsewhere = false;
            }
            None => {}
        }
        if !elsewhere {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The errors' numbers, each with the line that it is about: what stays when a compiler chooses other words.
pub fn essence(said: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<&str> = None;
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("error[") {
            open = rest.split_once(']').map(|(code, _)| code);
        } else if let (Some(place), Some(code)) = (line.trim_start().strip_prefix("--> "), open) {
            let place = place.rsplit_once(':').map_or(place, |(line, _)| line);
            found.push(format!("{code} at {place}"));
            open = None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
error[E0382]: borrow of moved value: `buffer`
 --> programs/post.rs:4:5
  |
4 |     buffer.clear();
  |     ^^^^^^ value borrowed here after move
  |
note: `into` takes ownership of the receiver
 --> /rustc/59807616e1fa/library/core/src/convert/mod.rs:455:12
  |
9 |     fn into(self) -> T;
  |             ^^^^
help: you can `clone` the value
  |
2 |     request.body = buffer.clone().into();
  |                          ++++++++
note: requirement introduced here
   --> /home/me/port/crates/persistconn/src/request.rs:272:51

";

    #[test]
    fn paths_begin_at_the_root_and_code_elsewhere_is_left_out() {
        let tidied = tidy(SAID, Path::new("/home/me/port"));
        assert!(tidied.contains(" --> book/gallery/programs/post.rs:4:5\n"), "{tidied}");
        assert!(tidied.contains("--> crates/persistconn/src/request.rs:272:51\n"), "{tidied}");
        assert!(!tidied.contains("/rustc/") && !tidied.contains("fn into"), "{tidied}");
        assert!(tidied.contains("note: `into` takes ownership of the receiver\nhelp: you can `clone`"), "{tidied}");
    }

    #[test]
    fn of_an_answer_its_number_and_its_line_are_what_other_words_do_not_change() {
        let tidied = tidy(SAID, Path::new("/home/me/port"));
        assert_eq!(essence(&tidied), ["E0382 at book/gallery/programs/post.rs:4"]);
        let other = tidied.replace("borrow of moved value", "used after it was moved");
        assert_eq!(essence(&other), essence(&tidied));
        let moved = tidied.replace("post.rs:4:5", "post.rs:5:5");
        assert_ne!(essence(&moved), essence(&tidied));
        let verdict = Verdict { program: "post".to_owned(), said: Some(tidied) };
        assert_eq!(verdict.short(), "E0382, line 4");
    }

    #[test]
    fn an_answer_is_what_was_said_with_a_place() {
        let json = concat!(
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"client"}}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["example"],"name":"good"}}"#,
            "\n",
            r#"{"target":{"kind":["example"],"name":"bad"},"message":{"level":"error","rendered":"A\n","spans":[{}]}}"#,
            "\n",
            r#"{"target":{"kind":["example"],"name":"bad"},"message":{"level":"error","rendered":"B\n","spans":[]}}"#,
            "\n",
        );
        let found = answers(json);
        assert_eq!(found.get("good").map(String::as_str), Some(""));
        assert_eq!(found.get("bad").map(String::as_str), Some("A\n"));
        assert_eq!(found.len(), 2);
    }
}
