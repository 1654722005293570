//! Whether this port does what Go does: each scenario under each policy, against what is recorded or against Go itself.
//!
//! Where the two differ, a race may have decided: then the port runs again, and so does Go where it is there. A scenario
//! agrees when one whole run of the port does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::collection::{Collection, Entry};
use crate::compare::{Comparison, Declared, compare};
use crate::go::{self, GoError, Search, Toolchain};
use crate::outcome::Outcome;
use crate::port::{Run, RunError};
use crate::recording::{Fresh, Recorded, Recording, RecordingError, Seen, fingerprint};
use crate::scenario::{Policy, Scenario};

/// How often Go runs, at most, before a difference counts.
const GO_RUNS: usize = 10;
/// How often the port does.
const PORT_RUNS: usize = 5;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Against Go itself, not against what is recorded of it.
    pub live: bool,
    /// Record that many runs of Go first. 0: none.
    pub record: usize,
    /// Under these policies.
    pub policies: Vec<Policy>,
    /// Where Go is.
    pub search: Search,
    /// Where Go's program is built.
    pub folder: PathBuf,
    /// How many scenarios run at a time.
    pub at_once: usize,
}

/// Why a case has no verdict.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Go has not played.
    #[error(transparent)]
    Go(#[from] GoError),
    /// A recording is of no use.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// There is no recording for a policy.
    #[error("{}: nothing is recorded for the policy {policy}; `cargo lab diff --record` does that, and `--live` needs no recording", path.display())]
    NotRecorded {
        /// The recording.
        path: PathBuf,
        /// The policy.
        policy: Policy,
    },
    /// The port has not come to an outcome.
    #[error("the port: {0}")]
    Port(String),
}

/// One scenario under one policy.
#[derive(Debug)]
pub struct Case {
    /// The scenario's name.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// What came of it.
    pub verdict: Result<Verdict, JudgeError>,
}

/// What a comparison came to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The Go that the port was compared with: `go1.27.3`.
    pub go: String,
    /// How often it ran.
    pub go_runs: usize,
    /// Each run of the port, the last one last. All but the last one differ.
    pub runs: Vec<Comparison>,
    /// Declared differences that did not show.
    pub stale: Vec<Declared>,
    /// How many of the declared ones showed.
    pub used: usize,
    /// Which of the shared differences showed, by file and line.
    pub shared: BTreeSet<(String, usize)>,
}

impl Verdict {
    /// The run that counts.
    pub fn last(&self) -> &Comparison {
        self.runs.last().expect("the port has run at least once")
    }

    /// Whether the port did what Go does, and everything that was declared showed.
    pub fn is_fine(&self) -> bool {
        self.last().is_fine() && self.stale.is_empty()
    }
}

/// Judges every scenario of a collection, several at a time. `tell` gets each scenario's cases as soon as it and all before it
/// are done, from this thread.
pub fn judge(collection: &Collection, wanted: &Wanted, mut tell: impl FnMut(&Case)) -> Vec<Case> {
    let tools = Tools { wanted, found: Mutex::default() };
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let mut cases: Vec<Option<Vec<Case>>> = collection.entries.iter().map(|_| None).collect();
    let mut told = 0;
    std::thread::scope(|scope| {
        for _ in 0..wanted.at_once.clamp(1, collection.entries.len().max(1)) {
            let (done, next, tools) = (done.clone(), &next, &tools);
            scope.spawn(move || {
                while let Some((at, entry)) = claim(next, &collection.entries) {
                    // Nobody listens any more only when this function is over.
                    let _gone = done.send((at, tools.cases(entry)));
                }
            });
        }
        drop(done);
        for (at, result) in results {
            cases[at] = Some(result);
            while let Some(Some(ready)) = cases.get(told) {
                ready.iter().for_each(&mut tell);
                told += 1;
            }
        }
    });
    cases.into_iter().flatten().flatten().collect()
}

fn claim<'a>(next: &AtomicUsize, entries: &'a [Entry]) -> Option<(usize, &'a Entry)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    entries.get(at).map(|entry| (at, entry))
}

/// Real Go, found and built when it is first needed.
struct Tools<'a> {
    wanted: &'a Wanted,
    found: Mutex<Vec<(Policy, Toolchain, PathBuf)>>,
}

impl Tools<'_> {
    /// The Go that is the model of a policy, and the caller's program built with it.
    fn go(&self, policy: Policy) -> Result<(Toolchain, PathBuf), GoError> {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, go, program)) = found.iter().find(|(known, _, _)| *known == policy) {
            return Ok((go.clone(), program.clone()));
        }
        let go = self.wanted.search.for_policy(policy)?;
        let program = go::build(&go, &self.wanted.folder)?;
        found.push((policy, go.clone(), program.clone()));
        Ok((go, program))
    }

    fn cases(&self, entry: &Entry) -> Vec<Case> {
        let policies: Vec<Policy> =
            entry.scenario.policies.iter().copied().filter(|policy| self.wanted.policies.contains(policy)).collect();
        let case = |policy, verdict| Case { name: entry.scenario.name.clone(), policy, verdict };
        if self.wanted.record > 0 {
            // What cannot be recorded is told once per policy, below, where it is missing.
            if let Err(error) = self.record(entry, &policies) {
                return vec![case(policies.first().copied().unwrap_or(Policy::Go1_27), Err(error))];
            }
        }
        policies.into_iter().map(|policy| case(policy, self.verdict(entry, policy))).collect()
    }

    fn record(&self, entry: &Entry, policies: &[Policy]) -> Result<(), JudgeError> {
        let path = Recording::path(&entry.path);
        // What is recorded of a scenario that has changed since is worth nothing.
        let mut recording = Recording::read_for(&entry.path).unwrap_or_default();
        recording.scenario = Some(fingerprint(&entry.path)?);
        let mut first = None;
        for &policy in policies {
            let (toolchain, program) = self.go(policy)?;
            let mut seen = Seen::default();
            for _ in 0..self.wanted.record {
                let outcome = play(&program, &entry.scenario, policy)?;
                seen.add(&outcome);
                first.get_or_insert(outcome);
            }
            recording.entries.retain(|known| known.policy != policy);
            recording.entries.push(Recorded { go: toolchain.version, policy, seen });
        }
        recording.entries.retain(|known| entry.scenario.policies.contains(&known.policy));
        recording.entries.sort_by_key(|known| known.policy);
        match first {
            Some(first) => Ok(Fresh { first, recording }.write(&path)?),
            None => Ok(()),
        }
    }

    /// A run of the port. One that has not taken an exit that it must take is given more chances: a race may decide.
    fn port(&self, scenario: &Scenario, policy: Policy) -> Result<Run, JudgeError> {
        let mut left = PORT_RUNS;
        loop {
            left -= 1;
            match crate::run(scenario, policy) {
                Ok(run) => return Ok(run),
                Err(RunError::Exits(_)) if left > 0 => {}
                Err(error) => return Err(JudgeError::Port(error.to_string())),
            }
        }
    }

    fn verdict(&self, entry: &Entry, policy: Policy) -> Result<Verdict, JudgeError> {
        let (go, mut seen, program) = if self.wanted.live {
            let (toolchain, program) = self.go(policy)?;
            let mut seen = Seen::default();
            seen.add(&play(&program, &entry.scenario, policy)?);
            (toolchain.version, seen, Some(program))
        } else {
            let path = Recording::path(&entry.path);
            let recording = Recording::read_for(&entry.path)?;
            let recorded = recording.of(policy).ok_or(JudgeError::NotRecorded { path, policy })?.clone();
            (recorded.go, recorded.seen, None)
        };
        let mut runs = Vec::new();
        let port = || self.port(&entry.scenario, policy);
        let mut outcome = port()?.outcome.flatten();
        loop {
            let mut comparison = compare(&seen, &outcome, policy, &entry.declared);
            while let Some(program) = program.as_ref().filter(|_| !comparison.is_fine() && seen.runs() < GO_RUNS) {
                seen.add(&play(program, &entry.scenario, policy)?);
                comparison = compare(&seen, &outcome, policy, &entry.declared);
            }
            if program.is_some() && !comparison.is_fine() {
                // A race that goes this way once in a hundred runs: what this same Go was seen with before counts too.
                let known = Recording::read_for(&entry.path)?;
                if let Some(known) = known.of(policy).filter(|known| known.go == go && known.seen.times().len() > 1) {
                    comparison = compare(&seen.with(&known.seen), &outcome, policy, &entry.declared);
                }
            }
            let fine = comparison.is_fine();
            runs.push(comparison);
            if fine || runs.len() == PORT_RUNS {
                break;
            }
            outcome = port()?.outcome.flatten();
        }
        Ok(weighed(entry, policy, Verdict { go, go_runs: seen.runs(), runs, ..Verdict::default() }))
    }
}

/// Adds what has become of the declared differences: one that shows in any run is used.
fn weighed(entry: &Entry, policy: Policy, mut verdict: Verdict) -> Verdict {
    let used: BTreeSet<usize> = verdict.runs.iter().flat_map(Comparison::used).collect();
    let own = entry.scenario.differs.len();
    let must =
        |declared: &Declared| !declared.difference.race && declared.difference.policy.is_none_or(|only| only == policy);
    verdict.used = used.len();
    verdict.stale =
        (0..own).filter(|at| !used.contains(at)).map(|at| entry.declared[at].clone()).filter(must).collect();
    let shared = used.iter().filter(|at| **at >= own).map(|at| &entry.declared[*at]);
    verdict.shared = shared.map(|declared| (declared.file.clone(), declared.difference.line)).collect();
    verdict
}

/// Plays a scenario with real Go, from a thread that has no runtime of its own.
///
/// # Errors
///
/// [`GoError`]
pub fn play(program: &Path, scenario: &Scenario, policy: Policy) -> Result<Outcome, GoError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| GoError::Io { what: "cannot build a runtime".to_owned(), source })?;
    runtime.block_on(go::play(program, scenario, policy))
}
