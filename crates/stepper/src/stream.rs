//! A connection in memory, with the manners of TCP.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use httptrace::Io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::executor::Core;

/// One end of a connection in memory.
///
/// Each direction is a bounded buffer. Shutting down the write side lets the peer read what is
/// buffered, then EOF, while the peer may go on writing.
///
/// # Drop
///
/// Closes the connection. The peer reads what is buffered, then EOF; its writes fail with `BrokenPipe`.
/// If this end still had unread bytes it is a reset to the peer, as on TCP: after what is buffered its
/// reads fail with `ConnectionReset`, and so do its writes.
pub struct MemStream {
    core: Arc<Core>,
    link: Arc<Mutex<Link>>,
    dialled: bool,
    local: SocketAddr,
    peer: SocketAddr,
}

/// Both directions. Lock order: the link, then the network's settings or the choices; nothing is woken
/// or dropped under any of them.
#[derive(Debug)]
struct Link {
    to_server: Pipe,
    to_client: Pipe,
}

/// One direction.
#[derive(Debug)]
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// What the reader gets after the last byte.
    end: End,
    /// What the writer gets instead of room.
    refusal: Option<io::ErrorKind>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// More may come.
    Open,
    Eof,
    Reset,
}

impl Pipe {
    fn new(capacity: usize) -> Self {
        Pipe { bytes: VecDeque::new(), capacity, end: End::Open, refusal: None, reader: None, writer: None }
    }

    /// The writer is gone, politely or not; a direction that had ended before stays as it was.
    fn finish(&mut self, end: End) -> Option<Waker> {
        if self.end == End::Open {
            self.end = end;
        }
        self.reader.take()
    }

    /// Nobody will read this any more.
    fn refuse(&mut self, kind: io::ErrorKind) -> Option<Waker> {
        self.bytes = VecDeque::new();
        self.refusal.get_or_insert(kind);
        self.writer.take()
    }
}

impl Link {
    /// The direction that the end reads, and the one that it writes.
    fn directions(&mut self, dialled: bool) -> (&mut Pipe, &mut Pipe) {
        if dialled { (&mut self.to_client, &mut self.to_server) } else { (&mut self.to_server, &mut self.to_client) }
    }
}

impl MemStream {
    pub(crate) fn pair(
        core: &Arc<Core>,
        client: SocketAddr,
        server: SocketAddr,
        capacity: usize,
    ) -> (MemStream, MemStream) {
        let link = Link { to_server: Pipe::new(capacity), to_client: Pipe::new(capacity) };
        let link = Arc::new(Mutex::new(link));
        let end = |dialled| {
            core.net.ends(dialled).fetch_add(1, Ordering::Relaxed);
            let (local, peer) = if dialled { (client, server) } else { (server, client) };
            MemStream { core: Arc::clone(core), link: Arc::clone(&link), dialled, local, peer }
        };
        (end(true), end(false))
    }

    /// Ends the connection at once, as `SO_LINGER` 0 does: what is buffered is lost, and all that the
    /// peer does from now on fails with `ConnectionReset`.
    pub fn reset(self) {
        let mut link = self.lock();
        let (read, write) = link.directions(self.dialled);
        write.bytes = VecDeque::new();
        write.end = End::Reset;
        read.refusal = Some(io::ErrorKind::ConnectionReset);
        drop(link);
        // The peer is told by the drop that follows, which changes neither of these.
        drop(self);
    }

    /// This end's and the peer's made-up address.
    pub fn addrs(&self) -> (SocketAddr, SocketAddr) {
        (self.local, self.peer)
    }

    fn lock(&self) -> MutexGuard<'_, Link> {
        self.link.lock().expect("no code of others runs under this lock, so nothing panics there")
    }

    /// How many of `bytes` are moved at once: all, or a piece chosen by seed.
    fn piece(&self, pieces: Option<usize>, bytes: usize) -> usize {
        match pieces {
            Some(most) if bytes > 1 => self.core.with_choices(|choices| choices.piece(bytes.min(most.max(1)))),
            Some(_) | None => bytes,
        }
    }

    fn poll_write_parts<'a>(
        &self,
        cx: &mut Context<'_>,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Poll<io::Result<usize>> {
        let wanted: usize = parts.clone().map(<[u8]>::len).sum();
        let _dropped_outside_the_lock;
        let (moved, reader) = {
            let mut link = self.lock();
            let (_, pipe) = link.directions(self.dialled);
            if let Some(kind) = pipe.refusal {
                return Poll::Ready(Err(error(kind)));
            }
            let room = wanted.min(pipe.capacity - pipe.bytes.len());
            if room == 0 && wanted > 0 {
                _dropped_outside_the_lock = pipe.writer.replace(cx.waker().clone());
                return Poll::Pending;
            }
            let moved = self.piece(self.core.net.write_pieces(), room);
            let mut left = moved;
            for part in parts {
                let part = &part[..part.len().min(left)];
                pipe.bytes.extend(part);
                left -= part.len();
            }
            (moved, pipe.reader.take())
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(Ok(moved))
    }
}

impl AsyncRead for MemStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let _dropped_outside_the_lock;
        let writer = {
            let mut link = self.lock();
            let (pipe, _) = link.directions(self.dialled);
            if pipe.bytes.is_empty() {
                return match pipe.end {
                    End::Eof => Poll::Ready(Ok(())),
                    End::Reset => Poll::Ready(Err(error(io::ErrorKind::ConnectionReset))),
                    End::Open => {
                        _dropped_outside_the_lock = pipe.reader.replace(cx.waker().clone());
                        Poll::Pending
                    }
                };
            }
            let moved = self.piece(self.core.net.read_pieces(), pipe.bytes.len().min(buf.remaining()));
            let (front, back) = pipe.bytes.as_slices();
            let from_front = moved.min(front.len());
            buf.put_slice(&front[..from_front]);
            buf.put_slice(&back[..moved - from_front]);
            pipe.bytes.drain(..moved);
            pipe.writer.take()
        };
        if let Some(writer) = writer {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for MemStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_parts(cx, std::iter::once(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_parts(cx, bufs.iter().map(|buf| &**buf))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let reader = {
            let mut link = self.lock();
            let (_, pipe) = link.directions(self.dialled);
            pipe.refusal.get_or_insert(io::ErrorKind::BrokenPipe);
            pipe.finish(End::Eof)
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl Io for MemStream {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some(MemStream::addrs(self))
    }
}

impl Drop for MemStream {
    fn drop(&mut self) {
        let (peers, own) = {
            let mut link = self.lock();
            let (read, write) = link.directions(self.dialled);
            let (end, kind) = if read.bytes.is_empty() {
                (End::Eof, io::ErrorKind::BrokenPipe)
            } else {
                (End::Reset, io::ErrorKind::ConnectionReset)
            };
            ([write.finish(end), read.refuse(kind)], [read.reader.take(), write.writer.take()])
        };
        self.core.net.ends(self.dialled).fetch_sub(1, Ordering::Relaxed);
        drop(own);
        peers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl fmt::Debug for MemStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemStream").field("local", &self.local).field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// The error as Go words it; the port puts the rest around it.
fn error(kind: io::ErrorKind) -> io::Error {
    let text = match kind {
        io::ErrorKind::BrokenPipe => "broken pipe",
        _ => "connection reset by peer",
    };
    io::Error::new(kind, text)
}
