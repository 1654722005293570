//! All orders of up to six reads and closes, on four kinds of body, with the drop at the end.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use ch06_close_once::{Body, Done, End, Source};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Call {
    Read,
    Close,
}

/// Gives prepared reads. The last one ends the body.
struct Prepared(VecDeque<(usize, Option<End>)>);

impl Source for Prepared {
    fn read(&mut self) -> (usize, Option<End>) {
        self.0.pop_front().expect("nobody reads on after the end")
    }
}

/// A body: its name, and what each read of it gives.
type Reads = (&'static str, &'static [(usize, Option<End>)]);

const BODIES: [Reads; 4] = [
    ("a body whose end comes with its only bytes", &[(13, Some(End::Eof))]),
    ("a body whose end comes alone", &[(13, None), (0, Some(End::Eof))]),
    ("a body in three pieces", &[(5, None), (5, None), (3, Some(End::Eof))]),
    ("a body that breaks off", &[(5, None), (0, Some(End::Broken))]),
];

/// Every order of `length` calls.
fn orders(length: u32) -> impl Iterator<Item = Vec<Call>> {
    (0..1_u32 << length)
        .map(move |bits| (0..length).map(|i| if bits & (1 << i) == 0 { Call::Read } else { Call::Close }).collect())
}

/// What one order does: what each read returned, and all that the connection was told, the drop included.
struct Ran {
    reads: Vec<(usize, Option<End>)>,
    told: Vec<Done>,
}

fn run(reads: &[(usize, Option<End>)], order: &[Call]) -> Ran {
    let told = Rc::new(RefCell::new(Vec::new()));
    let listener = Rc::clone(&told);
    let mut body = Body::new(Prepared(reads.iter().copied().collect()), move |done| listener.borrow_mut().push(done));
    let mut seen = Vec::new();
    for call in order {
        match call {
            Call::Read => seen.push(body.read()),
            Call::Close => body.close(),
        }
    }
    drop(body);
    Ran { reads: seen, told: told.take() }
}

/// How the reads before the first close ended.
fn end_before_close(reads: &[(usize, Option<End>)], order: &[Call]) -> Option<End> {
    let before = order.iter().take_while(|call| **call == Call::Read).count();
    reads.iter().take(before).find_map(|(_, end)| *end)
}

#[test]
fn every_order_tells_the_connection_one_thing() {
    for length in 0..=6 {
        for order in orders(length) {
            for (what, reads) in BODIES {
                let ended = end_before_close(reads, &order);
                let told = run(reads, &order).told;
                let context = format!("{what}: {order:?}, then the drop; it was told {told:?}");
                match ended {
                    Some(End::Eof) => assert_eq!(
                        told,
                        [Done::Eof],
                        "{context}. A body that is closed after its end has told its connection already, which is in \
                         the pool by now: a close must not end it"
                    ),
                    Some(End::Broken | End::Closed) => assert_eq!(
                        told,
                        [Done::Failed],
                        "{context}. A body that is closed after a read had failed has told its connection already"
                    ),
                    None if told.is_empty() => panic!(
                        "{context}. The body was closed and nobody was told: the connection waits for ever, and six of \
                         them leave 13"
                    ),
                    None => assert_eq!(
                        told,
                        [Done::ClosedEarly],
                        "{context}. A body that is closed twice, or closed and dropped, tells its connection once"
                    ),
                }
            }
        }
    }
}

#[test]
fn after_a_close_every_read_says_so() {
    for length in 0..=6 {
        for order in orders(length) {
            for (what, reads) in BODIES {
                let before = order.iter().take_while(|call| **call == Call::Read).count();
                for late in &run(reads, &order).reads[before.min(order.len())..] {
                    let closed = (0, Some(End::Closed));
                    assert_eq!(*late, closed, "{what}: {order:?}. The body could still be read after its close");
                }
            }
        }
    }
}
