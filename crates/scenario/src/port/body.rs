//! Bodies of requests, and the gates that they stand at.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use client::{GetBody, Request, RequestBody};
use httptrace::{BoxFuture, Runtime};
use origin::pattern;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::Notify;

use crate::caller::{Body, Piece};

/// The gates of the caller's side. A gate that was opened stays open.
#[derive(Default)]
pub(super) struct Gates {
    open: Mutex<BTreeSet<String>>,
    changed: Notify,
}

impl Gates {
    pub(super) fn open(&self, gate: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(gate.to_owned());
        self.changed.notify_waiters();
    }

    async fn pass(&self, gate: &str) {
        loop {
            let changed = self.changed.notified();
            if self.open.lock().unwrap_or_else(PoisonError::into_inner).contains(gate) {
                return;
            }
            changed.await;
        }
    }
}

/// What bodies need besides their pieces.
#[derive(Clone)]
pub(super) struct World {
    pub(super) rt: Arc<dyn Runtime>,
    pub(super) gates: Arc<Gates>,
    /// How many bodies are in a pause: they go on by themselves, so things have not settled.
    pub(super) pausing: Arc<AtomicUsize>,
}

/// Counts a body while it is in a pause.
struct Pausing(Arc<AtomicUsize>);

impl Pausing {
    fn new(pausing: &Arc<AtomicUsize>) -> Self {
        pausing.fetch_add(1, Ordering::Relaxed);
        Pausing(Arc::clone(pausing))
    }
}

impl Drop for Pausing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Gives a request its body.
pub(super) fn set(request: &mut Request, body: &Body, world: &World) {
    if body.in_memory {
        request.body = RequestBody::from(body.pieces.iter().flat_map(bytes_of).collect::<Vec<u8>>());
        return;
    }
    let (length, pieces, world) = (u64::try_from(body.length).ok(), body.pieces.clone(), world.clone());
    let make = move || RequestBody::reader(Pieces::new(&pieces, &world), length);
    request.body = make();
    if body.again {
        request.get_body = Some(GetBody::new(move || Ok(make())));
    }
}

fn bytes_of(piece: &Piece) -> Bytes {
    match piece {
        Piece::Text { text } => Bytes::from(text.clone()),
        Piece::Bytes { bytes } => pattern(*bytes as usize),
        Piece::Pause { .. } | Piece::Gate { .. } | Piece::Fail { .. } => Bytes::new(),
    }
}

/// A body that is read piece by piece.
struct Pieces {
    rest: Vec<Piece>,
    bytes: Bytes,
    waits: Option<BoxFuture<'static, ()>>,
    world: World,
}

impl Pieces {
    fn new(pieces: &[Piece], world: &World) -> Self {
        let rest = pieces.iter().rev().cloned().collect();
        Pieces { rest, bytes: Bytes::new(), waits: None, world: world.clone() }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(waits) = &mut self.waits {
                ready!(waits.as_mut().poll(cx));
                self.waits = None;
            }
            if !self.bytes.is_empty() {
                let n = self.bytes.len().min(buf.remaining());
                buf.put_slice(&self.bytes[..n]);
                self.bytes.advance(n);
                return Poll::Ready(Ok(()));
            }
            let Some(piece) = self.rest.pop() else { return Poll::Ready(Ok(())) };
            match &piece {
                Piece::Text { .. } | Piece::Bytes { .. } => self.bytes = bytes_of(&piece),
                Piece::Pause { us } => {
                    let rt = &self.world.rt;
                    let timer = rt.timer(rt.now() + Duration::from_micros(*us));
                    let pausing = Pausing::new(&self.world.pausing);
                    self.waits = Some(Box::pin(async move {
                        timer.await;
                        drop(pausing);
                    }));
                }
                Piece::Gate { gate } => {
                    let (gates, gate) = (Arc::clone(&self.world.gates), gate.clone());
                    self.waits = Some(Box::pin(async move { gates.pass(&gate).await }));
                }
                Piece::Fail { error } => return Poll::Ready(Err(io::Error::other(error.clone()))),
            }
        }
    }
}
