//! Real Go as the caller. What needs Go is skipped, and says so, where there is none; with REQUIRE_GO=1 it fails.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use scenario::collection::Collection;
use scenario::go::{GoError, Search};
use scenario::judge::{Wanted, judge};
use scenario::outcome::Count;
use scenario::table::table;
use scenario::{Policy, Scenario};
use support::{Fake, count, folder, go_for, played, six};

/// Every count and number of connections that came up in ten runs.
fn counts(policy: Policy, scenario: &Scenario) -> Option<BTreeMap<(usize, usize), usize>> {
    let program = go_for(policy)?;
    let mut seen = BTreeMap::new();
    for _ in 0..10 {
        let outcome = played(&program, scenario).expect("it plays");
        *seen.entry((count(&outcome).alive, outcome.origins["a"].accepted)).or_default() += 1;
    }
    Some(seen)
}

#[test]
fn the_puzzle_leaves_three_goroutines_and_one_connection() {
    for policy in Policy::ALL {
        let Some(seen) = counts(policy, &six("", ", { read = \"r\" }", "")) else { continue };
        assert_eq!(seen, [((3, 1), 10)].into(), "{policy}");
    }
}

#[test]
fn six_bodies_that_nobody_reads_leave_thirteen_goroutines_and_six_connections() {
    for policy in Policy::ALL {
        let Some(seen) = counts(policy, &six("", "", "")) else { continue };
        assert_eq!(seen, [((13, 6), 10)].into(), "{policy}");
    }
}

#[test]
fn a_body_that_is_closed_ends_its_connection_in_the_old_go_and_is_drained_in_the_new_one() {
    let closed = six("", ", { close = \"r\" }", "");
    if let Some(seen) = counts(Policy::Go1_12, &closed) {
        assert_eq!(seen, [((1, 6), 10)].into());
    }
    if let Some(seen) = counts(Policy::Go1_27, &closed) {
        // A race between the drain and the next request: how many connections there are is its result.
        let measured = [(3, 1), (5, 2), (5, 3)];
        assert!(seen.keys().all(|what| measured.contains(what)), "{seen:?}");
    }
}

#[test]
fn a_cancel_channel_costs_a_goroutine_per_request_in_the_new_go_only() {
    let cancellable = six(", channel = \"k\"", "", "");
    if let Some(seen) = counts(Policy::Go1_12, &cancellable) {
        assert_eq!(seen, [((13, 6), 10)].into());
    }
    if let Some(seen) = counts(Policy::Go1_27, &cancellable) {
        assert_eq!(seen, [((19, 6), 10)].into());
    }
}

#[test]
fn a_run_that_hangs_ends_at_its_limit_and_says_where() {
    let mut hangs = six("", "", ", { wait = \"r.1\", event = \"Wait100Continue\" }");
    hangs.limit = Duration::from_millis(500);
    for policy in Policy::ALL {
        let Some(program) = go_for(policy) else { continue };
        let Err(GoError::Stuck(report)) = played(&program, &hangs) else { panic!("it waits for what never comes") };
        assert!(report.contains("6 of 7 steps are done; waiting: line 7: "), "{report}");
        let loops = |name: &str| report.matches(name).count();
        assert_eq!((loops(".readLoop"), loops(".writeLoop")), (6, 6), "{report}");
        assert!(report.contains("6 accepted, 6 open"), "{report}");
    }
}

#[test]
fn a_wait_for_what_no_origin_will_see_ends_at_the_limit_too() {
    let mut waits = six("", "", ", { wait = \"a\", accepted = 7 }");
    waits.limit = Duration::from_millis(500);
    for policy in Policy::ALL {
        let Some(program) = go_for(policy) else { continue };
        let Err(GoError::Stuck(report)) = played(&program, &waits) else { panic!("it waits for what never comes") };
        assert!(report.contains("6 of 7 steps are done; waiting: line 7: wait a"), "{report}");
    }
}

#[test]
fn the_book_s_puzzle_agrees_with_go_itself() {
    let puzzle = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/scenarios/puzzle.toml"));
    let there = |policy: &Policy| go_for(*policy).is_some();
    let wanted = Wanted {
        live: true,
        record: 0,
        policies: Policy::ALL.into_iter().filter(there).collect(),
        search: Search::new(&[]),
        folder: folder(),
        at_once: 1,
    };
    let cases = judge(&Collection::read(&[puzzle]).expect("it can be read"), &wanted, |_| {});
    assert_eq!(cases.len(), wanted.policies.len());
    for case in cases {
        let verdict = case.verdict.expect("it was compared");
        assert!(verdict.is_fine(), "{}:\n{}", case.policy, table(&verdict.last().unexplained().collect::<Vec<_>>()));
    }
}

#[test]
fn without_any_go_the_message_says_where_it_was_looked_for() {
    let error = Search::new(&["/nowhere/go".into()]).any().unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/go is no Go toolchain"), "{error}");
}

#[test]
fn a_program_that_talks_nonsense_is_told_of_with_its_line() {
    let error = Fake::printing("Hello, world").played().unwrap_err();
    assert!(matches!(&error, GoError::Garbage(line) if line == "Hello, world"), "{error}");
}

#[test]
fn a_program_that_ends_without_an_outcome_is_told_of_with_what_it_wrote() {
    let error = Fake::running("echo cannot go on >&2; exit 3").played().unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, GoError::Ended { .. }), "{text}");
    assert!(text.contains('3') && text.contains("cannot go on"), "{text}");
}

#[test]
fn a_program_that_says_nothing_is_ended() {
    let fake = Fake::running("read plan; exec sleep 600");
    let error = fake.played().unwrap_err();
    assert!(matches!(error, GoError::Silent(_)), "{error}");
}

#[test]
fn an_outcome_gets_names_in_the_place_of_addresses() {
    let outcome =
        Fake::printing(r#"{"outcome":{"counts":{"end":{"alive":1,"read_loop":0,"write_loop":0,"other":0}}}}"#)
            .played()
            .expect("that is all of the protocol");
    assert_eq!(count(&outcome), Count { alive: 1, ..Count::default() });
    assert_eq!(outcome.origins["a"].accepted, 0);
}
