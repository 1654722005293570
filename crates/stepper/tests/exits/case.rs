//! One row of a table.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use httptrace::{Actor, Exit};
use stepper::Stepper;

use crate::stage::Stage;

/// Seeds that each case runs under, besides the schedule in which whoever is ready longest goes first.
const SEEDS: u64 = 25;

/// A scenario, and what must come of it.
pub(crate) struct Case {
    /// The exit that it takes.
    pub(crate) exit: Exit,
    /// What happens, in a few words.
    pub(crate) name: &'static str,
    /// Who takes the exit, and on which connection, if there is one by then.
    pub(crate) by: (Actor, Option<u64>),
    /// Drives the scenario and returns what the caller saw.
    pub(crate) drive: fn(&Stage) -> String,
    pub(crate) sees: &'static str,
    /// What becomes of connection 1.
    pub(crate) conn: Fate,
    /// Connections in the pool, once things have settled.
    pub(crate) idle: usize,
    /// read_loops, write_loops and dials that are left then.
    pub(crate) left: (usize, usize, usize),
}

/// What becomes of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It is open: in the pool, or with whoever has its body.
    Open,
    /// This side closed it, for this reason.
    Closed(&'static str),
    /// The caller has it now; both loops have left it.
    GivenAway,
    /// There was none.
    None,
}

pub(crate) const NOBODY: (usize, usize, usize) = (0, 0, 0);
pub(crate) const ONE_CONN: (usize, usize, usize) = (1, 1, 0);

/// Runs the cases of a table under many schedules, and names those that fail.
pub(crate) fn run(cases: &[Case]) {
    let failed: Vec<_> = cases.iter().filter_map(Case::fails).collect();
    assert!(failed.is_empty(), "{} of {} cases fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

impl Case {
    /// The first schedule under which it fails, and how.
    fn fails(&self) -> Option<String> {
        let fails = |schedule: &str, stepper: Stepper| {
            let panic = catch_unwind(AssertUnwindSafe(|| self.check(stepper))).err()?;
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let Case { exit, name, .. } = self;
            Some(format!("{exit} {exit:?}, {name} ({schedule}): {}", text.unwrap_or("no text")))
        };
        let mut by_seed = (0..SEEDS).filter_map(|seed| fails(&format!("seed {seed}"), Stepper::seeded(seed)));
        fails("the longest ready first", Stepper::by_hand()).or_else(|| by_seed.next())
    }

    /// Drives the scenario and looks at the four things that must come of it.
    fn check(&self, stepper: Stepper) {
        let stage = Stage::new(stepper);
        let saw = (self.drive)(&stage);
        stage.settle();
        let took = stage.took(self.exit);
        assert!(took.contains(&self.by), "taken by {took:?} and not by {:?}:\n{}", self.by, stage.story());
        assert_eq!(saw, self.sees, "what the caller sees:\n{}", stage.story());
        assert_eq!(stage.fate(), self.conn.to_string(), "what becomes of connection 1:\n{}", stage.story());
        assert_eq!(stage.idle(), self.idle, "connections in the pool");
        stage.check_origins();
        let left = stage.tasks();
        assert_eq!((left.read_loop, left.write_loop, left.dial), self.left, "tasks that are left");
        stage.end();
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fate::Open => f.write_str("open"),
            Fate::Closed(reason) => write!(f, "closed: {reason}"),
            Fate::GivenAway => f.write_str("given away"),
            Fate::None => f.write_str("none"),
        }
    }
}
