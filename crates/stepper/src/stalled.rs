//! Stalled: the report of a run that cannot go on. A hang is a report and never a hang.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::task::TaskView;

/// Why a run stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No task is ready and no timer is set: everybody waits for somebody else.
    NothingToDo,
    /// The bound on polls was reached while tasks were still ready: they keep waking each other.
    TooManyPolls,
    /// A replayed run parted from its history, at this place in it.
    Diverged(usize),
}

/// A run that stopped before its caller was done, with everybody who was alive then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Stalled {
    /// The reason.
    pub why: Why,
    /// The seed that repeats it, if the run was seeded.
    pub seed: Option<u64>,
    /// The time on the virtual clock.
    pub now: Duration,
    /// How many polls there had been.
    pub polls: u64,
    /// Whether the census said that work was under way that should end by itself.
    pub busy: bool,
    /// The live tasks, by number.
    pub tasks: Vec<TaskView>,
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::NothingToDo => f.write_str("stalled: no task is ready and no timer is set")?,
            Why::TooManyPolls => f.write_str("stalled: too many polls")?,
            Why::Diverged(place) => write!(f, "stalled: the run parted from its history at choice {place}")?,
        }
        write!(f, ", at {:?} after {} polls", self.now, self.polls)?;
        if let Some(seed) = self.seed {
            write!(f, " (seed {seed})")?;
        }
        if self.busy {
            f.write_str(", with work under way")?;
        }
        self.tasks.iter().try_for_each(|task| write!(f, "\n  {task}"))
    }
}

impl Error for Stalled {}
