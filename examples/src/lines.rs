//! Readers of lines, one of which loses bytes when its future is dropped.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use httptrace::select;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

/// What hands out one line after the other.
pub trait ReadLine {
    /// The next line, without its newline; `None` at the end.
    ///
    /// # Errors
    ///
    /// The stream's.
    ///
    /// # Cancel safety
    ///
    /// The reader says it.
    fn next_line(&mut self) -> impl Future<Output = io::Result<Option<String>>>;
}

/// Keeps the line that it reads in the future that reads it.
pub struct Forgetful<S> {
    stream: S,
}

/// Keeps the line that it reads in itself.
pub struct Careful<S> {
    stream: S,
    line: Vec<u8>,
}

/// Expects a byte with the length of the text before the text, and no newline. Keeps both in the future.
pub struct Prefixed<S> {
    stream: S,
}

impl<S> Forgetful<S> {
    /// A reader of `stream`'s lines.
    pub fn new(stream: S) -> Self {
        Forgetful { stream }
    }
}

impl<S> Careful<S> {
    /// A reader of `stream`'s lines.
    pub fn new(stream: S) -> Self {
        Careful { stream, line: Vec::new() }
    }
}

impl<S> Prefixed<S> {
    /// A reader of `stream`'s texts.
    pub fn new(stream: S) -> Self {
        Prefixed { stream }
    }
}

impl<S: AsyncRead + Unpin> ReadLine for Forgetful<S> {
    /// # Cancel safety
    ///
    /// Not cancel-safe: what was read of a line is dropped with the future.
    // ANCHOR: forgetful
    async fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while self.stream.read(&mut byte).await? == 1 {
            match byte {
                [b'\n'] => return Ok(Some(text(line))),
                [byte] => line.push(byte),
            }
        }
        Ok(None)
    }
    // ANCHOR_END: forgetful
}

impl<S: AsyncRead + Unpin> ReadLine for Careful<S> {
    /// # Cancel safety
    ///
    /// Cancel-safe: what was read of a line stays in the reader.
    // ANCHOR: careful
    async fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut byte = [0];
        while self.stream.read(&mut byte).await? == 1 {
            match byte {
                [b'\n'] => return Ok(Some(text(std::mem::take(&mut self.line)))),
                [byte] => self.line.push(byte),
            }
        }
        Ok(None)
    }
    // ANCHOR_END: careful
}

impl<S: AsyncRead + Unpin> ReadLine for Prefixed<S> {
    /// # Cancel safety
    ///
    /// Not cancel-safe: a length and what was read of its text are dropped with the future, and the next call takes a
    /// byte of the text for a length.
    // ANCHOR: prefixed
    async fn next_line(&mut self) -> io::Result<Option<String>> {
        let length = self.stream.read_u8().await?;
        let mut line = vec![0; length.into()];
        self.stream.read_exact(&mut line).await?;
        Ok(Some(text(line)))
    }
    // ANCHOR_END: prefixed
}

fn text(line: Vec<u8>) -> String {
    String::from_utf8_lossy(&line).into_owned()
}

/// What a caller comes upon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen<'a> {
    /// A line has come out.
    Line(&'a str),
    /// The clock has ticked.
    Tick,
}

/// Reads all lines, and minds a clock meanwhile. `seen` is told what happens; the lines are also left in `lines`.
///
/// # Errors
///
/// The reader's.
pub async fn beside_ticks(
    reader: &mut impl ReadLine,
    ticks: &mut UnboundedReceiver<()>,
    lines: &mut Vec<String>,
    seen: impl Fn(Seen<'_>),
) -> io::Result<()> {
    // ANCHOR: beside_ticks
    loop {
        // - next_line: the server. Whether it is cancel-safe is for the reader to say.
        // - recv: the clock. Cancel-safe: a tick stays in the channel.
        select! {
            line = reader.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                seen(Seen::Line(&line));
                lines.push(line);
            }
            Some(()) = ticks.recv() => seen(Seen::Tick),
        }
    }
    // ANCHOR_END: beside_ticks
}

/// The same, but a tick does not end the future that reads: it is made once for each line.
///
/// # Errors
///
/// The reader's.
pub async fn made_once(
    reader: &mut impl ReadLine,
    ticks: &mut UnboundedReceiver<()>,
    lines: &mut Vec<String>,
    seen: impl Fn(Seen<'_>),
) -> io::Result<()> {
    // ANCHOR: made_once
    loop {
        let mut next = pin!(reader.next_line());
        let line = loop {
            // - next: the server. The future is lent, so a tick does not drop it.
            // - recv: the clock. Cancel-safe: a tick stays in the channel.
            select! {
                line = &mut next => break line?,
                Some(()) = ticks.recv() => seen(Seen::Tick),
            }
        };
        // ANCHOR_END: made_once
        let Some(line) = line else { return Ok(()) };
        seen(Seen::Line(&line));
        lines.push(line);
    }
}

/// The same without a race: one future reads, one minds the clock, and both are polled until both are over.
///
/// # Errors
///
/// The reader's.
pub async fn side_by_side(
    reader: &mut impl ReadLine,
    ticks: &mut UnboundedReceiver<()>,
    lines: &mut Vec<String>,
    seen: impl Fn(Seen<'_>),
) -> io::Result<()> {
    // ANCHOR: side_by_side
    let read = async {
        while let Some(line) = reader.next_line().await? {
            seen(Seen::Line(&line));
            lines.push(line);
        }
        Ok(())
    };
    let mind = async {
        while let Some(()) = ticks.recv().await {
            seen(Seen::Tick);
        }
    };
    let (read, ()) = tokio::join!(read, mind);
    // ANCHOR_END: side_by_side
    read
}

/// A stream that tells which bytes were taken out of it.
pub struct Tap<S> {
    stream: S,
    taken: watch::Sender<Vec<u8>>,
}

impl<S> Tap<S> {
    /// A tap on `stream`.
    pub fn on(stream: S) -> Self {
        Tap { stream, taken: watch::Sender::default() }
    }

    /// All bytes that were taken so far, and word of more.
    pub fn taken(&self) -> watch::Receiver<Vec<u8>> {
        self.taken.subscribe()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            self.taken.send_modify(|taken| taken.extend_from_slice(bytes));
        }
        Poll::Ready(Ok(()))
    }
}

/// What of the lines `sent` is not in those that came out: of each the beginning, since that is what a dropped future held.
pub fn missing(sent: &[&str], came_out: &[String]) -> Vec<String> {
    let pairs = sent.iter().zip(came_out);
    pairs
        .map(|(sent, line)| sent.strip_suffix(line.as_str()).unwrap_or("?").to_owned())
        .filter(|lost| !lost.is_empty())
        .collect()
}
