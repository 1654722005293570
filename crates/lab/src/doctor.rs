//! What this machine has for the book and its workshops, what it lacks, and what that costs. Nothing here asks the
//! network, and no child may take longer than some seconds.
//!
//! # Layout
//!
//! - [`ask`]: one program, with a limit on its time
//! - [`needed`]: what nothing works without
//! - [`optional`]: what only some things want
//! - [`prepare`]: what a workshop builds, built ahead

pub mod ask;
pub mod needed;
pub mod optional;
pub mod prepare;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::Error;
use crate::workspace::Workspace;

/// Where the doctor looks.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The repository.
    pub workspace: Workspace,
    /// The folders with programs, as in `PATH`.
    pub path: OsString,
    /// The Cargo that started the lab, where one did.
    pub cargo: Option<PathBuf>,
    /// Where Cargo builds.
    pub target: PathBuf,
}

impl Patient {
    /// This machine, as the lab was started on it.
    pub fn here(workspace: &Workspace) -> Self {
        Patient {
            workspace: workspace.clone(),
            path: std::env::var_os("PATH").unwrap_or_default(),
            cargo: std::env::var_os("CARGO").map(PathBuf::from),
            target: workspace.made(),
        }
    }
}

/// How much something matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matters {
    /// The book or its exercises do not work without it.
    Needed,
    /// Only what is named does not.
    Optional,
}

/// One thing that was looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What it is called.
    pub name: &'static str,
    /// How much it matters.
    pub matters: Matters,
    /// What is there; or what is not, what does not work without it, and what to do.
    pub found: Result<String, Missing>,
}

/// Something that is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// What was seen instead.
    pub seen: String,
    /// What does not work without it.
    pub costs: &'static str,
    /// What to do about it.
    pub cure: &'static str,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = match (&self.found, self.matters) {
            (Ok(_), _) => "there",
            (Err(_), Matters::Needed) => "MISSING",
            (Err(_), Matters::Optional) => "without",
        };
        match &self.found {
            Ok(seen) => write!(f, "{mark:<8} {:<11} {seen}", self.name),
            Err(Missing { seen, costs, cure }) => {
                let margin = " ".repeat(21);
                write!(f, "{mark:<8} {:<11} {seen}\n{margin}{costs}\n{margin}{cure}", self.name)
            }
        }
    }
}

/// Looks at everything and tells each finding as it comes.
///
/// # Errors
///
/// [`Error::Doctor`] when something that is needed is missing.
pub fn examine(patient: &Patient, mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let (mut needed, mut without) = (0, 0);
    let looks = needed::LOOKS.iter().chain(optional::LOOKS);
    for finding in looks.flat_map(|look| look(patient)) {
        tell(&finding.to_string());
        match (&finding.found, finding.matters) {
            (Ok(_), _) => {}
            (Err(_), Matters::Needed) => needed += 1,
            (Err(_), Matters::Optional) => without += 1,
        }
    }
    if needed > 0 {
        return Err(Error::Doctor(needed));
    }
    let rest = match without {
        0 => "nothing is missing".to_owned(),
        1 => "one thing that only some pages want is not".to_owned(),
        many => format!("{many} things that only some pages want are not"),
    };
    tell(&format!("All that is needed is there; {rest}."));
    Ok(())
}
