//! Connections and bodies that a test can look into, and break.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use client::{Client, Config, DialFn, Transport};
use httptrace::{BoxIo, Io, Runtime};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::support::Stage;

/// A client whose connections are opened by `dial`.
pub(crate) fn client_dialling<F>(
    stage: &Stage,
    set: impl FnOnce(&mut Config),
    dial: impl Fn(Arc<dyn Runtime>, String) -> F + Send + Sync + 'static,
) -> Client
where
    F: Future<Output = io::Result<BoxIo>> + Send + 'static,
{
    let rt = stage.runtime();
    let mut config = stage.config();
    config.dial_context = Some(DialFn::new(move |_context, addr| dial(Arc::clone(&rt), addr)));
    set(&mut config);
    Client::new(Transport::new(config))
}

/// A plain connection to an address.
pub(crate) async fn connect(rt: &dyn Runtime, addr: &str) -> io::Result<BoxIo> {
    rt.connect(addr.parse().expect("an address, no name"), None).await
}

/// A client whose real connections are looked at by `tap`.
pub(crate) fn client_tapped(stage: &Stage, tap: &Arc<impl Tap>) -> Client {
    let tap = Arc::clone(tap);
    client_dialling(
        stage,
        |_| {},
        move |rt, addr| {
            let tap = Arc::clone(&tap);
            async move { tapped(connect(&*rt, &addr).await?, tap) }
        },
    )
}

/// Looks at what goes over a connection.
pub(crate) trait Tap: Send + Sync + 'static {
    /// Before a read.
    ///
    /// # Errors
    ///
    /// The read's.
    fn read(&self) -> io::Result<()> {
        Ok(())
    }

    /// Before a write: how many of these bytes may go.
    ///
    /// # Errors
    ///
    /// The write's.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    /// After a write.
    fn wrote(&self, _bytes: &[u8]) {}
}

/// The stream, looked at by `tap`.
pub(crate) fn tapped(io: BoxIo, tap: Arc<impl Tap>) -> io::Result<BoxIo> {
    Ok(Box::new(Tapped { io, tap }))
}

struct Tapped<T> {
    io: BoxIo,
    tap: Arc<T>,
}

impl<T: Tap> AsyncRead for Tapped<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.tap.read()?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: Tap> AsyncWrite for Tapped<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let most = self.tap.write(bytes)?;
        let wrote = Pin::new(&mut self.io).poll_write(cx, &bytes[..most]);
        if let Poll::Ready(Ok(n)) = &wrote {
            self.tap.wrote(&bytes[..*n]);
        }
        wrote
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.poll_write(cx, &bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: Tap> Io for Tapped<T> {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.io.addrs()
    }
}

/// Keeps each write as text.
#[derive(Default)]
pub(crate) struct Writes(Mutex<Vec<String>>);

impl Writes {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Tap for Writes {
    fn wrote(&self, bytes: &[u8]) {
        self.0.lock().unwrap().push(String::from_utf8(bytes.to_vec()).expect("the tests send text"));
    }
}

/// A peer in memory: it takes so many bytes, answers as soon as the first has come, and then is silent.
pub(crate) struct Puppet(Mutex<PuppetState>);

struct PuppetState {
    answers: VecDeque<io::Result<Bytes>>,
    asked: bool,
    takes: usize,
    waiting: Vec<Waker>,
}

impl Puppet {
    /// Gives these to its reads, one after the other.
    pub(crate) fn new(answers: impl IntoIterator<Item = io::Result<&'static str>>) -> Self {
        let answers = answers.into_iter().map(|answer| answer.map(Bytes::from)).collect();
        Puppet(Mutex::new(PuppetState { answers, asked: false, takes: usize::MAX, waiting: Vec::new() }))
    }

    /// Takes no more than so many bytes. A write beyond them waits until all answers were read, and then fails.
    pub(crate) fn taking(self, bytes: usize) -> Self {
        self.0.lock().unwrap().takes = bytes;
        self
    }
}

impl PuppetState {
    fn turn(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}

impl AsyncRead for Puppet {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock().unwrap();
        if !state.asked || state.answers.is_empty() {
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        let mut answer = state.answers.pop_front().expect("looked at above")?;
        let n = answer.len().min(buf.remaining());
        buf.put_slice(&answer[..n]);
        answer.advance(n);
        if !answer.is_empty() {
            state.answers.push_front(Ok(answer));
        }
        state.turn();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Puppet {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock().unwrap();
        if state.takes == 0 {
            if state.answers.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            state.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        let n = bytes.len().min(state.takes);
        state.takes -= n;
        state.asked = true;
        state.turn();
        Poll::Ready(Ok(n))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Io for Puppet {}

/// A client each of whose connections leads to a puppet.
pub(crate) fn client_of(stage: &Stage, puppet: impl Fn() -> Puppet + Send + Sync + 'static) -> Client {
    client_dialling(
        stage,
        |_| {},
        move |_rt, _addr| {
            let puppet = puppet();
            async move { Ok(Box::new(puppet) as BoxIo) }
        },
    )
}

/// How often a body was read and let go. Go's tests count calls of `Read` and `Close`; here a body is let go when it
/// is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    reads: Arc<AtomicUsize>,
    drops: Arc<AtomicUsize>,
}

impl Uses {
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn drops(&self) -> usize {
        self.drops.load(Ordering::SeqCst)
    }

    /// The source, watched.
    pub(crate) fn of<R>(&self, source: R) -> Used<R> {
        Used { source, uses: self.clone() }
    }
}

/// A body that is watched.
pub(crate) struct Used<R> {
    source: R,
    uses: Uses,
}

impl<R: AsyncRead + Unpin> AsyncRead for Used<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.uses.reads.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.source).poll_read(cx, buf)
    }
}

impl<R> Drop for Used<R> {
    fn drop(&mut self) {
        self.uses.drops.fetch_add(1, Ordering::SeqCst);
    }
}

/// A body that gives its pieces one a read, calling what stands between them.
pub(crate) struct Pieces(VecDeque<Piece>);

pub(crate) enum Piece {
    Data(&'static str),
    Call(Box<dyn FnOnce() + Send>),
    Fault(&'static str),
}

impl Pieces {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        Pieces(pieces.into_iter().collect())
    }

    pub(crate) fn data(pieces: &[&'static str]) -> Self {
        Pieces::new(pieces.iter().map(|&piece| Piece::Data(piece)))
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.0.pop_front() {
                Some(Piece::Data(data)) => buf.put_slice(data.as_bytes()),
                Some(Piece::Call(call)) => {
                    call();
                    continue;
                }
                Some(Piece::Fault(text)) => return Poll::Ready(Err(io::Error::other(text))),
                None => {}
            }
            return Poll::Ready(Ok(()));
        }
    }
}
