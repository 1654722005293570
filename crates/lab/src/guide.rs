//! What an instructor needs to know about a page: `book/guide/PAGE.toml`, one for each page that can be taught.
//!
//! # Layout
//!
//! - [`page`]: all guides, as the page for the instructor shows them

pub mod page;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::workspace::Workspace;

/// What stands in `book/guide/PAGE.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// How long the page takes.
    pub minutes: Minutes,
    /// What to say or ask, in this order: three.
    pub prompt: Vec<Prompt>,
    /// Wrong answers to expect.
    #[serde(default)]
    pub wrong: Vec<WrongAnswer>,
    /// What to show live.
    #[serde(default)]
    pub demo: Vec<Demo>,
    /// Where people get stuck, and what helps.
    pub stuck: Vec<String>,
    /// What is done in the time there is, and what to leave out when it is short: an entry that begins with "Leave out"
    /// says what goes first.
    pub cut: Vec<String>,
    /// One question that leads further, and where its answer is.
    pub further: String,
}

impl Guide {
    /// What goes first when time is short.
    pub fn first_cut(&self) -> Option<&str> {
        let said = self.cut.iter().find(|cut| cut.trim_start().starts_with("Leave out"));
        said.or(self.cut.first()).map(String::as_str)
    }
}

/// How many minutes a page takes, with its exercise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// For whoever reads alone.
    pub alone: u32,
    /// In the half-day workshop; 0 where it is left out.
    pub half_day: u32,
    /// In the full-day workshop; 0 where it is left out.
    pub full_day: u32,
}

/// Something to ask the room.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The words.
    pub ask: String,
    /// What shows that it was understood.
    pub listen_for: String,
}

/// A wrong answer to expect.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongAnswer {
    /// The id of the question.
    pub question: String,
    /// The option's value, as the question has it.
    pub answer: String,
    /// Why it tempts.
    pub tempts: String,
}

/// A command to run before the room, and the recording that stands in where it cannot be run.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// As it is typed.
    pub command: String,
    /// A recording of `book/recordings`: the fallback.
    pub recording: String,
    /// What to point at.
    pub show: String,
}

/// All of `book/guide`, by page: `ch01_six_requests`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Guides(BTreeMap<String, Guide>);

impl Guides {
    /// Reads the folder. A book may have none.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let dir = workspace.guide();
        let (mut guides, mut faults) = (BTreeMap::new(), Vec::new());
        if !dir.is_dir() {
            return Ok(Guides(guides));
        }
        let failed = || Error::io(format!("cannot read {}", dir.display()));
        for entry in std::fs::read_dir(&dir).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let page = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                match toml::from_str(&Error::read(&path)?) {
                    Ok(guide) => drop(guides.insert(page, guide)),
                    Err(error) => faults.push(Fault::in_file(workspace.name_of(&path), error.to_string())),
                }
            }
        }
        Faults::none(faults)?;
        Ok(Guides(guides))
    }

    /// The guide of a page.
    pub fn get(&self, page: &str) -> Option<&Guide> {
        self.0.get(page)
    }

    /// All of them, by the names of their pages.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Guide)> {
        self.0.iter().map(|(page, guide)| (page.as_str(), guide))
    }

    /// The line under a page's title.
    ///
    /// # Errors
    ///
    /// When the page has no guide.
    pub fn minutes(&self, page: &str) -> Result<String, String> {
        let guide = self.get(page).ok_or_else(|| format!("there is no book/guide/{page}.toml"))?;
        let Minutes { alone, half_day, full_day } = guide.minutes;
        let taught: Vec<_> = [(half_day, "the half day"), (full_day, "the full day")]
            .into_iter()
            .filter(|(minutes, _)| *minutes > 0)
            .map(|(minutes, plan)| format!("{minutes} in {plan}"))
            .collect();
        let taught = if taught.is_empty() { String::new() } else { format!(" ({})", taught.join(", ")) };
        Ok(format!("*{alone} minutes*{taught}"))
    }
}
