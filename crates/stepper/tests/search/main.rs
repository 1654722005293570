//! The schedule search: a thousand runs of the whole chain, each with a plan and a schedule of its own.
//!
//! A seed decides what is asked and answered, in which pieces and with which pauses, how each caller treats its
//! response and when it gives up, and who is polled next. Every byte that is read is compared with what the origin sent
//! for that request; after each run no task, no place in the pool, no stream and no connection may be left.
//!
//! - `SEARCH_SEEDS=5000` runs that many seeds, from 0
//! - `SEARCH_SEEDS=17..18` runs these; a single seed prints what happened, as the recorder saw it
//! - `CI_SEEDS` is the same for the runs with up to eight callers
//! - feature `unbiased`: the arms of the port's selects are tried in random order
//!
//! # Layout
//!
//! - `plan`: what a run does; `answer`: what the origin sends; `dice`: what they are drawn with
//! - `run`: carries a plan out and looks at what is left
//! - `caller`, `sending`, `giving_up`, `reading`: the life of a request, and what must hold in it
//! - `findings`: what a run has to complain about
//! - `stories`: small runs that tell one thing each

mod answer;
mod caller;
mod dice;
mod findings;
mod giving_up;
mod plan;
mod reading;
mod run;
mod sending;
mod stories;

use std::collections::BTreeMap;
use std::ops::Range;

use httptrace::Exit;

use crate::plan::{Company, Plan};
use crate::run::{Ran, run};

/// How many seeds are run unless `SEARCH_SEEDS` says otherwise.
const SEEDS: u64 = 1000;

/// How many seeds with up to eight callers are run unless `CI_SEEDS` says otherwise.
const CROWDS: u64 = 500;

/// Exits that each kind of search must take: a search that does not come there finds nothing there.
const EXPECTED: &[Exit] = &[
    Exit::IdleServerClosed,
    Exit::IdleTimeout,
    Exit::IdleClosed,
    Exit::HeadNoByte,
    Exit::HeadMalformed,
    Exit::NoBodyKept,
    Exit::NoBodyClosed,
    Exit::HeadConnClosed,
    Exit::BodyEofKept,
    Exit::BodyEofClosed,
    Exit::BodyClosedEarlyDrained,
    Exit::BodyClosedEarlyClosed,
    Exit::BodyReadError,
    Exit::BodyLegacyCancel,
    Exit::BodyContextCanceled,
    Exit::BodyDeadlineExceeded,
    Exit::Written,
    Exit::RequestBodyError,
    Exit::WriteLoopClosed,
    Exit::WroteAtOnce,
    Exit::WroteInTime,
    Exit::NotWritten,
    Exit::GotResponse,
    Exit::HeaderTimeout,
    Exit::RoundTripClosed,
    Exit::RoundTripContext,
    Exit::RoundTripLegacyCancel,
    Exit::RoundTripDropped,
    Exit::IdleHit,
    Exit::LateBinding,
    Exit::Dialled,
    Exit::DialPooled,
    Exit::GetConnCanceled,
    Exit::GetConnDropped,
    Exit::DialFailed,
];

#[test]
fn no_schedule_loses_a_byte_a_task_a_place_or_a_connection() {
    search("SEARCH_SEEDS", SEEDS, Company::Few, "no_schedule");
}

#[test]
fn no_order_of_read_close_drop_and_cancel_among_eight_callers_loses_any_either() {
    search("CI_SEEDS", CROWDS, Company::Crowd, "no_order");
}

/// Runs the seeds that the environment variable `asked` names, and fails at the first that has a finding.
fn search(asked: &str, usual: u64, company: Company, test: &str) {
    let seeds = std::env::var(asked).map_or(0..usual, |text| range(asked, &text));
    let mut exits: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in seeds.clone() {
        let ran = run(seed, company);
        if seeds.end - seeds.start == 1 {
            ran.records.iter().for_each(|record| println!("{record:?}"));
        }
        for exit in ran.exits() {
            *exits.entry(exit.id()).or_default() += 1;
        }
        let again = format!("{asked}={seed}..{} cargo test -p stepper --test search {test}", seed + 1);
        assert!(ran.findings.is_empty(), "{}", report(seed, company, &ran, &again));
    }
    println!("seeds {seeds:?}; exits taken: {exits:?}");
    let untaken: Vec<_> = EXPECTED.iter().filter(|exit| !exits.contains_key(exit.id())).collect();
    let enough = seeds.end.saturating_sub(seeds.start) >= usual;
    assert!(!enough || untaken.is_empty(), "the search never took these exits: {untaken:?}");
}

/// A failing seed is worth something only if it fails again.
#[cfg(not(feature = "unbiased"))]
#[test]
fn a_seed_runs_the_same_way_twice() {
    for seed in 0..50 {
        let (first, second) = (run(seed, Company::Few), run(seed, Company::Few));
        assert!(first.history == second.history, "seed {seed}: the choices differ");
        assert!(first.records == second.records, "seed {seed}: the events differ");
        assert_eq!(first.findings, second.findings, "seed {seed}");
    }
}

/// `from..to`, or how many from 0.
fn range(asked: &str, text: &str) -> Range<u64> {
    let number =
        |part: &str| part.trim().parse().unwrap_or_else(|_| panic!("{asked}={text}: {part:?} is not a number"));
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(text),
    }
}

fn report(seed: u64, company: Company, ran: &Ran, again: &str) -> String {
    let fails = if run(seed, company).findings == ran.findings { "again" } else { "NOT again" };
    format!(
        "seed {seed} fails, and {fails} when it is run again:\n  {}\n{again}\n{:#?}",
        ran.findings.join("\n  "),
        Plan::draw(seed, company),
    )
}
