//! One connection under a script: what has arrived on it, and what is sent.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::framing::Framing;
use crate::peer::Peer;
use crate::request::Request;
use crate::server::Server;
use crate::stats::End;

/// How much is read at a time, at most.
const READ: usize = 16 * 1024;
/// How much of what no request took is kept.
const KEPT_WAITING: usize = 64 * 1024;

/// A connection. Every wait for bytes returns `Err` with the way in which the connection ended.
pub(crate) struct Conn {
    // Before `record`: a connection counts as over only when it is closed.
    peer: Box<dyn Peer>,
    record: Record,
    input: BytesMut,
    request: Option<Request>,
    seen: usize,
    framing: Framing,
    kept_body: usize,
    wrote: bool,
}

/// A connection's entry in the counters. Dropping it writes down how the connection ended.
pub(crate) struct Record {
    server: Arc<Server>,
    number: usize,
    end: End,
}

impl Record {
    pub(crate) fn new(server: Arc<Server>, number: usize) -> Self {
        // Whoever drops the future that serves the connection stops the server, as far as it can tell.
        Record { server, number, end: End::Stopped }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.server.fail(format!("connection {}: the script panicked", self.number));
        }
        self.server.ended(self.number, self.end);
    }
}

impl Conn {
    pub(crate) fn new(peer: Box<dyn Peer>, record: Record, kept_body: usize) -> Self {
        Conn {
            peer,
            record,
            input: BytesMut::new(),
            request: None,
            seen: 0,
            framing: Framing::Done,
            kept_body,
            wrote: false,
        }
    }

    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.record.server
    }

    /// The latest request whose head is in.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// What arrived and was not taken.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.input
    }

    /// Whether a body is still on its way.
    pub(crate) fn body_is_due(&self) -> bool {
        self.framing != Framing::Done
    }

    pub(crate) fn fail(&self, text: &str) {
        let (number, seen) = (self.record.number, self.seen);
        self.server().fail(format!("connection {number}, request {seen}: {text}"));
    }

    pub(crate) async fn await_head(&mut self) -> Result<(), End> {
        self.await_body().await?;
        let mut looked = 0_usize;
        let head = loop {
            // The mark may lie across two reads.
            let from = looked.saturating_sub(3);
            if let Some(at) = self.input[from..].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break from + at + 4;
            }
            looked = self.input.len();
            self.fill_or_end().await?;
        };
        let raw = Bytes::copy_from_slice(&self.input[..head]);
        self.input.advance(head);
        let mut request = Request { raw, head, size: head as u64, whole: false };
        let framing = request.framing();
        request.whole = framing == Ok(Framing::Done);
        self.seen += 1;
        self.note_request(&request, true);
        self.request = Some(request);
        self.framing = framing.map_err(|text| self.nonsense(&text))?;
        Ok(())
    }

    pub(crate) async fn await_body(&mut self) -> Result<(), End> {
        if !self.body_is_due() {
            return Ok(());
        }
        let Some(mut request) = self.request.take() else { return Ok(()) };
        let mut kept = BytesMut::from(&request.raw[..]);
        let over = self.read_body(&mut request, &mut kept).await;
        // A body that breaks off is written down as far as it came.
        request.raw = kept.freeze();
        request.whole = over.is_ok();
        self.note_request(&request, false);
        self.request = Some(request);
        over
    }

    async fn read_body(&mut self, request: &mut Request, kept: &mut BytesMut) -> Result<(), End> {
        loop {
            while let Some(piece) = self.framing.take(&self.input).map_err(|text| self.nonsense(&text))? {
                let room = (request.head + self.kept_body).saturating_sub(kept.len());
                kept.extend_from_slice(&self.input[..piece.used.min(room)]);
                request.size += piece.used as u64;
                self.input.advance(piece.used);
            }
            if !self.body_is_due() {
                return Ok(());
            }
            self.fill_or_end().await?;
        }
    }

    pub(crate) async fn await_bytes(&mut self, count: usize) -> Result<(), End> {
        while self.input.len() < count {
            self.fill_or_end().await?;
        }
        self.note_waiting();
        Ok(())
    }

    pub(crate) async fn await_eof(&mut self) -> Result<(), End> {
        while self.fill().await? {
            self.input.truncate(KEPT_WAITING);
            self.note_waiting();
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, piece: &Bytes) -> Result<(), End> {
        if self.wrote {
            turn().await;
        }
        self.wrote = true;
        let sent = async {
            self.peer.write_all(piece).await?;
            self.peer.flush().await
        };
        sent.await.map_err(|error| End::of(&error))?;
        self.server().update_conn(self.record.number, |conn| conn.sent += piece.len() as u64);
        Ok(())
    }

    pub(crate) async fn half_close(&mut self) -> Result<(), End> {
        self.peer.shutdown().await.map_err(|error| End::of(&error))
    }

    /// Closes or resets it, as `end` says, and then counts it as over.
    pub(crate) async fn finish(mut self, end: End) {
        self.note_waiting();
        match end {
            End::Reset => self.peer.reset(),
            End::Closed => {
                // A peer that is already gone is no news.
                let _gone = self.peer.shutdown().await;
                drop(self.peer);
            }
            End::PeerClosed | End::PeerReset | End::Stopped | End::Failed(_) => drop(self.peer),
        }
        self.record.end = end;
        drop(self.record);
    }

    async fn fill_or_end(&mut self) -> Result<(), End> {
        if self.fill().await? { Ok(()) } else { Err(End::PeerClosed) }
    }

    /// Reads once; `false` at the end.
    async fn fill(&mut self) -> Result<bool, End> {
        self.wrote = false;
        self.input.reserve(READ);
        let read = self.peer.read_buf(&mut self.input).await.map_err(|error| End::of(&error))?;
        self.server().update_conn(self.record.number, |conn| conn.received += read as u64);
        Ok(read > 0)
    }

    fn nonsense(&self, text: &str) -> End {
        self.fail(text);
        End::Closed
    }

    fn note_request(&self, request: &Request, fresh: bool) {
        let keep = self.seen <= self.server().kept_requests();
        self.server().update(|stats| {
            let conn = &mut stats.conns[self.record.number - 1];
            if fresh {
                stats.requests += 1;
                conn.seen += 1;
            } else if keep {
                conn.requests.pop();
            }
            if keep {
                conn.requests.push(request.clone());
            }
        });
    }

    fn note_waiting(&self) {
        let waiting = Bytes::copy_from_slice(&self.input[..self.input.len().min(KEPT_WAITING)]);
        self.server().update_conn(self.record.number, |conn| conn.waiting = waiting);
    }
}

/// Gives the executor a turn.
pub(crate) async fn turn() {
    let mut given = false;
    poll_fn(|cx| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
