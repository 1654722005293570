//! What the caller reads from.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::io::{AsyncRead, ReadBuf};

use crate::Error;
use crate::handover::{BodyDone, Lender};

/// A connection's reader, as far as a body needs to know it.
pub trait BodyRead: Unpin + Send {
    /// What can go wrong on the wire.
    type Error: Clone + From<Error> + fmt::Debug + Send + Sync + Unpin;

    /// Reads body bytes straight into `buf`. Nothing filled means the end; a pending read leaves
    /// `buf` alone.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), Self::Error>>;

    /// Reads the next piece of the body as it lies in the buffer. Empty means the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Self::Error>>;

    /// Whether all that belongs to the body was read. May be true together with the last bytes.
    fn at_eof(&self) -> bool;

    /// The trailers that followed the body, if there were any, once [`at_eof`](BodyRead::at_eof) is true.
    fn take_trailers(&mut self) -> Option<Box<HeaderMap>>;

    /// What the caller is told of the read that failed: the reason behind `error`, where there is one. Later reads tell
    /// `error` itself. Go: what the `fn` of a `bodyEOFSignal` returns, and its field `rerr` beside that.
    #[doc(alias = "rerr")]
    fn reason_of(&self, error: &Self::Error) -> Self::Error {
        error.clone()
    }
}

/// The last bytes are held back until read_loop has decided; this many at most, so that a large read
/// into the caller's buffer is not copied a second time.
const HELD_BACK: usize = 512;

/// A response body: owns the connection's reader while it is read, and gives it back.
///
/// The end is shown only after read_loop has asked the pool: the reader goes back with
/// [`BodyDone::Eof`], and the last bytes (or the empty last read) wait for the ack. So a caller that has
/// seen all of a body can rely on the connection being in the pool already, and so can one that
/// reads exactly `Content-Length` bytes and never asks for more.
///
/// # Go twin
///
/// Go: transport.go type bodyEOFSignal. Its `earlyCloseFn` is [`close`](BodyEofSignal::close), its `fn`
/// is what happens here at the end and on an error; `condfn`, which makes sure that `fn` runs once, has
/// no twin: the reader can be given away only once.
///
/// # Drop
///
/// Dropping a body whose end was not seen is an early close that does not wait. It never blocks, spawns
/// or panics, and needs no runtime.
#[doc(alias = "bodyEOFSignal")]
#[must_use = "dropping a body unread closes it early"]
pub struct BodyEofSignal<R: BodyRead> {
    phase: Phase<R>,
    /// Boxed, as they are rare and a body is passed from hand to hand.
    trailers: Option<Box<HeaderMap>>,
}

enum Phase<R: BodyRead> {
    /// The caller reads.
    Reading { reader: R, lender: Arc<dyn Lender<R>> },
    /// The reader is on its way back, read_loop decides; `tail` is not shown yet.
    AwaitAck { tail: Bytes, lender: Arc<dyn Lender<R>> },
    /// read_loop has decided; what is left of the tail is the caller's. Empty: the end was shown.
    Done { tail: Bytes },
    /// A read failed, and its reason was told; every later read fails with the error itself. Go: the field `rerr`.
    Failed(R::Error),
    /// Closed by the caller.
    Closed,
    /// There never was one, and closing makes no difference to it: a read shows the end, as Go's `NoBody` does.
    Empty,
}

impl<R: BodyRead> BodyEofSignal<R> {
    /// The body of a response whose reader is lent by `lender`.
    pub fn new(reader: R, lender: Arc<dyn Lender<R>>) -> Self {
        BodyEofSignal { phase: Phase::Reading { reader, lender }, trailers: None }
    }

    /// The body of a response that has none. Go: `http.NoBody`.
    #[doc(alias = "NoBody")]
    pub fn empty() -> Self {
        BodyEofSignal { phase: Phase::Empty, trailers: None }
    }

    /// The trailers that followed a chunked body. Empty until the end was read. Go: `Response.Trailer`.
    pub fn trailers(&self) -> &HeaderMap {
        let known = match self.phase {
            Phase::Done { .. } | Phase::Closed => self.trailers.as_deref(),
            Phase::Reading { .. } | Phase::AwaitAck { .. } | Phase::Failed(_) | Phase::Empty => None,
        };
        static NONE: std::sync::OnceLock<HeaderMap> = std::sync::OnceLock::new();
        known.unwrap_or_else(|| NONE.get_or_init(HeaderMap::new))
    }

    /// Whether the end was shown to the caller.
    pub fn is_end(&self) -> bool {
        match &self.phase {
            Phase::Done { tail } => tail.is_empty(),
            Phase::Empty => true,
            Phase::Reading { .. } | Phase::AwaitAck { .. } | Phase::Failed(_) | Phase::Closed => false,
        }
    }

    /// Whether all was read, and read_loop has yet to decide what becomes of the connection.
    pub fn is_being_decided(&self) -> bool {
        matches!(self.phase, Phase::AwaitAck { .. })
    }

    /// Reads into `buf`; nothing filled means the end.
    ///
    /// # Errors
    ///
    /// The first time [the reason](BodyRead::reason_of) of the reader's error, at every later read the error itself;
    /// [`Error::ReadOnClosedResBody`] after [`close`](Self::close).
    ///
    /// # Go twin
    ///
    /// Go: transport.go (*bodyEOFSignal).Read
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<(), R::Error>> {
        loop {
            match &mut self.phase {
                Phase::Reading { reader, .. } => {
                    let before = buf.filled().len();
                    let read = ready!(reader.poll_read(cx, buf));
                    let at_eof = reader.at_eof();
                    if let Err(error) = read {
                        return Poll::Ready(Err(self.failed(error)));
                    }
                    if !at_eof {
                        return Poll::Ready(Ok(()));
                    }
                    let held_back = (buf.filled().len() - before).min(HELD_BACK);
                    let shown = buf.filled().len() - held_back;
                    let tail = Bytes::copy_from_slice(&buf.filled()[shown..]);
                    buf.set_filled(shown);
                    self.reached_eof(tail);
                    if shown > before {
                        return Poll::Ready(Ok(()));
                    }
                }
                Phase::AwaitAck { .. } => ready!(self.poll_decided(cx)),
                Phase::Done { tail } => {
                    let n = tail.len().min(buf.remaining());
                    buf.put_slice(&tail.split_to(n));
                    return Poll::Ready(Ok(()));
                }
                Phase::Failed(error) => return Poll::Ready(Err(error.clone())),
                Phase::Closed => return Poll::Ready(Err(Error::ReadOnClosedResBody.into())),
                Phase::Empty => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Reads the next piece as it came from the wire, without copying it; empty means the end.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, R::Error>> {
        loop {
            match &mut self.phase {
                Phase::Reading { reader, .. } => {
                    let read = ready!(reader.poll_piece(cx));
                    let at_eof = reader.at_eof();
                    let mut piece = match read {
                        Ok(piece) => piece,
                        Err(error) => return Poll::Ready(Err(self.failed(error))),
                    };
                    // ANCHOR: piece_eof
                    if !at_eof {
                        return Poll::Ready(Ok(piece));
                    }
                    let shown = piece.len() - piece.len().min(HELD_BACK);
                    let tail = piece.split_off(shown);
                    self.reached_eof(tail);
                    if !piece.is_empty() {
                        return Poll::Ready(Ok(piece));
                    }
                    // ANCHOR_END: piece_eof
                }
                Phase::AwaitAck { .. } => ready!(self.poll_decided(cx)),
                Phase::Done { tail } => return Poll::Ready(Ok(mem::take(tail))),
                Phase::Failed(error) => return Poll::Ready(Err(error.clone())),
                Phase::Closed => return Poll::Ready(Err(Error::ReadOnClosedResBody.into())),
                Phase::Empty => return Poll::Ready(Ok(Bytes::new())),
            }
        }
    }

    /// The next piece of the body, or `None` at its end.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a piece is taken only when it is returned.
    pub async fn piece(&mut self) -> Option<Result<Bytes, R::Error>> {
        match poll_fn(|cx| self.poll_piece(cx)).await {
            Ok(piece) if piece.is_empty() => None,
            other => Some(other),
        }
    }

    /// Reads to the end. The twin of `io.ReadAll(resp.Body)`.
    ///
    /// # Errors
    ///
    /// As [`poll_read`](Self::poll_read); what was read before the error is gone. Whoever wants it reads
    /// with `AsyncReadExt::read_to_end`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses what it has read.
    #[doc(alias = "ReadAll")]
    pub async fn read_all(&mut self) -> Result<Bytes, R::Error> {
        let Some(first) = self.piece().await.transpose()? else { return Ok(Bytes::new()) };
        let Some(second) = self.piece().await.transpose()? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while let Some(piece) = self.piece().await.transpose()? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    /// Closes the body. Before its end was seen that is an early close, which waits until read_loop has
    /// taken the reader back; after it there is nothing left to do.
    ///
    /// # Cancel safety
    ///
    /// The close itself happens at the first poll; dropping the future only gives up waiting for the ack.
    ///
    /// # Go twin
    ///
    /// Go: transport.go (*bodyEOFSignal).Close, which returns nil in all of these cases.
    #[doc(alias = "earlyCloseFn")]
    // ANCHOR: close
    pub async fn close(&mut self) {
        if let Some(lender) = self.give_back() {
            poll_fn(|cx| lender.handover().poll_acked(cx)).await;
        }
    }
    // ANCHOR_END: close

    // ANCHOR: give_back
    /// Ends the reading; returns whom to wait for, if read_loop has yet to answer.
    fn give_back(&mut self) -> Option<Arc<dyn Lender<R>>> {
        match mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Reading { reader, lender } => {
                send(&*lender, BodyDone::ClosedEarly(reader));
                Some(lender)
            }
            Phase::AwaitAck { lender, .. } => Some(lender),
            Phase::Done { .. } | Phase::Failed(_) | Phase::Closed => None,
            Phase::Empty => {
                self.phase = Phase::Empty;
                None
            }
        }
    }
    // ANCHOR_END: give_back

    // ANCHOR: reached_eof
    /// All was read: the reader goes back, and `tail` waits for the answer.
    fn reached_eof(&mut self, tail: Bytes) {
        let Phase::Reading { mut reader, lender } = mem::replace(&mut self.phase, Phase::Closed) else {
            unreachable!("only a body that is being read reaches its end");
        };
        self.trailers = reader.take_trailers();
        send(&*lender, BodyDone::Eof(reader));
        self.phase = Phase::AwaitAck { tail, lender };
    }
    // ANCHOR_END: reached_eof

    fn poll_decided(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::AwaitAck { tail, lender } = &mut self.phase else {
            unreachable!("only a body at its end waits for the answer");
        };
        ready!(lender.handover().poll_acked(cx));
        let tail = mem::take(tail);
        self.phase = Phase::Done { tail };
        Poll::Ready(())
    }

    fn failed(&mut self, error: R::Error) -> R::Error {
        let Phase::Reading { reader, lender } = mem::replace(&mut self.phase, Phase::Failed(error.clone())) else {
            unreachable!("only a body that is being read fails");
        };
        // In Go's order: read_loop hears of it, and then the reason is asked for.
        send(&*lender, BodyDone::Failed);
        reader.reason_of(&error)
    }
}

/// A message that read_loop does not take any more is dropped here, and with it the reader.
fn send<R: BodyRead>(lender: &dyn Lender<R>, done: BodyDone<R>) {
    lender.sending(done.what());
    drop(lender.handover().send(done));
}

// ANCHOR: drop
impl<R: BodyRead> Drop for BodyEofSignal<R> {
    fn drop(&mut self) {
        drop(self.give_back());
    }
}
// ANCHOR_END: drop

impl<R: BodyRead> fmt::Debug for BodyEofSignal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.phase {
            Phase::Reading { .. } => "Body(reading)",
            Phase::AwaitAck { .. } => "Body(at its end, read_loop decides)",
            Phase::Done { .. } => "Body(read)",
            Phase::Failed(_) => "Body(failed)",
            Phase::Closed => "Body(closed)",
            Phase::Empty => "Body(none)",
        })
    }
}

impl<R: BodyRead> AsyncRead for BodyEofSignal<R>
where
    R::Error: Into<io::Error>,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        BodyEofSignal::poll_read(self.get_mut(), cx, buf).map_err(Into::into)
    }
}
