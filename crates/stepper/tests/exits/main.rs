//! Every exit has a test that takes it.
//!
//! Each area has a table of cases. A case drives one scenario on the stepper and says what must come of it: the exit's
//! id, by which task and on which connection; what the caller sees; what becomes of the connection; and which tasks are
//! left once things have settled. A case runs under many schedules, and each of them must end in the same way.
//!
//! What needs real sockets, threads or two runtimes is in the client's tests (`exits_on_sockets`).
//!
//! # Layout
//!
//! - `case`: one row of a table, and what is looked at after it; `stage`: where it runs
//! - `idle`, `head`, `body`, `write_loop`, `round_trip`, `get_conn`, `expect_continue`: the areas, each with its table
//!   and with the races that need more than a row
//! - `rusts_own`: the exits that Go does not have: a future or a task is dropped

// Two things at the same instant have two outcomes there.
#![cfg(not(feature = "unbiased"))]

mod body;
mod case;
mod expect_continue;
mod get_conn;
mod head;
mod idle;
mod round_trip;
mod rusts_own;
mod stage;
mod write_loop;

use httptrace::Exit;

use crate::case::Case;

/// All tables.
fn cases() -> impl Iterator<Item = &'static Case> {
    [
        idle::CASES,
        head::CASES,
        body::CASES,
        write_loop::CASES,
        round_trip::CASES,
        get_conn::CASES,
        expect_continue::CASES,
    ]
    .into_iter()
    .flatten()
}

#[test]
fn every_exit_has_a_case() {
    let missing: Vec<_> = Exit::ALL.iter().filter(|exit| !cases().any(|case| case.exit == **exit)).collect();
    assert!(missing.is_empty(), "no case takes {missing:?}");
}

#[test]
fn no_two_cases_have_the_same_name() {
    let mut names: Vec<_> = cases().map(|case| (case.exit.id(), case.name)).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}
