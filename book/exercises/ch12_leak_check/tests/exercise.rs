//! What a client tells, and the lines that must be named after it.

use ch12_leak_check::{Event, LeakCheck};

const fn got(request: usize, conn: u32) -> Event {
    Event::GotConn { request, conn }
}

const fn put(conn: u32) -> Event {
    Event::PutIdleConn { conn, refused: false }
}

/// The lines that hold a connection.
fn lines(leaks: &LeakCheck) -> Vec<u32> {
    leaks.held().iter().map(|place| place.line()).collect()
}

/// No line.
const NONE: [u32; 0] = [];

#[test]
fn the_guilty_line_is_the_callers() {
    let mut leaks = LeakCheck::default();
    let (request, line) = (leaks.begin(), line!());
    leaks.event(got(request, 1));
    let held = leaks.held();
    assert_eq!(held.len(), 1, "one request holds a connection, and the check names {} places", held.len());
    assert_eq!(
        (held[0].file(), held[0].line()),
        (file!(), line),
        "the check names a line of its own; whoever calls `begin` is guilty, and `Location::caller` knows them only in a \
         function that says so"
    );
}

#[test]
fn what_came_back_is_nobodys() {
    let mut leaks = LeakCheck::default();
    for event in [put(1), Event::Closed { conn: 1 }] {
        let request = leaks.begin();
        leaks.event(got(request, 1));
        leaks.event(event);
        assert_eq!(lines(&leaks), NONE, "{event:?}: the connection is not held any more");
    }
    // A dial that nobody waited for ends in the pool.
    leaks.event(put(7));
    assert_eq!(lines(&leaks), NONE);
}

#[test]
fn each_connection_is_looked_at_alone() {
    let mut leaks = LeakCheck::default();
    let (first, one) = (leaks.begin(), line!());
    let (second, two) = (leaks.begin(), line!());
    let (third, three) = (leaks.begin(), line!());
    assert_eq!(lines(&leaks), NONE, "a request that has no connection yet holds none");
    // The later one was served first.
    for event in [got(second, 1), got(first, 2), got(third, 3)] {
        leaks.event(event);
    }
    assert_eq!(lines(&leaks), [two, one, three], "in the order in which they got it");
    leaks.event(put(2));
    assert_eq!(lines(&leaks), [two, three]);
    leaks.event(Event::Closed { conn: 1 });
    assert_eq!(lines(&leaks), [three]);
}

#[test]
fn a_connection_that_is_used_again_belongs_to_the_later_request() {
    let mut leaks = LeakCheck::default();
    let (first, _) = (leaks.begin(), line!());
    leaks.event(got(first, 1));
    leaks.event(put(1));
    let (second, line) = (leaks.begin(), line!());
    leaks.event(got(second, 1));
    assert_eq!(lines(&leaks), [line], "a connection that is used again belongs to the request that has it now");
}

#[test]
fn a_refused_connection_is_held_until_it_is_closed() {
    let mut leaks = LeakCheck::default();
    let (request, line) = (leaks.begin(), line!());
    leaks.event(got(request, 1));
    leaks.event(Event::PutIdleConn { conn: 1, refused: true });
    assert_eq!(lines(&leaks), [line], "the pool was asked and has refused: the connection is still there");
    leaks.event(Event::Closed { conn: 1 });
    assert_eq!(lines(&leaks), NONE);
}

#[test]
fn a_second_try_holds_the_second_connection() {
    let mut leaks = LeakCheck::default();
    let (request, line) = (leaks.begin(), line!());
    for event in [got(request, 1), Event::Closed { conn: 1 }, got(request, 2)] {
        leaks.event(event);
    }
    assert_eq!(lines(&leaks), [line], "the first connection died, the request has another one");
    leaks.event(put(2));
    assert_eq!(lines(&leaks), NONE);
}
