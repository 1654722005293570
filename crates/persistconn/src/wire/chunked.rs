//! The chunked coding, decoded as its bytes come (RFC 9112 section 7.1).

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;

use crate::error::Error;
use crate::wire::head::{find_end, parse_fields};

/// Longest line with a chunk's size, in bytes. Go: `maxLineLength` of internal/chunked.go.
const MAX_LINE: usize = 4096;

/// Longest trailer block, in bytes. Go: what fits the connection's buffered reader.
const MAX_TRAILER: usize = 4096;

/// Go's text for a trailer block that does not fit.
const LONG_TRAILER: &str = "http: suspiciously long trailer after chunked body";

/// How much more framing than data is borne over a whole body, in bytes.
const MAX_EXCESS: u64 = 16 << 10;

/// Decodes a chunked body from a buffer that someone else fills.
///
/// Go twin: internal/chunked.go type chunkedReader, and transfer.go (*body).readTrailer
#[doc(alias = "chunkedReader")]
#[derive(Debug)]
pub(crate) struct Chunked {
    state: State,
    /// Framing beyond a fair share so far, in bytes. Go: `chunkedReader.excess`.
    excess: u64,
    trailers: Option<Box<HeaderMap>>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// The next line says how long the next chunk is.
    Size,
    /// So many bytes of the chunk are still to come.
    Data(u64),
    /// The line end after a chunk's data.
    DataEnd,
    /// Trailer fields up to an empty line; so much of them was searched.
    Trailer { scanned: usize },
    /// The end mark was read.
    Done,
}

/// What [`Chunked::advance`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// So many bytes of data come next.
    Data(u64),
    /// The buffer ends before the next data does begin.
    NeedMore,
    /// The body is over.
    Done,
}

impl Chunked {
    pub(crate) fn new() -> Self {
        Chunked { state: State::Size, excess: 0, trailers: None }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    pub(crate) fn take_trailers(&mut self) -> Option<Box<HeaderMap>> {
        self.trailers.take()
    }

    /// Says that `n` bytes of data were taken.
    pub(crate) fn consumed(&mut self, n: u64) {
        if let State::Data(left) = &mut self.state {
            *left -= n;
            if *left == 0 {
                self.state = State::DataEnd;
            }
        }
    }

    /// Takes framing off the front of `buf` until data, the end or the end of the buffer is reached.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] with Go's text.
    pub(crate) fn advance(&mut self, buf: &mut BytesMut) -> Result<Progress, Error> {
        loop {
            match &mut self.state {
                State::Size => {
                    let Some(line) = take_line(buf)? else { return Ok(Progress::NeedMore) };
                    let size = parse_size(&line)?;
                    self.count_overhead(line.len() as u64 + 2, size)?;
                    self.state = if size == 0 { State::Trailer { scanned: 0 } } else { State::Data(size) };
                }
                State::Data(left) => return Ok(Progress::Data(*left)),
                State::DataEnd => match buf[..] {
                    [b'\r', b'\n', ..] => {
                        buf.advance(2);
                        self.state = State::Size;
                    }
                    [] | [b'\r'] => return Ok(Progress::NeedMore),
                    _ => return Err(Error::malformed("malformed chunked encoding")),
                },
                State::Trailer { scanned } => {
                    let block = match buf[..] {
                        [b'\r', b'\n', ..] => buf.split_to(2),
                        [] | [b'\r'] => return Ok(Progress::NeedMore),
                        // Go looks for CRLF CRLF before it parses; a bare LF may end a line in it, but not the block.
                        _ if double_crlf(buf, scanned) => match find_end(buf, &mut 0) {
                            Some(end) => buf.split_to(end),
                            None => unreachable!("CRLF CRLF ends a block"),
                        },
                        _ if buf.len() < MAX_TRAILER => return Ok(Progress::NeedMore),
                        _ => return Err(Error::malformed(LONG_TRAILER)),
                    };
                    let trailers = parse_fields(&block.freeze())?;
                    self.trailers = (!trailers.is_empty()).then(|| Box::new(trailers));
                    self.state = State::Done;
                }
                State::Done => return Ok(Progress::Done),
            }
        }
    }

    /// Whether the last chunk has come, and the end of the trailer has not.
    pub(crate) fn is_in_trailer(&self) -> bool {
        matches!(self.state, State::Trailer { .. })
    }

    /// What a body is told whose peer is done before it, with these bytes left over. Go looks at two bytes after the
    /// last chunk, and then for the end of the trailer in its buffer; what it says when that is not there is the same
    /// for a trailer that is cut as for one that is too long.
    pub(crate) fn cut_short(&self, left_over: &[u8]) -> Error {
        match self.state {
            State::Trailer { .. } if left_over.len() < 2 => Error::malformed("http: unexpected EOF reading trailer"),
            State::Trailer { .. } => Error::malformed(LONG_TRAILER),
            State::Size | State::Data(_) | State::DataEnd | State::Done => Error::UnexpectedEof,
        }
    }

    /// A chunk may cost 16 bytes, and two per byte of data; the rest adds up. Tiny chunks with long
    /// extensions would otherwise keep a reader busy with almost no data.
    fn count_overhead(&mut self, line: u64, size: u64) -> Result<(), Error> {
        let fair = 16u64.saturating_add(size.saturating_mul(2));
        self.excess = (self.excess + line).saturating_sub(fair);
        if self.excess > MAX_EXCESS {
            return Err(Error::malformed("chunked encoding contains too much non-data"));
        }
        Ok(())
    }
}

/// Whether CRLF CRLF comes within the first [`MAX_TRAILER`] bytes. `scanned` says how much was looked at by earlier calls.
///
/// Go: transfer.go seeUpcomingDoubleCRLF
#[doc(alias = "seeUpcomingDoubleCRLF")]
fn double_crlf(bytes: &[u8], scanned: &mut usize) -> bool {
    let bytes = &bytes[..bytes.len().min(MAX_TRAILER)];
    let from = scanned.saturating_sub(3).min(bytes.len());
    *scanned = bytes.len();
    bytes[from..].windows(4).any(|four| four == b"\r\n\r\n")
}

/// The next line without its CRLF, or `None` while it is not complete.
fn take_line(buf: &mut BytesMut) -> Result<Option<Bytes>, Error> {
    let Some(lf) = buf.iter().take(MAX_LINE).position(|&byte| byte == b'\n') else {
        return if buf.len() >= MAX_LINE { Err(Error::malformed("header line too long")) } else { Ok(None) };
    };
    match buf[..lf].iter().position(|&byte| byte == b'\r') {
        Some(cr) if cr + 1 == lf => {}
        Some(_) => return Err(Error::malformed("invalid CR in chunked line")),
        None => return Err(Error::malformed("chunked line ends with bare LF")),
    }
    let line = buf.split_to(lf + 1).freeze();
    Ok(Some(line.slice(..lf - 1)))
}

/// The hexadecimal size at the front of the line; extensions after `;` are ignored.
fn parse_size(line: &[u8]) -> Result<u64, Error> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii_end();
    if digits.is_empty() {
        return Err(Error::malformed("empty hex number for chunk length"));
    }
    let mut size: u64 = 0;
    for (position, &digit) in digits.iter().enumerate() {
        let Some(value) = char::from(digit).to_digit(16) else {
            return Err(Error::malformed("invalid byte in chunk length"));
        };
        if position == 16 {
            return Err(Error::malformed("http chunk length too large"));
        }
        size = size << 4 | u64::from(value);
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `wire`, fed in pieces of `step` bytes.
    fn decode(wire: &[u8], step: usize) -> Result<(Vec<u8>, HeaderMap, usize), Error> {
        let (mut chunked, mut buf, mut data) = (Chunked::new(), BytesMut::new(), Vec::new());
        let mut feed = wire.chunks(step);
        loop {
            match chunked.advance(&mut buf)? {
                Progress::Data(left) => {
                    let n = left.min(buf.len() as u64);
                    data.extend_from_slice(&buf.split_to(n as usize));
                    chunked.consumed(n);
                    if n == 0 {
                        buf.extend_from_slice(feed.next().ok_or(Error::UnexpectedEof)?);
                    }
                }
                Progress::NeedMore => match feed.next() {
                    Some(bytes) => buf.extend_from_slice(bytes),
                    None => return Err(chunked.cut_short(&buf)),
                },
                Progress::Done => {
                    let trailers = chunked.take_trailers().map_or_else(HeaderMap::new, |trailers| *trailers);
                    return Ok((data, trailers, buf.len()));
                }
            }
        }
    }

    fn text(wire: &str) -> String {
        decode(wire.as_bytes(), 1).expect_err("refused").to_string()
    }

    #[test]
    fn any_split_gives_the_same_body_and_trailers() {
        let wire = b"5;ext=1\r\nhello\r\n7 \r\n, world\r\n0\r\nX-Sum: 12\r\n\r\nrest";
        for step in 1..=wire.len() {
            let (data, trailers, left) = decode(wire, step).unwrap();
            assert_eq!(data, b"hello, world");
            assert_eq!(trailers["x-sum"], "12");
            assert!(left <= 4, "what follows the body stays in the buffer");
        }
    }

    #[test]
    fn refuses_what_go_refuses_in_its_words() {
        assert_eq!(text("x\r\n"), "invalid byte in chunk length");
        assert_eq!(text("\r\n"), "empty hex number for chunk length");
        assert_eq!(text("12345678901234567\r\n"), "http chunk length too large");
        assert_eq!(text("1\n"), "chunked line ends with bare LF");
        assert_eq!(text("1\r;x\r\n"), "invalid CR in chunked line");
        assert_eq!(text("1\r\naxx"), "malformed chunked encoding");
        assert_eq!(text(&"1".repeat(5000)), "header line too long");
        let long_trailer = format!("0\r\nX: {}\r\n\r\n", "y".repeat(5000));
        assert_eq!(text(&long_trailer), "http: suspiciously long trailer after chunked body");
    }

    #[test]
    fn a_bare_lf_does_not_end_the_trailers() {
        let wire = b"0\r\nA: b\nC: d\r\n\r\n";
        for step in 1..=wire.len() {
            let (_, trailers, _) = decode(wire, step).unwrap();
            assert_eq!((&trailers["a"], &trailers["c"]), (&"b".parse().unwrap(), &"d".parse().unwrap()));
        }
        assert!(decode(b"0\r\nA: b\n\n", 1).is_err());
    }

    #[test]
    fn tiny_chunks_with_long_extensions_are_refused_in_the_end() {
        let chunk = format!("1;{}\r\na\r\n", "x".repeat(1000));
        assert_eq!(text(&chunk.repeat(30)), "chunked encoding contains too much non-data");
        assert!(decode(format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(5000)).as_bytes(), 4096).is_ok());
    }

    #[test]
    fn a_body_cut_short_wants_more() {
        assert_eq!(decode(b"5\r\nhel", 1).unwrap_err(), Error::UnexpectedEof);
        assert_eq!(decode(b"5\r\nhello\r\n0", 1).unwrap_err(), Error::UnexpectedEof);
        assert_eq!(text("5\r\nhello\r\n0\r\n"), "http: unexpected EOF reading trailer");
        assert_eq!(text("5\r\nhello\r\n0\r\n\r"), "http: unexpected EOF reading trailer");
        assert_eq!(text("5\r\nhello\r\n0\r\nX-Sum: 1\r\n"), "http: suspiciously long trailer after chunked body");
    }
}
