//! The programs that may be run, each with exactly its arguments: a page can name one, and nothing else.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::diff::diff;
use crate::error::Error;
use crate::normalise::{Rules, normalise};
use crate::record::cargo_program;
use crate::recording::Recordings;
use crate::runner::Limits;
use crate::workspace::Workspace;

/// A program that may be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The command as a reader types it.
    pub shown: String,
    /// What is started.
    pub start: Start,
    /// What it should print, where that is recorded.
    pub expected: Option<Expected>,
}

/// What is started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start {
    /// A program that is there.
    Program {
        /// Where.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
    /// An example, which Cargo builds first. It is then started by itself, so that its time and its exit code are its
    /// own.
    Example {
        /// Its name.
        example: String,
        /// Its arguments.
        args: Vec<String>,
    },
}

/// What a program should print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// The recorded output.
    pub recorded: String,
    /// What may differ from it.
    pub rules: Rules,
}

impl Expected {
    /// Whether `printed` is what was recorded, by the rules by which `cargo lab check` compares the two.
    ///
    /// # Errors
    ///
    /// Where they part.
    pub fn judge(&self, printed: &str) -> Result<(), String> {
        let printed = normalise(printed, &self.rules);
        self.rules.allow(&printed)?;
        let printed = self.rules.agree(&printed, &self.recorded);
        diff(&self.recorded, &printed).map_or(Ok(()), Err)
    }
}

/// All the programs that may be run, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Runs {
    list: BTreeMap<String, Listed>,
    dir: PathBuf,
    cargo: OsString,
    limits: Limits,
}

impl Runs {
    /// Programs that run in `dir`, by their names.
    pub fn new(list: impl IntoIterator<Item = (String, Listed)>, dir: &Path, limits: Limits) -> Self {
        Runs { list: list.into_iter().collect(), dir: dir.to_path_buf(), cargo: cargo_program(), limits }
    }

    /// What the book shows: its recordings by their names, and its scenarios by their paths.
    ///
    /// # Errors
    ///
    /// When the index of recordings or the folder of scenarios cannot be read, or nobody knows where the lab lies.
    pub fn of_the_book(workspace: &Workspace) -> Result<Self, Error> {
        let lab = std::env::current_exe().map_err(Error::io("cannot tell where the lab is"))?;
        let of_the_lab = |args: &[String]| Start::Program { program: lab.clone(), args: args.to_vec() };
        let recordings = Recordings::load(workspace)?;
        let mut list = BTreeMap::new();
        // What the compiler says has no button: another compiler chooses other words, see `recording`.
        for recording in recordings.list().iter().filter(|recording| !recording.compiler) {
            let start = match recording.lab() {
                Some(args) => of_the_lab(args),
                None => Start::Example { example: recording.example().to_owned(), args: recording.args.clone() },
            };
            let recorded = recordings.output(&recording.name).ok();
            let expected = recorded.map(|recorded| Expected { recorded, rules: recording.rules() });
            list.insert(recording.name.clone(), Listed { shown: recording.command(), start, expected });
        }
        let mut files = Vec::new();
        if workspace.scenarios().is_dir() {
            scenarios(&workspace.scenarios(), &mut files)?;
        }
        for file in files {
            let name = workspace.name_of(&file);
            let start = of_the_lab(&["run".to_owned(), name.clone()]);
            list.insert(name.clone(), Listed { shown: format!("cargo lab run {name}"), start, expected: None });
        }
        Ok(Runs::new(list, workspace.root(), Limits::default()))
    }

    /// The same with another Cargo.
    #[must_use]
    pub fn with_cargo(self, cargo: impl Into<OsString>) -> Self {
        Runs { cargo: cargo.into(), ..self }
    }

    /// The program of this name.
    pub fn get(&self, name: &str) -> Option<&Listed> {
        self.list.get(name)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.keys().map(String::as_str)
    }

    /// Where they run.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What builds examples.
    pub fn cargo(&self) -> &OsStr {
        &self.cargo
    }

    /// How much each may take.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

/// The scenarios in `dir` and the folders in it: every TOML file that has a scenario's name in it.
fn scenarios(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            scenarios(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") && scenario::Scenario::read(&path).is_ok() {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_lists_its_recordings_and_its_scenarios_and_nothing_else() {
        let workspace = Workspace::find().expect("the lab's own repository");
        let runs = Runs::of_the_book(&workspace).expect("a list");
        let puzzle = runs.get("ch01_puzzle").expect("listed");
        assert_eq!(puzzle.start, Start::Example { example: "ch01_puzzle".to_owned(), args: Vec::new() });
        assert!(puzzle.expected.is_some(), "it is recorded");
        let scenario = runs.get("book/scenarios/puzzle.toml").expect("listed");
        assert_eq!(scenario.shown, "cargo lab run book/scenarios/puzzle.toml");
        assert!(runs.get("book/scenarios/differences.toml").is_none(), "that is no scenario");
        let recordings = Recordings::load(&workspace).expect("an index");
        for name in runs.names() {
            let scenario = name.starts_with("book/scenarios/") && name.ends_with(".toml");
            assert!(scenario || recordings.get(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_printed_is_held_against_the_recording_by_its_rules() {
        let rules = Rules { times: true, races: Vec::new() };
        let expected = Expected { recorded: "127.0.0.1:PORT took TIME\n".to_owned(), rules };
        assert_eq!(expected.judge("127.0.0.1:4711 took 3ms\n"), Ok(()));
        assert!(expected.judge("127.0.0.1:4711 took ages\n").unwrap_err().contains("+ 127.0.0.1:PORT took ages"));
    }
}
