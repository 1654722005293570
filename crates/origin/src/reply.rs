//! Canned replies. The bytes are made once, when the reply is built into a script or a router.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::script::Step;

/// `n` bytes of the letters a to z over and over, so that a lost or doubled byte shows.
pub fn pattern(n: usize) -> Bytes {
    (b'a'..=b'z').cycle().take(n).collect()
}

/// Where the mark that ends a chunked body (`0`, trailers, empty line) goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EndMark {
    /// In the same piece as the last chunk.
    #[default]
    WithData,
    /// In a piece of its own, after the last chunk.
    Later,
}

/// How the end of the body is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    /// By the status or the method: there is no body and no length.
    Bodyless,
    /// By Content-Length.
    Sized,
    /// By chunks of this many bytes.
    Chunked(usize),
    /// By the end of the connection.
    Close,
}

/// How the bytes are cut into pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    /// One piece, but for interim responses and a late end mark.
    Whole,
    /// The head, then the body as it is on the wire, this many bytes at a time.
    Body(usize),
    /// The head, then one chunk at a time.
    Chunks,
    /// Head and body alike, this many bytes at a time.
    Wire(usize),
}

/// A response in the making.
///
/// Without further words it is `HTTP/1.1 200 OK`, sent in one piece.
#[derive(Clone, Debug)]
pub struct Reply {
    interim: Vec<Bytes>,
    version: &'static str,
    status: u16,
    headers: Vec<(String, String)>,
    framing: Framing,
    body: Bytes,
    trailers: Vec<(String, String)>,
    end_mark: EndMark,
    cut: Cut,
    pause: Option<Duration>,
    gate: Option<Arc<str>>,
}

impl Reply {
    fn new(framing: Framing, body: Bytes) -> Self {
        Reply {
            interim: Vec::new(),
            version: "HTTP/1.1",
            status: 200,
            headers: Vec::new(),
            framing,
            body,
            trailers: Vec::new(),
            end_mark: EndMark::default(),
            cut: Cut::Whole,
            pause: None,
            gate: None,
        }
    }

    /// A Content-Length body of `n` bytes of the [`pattern`].
    pub fn bytes(n: usize) -> Self {
        Reply::body(pattern(n))
    }

    /// A Content-Length body.
    pub fn body(body: impl Into<Bytes>) -> Self {
        Reply::new(Framing::Sized, body.into())
    }

    /// A chunked body of `n` bytes of the [`pattern`], `chunk` bytes per chunk.
    ///
    /// # Panics
    ///
    /// When `chunk` is 0.
    pub fn chunked(n: usize, chunk: usize) -> Self {
        Reply::chunked_body(pattern(n), chunk)
    }

    /// A chunked body, `chunk` bytes per chunk.
    ///
    /// # Panics
    ///
    /// When `chunk` is 0.
    pub fn chunked_body(body: impl Into<Bytes>, chunk: usize) -> Self {
        assert!(chunk > 0, "a chunk of no bytes would end the body");
        Reply::new(Framing::Chunked(chunk), body.into())
    }

    /// A body of `n` bytes of the [`pattern`] that ends with the connection.
    pub fn close_delimited(n: usize) -> Self {
        Reply::new(Framing::Close, pattern(n))
    }

    /// `Content-Length: 0`.
    pub fn empty() -> Self {
        Reply::body(Bytes::new())
    }

    /// A status that never has a body, such as 204 or 304, and so no Content-Length.
    pub fn bodyless(status: u16) -> Self {
        Reply::new(Framing::Bodyless, Bytes::new()).status(status)
    }

    /// A redirect without a body.
    pub fn redirect(status: u16, location: impl Into<String>) -> Self {
        Reply::empty().status(status).header("Location", location)
    }

    /// Sets the status; its reason phrase is the usual one.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a header. The one that frames the body is there already.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `Connection: close`, and closes after the reply.
    pub fn connection_close(self) -> Self {
        self.header("Connection", "close")
    }

    /// Speaks HTTP/1.0: the connection closes after the reply unless it has `Connection: keep-alive`.
    pub fn http10(mut self) -> Self {
        self.version = "HTTP/1.0";
        self
    }

    /// Sends an interim (1xx) response before it, as a piece of its own.
    pub fn interim(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        headers.iter().for_each(|(name, value)| push_line(&mut head, name, value));
        self.interim.push((head + "\r\n").into());
        self
    }

    /// Adds a trailer to a chunked body, and its name to the `Trailer` header.
    pub fn trailer(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.trailers.push((name.into(), value.into()));
        self
    }

    /// Says where the end mark of a chunked body goes.
    pub fn end_mark(mut self, end_mark: EndMark) -> Self {
        self.end_mark = end_mark;
        self
    }

    /// Sends the head alone and then the body, as it is on the wire, `size` bytes at a time.
    ///
    /// # Panics
    ///
    /// When `size` is 0.
    pub fn in_pieces(mut self, size: usize) -> Self {
        assert!(size > 0, "a piece has at least one byte");
        self.cut = Cut::Body(size);
        self
    }

    /// Sends the head alone and then one chunk at a time.
    pub fn chunk_by_chunk(mut self) -> Self {
        self.cut = Cut::Chunks;
        self
    }

    /// Sends head and body alike `size` bytes at a time; the cuts fall where they fall.
    ///
    /// # Panics
    ///
    /// When `size` is 0.
    pub fn cut_every(mut self, size: usize) -> Self {
        assert!(size > 0, "a piece has at least one byte");
        self.cut = Cut::Wire(size);
        self
    }

    /// Pauses between each two pieces.
    pub fn pausing(mut self, time: Duration) -> Self {
        self.pause = Some(time);
        self
    }

    /// Holds the last piece back until the gate of this name is open.
    pub fn gate_before_last(mut self, name: impl Into<Arc<str>>) -> Self {
        self.gate = Some(name.into());
        self
    }

    /// All of it as it is on the wire.
    pub fn to_bytes(&self) -> Bytes {
        self.pieces().concat().into()
    }

    /// Whether the connection ends with it.
    pub fn closes(&self) -> bool {
        let said = |token: &str| {
            self.headers
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case(token))
        };
        self.framing == Framing::Close || said("close") || (self.version == "HTTP/1.0" && !said("keep-alive"))
    }

    /// Makes the steps, once.
    pub fn build(self) -> Answer {
        let head = self.interim.iter().cloned().chain([self.head()]).map(Step::Send).collect();
        let pieces = self.pieces();
        let last = pieces.len() - 1;
        let mut steps = Vec::new();
        for (index, piece) in pieces.into_iter().enumerate() {
            if index > 0 {
                steps.extend(self.pause.map(Step::Pause));
            }
            if index == last {
                steps.extend(self.gate.clone().map(Step::AwaitGate));
            }
            steps.push(Step::Send(piece));
        }
        Answer { full: steps.into(), head, closes: self.closes() }
    }

    fn head(&self) -> Bytes {
        let mut head = format!("{} {} {}\r\n", self.version, self.status, reason(self.status));
        match self.framing {
            Framing::Bodyless | Framing::Close => {}
            Framing::Sized => push_line(&mut head, "Content-Length", &self.body.len().to_string()),
            Framing::Chunked(_) => push_line(&mut head, "Transfer-Encoding", "chunked"),
        }
        self.headers.iter().for_each(|(name, value)| push_line(&mut head, name, value));
        self.trailers.iter().for_each(|(name, _)| push_line(&mut head, "Trailer", name));
        (head + "\r\n").into()
    }

    /// The body as it is on the wire, a chunk per element, without the end mark.
    fn chunks(&self) -> Vec<Bytes> {
        let Framing::Chunked(size) = self.framing else { return vec![self.body.clone()] };
        let on_wire = |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat().into();
        self.body.chunks(size).map(on_wire).collect()
    }

    /// What ends a chunked body.
    fn mark(&self) -> Option<Bytes> {
        let Framing::Chunked(_) = self.framing else { return None };
        let mut mark = "0\r\n".to_owned();
        self.trailers.iter().for_each(|(name, value)| push_line(&mut mark, name, value));
        Some((mark + "\r\n").into())
    }

    fn pieces(&self) -> Vec<Bytes> {
        let mut chunks = self.chunks();
        let mut late = None;
        if let Some(mark) = self.mark() {
            match (self.end_mark, chunks.last_mut()) {
                (EndMark::WithData, Some(last)) => *last = [&last[..], &mark].concat().into(),
                (EndMark::WithData, None) => chunks.push(mark),
                (EndMark::Later, _) => late = Some(mark),
            }
        }
        let mut pieces = self.interim.clone();
        match self.cut {
            Cut::Whole => pieces.push(joined(self.head(), &chunks)),
            Cut::Chunks => {
                pieces.push(self.head());
                pieces.extend(chunks);
            }
            Cut::Body(size) => {
                pieces.push(self.head());
                pieces.extend(cut(joined(Bytes::new(), &chunks), size));
            }
            Cut::Wire(size) => pieces.extend(cut(joined(self.head(), &chunks), size)),
        }
        pieces.extend(late);
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}

/// A reply whose bytes are made: what a script and a router keep.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) full: Arc<[Step]>,
    pub(crate) head: Arc<[Step]>,
    pub(crate) closes: bool,
}

fn joined(head: Bytes, chunks: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::from(head);
    chunks.iter().for_each(|chunk| bytes.extend_from_slice(chunk));
    bytes.freeze()
}

fn cut(mut bytes: Bytes, size: usize) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        pieces.push(bytes.split_to(size.min(bytes.len())));
    }
    pieces
}

fn push_line(head: &mut String, name: &str, value: &str) {
    head.extend([name, ": ", value, "\r\n"]);
}

/// The reason phrase of RFC 9110, for the statuses that tests use.
fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(reply: Reply) -> Vec<String> {
        reply.pieces().iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
    }

    #[test]
    fn a_sized_reply_is_one_piece() {
        assert_eq!(wire(Reply::bytes(3)), ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"]);
        assert_eq!(wire(Reply::empty()), ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
        assert_eq!(wire(Reply::bodyless(204)), ["HTTP/1.1 204 No Content\r\n\r\n"]);
    }

    #[test]
    fn in_pieces_sends_the_head_alone() {
        let pieces = wire(Reply::bytes(5).in_pieces(2));
        assert_eq!(pieces, ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "ab", "cd", "e"]);
    }

    #[test]
    fn cut_every_cuts_head_and_body_alike() {
        let pieces = wire(Reply::bytes(5).cut_every(7));
        assert_eq!(pieces.concat(), wire(Reply::bytes(5)).concat());
        assert!(pieces.iter().rev().skip(1).all(|piece| piece.len() == 7));
    }

    #[test]
    fn a_chunked_reply_ends_with_its_mark_in_the_same_piece_or_later() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(wire(Reply::chunked(3, 2)), [format!("{head}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")]);
        let late = Reply::chunked(3, 2).end_mark(EndMark::Later);
        assert_eq!(wire(late.clone()), [&format!("{head}2\r\nab\r\n1\r\nc\r\n"), "0\r\n\r\n"]);
        assert_eq!(wire(late.chunk_by_chunk()), [head, "2\r\nab\r\n", "1\r\nc\r\n", "0\r\n\r\n"]);
        assert_eq!(wire(Reply::chunked(3, 2).chunk_by_chunk()), [head, "2\r\nab\r\n", "1\r\nc\r\n0\r\n\r\n"]);
        assert_eq!(wire(Reply::chunked(0, 2)), [format!("{head}0\r\n\r\n")]);
    }

    #[test]
    fn trailers_are_announced_and_sent_in_the_end_mark() {
        let pieces = wire(Reply::chunked(1, 1).trailer("Sum", "9").end_mark(EndMark::Later));
        assert!(pieces[0].contains("Trailer: Sum\r\n"));
        assert_eq!(pieces[1], "0\r\nSum: 9\r\n\r\n");
    }

    #[test]
    fn an_interim_response_is_a_piece_of_its_own() {
        let pieces = wire(Reply::empty().interim(103, &[("Link", "</a>")]));
        assert_eq!(pieces[0], "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        assert_eq!(pieces.len(), 2);
    }

    #[test]
    fn says_whether_the_connection_ends_with_it() {
        assert!(!Reply::bytes(1).closes());
        assert!(Reply::bytes(1).connection_close().closes());
        assert!(Reply::close_delimited(1).closes());
        assert!(Reply::bytes(1).http10().closes());
        assert!(!Reply::bytes(1).http10().header("Connection", "keep-alive").closes());
    }

    #[test]
    fn pauses_stand_between_pieces_and_the_gate_before_the_last() {
        let answer = Reply::bytes(3).in_pieces(2).pausing(Duration::from_millis(1)).gate_before_last("g").build();
        let kinds: Vec<_> = answer
            .full
            .iter()
            .map(|step| match step {
                Step::Send(_) => "send",
                Step::Pause(_) => "pause",
                Step::AwaitGate(_) => "gate",
                _ => "?",
            })
            .collect();
        assert_eq!(kinds, ["send", "pause", "send", "pause", "gate", "send"]);
    }
}
