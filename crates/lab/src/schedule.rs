//! The workshops: `book/workshops.toml` lists what comes in which order, the guides say how long each page takes, and
//! the clock times and sums are computed.
//!
//! # Layout
//!
//! - [`plan`]: the file
//! - [`mod@day`]: a plan with its clock, and all that is wrong with it
//! - [`late`]: what to cut when there is too little time left
//! - [`shown`]: a day in a terminal and on a page

pub mod day;
pub mod late;
pub mod plan;
pub mod shown;

use crate::error::{Error, Fault, Faults};
use crate::exercise::Exercises;
use crate::guide::Guides;
use crate::pages;
use crate::schedule::day::{Day, day};
use crate::schedule::plan::{FILE, Plan, Plans, Which};
use crate::workspace::Workspace;

/// Everything that a plan refers to.
#[derive(Debug)]
pub struct Sources {
    pages: Vec<pages::Page>,
    guides: Guides,
    exercises: Exercises,
}

impl Sources {
    /// Reads the pages, their guides and the exercises.
    ///
    /// # Errors
    ///
    /// When one of them is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        Ok(Sources {
            pages: pages::read(workspace)?,
            guides: Guides::load(workspace)?,
            exercises: Exercises::load(workspace)?,
        })
    }

    /// The page of this name.
    fn page(&self, name: &str) -> Option<&pages::Page> {
        self.pages.iter().find(|page| page.name() == name)
    }
}

/// What to print.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// One of the plans; without it, all.
    pub which: Option<Which>,
    /// How many minutes are missing.
    pub late: u32,
    /// The page that is about to begin, where the day has begun already.
    pub at: Option<String>,
}

/// Prints the plans, each with its clock.
///
/// # Errors
///
/// [`Error::Faults`] with all that is wrong with them, after they were printed.
pub fn schedule(workspace: &Workspace, wanted: &Wanted, mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let plans = Plans::load(workspace)?;
    let sources = Sources::load(workspace)?;
    let (mut faults, mut printed) = (Vec::new(), 0);
    for plan in plans.list().iter().filter(|plan| wanted.which.is_none_or(|which| which == plan.name)) {
        let day = day(plan, &sources, &mut faults);
        if printed > 0 {
            tell("");
        }
        printed += 1;
        match wanted.late {
            0 => tell(&shown::terminal(plan, &day)),
            minutes => match late::cut(plan, &day, minutes, wanted.at.as_deref()) {
                Ok(late) => tell(&shown::late(plan, &late)),
                Err(what) => faults.push(Fault::in_file(FILE, what)),
            },
        }
    }
    if printed == 0 {
        faults.push(Fault::in_file(FILE, "has no such plan"));
    }
    Faults::none(faults)?;
    Ok(())
}

/// Looks at every plan. Returns the number of their items.
///
/// # Errors
///
/// When a file is not as it must be.
pub fn check(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let plans = Plans::load(workspace)?;
    let sources = Sources::load(workspace)?;
    let items = plans.list().iter().map(|plan| day(plan, &sources, faults).slots.len());
    Ok(items.sum())
}

/// The plan called `name` as a table.
///
/// # Errors
///
/// When there is no such plan, or something is wrong with it.
pub fn table(workspace: &Workspace, name: &str) -> Result<String, String> {
    let said = |error: Error| error.to_string();
    let plans = Plans::load(workspace).map_err(said)?;
    let plan: &Plan = plans.list().iter().find(|plan| plan.name.word() == name).ok_or_else(|| {
        let names: Vec<_> = plans.list().iter().map(|plan| plan.name.word()).collect();
        format!("{FILE} has no plan `{name}`; it has: {}", names.join(", "))
    })?;
    let sources = Sources::load(workspace).map_err(said)?;
    let mut faults = Vec::new();
    let day: Day = day(plan, &sources, &mut faults);
    match faults.first() {
        Some(fault) => Err(fault.to_string()),
        None => Ok(shown::markdown(plan, &day)),
    }
}
