//! Lab E's counts, under every order of events that the lab tries.

use std::collections::BTreeSet;

use examples::polls::{Case, Polls, polls};

fn seen(case: Case) -> BTreeSet<Polls> {
    (0..200).map(|seed| polls(case, seed).unwrap_or_else(|error| panic!("{case:?}, seed {seed}: {error}"))).collect()
}

#[test]
fn a_small_get_on_a_kept_connection_takes_five_polls_whoever_goes_first() {
    let five = Polls { caller: 2, read_loop: 2, write_loop: 1, dial: 0 };
    assert_eq!(seen(Case::SmallGet), BTreeSet::from([five]));
    assert_eq!(seen(Case::Post), BTreeSet::from([five]));
}

#[test]
fn without_a_body_there_is_no_hand_over_and_two_polls_less() {
    assert_eq!(seen(Case::Head), BTreeSet::from([Polls { caller: 1, read_loop: 1, write_loop: 1, dial: 0 }]));
}

#[test]
fn a_dial_at_most_doubles_the_polls() {
    let totals: Vec<_> = seen(Case::Dials).into_iter().map(Polls::total).collect();
    assert!(totals.iter().all(|total| *total <= 10), "{totals:?}");
}
