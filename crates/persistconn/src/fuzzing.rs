//! The wire format under bytes that nobody vouches for: what the fuzz targets and the corpus test run.
//!
//! Each function takes what a server might send and reads it several times, with the code that reads from a socket, each
//! time in other pieces. It panics when
//!
//! - what is read depends on the cuts, or on how much the reader asks for at once
//! - a reader goes on asking after the end of the stream, or asks more often than there is anything to get
//! - more comes out than went in, or more memory is held than the input and one read need
//!
//! Before each piece the socket is not ready once, and whoever waits for it is dropped and begins again: so this is
//! also a test that waiting for a head can be given up at any byte.
//!
//! [`once`] reads in one way only, for the benches.

pub mod once;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use body_signal::BodyRead;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, Method};
use httptrace::{ConnId, Io, Trace};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::error::Error;
use crate::response::Response;
use crate::shared::ConnShared;
use crate::wire::framing::{Framing, read_transfer};
use crate::wire::head;
use crate::wire::reader::{BodyReader, ConnReader};

/// The limit of a head in these runs, in bytes: small, so that inputs of a few thousand bytes come to it.
const HEAD_LIMIT: u64 = 6000;

/// How much memory a reader may hold beyond twice its input: what it asks of the socket at once, and that rounded up.
const ONE_READ: usize = 2 * (32 << 10);

/// Reads `wire` as the heads of one response, interim ones first.
///
/// Returns what was read, or the text of the error, for a test that wants to know where an input comes to.
///
/// # Panics
///
/// See the module.
pub fn response_head(wire: &[u8]) -> Result<String, String> {
    let read = same_in_all_ways(wire, |conn, far, _| Heads::read(*conn, far, wire.len()));
    read.map(|heads| format!("{heads:?}")).map_err(|error| error.to_string())
}

/// Reads `wire` as a chunked body with its trailers.
///
/// Returns the data, or the text of the error.
///
/// # Panics
///
/// See the module.
pub fn chunked_body(wire: &[u8]) -> Result<Vec<u8>, String> {
    let body = chunked(wire);
    assert!(body.data.len() <= wire.len(), "more data than bytes");
    body.end.map(|_| body.data).map_err(|error| error.to_string())
}

/// Reads `wire` as what follows the last chunk of a body. Good trailers must be good fields of a head too, and the same.
///
/// Returns how many there are, or the text of the error.
///
/// # Panics
///
/// See the module.
pub fn trailers(wire: &[u8]) -> Result<usize, String> {
    let last_chunk = b"0\r\n";
    let body = chunked(&[last_chunk, wire].concat());
    assert!(body.data.is_empty(), "trailers are not data");
    let (trailers, used) = body.end.map_err(|error| error.to_string())?;
    let block = &wire[..used - last_chunk.len()];
    let mut head = head::parse(&[b"HTTP/1.1 200 OK\r\n", block].concat().into()).expect("what is good in a trailer");
    if !trailers.contains_key(CACHE_CONTROL) {
        // A head has one for `Pragma: no-cache`.
        head.header.remove(CACHE_CONTROL);
    }
    assert_eq!(trailers, head.header, "trailers are read like fields");
    Ok(trailers.len())
}

/// The heads of one response: as in read_loop's `read_response`.
#[derive(PartialEq, Debug)]
struct Heads {
    interim: Vec<u16>,
    proto: (u8, u8),
    status: u16,
    reason: Bytes,
    header: HeaderMap,
    framing: Framing,
    close: bool,
    announced_trailers: Vec<HeaderName>,
    /// Bytes of the input that belong to them.
    used: usize,
}

impl Heads {
    fn read(mut conn: ConnReader, far: &FarEnd, input: usize) -> Result<Heads, Error> {
        let (mut allowance, mut interim, mut turns) = (HEAD_LIMIT, Vec::new(), Turns::new(input));
        loop {
            let block = loop {
                turns.next();
                let read = poll_once(conn.head(&mut allowance, HEAD_LIMIT));
                within(conn.held(), input);
                if let Poll::Ready(block) = read {
                    break block?;
                }
            };
            let mut head = head::parse(&block)?;
            let framing = read_transfer(&Method::GET, &mut head)?;
            let size: usize = head.header.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
            // An old `Pragma: no-cache` gets `Cache-Control: no-cache` beside it.
            assert!(size <= block.len() + "cache-control: no-cache".len(), "more fields than bytes");
            let mut head_only = head::parse(&block)?;
            assert_eq!(read_transfer(&Method::HEAD, &mut head_only)?, Framing::None, "HEAD has no body");
            // A body that ends with the connection closes it by itself.
            let by_itself = framing == Framing::UntilClose;
            assert!(by_itself || head_only.close == head.close, "the method does not decide who closes");
            if framing == Framing::Chunked {
                assert!(!head.header.contains_key(CONTENT_LENGTH), "two framings at once");
            }
            if matches!(head.status, 100 | 102..=199) {
                interim.push(head.status);
                continue;
            }
            let used = input - far.unread() - conn.buffered().len();
            let Response { proto, status, reason, header, close, announced_trailers, .. } = *head;
            return Ok(Heads { interim, proto, status, reason, header, framing, close, announced_trailers, used });
        }
    }
}

/// A body as it was read, and its trailers with the bytes used, or why it breaks off.
#[derive(PartialEq, Debug)]
struct ReadBody {
    data: Vec<u8>,
    end: Result<(HeaderMap, usize), Error>,
}

fn chunked(wire: &[u8]) -> ReadBody {
    same_in_all_ways(wire, |conn, far, by| {
        let mut body = BodyReader::new(conn, Framing::Chunked);
        let mut data = Vec::new();
        let ended = read_to_end(&mut body, by, &mut data, wire.len());
        let end = ended.map(|()| {
            let trailers = body.take_trailers().map_or_else(HeaderMap::new, |trailers| *trailers);
            (trailers, wire.len() - far.unread() - body.into_conn().buffered().len())
        });
        ReadBody { data, end }
    })
}

fn read_to_end(body: &mut BodyReader, by: By, data: &mut Vec<u8>, input: usize) -> Result<(), Error> {
    let (mut turns, cx) = (Turns::new(input), &mut Context::from_waker(Waker::noop()));
    let mut callers = vec![0; if let By::Buffer(size) = by { size } else { 0 }];
    while !body.at_eof() {
        turns.next();
        let before = data.len();
        let read = match by {
            By::Pieces => body.poll_piece(cx).map_ok(|piece| data.extend_from_slice(&piece)),
            By::Buffer(_) => {
                let mut buf = ReadBuf::new(&mut callers);
                let read = body.poll_read(cx, &mut buf);
                data.extend_from_slice(buf.filled());
                read
            }
        };
        within(body.held(), input);
        match read {
            Poll::Ready(Ok(())) if data.len() == before => break,
            Poll::Ready(Ok(())) | Poll::Pending => {}
            Poll::Ready(Err(error)) => return Err(error),
        }
    }
    assert!(body.at_eof(), "an empty read is the end");
    Ok(())
}

/// Reads the same bytes in several ways, and all of them must give the same.
fn same_in_all_ways<T: PartialEq + fmt::Debug>(wire: &[u8], read: impl Fn(Box<ConnReader>, &FarEnd, By) -> T) -> T {
    // The cuts are drawn from the bytes themselves: an input is what would be on the wire and nothing else.
    let seed = wire
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let read = |cuts, by| {
        let far = FarEnd::sending(wire, cuts);
        let shared = ConnShared::new(ConnId(1), "|http|fuzzing:80".into(), Box::new(far.clone()), Trace::none());
        read(ConnReader::new(shared), &far, by)
    };
    // Single bytes, but for long inputs: who begins again at each piece looks at all before it again.
    let small = 1 + wire.len() / 200;
    let whole = read(Cuts::None, By::Pieces);
    let others = [
        (Cuts::Seeded(seed, small), By::Pieces),
        (Cuts::Seeded(seed, 500), By::Pieces),
        (Cuts::None, By::Buffer(7)),
        (Cuts::Seeded(seed, 2 * small), By::Buffer(1)),
        (Cuts::Seeded(seed, 50), By::Buffer(10_000)),
    ];
    for (cuts, by) in others {
        assert_eq!(read(cuts, by), whole, "cut {cuts:?} and read by {by:?} it is something else than in one piece");
    }
    whole
}

/// How much the reader of a body asks for at once.
#[derive(Clone, Copy, Debug)]
enum By {
    /// What lies in the connection's buffer.
    Pieces,
    /// What goes into a buffer of its own of so many bytes.
    Buffer(usize),
}

#[derive(Clone, Copy, Debug)]
enum Cuts {
    None,
    /// Pieces of up to so many bytes, drawn from a seed.
    Seeded(u64, usize),
}

/// The other end of the connection, as a socket.
#[derive(Clone)]
struct FarEnd(Arc<Mutex<Sending>>);

struct Sending {
    pieces: VecDeque<Bytes>,
    /// The next read says that nothing is there yet.
    not_ready: bool,
    ends: u32,
}

impl FarEnd {
    fn sending(wire: &[u8], cuts: Cuts) -> Self {
        let mut rest = Bytes::copy_from_slice(wire);
        let mut pieces = VecDeque::new();
        let mut state = if let Cuts::Seeded(seed, _) = cuts { seed } else { 0 };
        while !rest.is_empty() {
            let size = match cuts {
                Cuts::None => rest.len(),
                Cuts::Seeded(_, most) => {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    1 + (state >> 33) as usize % most
                }
            };
            pieces.push_back(rest.split_to(size.min(rest.len())));
        }
        FarEnd(Arc::new(Mutex::new(Sending { pieces, not_ready: true, ends: 0 })))
    }

    /// What nobody has read.
    fn unread(&self) -> usize {
        self.0.lock().expect("a panic ends the run").pieces.iter().map(Bytes::len).sum()
    }
}

impl AsyncRead for FarEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut sending = self.0.lock().expect("a panic ends the run");
        if std::mem::replace(&mut sending.not_ready, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(piece) = sending.pieces.front_mut() else {
            sending.ends += 1;
            assert!(sending.ends <= 2, "it goes on reading after the end");
            return Poll::Ready(Ok(()));
        };
        buf.put_slice(&piece.split_to(piece.len().min(buf.remaining())));
        if piece.is_empty() {
            sending.pieces.pop_front();
            sending.not_ready = true;
        }
        Poll::Ready(Ok(()))
    }
}

/// Takes what is written and forgets it.
impl AsyncWrite for FarEnd {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Io for FarEnd {}

/// Polls once and drops.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn within(held: usize, input: usize) {
    assert!(held <= 2 * input + ONE_READ, "{held} bytes are held for an input of {input}");
}

/// How often a reader may be asked: each byte can be a piece, and each piece comes after a poll that finds nothing.
struct Turns(usize);

impl Turns {
    fn new(input: usize) -> Self {
        Turns(3 * input + 10)
    }

    fn next(&mut self) {
        self.0 = self.0.checked_sub(1).expect("it goes round in circles");
    }
}
