//! What examples printed, as it lies in `book/recordings/`.
//!
//! `index.toml` lists the recordings, `NAME.out` is the output, `NAME.trace.json` the trace as JSON lines,
//! `NAME.meta.toml` says how both came about.

use std::path::PathBuf;

use httptrace::Record;
use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::normalise::Rules;
use crate::workspace::Workspace;

/// One line of the index: what to run, and what to keep of it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The name of the recording and of its files.
    pub name: String,
    /// The example to run; without it, the one called like the recording.
    #[serde(default)]
    example: Option<String>,
    /// Run this command of the lab instead of an example: `["run", "book/scenarios/puzzle.toml"]`.
    #[serde(default)]
    lab: Vec<String>,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Whether the example is also run on the stepper and its trace kept.
    #[serde(default)]
    pub trace: bool,
    /// Whether the output is the compiler's words, which another compiler may choose otherwise.
    #[serde(default)]
    pub compiler: bool,
    /// Whether durations in the output differ from run to run.
    #[serde(default)]
    times: bool,
    /// What the last column may be on lines that end in ` *`, where a race decides.
    #[serde(default)]
    races: Vec<String>,
}

impl Recording {
    /// The example that is run.
    pub fn example(&self) -> &str {
        self.example.as_deref().unwrap_or(&self.name)
    }

    /// The arguments of the lab, where it is a command of the lab that is run.
    pub fn lab(&self) -> Option<&[String]> {
        (!self.lab.is_empty()).then_some(self.lab.as_slice())
    }

    /// What may differ from run to run.
    pub fn rules(&self) -> Rules {
        Rules { times: self.times, races: self.races.clone() }
    }

    /// The command as the reader types it.
    pub fn command(&self) -> String {
        if let Some(lab) = self.lab() {
            return format!("cargo lab {}", lab.join(" "));
        }
        let mut command = format!("cargo run --example {}", self.example());
        if !self.args.is_empty() {
            command.push_str(" -- ");
            command.push_str(&self.args.join(" "));
        }
        command
    }

    /// The arguments that make the example run on the stepper and write its trace to `file`.
    pub fn trace_args(&self, file: &str) -> Vec<String> {
        let stepped = ["--stepped", "1", "--trace", file].map(str::to_owned);
        self.args.iter().cloned().chain(stepped).collect()
    }

    /// The command that makes the trace, with `FILE` for its place.
    pub fn trace_command(&self) -> String {
        format!("cargo run --example {} -- {}", self.example(), self.trace_args("FILE").join(" "))
    }
}

/// How the files of a recording came about.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// The command that printed the output.
    pub command: String,
    /// The command that wrote the trace, where there is one.
    pub trace_command: Option<String>,
    /// The compiler, as it names itself.
    pub rustc: String,
    /// The version of this repository's crates.
    pub version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    #[serde(default)]
    recording: Vec<Recording>,
}

/// The index and the directory it lies in.
#[derive(Clone, Debug)]
pub struct Recordings {
    dir: PathBuf,
    list: Vec<Recording>,
}

impl Recordings {
    /// Reads the index. The files are read when they are asked for.
    ///
    /// # Errors
    ///
    /// When there is no index, or it is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let dir = workspace.recordings();
        let path = dir.join("index.toml");
        let index: Index = toml::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(workspace.name_of(&path), error.to_string())]))?;
        let mixed = |recording: &&Recording| {
            recording.lab().is_some() && (recording.trace || recording.example.is_some() || !recording.args.is_empty())
                || recording.lab().is_none() && recording.compiler
        };
        if let Some(recording) = index.recording.iter().find(mixed) {
            let what = format!(
                "`{}` has `lab` and with it an example, args or a trace, or it has `compiler` without `lab`",
                recording.name
            );
            return Err(Faults(vec![Fault::in_file(workspace.name_of(&path), what)]).into());
        }
        Ok(Recordings { dir, list: index.recording })
    }

    /// All of them, in the order of the index.
    pub fn list(&self) -> &[Recording] {
        &self.list
    }

    /// The names of all of them, for messages.
    pub fn names(&self) -> String {
        self.list.iter().map(|recording| recording.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The recording called `name`.
    ///
    /// # Errors
    ///
    /// When the index does not list it.
    pub fn get(&self, name: &str) -> Result<&Recording, String> {
        self.list
            .iter()
            .find(|recording| recording.name == name)
            .ok_or_else(|| format!("no recording `{name}` in book/recordings/index.toml; it lists: {}", self.names()))
    }

    /// Where the output of `name` lies.
    pub fn output_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.out"))
    }

    /// Where the trace of `name` lies.
    pub fn trace_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.trace.json"))
    }

    /// Where it is said how the files of `name` came about.
    pub fn meta_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.meta.toml"))
    }

    /// What the example printed.
    ///
    /// # Errors
    ///
    /// When the index does not list it, or it has not been recorded yet.
    pub fn output(&self, name: &str) -> Result<String, String> {
        self.get(name)?;
        std::fs::read_to_string(self.output_path(name))
            .map_err(|error| format!("book/recordings/{name}.out: {error}; `cargo lab record {name}` makes it"))
    }

    /// How the files of `name` came about.
    ///
    /// # Errors
    ///
    /// When it has not been recorded yet, or was with another command than the index has.
    pub fn meta(&self, name: &str) -> Result<Meta, String> {
        let recording = self.get(name)?;
        let file = format!("book/recordings/{name}.meta.toml");
        let again = format!("`cargo lab record {name}` makes it anew");
        let text =
            std::fs::read_to_string(self.meta_path(name)).map_err(|error| format!("{file}: {error}; {again}"))?;
        let meta: Meta = toml::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        let trace = recording.trace.then(|| recording.trace_command());
        match meta.command == recording.command() && meta.trace_command == trace {
            true => Ok(meta),
            false => Err(format!("{file} names other commands than book/recordings/index.toml; {again}")),
        }
    }

    /// The output as Markdown, under the command that makes it.
    ///
    /// # Errors
    ///
    /// As [`output`](Self::output); and when the example printed nothing.
    pub fn output_markdown(&self, name: &str) -> Result<String, String> {
        let output = self.output(name)?;
        if output.trim().is_empty() {
            return Err(format!("book/recordings/{name}.out is empty; expected what the example printed"));
        }
        let recording = self.get(name)?;
        let mut caption = format!("<code>{}</code>", html::escape(&recording.command()));
        // By this name the page asks the lab to run it again, see `serve`.
        let mut attributes = format!("class=\"output\" data-run=\"{}\"", html::escape(name));
        if recording.compiler {
            let rustc = self.meta(name)?.rustc;
            let version: Vec<_> = rustc.split_whitespace().take(2).collect();
            caption.push_str(&format!(", {}", html::escape(&version.join(" "))));
            // What a compiler says is not run again.
            attributes = "class=\"output\"".to_owned();
        }
        Ok(html::captioned_fence(&attributes, &caption, "text", &output))
    }

    /// The value after `line:` in the output, up to the end of that line.
    ///
    /// # Errors
    ///
    /// As [`output`](Self::output); and when there is not exactly one such line.
    pub fn value(&self, name: &str, line: &str) -> Result<String, String> {
        let output = self.output(name)?;
        let mut values = output
            .lines()
            .filter_map(|text| text.trim_start().strip_prefix(line)?.strip_prefix(':'))
            .map(|value| value.trim().to_owned());
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value),
            (Some(_), None) => Err(format!("book/recordings/{name}.out: nothing stands after `{line}:`")),
            (Some(_), Some(_)) => Err(format!("book/recordings/{name}.out has more than one line `{line}: …`")),
            (None, _) => Err(format!("book/recordings/{name}.out has no line `{line}: …`")),
        }
    }

    /// The trace, event by event.
    ///
    /// # Errors
    ///
    /// When the index does not ask for it, when it has not been recorded yet, or cannot be read.
    pub fn trace(&self, name: &str) -> Result<Vec<Record>, String> {
        if !self.get(name)?.trace {
            return Err(format!(
                "the recording `{name}` has no trace; set `trace = true` in book/recordings/index.toml"
            ));
        }
        let text = std::fs::read_to_string(self.trace_path(name)).map_err(|error| {
            format!("book/recordings/{name}.trace.json: {error}; `cargo lab record {name}` makes it")
        })?;
        parse_trace(&text).map_err(|what| format!("book/recordings/{name}.trace.json: {what}"))
    }
}

/// Reads a trace: one JSON object a line.
///
/// # Errors
///
/// The first line that is not an event, and why.
pub fn parse_trace(text: &str) -> Result<Vec<Record>, String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", i + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recordings(index: &str, output: Option<&str>) -> (tempfile::TempDir, Recordings) {
        let dir = tempfile::tempdir().expect("a directory");
        let list = toml::from_str::<Index>(index).expect("an index").recording;
        if let Some(output) = output {
            std::fs::write(dir.path().join("a.out"), output).expect("written");
        }
        let recordings = Recordings { dir: dir.path().to_path_buf(), list };
        (dir, recordings)
    }

    const INDEX: &str =
        "[[recording]]\nname = \"a\"\n[[recording]]\nname = \"b\"\nexample = \"a\"\nargs = [\"--kill\"]\n";

    #[test]
    fn the_command_is_the_one_a_reader_types() {
        let (_dir, recordings) = recordings(INDEX, None);
        assert_eq!(recordings.get("a").unwrap().command(), "cargo run --example a");
        assert_eq!(recordings.get("b").unwrap().command(), "cargo run --example a -- --kill");
        let (_dir, lab) = self::recordings("[[recording]]\nname = \"c\"\nlab = [\"run\", \"x.toml\"]\n", None);
        assert_eq!(lab.get("c").unwrap().command(), "cargo lab run x.toml");
        assert_eq!(
            recordings.get("b").unwrap().trace_command(),
            "cargo run --example a -- --kill --stepped 1 --trace FILE"
        );
    }

    #[test]
    fn a_value_is_what_stands_after_the_colon_of_the_one_line() {
        let (_dir, recordings) = recordings(INDEX, Some("answers: 4\nanswer: 3\ntwice: 1\ntwice: 2\nhollow:\n"));
        assert_eq!(recordings.value("a", "answer").unwrap(), "3");
        assert!(recordings.value("a", "twice").unwrap_err().contains("more than one"));
        assert!(recordings.value("a", "hollow").unwrap_err().contains("nothing stands after"));
        assert!(recordings.value("a", "none").unwrap_err().contains("no line `none: …`"));
    }

    #[test]
    fn what_is_not_listed_and_what_is_not_recorded_say_what_to_do() {
        let (_dir, recordings) = recordings(INDEX, None);
        assert!(recordings.output("c").unwrap_err().ends_with("it lists: a, b"));
        assert!(recordings.output("a").unwrap_err().contains("`cargo lab record a` makes it"));
        assert!(recordings.trace("a").unwrap_err().contains("set `trace = true`"));
    }

    #[test]
    fn how_a_recording_came_about_must_be_what_the_index_asks_for() {
        let (dir, recordings) = recordings(INDEX, None);
        let write = |text: &str| std::fs::write(dir.path().join("a.meta.toml"), text).expect("written");
        assert!(recordings.meta("a").unwrap_err().contains("`cargo lab record a` makes it anew"));
        let versions = "rustc = \"rustc 1.95.0\"\nversion = \"0.1.0\"\n";
        write(&format!("command = \"cargo run --example a\"\n{versions}"));
        assert_eq!(recordings.meta("a").unwrap().rustc, "rustc 1.95.0");
        write(&format!("command = \"cargo run --example a -- --kill\"\n{versions}"));
        assert!(recordings.meta("a").unwrap_err().contains("names other commands than"));
    }

    #[test]
    fn the_compilers_words_stand_under_the_name_of_the_compiler() {
        let index = "[[recording]]\nname = \"a\"\nlab = [\"gallery\", \"x\"]\ncompiler = true\n";
        let (dir, recordings) = recordings(index, Some("error[E0382]: moved\n"));
        let meta =
            "command = \"cargo lab gallery x\"\nrustc = \"rustc 1.95.0 (59807616e 2026-04-14)\"\nversion = \"0\"\n";
        std::fs::write(dir.path().join("a.meta.toml"), meta).expect("written");
        let shown = recordings.output_markdown("a").expect("an output");
        assert!(shown.contains("<code>cargo lab gallery x</code>, rustc 1.95.0</figcaption>"), "{shown}");
    }

    #[test]
    fn a_trace_names_its_bad_line() {
        let good = r#"{"at_us":0,"task":"caller","event":"Call","step":"get"}"#;
        assert_eq!(parse_trace(good).unwrap().len(), 1);
        assert!(parse_trace(&format!("{good}\n{{}}\n")).unwrap_err().starts_with("line 2: "));
    }
}
