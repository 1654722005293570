//! This port as the caller: a scenario's steps, done in this process.
//!
//! Nothing of the caller is a task: what it does `later` is polled beside the step at hand ([`Beside`](beside::Beside)), so
//! that every task of the runtime is the port's own and counts.
//!
//! # Layout
//!
//! - this file: a run from its start to its outcome, or to its limit
//! - `caller`: the steps, one by one
//! - `exchange`: one request: what it is at, and what was told of it
//! - `told`: the hooks of a request, by lane
//! - `body`: bodies of requests, and the gates that they stand at
//! - `transport_settings`: from Go's names to the port's
//! - `beside`: futures that go on while another one is awaited

mod beside;
mod body;
mod caller;
mod exchange;
mod told;
mod transport_settings;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use client::{Client, Config, Transport};
use httptrace::{Counted, Event, Exit, Record, Recorder};

use self::caller::Caller;
use self::transport_settings::config;
use crate::host::Host;
use crate::outcome::{Outcome, Stuck};
use crate::scenario::{Policy, Scenario};

/// What a run of this port gave.
#[derive(Clone, Debug)]
pub struct Run {
    /// What both sides have: this is compared.
    pub outcome: Outcome,
    /// How often each exit was taken.
    pub exits: BTreeMap<Exit, usize>,
    /// Everything that was told on the way.
    pub trace: Vec<Record>,
    /// Where each origin was: `127.0.0.1:4711`, by name. The trace has the addresses.
    pub addrs: BTreeMap<String, String>,
}

/// Why a run gave no outcome, or not the one that it must give.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The operating system refused something.
    #[error("{0}: {1}")]
    Io(&'static str, #[source] std::io::Error),
    /// The run came to its limit.
    #[error("{0}")]
    Stuck(String),
    /// The scenario names exits that were not taken.
    #[error("{0}")]
    Exits(String),
}

/// Runs a scenario.
///
/// # Errors
///
/// [`RunError`]
pub fn run(scenario: &Scenario, policy: Policy) -> Result<Run, RunError> {
    let host = Host::start(scenario).map_err(|error| RunError::Io("cannot start an origin", error))?;
    let counted = Counted::new().map_err(|error| RunError::Io("cannot build a runtime", error))?;
    let seam = counted.seam();
    let recorder = Recorder::new(counted.seam());
    let config = Config { trace: recorder.trace(), ..config(scenario, policy, &host, counted.seam()) };
    let caller = Caller::new(scenario, &host, seam, Client::new(Transport::new(config)), Arc::clone(&recorder));
    let outcome = counted
        .block_on(caller.run(scenario.limit))
        .map_err(|stuck| RunError::Stuck(report(scenario, &host, &stuck)))?;
    let trace = recorder.records();
    let exits = exits(&trace);
    let missing: Vec<&str> =
        scenario.exits.iter().filter(|exit| !exits.contains_key(exit)).map(|exit| exit.id()).collect();
    if !missing.is_empty() {
        let taken: Vec<&str> = exits.keys().map(|exit| exit.id()).collect();
        let what = format!(
            "{}: `exits` names {}, which this run did not take; it took {}",
            scenario.name,
            missing.join(", "),
            if taken.is_empty() { "none".to_owned() } else { taken.join(", ") }
        );
        return Err(RunError::Exits(what));
    }
    let addrs = host.addrs().map(|(name, addr)| (name.to_owned(), addr.to_string())).collect();
    Ok(Run { outcome, exits, trace, addrs })
}

fn exits(trace: &[Record]) -> BTreeMap<Exit, usize> {
    let mut exits = BTreeMap::new();
    for record in trace {
        if let Event::Exit { id } = record.event {
            *exits.entry(id).or_default() += 1;
        }
    }
    exits
}

/// The state of a run that came to its limit, in words: of this port's, or of a Go program's.
pub fn report(scenario: &Scenario, host: &Host, stuck: &Stuck) -> String {
    let steps = &scenario.caller.steps;
    let mut report = format!("{}: not over after {:?}", scenario.name, scenario.limit);
    let at = match stuck.step.and_then(|at| steps.get(at)) {
        Some(step) => format!("line {}: {}", step.line, step.action),
        None => "the count at the end, which never settled".to_owned(),
    };
    let _ = write!(report, "\n  {} of {} steps are done; waiting: {at}", stuck.done, steps.len());
    for request in &stuck.requests {
        let _ = write!(report, "\n  request {request}");
    }
    for task in &stuck.tasks {
        let _ = write!(report, "\n  alive: {}", host.named(task));
    }
    for line in host.report().lines() {
        let _ = write!(report, "\n  {line}");
    }
    report
}
