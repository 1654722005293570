//! A request's body that comes in pieces.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use httptrace::{Runtime, Timer};
use tokio::io::{AsyncRead, ReadBuf};

/// Gives way before each piece, and pauses once: before the last one, or before the end. The end may be an error.
pub(crate) struct Source {
    rest: Bytes,
    rt: Arc<dyn Runtime>,
    pause: Option<Duration>,
    at_end: bool,
    breaks: bool,
    timer: Option<Pin<Box<dyn Timer>>>,
    gave_way: bool,
}

impl Source {
    const PIECE: usize = 1000;

    pub(crate) fn new(rest: Bytes, rt: Arc<dyn Runtime>, pause: Option<Duration>, at_end: bool, breaks: bool) -> Self {
        Source { rest, rt, pause, at_end, breaks, timer: None, gave_way: false }
    }
}

impl AsyncRead for Source {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if !std::mem::replace(&mut this.gave_way, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let n = this.rest.len().min(buf.remaining()).min(Source::PIECE);
        if n == this.rest.len()
            && (n == 0 || !this.at_end)
            && let Some(pause) = this.pause
        {
            let rt = &this.rt;
            ready!(this.timer.get_or_insert_with(|| rt.timer(rt.now() + pause)).as_mut().poll(cx));
            this.pause = None;
        }
        this.gave_way = false;
        if n == 0 && this.breaks {
            return Poll::Ready(Err(std::io::Error::other("the source is broken")));
        }
        buf.put_slice(&this.rest.split_to(n));
        Poll::Ready(Ok(()))
    }
}
