//! Exercises: small crates under `book/exercises/` whose tests fail until the reader has solved them.
//!
//! Each is a folder: `Cargo.toml`, `exercise.toml` (what it is about, three hints), `src/lib.rs` (where the reader
//! works), `tests/exercise.rs`, `solution/lib.rs`, and for each typical mistake a `wrong/NAME.rs`.
//!
//! # Layout
//!
//! - [`desk`]: the commands of `cargo lab exercise`
//! - [`progress`]: what the reader has done, in a local file
//! - [`original`]: `src/lib.rs` as it was before the reader came
//! - [`trial`]: builds variants of an exercise, and runs its tests against each
//! - [`proof`]: every exercise can be failed, can be solved, and tells the mistakes apart

pub mod desk;
pub mod original;
pub mod progress;
pub mod proof;
pub mod trial;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::listing::Listing;
use crate::workspace::Workspace;

/// How many hints an exercise has.
pub const HINTS: usize = 3;
/// How long the tests of an exercise may take, where `exercise.toml` does not say.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How many lines of the unsolved source a chapter shows.
const LINES_SHOWN: usize = 20;

/// What stands in `exercise.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// A few words.
    pub title: String,
    /// The chapter that asks for it.
    pub chapter: Chapter,
    /// What one believes who gets it wrong, in one sentence. Never shown: the failing tests say it.
    pub misconception: String,
    /// How long it takes.
    pub minutes: u32,
    /// What to do. A chapter may say it in its own words instead.
    pub task: Option<String>,
    /// How many seconds its tests may take.
    pub seconds: Option<u64>,
    /// Three hints, each saying more than the one before.
    pub hints: Vec<String>,
    /// Typical mistakes.
    #[serde(default)]
    pub wrong: Vec<Wrong>,
}

/// The chapter of an exercise: its number, or the name of its page.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Chapter {
    /// 1 for the first.
    Number(u32),
    /// As in `ch01_six_requests`.
    Page(String),
}

/// A typical mistake, whose code is in `wrong/NAME.rs`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The file without its `.rs`.
    pub name: String,
    /// Why it is wrong.
    pub why: String,
    /// What the failing tests say to it, word by word.
    pub says: String,
}

/// One exercise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exercise {
    /// The name of its folder and of its crate: `ch01_thirteen`.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// What it is about.
    pub about: About,
}

impl Exercise {
    /// Where the reader works.
    pub fn source(&self) -> PathBuf {
        self.dir.join("src/lib.rs")
    }

    /// The code that solves it.
    pub fn solution(&self) -> PathBuf {
        self.dir.join("solution/lib.rs")
    }

    /// How long its tests may take.
    pub fn time_limit(&self) -> Duration {
        self.about.seconds.map_or(TIME_LIMIT, Duration::from_secs)
    }

    /// The exercise in a chapter: what to do, the first lines of the unsolved source, and the commands.
    ///
    /// # Errors
    ///
    /// When the source cannot be read.
    pub fn markdown(&self, workspace: &Workspace) -> Result<String, String> {
        let listing = Listing::read(workspace.root(), &workspace.name_of(&self.source()))?.head(LINES_SHOWN);
        let name = html::escape(&self.name);
        let title = html::inline(&self.about.title);
        let task = self.about.task.as_deref().map(|task| format!("<p>{}</p>\n\n", html::inline(task)));
        Ok(format!(
            "<section class=\"exercise\">\n\n\
             <p class=\"exercise-head\"><strong>{title}</strong> <span>{} minutes</span> <code>{name}</code></p>\n\n\
             {}{}\n\
             ```console\n$ cargo lab exercise check {name}\n$ cargo lab exercise hint {name}\n```\n\n\
             </section>\n",
            self.about.minutes,
            task.unwrap_or_default(),
            listing.markdown(),
        ))
    }
}

/// All exercises, by chapter.
#[derive(Clone, Debug, Default)]
pub struct Exercises(Vec<Exercise>);

impl Exercises {
    /// Reads `book/exercises/*/exercise.toml`. A book without that directory has no exercises.
    ///
    /// # Errors
    ///
    /// When a folder has no readable `exercise.toml`.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let dir = workspace.exercises();
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Exercises::default()),
            Err(error) => return Err(Error::io(format!("cannot read {}", dir.display()))(error)),
        };
        let mut dirs: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        dirs.retain(|dir| dir.join("Cargo.toml").is_file() || dir.join("exercise.toml").is_file());
        dirs.sort();
        let mut faults = Vec::new();
        let mut exercises = Vec::new();
        for dir in dirs {
            let path = dir.join("exercise.toml");
            let about = std::fs::read_to_string(&path)
                .map_err(|error| error.to_string())
                .and_then(|text| toml::from_str::<About>(&text).map_err(|error| error.to_string()));
            match about {
                Ok(about) => {
                    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    exercises.push(Exercise { name, dir, about });
                }
                Err(what) => faults.push(Fault::in_file(workspace.name_of(&path), what)),
            }
        }
        Faults::none(faults)?;
        Ok(Exercises(exercises))
    }

    /// All of them.
    pub fn list(&self) -> &[Exercise] {
        &self.0
    }

    /// The exercise called `name`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn get(&self, name: &str) -> Result<&Exercise, String> {
        self.0.iter().find(|exercise| exercise.name == name).ok_or_else(|| {
            let names: Vec<_> = self.0.iter().map(|exercise| exercise.name.as_str()).collect();
            format!("no exercise `{name}` in book/exercises/; there are: {}", names.join(", "))
        })
    }
}
