//! Bodies of thirteen bytes, and a connection that listens.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use ch05_fires_once::{BodyEofSignal, End, Source};

const BODY: &[u8] = b"thirteen byte";

/// What the source and the connection have seen.
#[derive(Default)]
struct Seen {
    told: RefCell<Vec<End>>,
    asked_after_the_end: Cell<bool>,
}

/// Gives prepared reads. The last one ends the body.
struct Prepared {
    reads: VecDeque<(&'static [u8], Option<End>)>,
    seen: Rc<Seen>,
}

impl Source for Prepared {
    fn read(&mut self, buf: &mut [u8]) -> (usize, Option<End>) {
        let Some((bytes, end)) = self.reads.pop_front() else {
            self.seen.asked_after_the_end.set(true);
            return (0, Some(End::Eof));
        };
        let n = bytes.len().min(buf.len());
        buf[..n].copy_from_slice(&bytes[..n]);
        if n < bytes.len() {
            self.reads.push_front((&bytes[n..], end));
            return (n, None);
        }
        (n, end)
    }
}

/// A body of these reads. The function it gets can be called again and again, so that a second call shows.
fn body(reads: &[(&'static [u8], Option<End>)]) -> (BodyEofSignal<Prepared>, Rc<Seen>) {
    let seen = Rc::new(Seen::default());
    let prepared = Prepared { reads: reads.iter().copied().collect(), seen: Rc::clone(&seen) };
    let told = Rc::clone(&seen);
    (BodyEofSignal::new(prepared, move |end| told.told.borrow_mut().push(end)), seen)
}

#[test]
fn whoever_reads_exactly_the_length_has_read_to_the_end() {
    let (mut body, seen) = body(&[(BODY, Some(End::Eof))]);
    let mut buf = [0; BODY.len()];
    let (n, end) = body.read(&mut buf);
    assert_eq!(&buf[..n], BODY, "the bytes that came together with the end are the caller's");
    let told = seen.told.borrow();
    assert_eq!(
        *told,
        [End::Eof],
        "all 13 bytes were read, and the connection was not told: its two tasks wait, and six such bodies leave 13"
    );
    assert_eq!(end, Some(End::Eof), "the caller learns of the end, too");
}

#[test]
fn an_end_that_comes_alone_is_told_when_it_comes() {
    let (mut body, seen) = body(&[(BODY, None), (b"", Some(End::Eof))]);
    let mut buf = [0; 64];
    assert_eq!(body.read(&mut buf), (13, None));
    assert!(seen.told.borrow().is_empty(), "told too early: the mark that ends the body has not been read");
    assert_eq!(body.read(&mut buf), (0, Some(End::Eof)));
    assert_eq!(*seen.told.borrow(), [End::Eof], "the end was read, and the connection was not told");
}

#[test]
fn no_room_for_a_byte_is_no_end() {
    let (mut body, seen) = body(&[(BODY, Some(End::Eof))]);
    assert_eq!(body.read(&mut []), (0, None));
    assert!(seen.told.borrow().is_empty(), "a read into an empty buffer returns no bytes, and ends nothing");
}

#[test]
fn later_reads_get_the_same_end_and_tell_nobody() {
    for end in [End::Eof, End::Broken] {
        let (mut body, seen) = body(&[(BODY, None), (b"", Some(end))]);
        let mut buf = [0; 64];
        body.read(&mut buf);
        body.read(&mut buf);
        for _ in 0..3 {
            assert_eq!(body.read(&mut buf), (0, Some(end)), "the end stays the end");
        }
        assert!(
            !seen.asked_after_the_end.get(),
            "the source was asked after its end: it belongs to the next request by now"
        );
        assert!(
            seen.told.borrow().len() < 2,
            "the connection was told a second time: it is in the pool by now, or carries another request"
        );
    }
}

#[test]
fn a_failed_read_is_an_end_as_well() {
    let (mut body, seen) = body(&[(&BODY[..5], None), (b"", Some(End::Broken))]);
    let mut buf = [0; 64];
    assert_eq!(body.read(&mut buf), (5, None));
    assert_eq!(body.read(&mut buf), (0, Some(End::Broken)));
    assert_eq!(
        *seen.told.borrow(),
        [End::Broken],
        "the read failed, and the connection was not told: it waits for ever"
    );
}
