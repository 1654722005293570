//! Many random scenarios, played by both sides.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::draft::Draft;
use super::shrink::shrink;
use super::{draft, name};
use crate::caller::{Action, Piece};
use crate::compare::{Comparison, Declared, compare};
use crate::go::GoError;
use crate::judge;
use crate::port::RunError;
use crate::recording::{Flat, Seen};
use crate::scenario::{Policy, Scenario};
use crate::table::table;

/// How long a scenario is made smaller.
const SHRINKING: Duration = Duration::from_secs(30);
/// How long the two sides are played before a difference counts.
const PLAYING: Duration = Duration::from_secs(20);

/// Two sides that play a scenario.
pub trait Sides: Sync {
    /// The policy that they are compared under.
    fn policy(&self) -> Policy;

    /// What Go does, by its fields. A run that came to its limit has one field, which says where.
    ///
    /// # Errors
    ///
    /// When it has not played.
    fn go(&self, scenario: &Scenario) -> Result<Flat, String>;

    /// What the port does.
    ///
    /// # Errors
    ///
    /// When it has not played.
    fn port(&self, scenario: &Scenario) -> Result<Flat, String>;
}

/// The real ones.
#[derive(Clone, Debug)]
pub struct Live {
    /// The caller's program, built with Go.
    pub program: PathBuf,
    /// The policy.
    pub policy: Policy,
}

impl Sides for Live {
    fn policy(&self) -> Policy {
        self.policy
    }

    fn go(&self, scenario: &Scenario) -> Result<Flat, String> {
        match judge::play(&self.program, scenario, self.policy) {
            Ok(outcome) => Ok(outcome.flatten()),
            Err(GoError::Stuck(report)) => Ok(stuck(&report)),
            Err(error) => Err(format!("Go: {error}")),
        }
    }

    fn port(&self, scenario: &Scenario) -> Result<Flat, String> {
        match crate::run(scenario, self.policy) {
            Ok(run) => Ok(run.outcome.flatten()),
            Err(RunError::Stuck(report)) => Ok(stuck(&report)),
            Err(error) => Err(format!("the port: {error}")),
        }
    }
}

/// What is compared of a run that came to its limit: at which step.
fn stuck(report: &str) -> Flat {
    let at = report.lines().nth(1).unwrap_or(report).trim();
    Flat::from([("stuck".to_owned(), Value::from(at))])
}

/// How much is done before a difference counts.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Go runs at most so often.
    pub go: usize,
    /// The port runs at most so often.
    pub port: usize,
}

/// Before a difference is worth a closer look.
const QUICK: Effort = Effort { go: 10, port: 5 };
/// Whether a smaller scenario still differs. A race that is missed here only makes the result less small.
const GLANCE: Effort = Effort { go: 8, port: 3 };
/// Before it is told: some ways Go takes in one of fifty runs, and the port each time.
const THOROUGH: Effort = Effort { go: 120, port: 12 };

/// Plays both sides until one run of the port agrees with Go, or the effort is spent. The result is the last comparison, if
/// they differ.
///
/// # Errors
///
/// When one side has not played.
pub fn differ(
    sides: &dyn Sides,
    scenario: &Scenario,
    declared: &[Declared],
    effort: Effort,
) -> Result<Option<Comparison>, String> {
    let mut seen = Seen::default();
    seen.add_flat(sides.go(scenario)?, 1);
    let mut left = effort.port;
    let end = Instant::now() + PLAYING;
    loop {
        let port = sides.port(scenario)?;
        left -= 1;
        let mut comparison = compare(&seen, &port, sides.policy(), declared);
        while !comparison.is_fine() && seen.runs() < effort.go && Instant::now() < end {
            seen.add_flat(sides.go(scenario)?, 1);
            comparison = compare(&seen, &port, sides.policy(), declared);
        }
        if comparison.is_fine() {
            return Ok(None);
        }
        if left == 0 || Instant::now() > end {
            return Ok(Some(comparison));
        }
    }
}

/// What is hunted for.
#[derive(Debug)]
pub struct Hunt<'a> {
    /// The numbers of the scenarios.
    pub numbers: Range<u64>,
    /// The differences that are meant.
    pub declared: &'a [Declared],
    /// How many run at a time.
    pub at_once: usize,
    /// Whether a difference ends the hunt.
    pub stop: bool,
}

/// A scenario in which the two sides differ.
#[derive(Debug)]
pub struct Found {
    /// Its number.
    pub number: u64,
    /// The smallest one that shows the difference.
    pub draft: Draft,
    /// The difference, in words.
    pub what: String,
}

impl Found {
    /// As a file, with the number and both outcomes in a comment.
    pub fn file(&self, policy: Policy) -> String {
        let what: String = self.what.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect();
        format!("# Seed {}, policy {policy}.\n{what}{}", self.number, self.draft.toml())
    }
}

/// What a hunt came to.
#[derive(Debug, Default)]
pub struct Hunted {
    /// How many scenarios were compared.
    pub compared: u64,
    /// Those that differ.
    pub found: Vec<Found>,
    /// Those that could not be played, each with why.
    pub failed: Vec<(u64, String)>,
}

/// Plays the scenarios, several at a time. `tell` hears of every one that is done, and how many those are.
pub fn hunt(sides: &dyn Sides, hunt: &Hunt<'_>, mut tell: impl FnMut(u64, Option<&Found>)) -> Hunted {
    let next = AtomicU64::new(hunt.numbers.start);
    let over = AtomicBool::new(false);
    let (done, results) = mpsc::channel();
    let mut hunted = Hunted::default();
    std::thread::scope(|scope| {
        for _ in 0..hunt.at_once.max(1) {
            let (done, next, over) = (done.clone(), &next, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= hunt.numbers.end {
                        break;
                    }
                    let result = one(sides, number, hunt.declared);
                    if hunt.stop && !matches!(result, Ok(None)) {
                        over.store(true, Ordering::Relaxed);
                    }
                    // Nobody listens any more only when this function is over.
                    let _gone = done.send((number, result));
                }
            });
        }
        drop(done);
        for (number, result) in results {
            hunted.compared += 1;
            match result {
                Ok(None) => tell(hunted.compared, None),
                Ok(Some(found)) => {
                    tell(hunted.compared, Some(&found));
                    hunted.found.push(found);
                }
                Err(why) => hunted.failed.push((number, why)),
            }
        }
    });
    hunted.found.sort_by_key(|found| found.number);
    hunted.failed.sort_by_key(|(number, _)| *number);
    hunted
}

fn one(sides: &dyn Sides, number: u64, declared: &[Declared]) -> Result<Option<Found>, String> {
    let name = name(number);
    let draft = draft(number, sides.policy());
    let scenario = draft.scenario(&name).map_err(|error| error.to_string())?;
    if differ(sides, &scenario, declared, QUICK)?.is_none() {
        return Ok(None);
    }
    let Some(first) = differ(sides, &scenario, declared, THOROUGH)? else { return Ok(None) };
    let kinds = kinds(&first);
    let least = shrink(&draft, SHRINKING, |draft| {
        let Ok(scenario) = draft.scenario(&name) else { return false };
        if !is_defined(&scenario) {
            return false;
        }
        // Another difference than the one that was found is for another day.
        let is_it = |found: Vec<String>| {
            let stuck = |kinds: &[String]| kinds.iter().any(|kind| kind == "stuck");
            stuck(&found) == stuck(&kinds) && found.iter().any(|kind| kinds.contains(kind))
        };
        differ(sides, &scenario, declared, GLANCE)
            .is_ok_and(|differs| differs.is_some_and(|one| is_it(self::kinds(&one))))
    });
    // On the way a race may have taken the place of the difference.
    let scenario = least.scenario(&name).map_err(|error| error.to_string())?;
    let (draft, last) = match differ(sides, &scenario, declared, THOROUGH)? {
        Some(last) => (least, last),
        None => (draft, first),
    };
    let rows: Vec<_> = last.unexplained().collect();
    Ok(Some(Found { number, draft, what: table(&rows) }))
}

/// Whether it is said for every cancel when it comes: after things have settled, and with nothing read before they have
/// again. Otherwise a race decides what it meets. And whether every body comes to its end: Go waits for it.
fn is_defined(scenario: &Scenario) -> bool {
    let steps = &scenario.caller.steps;
    let mut settled = false;
    let mut cancelled = false;
    let mut gates = BTreeSet::new();
    let defined = steps.iter().all(|step| {
        let defined = match &step.action {
            Action::Cancel { .. } | Action::CloseChannel { .. } | Action::CancelRequest { .. } => {
                cancelled = true;
                settled
            }
            Action::Read { .. } | Action::Close { .. } | Action::Drop { .. } => !cancelled,
            Action::Send(send) => {
                let pieces = send.body.iter().flat_map(|body| &body.pieces);
                gates.extend(pieces.filter_map(|piece| match piece {
                    Piece::Gate { gate } => Some(gate),
                    Piece::Text { .. } | Piece::Bytes { .. } | Piece::Pause { .. } | Piece::Fail { .. } => None,
                }));
                true
            }
            Action::Open { gate } => {
                gates.remove(gate);
                true
            }
            Action::Count { .. } => {
                cancelled = false;
                true
            }
            Action::Write { .. }
            | Action::Finish { .. }
            | Action::Wait(_)
            | Action::WaitEvent { .. }
            | Action::Pause { .. }
            | Action::CloseIdle
            | Action::DropTransport => true,
        };
        settled = matches!(step.action, Action::Count { .. });
        defined
    });
    defined && gates.is_empty()
}

/// The fields that differ, without the names in them.
fn kinds(comparison: &Comparison) -> Vec<String> {
    let last =
        |field: &str| field.rsplit('.').next().unwrap_or(field).replace(|letter: char| letter.is_ascii_digit(), "");
    comparison.unexplained().map(|row| last(&row.field)).collect()
}
