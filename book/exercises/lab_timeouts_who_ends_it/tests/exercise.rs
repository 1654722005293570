//! Which limit ends a request, and when.

use lab_timeouts_who_ends_it::{End, Limits, Phases, end};

const QUICK: Phases = Phases { dial: 10, upload: 20, think: 30, body: 40 };
const NONE: Limits = Limits { dial: None, head: None, total: None };

#[test]
fn without_a_limit_it_takes_as_long_as_it_takes() {
    assert_eq!(end(QUICK, NONE), End::Done(100));
    let an_hour = Phases { think: 3_600_000, ..QUICK };
    assert_eq!(end(an_hour, NONE), End::Done(3_600_070), "nobody ends what has no limit");
}

#[test]
fn the_dials_limit_ends_the_dial() {
    let limits = Limits { dial: Some(30_000), ..NONE };
    assert_eq!(end(Phases { dial: 60_000, ..QUICK }, limits), End::Dial(30_000));
    assert_eq!(end(Phases { dial: 30_000, ..QUICK }, limits), End::Done(30_090), "just in time is in time");
    assert_eq!(end(Phases { think: 60_000, ..QUICK }, limits), End::Done(60_070), "it is over with the dial");
}

#[test]
fn the_heads_limit_begins_when_the_request_is_written() {
    let limits = Limits { head: Some(2_000), ..NONE };
    let why = "the server's time to think begins when the request is written";
    assert_eq!(end(Phases { upload: 3_000, ..QUICK }, limits), End::Done(3_080), "{why}");
    assert_eq!(end(Phases { upload: 3_000, think: 9_000, ..QUICK }, limits), End::Head(5_010), "{why}");
    assert_eq!(end(Phases { body: 9_000, ..QUICK }, limits), End::Done(9_060), "it is over with the head");
}

#[test]
fn the_total_runs_until_the_end_of_the_body() {
    let limits = Limits { total: Some(5_000), ..NONE };
    let why = "the total runs until the end of the body";
    assert_eq!(end(Phases { body: 9_000, ..QUICK }, limits), End::TotalInBody(5_000), "{why}");
    assert_eq!(end(Phases { think: 9_000, ..QUICK }, limits), End::TotalBeforeHead(5_000));
    assert_eq!(end(Phases { think: 4_900, ..QUICK }, limits), End::Done(4_970));
}

#[test]
fn the_total_starts_with_the_call() {
    let limits = Limits { dial: Some(30_000), total: Some(5_000), ..NONE };
    let why = "the total starts with the call";
    assert_eq!(end(Phases { dial: 60_000, ..QUICK }, limits), End::TotalBeforeHead(5_000), "{why}");
    assert_eq!(end(Phases { dial: 4_000, think: 2_000, ..QUICK }, limits), End::TotalBeforeHead(5_000), "{why}");
}

#[test]
fn of_two_limits_the_earlier_ends_it() {
    let both = |head, total| Limits { head: Some(head), total: Some(total), ..NONE };
    let slow = Phases { think: 60_000, ..QUICK };
    assert_eq!(end(slow, both(2_000, 5_000)), End::Head(2_030));
    assert_eq!(end(slow, both(5_000, 2_000)), End::TotalBeforeHead(2_000));
}
