//! A body against a read_loop that the test plays itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use body_signal::{BodyDone, BodyEofSignal, BodyRead, Error, Handover, Lender};
use bytes::Bytes;
use http::HeaderMap;
use tokio::io::ReadBuf;

/// Gives prepared pieces; the last one comes together with the end.
struct Pieces(VecDeque<Result<&'static [u8], Error>>);

impl BodyRead for Pieces {
    type Error = Error;

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        self.poll_piece(cx).map_ok(|piece| buf.put_slice(&piece))
    }

    fn poll_piece(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        Poll::Ready(self.0.pop_front().unwrap_or(Ok(b"")).map(Bytes::from_static))
    }

    fn at_eof(&self) -> bool {
        self.0.is_empty()
    }

    fn take_trailers(&mut self) -> Option<Box<HeaderMap>> {
        None
    }
}

#[derive(Default)]
struct ReadLoop {
    handover: Handover<Pieces>,
    sent: Mutex<Vec<&'static str>>,
}

impl ReadLoop {
    fn lend(self: &Arc<Self>, pieces: &[Result<&'static [u8], Error>]) -> BodyEofSignal<Pieces> {
        BodyEofSignal::new(Pieces(pieces.iter().copied().collect()), Arc::clone(self) as Arc<dyn Lender<Pieces>>)
    }

    fn sent(&self) -> Vec<&'static str> {
        self.sent.lock().unwrap().clone()
    }

    fn received(&self) -> Option<&'static str> {
        let mut recv = std::pin::pin!(self.handover.recv());
        match recv.as_mut().poll(&mut cx()) {
            Poll::Ready(done) => Some(done.what()),
            Poll::Pending => None,
        }
    }
}

impl Lender<Pieces> for ReadLoop {
    fn handover(&self) -> &Handover<Pieces> {
        &self.handover
    }

    fn sending(&self, what: &'static str) {
        self.sent.lock().unwrap().push(what);
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn piece(body: &mut BodyEofSignal<Pieces>) -> Poll<Result<Bytes, Error>> {
    body.poll_piece(&mut cx())
}

fn ready(bytes: &'static [u8]) -> Poll<Result<Bytes, Error>> {
    Poll::Ready(Ok(Bytes::from_static(bytes)))
}

#[test]
fn the_last_bytes_wait_until_read_loop_has_decided() {
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(b"first"), Ok(b"last")]);
    assert_eq!(piece(&mut body), ready(b"first"));
    assert_eq!(read_loop.received(), None);
    assert!(piece(&mut body).is_pending());
    assert_eq!(read_loop.received(), Some("eof"));
    assert!(piece(&mut body).is_pending());
    read_loop.handover.ack();
    assert_eq!(piece(&mut body), ready(b"last"));
    assert_eq!(piece(&mut body), ready(b""));
    assert_eq!(piece(&mut body), ready(b""));
    assert_eq!(read_loop.sent(), ["eof"]);
}

#[test]
fn of_a_large_last_read_only_the_end_is_held_back() {
    static LARGE: [u8; 2000] = [7; 2000];
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(&LARGE)]);
    let mut room = [0; 4096];
    let mut buf = ReadBuf::new(&mut room);
    assert!(body.poll_read(&mut cx(), &mut buf).is_ready());
    assert_eq!(buf.filled().len(), 2000 - 512);
    assert!(body.poll_read(&mut cx(), &mut buf).is_pending());
    assert_eq!(buf.filled().len(), 2000 - 512, "a pending read leaves the buffer alone");
    read_loop.handover.ack();
    assert!(body.poll_read(&mut cx(), &mut buf).is_ready());
    assert_eq!(buf.filled(), &LARGE);
}

#[test]
fn a_tail_larger_than_the_callers_buffer_comes_in_parts() {
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(b"abcdef")]);
    assert!(piece(&mut body).is_pending());
    read_loop.handover.ack();
    let mut seen = Vec::new();
    loop {
        let mut room = [0; 4];
        let mut buf = ReadBuf::new(&mut room);
        assert!(body.poll_read(&mut cx(), &mut buf).is_ready());
        if buf.filled().is_empty() {
            break;
        }
        seen.extend_from_slice(buf.filled());
    }
    assert_eq!(seen, b"abcdef");
}

#[test]
fn a_read_loop_that_leaves_frees_whoever_waits_for_it() {
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(b"all")]);
    assert!(piece(&mut body).is_pending());
    read_loop.handover.close();
    assert_eq!(piece(&mut body), ready(b"all"));
    assert_eq!(piece(&mut body), ready(b""));
}

#[test]
fn close_before_the_end_gives_the_reader_back_and_waits() {
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(b"first"), Ok(b"last")]);
    {
        let mut close = std::pin::pin!(body.close());
        assert!(close.as_mut().poll(&mut cx()).is_pending());
        assert_eq!(read_loop.received(), Some("closed_early"));
        read_loop.handover.ack();
        assert!(close.as_mut().poll(&mut cx()).is_ready());
    }
    assert_eq!(piece(&mut body), Poll::Ready(Err(Error::ReadOnClosedResBody)));
}

#[test]
fn close_after_the_end_sends_nothing_more() {
    let read_loop = Arc::new(ReadLoop::default());
    let mut body = read_loop.lend(&[Ok(b"all")]);
    read_loop.handover.ack();
    assert_eq!(piece(&mut body), ready(b"all"));
    assert!(std::pin::pin!(body.close()).poll(&mut cx()).is_ready());
    assert_eq!(read_loop.sent(), ["eof"]);
    assert_eq!(piece(&mut body), Poll::Ready(Err(Error::ReadOnClosedResBody)));
}

#[test]
fn a_body_that_never_was_is_at_its_end_before_and_after_a_close() {
    let mut body = BodyEofSignal::<Pieces>::empty();
    assert_eq!(piece(&mut body), ready(b""));
    assert!(std::pin::pin!(body.close()).poll(&mut cx()).is_ready());
    assert_eq!(piece(&mut body), ready(b""), "Go's NoBody does not know that it was closed");
    assert!(body.is_end());
}

#[test]
fn dropping_an_unread_body_is_an_early_close_that_does_not_wait() {
    let read_loop = Arc::new(ReadLoop::default());
    drop(read_loop.lend(&[Ok(b"first"), Ok(b"last")]));
    assert_eq!(read_loop.received(), Some("closed_early"));
}

#[test]
fn a_failed_read_is_told_once_and_stays() {
    let read_loop = Arc::new(ReadLoop::default());
    let failure = Error::ReadOnClosedResBody;
    let mut body = read_loop.lend(&[Ok(b"first"), Err(failure), Ok(b"never")]);
    assert_eq!(piece(&mut body), ready(b"first"));
    assert_eq!(piece(&mut body), Poll::Ready(Err(failure)));
    assert_eq!(piece(&mut body), Poll::Ready(Err(failure)));
    drop(body);
    assert_eq!(read_loop.sent(), ["failed"]);
}

#[test]
fn a_message_to_a_read_loop_that_has_left_comes_back() {
    let handover = Handover::<Pieces>::default();
    handover.close();
    assert!(matches!(handover.send(BodyDone::Failed), Err(BodyDone::Failed)));
}
