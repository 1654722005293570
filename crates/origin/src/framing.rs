//! Where the body of a request ends: an independent, small reading of RFC 9112 section 6.
//!
//! It shares no code with the client under test on purpose: the origin is the second witness.

use std::ops::Range;

/// The state of the body that is being read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// The body is in, or there is none.
    Done,
    /// This many bytes of a Content-Length body are missing.
    Length(u64),
    /// A chunk's size line comes next.
    Size,
    /// This many bytes of a chunk are missing.
    Data(u64),
    /// The line end behind a chunk's data comes next.
    DataEnd,
    /// A trailer line, or the empty line behind the last one, comes next.
    Trailer,
}

/// What [`Framing::take`] recognised at the front of its input.
pub(crate) struct Piece {
    /// How many bytes it covers.
    pub(crate) used: usize,
    /// Those of them that are content.
    pub(crate) content: Range<usize>,
}

impl Framing {
    /// The framing that the header lines of a head announce.
    pub(crate) fn of<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut framing = Framing::Done;
        for (name, value) in headers {
            if name.eq_ignore_ascii_case("transfer-encoding") {
                // Transfer-Encoding wins over Content-Length, whichever comes first.
                return match value.to_ascii_lowercase().ends_with("chunked") {
                    true => Ok(Framing::Size),
                    false => Err(format!("a body whose last transfer coding is not chunked: {value:?}")),
                };
            }
            if name.eq_ignore_ascii_case("content-length") {
                let length = value.parse().map_err(|_| format!("a bad Content-Length: {value:?}"))?;
                framing = if length == 0 { Framing::Done } else { Framing::Length(length) };
            }
        }
        Ok(framing)
    }

    /// Recognises the next piece at the front of `input`; `None` when more bytes are needed.
    pub(crate) fn take(&mut self, input: &[u8]) -> Result<Option<Piece>, String> {
        match *self {
            Framing::Done => Ok(None),
            Framing::Length(left) => Ok(self.content(input, left, Framing::Length, Framing::Done)),
            Framing::Data(left) => Ok(self.content(input, left, Framing::Data, Framing::DataEnd)),
            Framing::Size => self.line(input, |line| {
                let digits = line.split(';').next().unwrap_or(line).trim();
                match u64::from_str_radix(digits, 16) {
                    Ok(0) => Ok(Framing::Trailer),
                    Ok(size) => Ok(Framing::Data(size)),
                    Err(_) => Err(format!("a bad chunk size: {line:?}")),
                }
            }),
            Framing::DataEnd => self.line(input, |line| match line {
                "" => Ok(Framing::Size),
                _ => Err(format!("a chunk that is longer than it says: {line:?}")),
            }),
            Framing::Trailer => {
                self.line(input, |line| Ok(if line.is_empty() { Framing::Done } else { Framing::Trailer }))
            }
        }
    }

    fn content(&mut self, input: &[u8], left: u64, more: fn(u64) -> Framing, then: Framing) -> Option<Piece> {
        if input.is_empty() {
            return None;
        }
        let used = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        let left = left - used as u64;
        *self = if left == 0 { then } else { more(left) };
        Some(Piece { used, content: 0..used })
    }

    fn line(
        &mut self,
        input: &[u8],
        next: impl FnOnce(&str) -> Result<Framing, String>,
    ) -> Result<Option<Piece>, String> {
        let Some(end) = input.iter().position(|&byte| byte == b'\n') else { return Ok(None) };
        let line = String::from_utf8_lossy(&input[..end]);
        *self = next(line.trim_end_matches('\r'))?;
        Ok(Some(Piece { used: end + 1, content: 0..0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(mut framing: Framing, mut input: &[u8]) -> (Vec<u8>, Framing, usize) {
        let mut content = Vec::new();
        while let Some(piece) = framing.take(input).expect("well formed") {
            content.extend_from_slice(&input[piece.content]);
            input = &input[piece.used..];
        }
        (content, framing, input.len())
    }

    #[test]
    fn a_sized_body_ends_after_its_length_and_leaves_the_rest() {
        let framing = Framing::of([("content-length", "3")].into_iter()).unwrap();
        assert_eq!(content(framing, b"abcGET"), (b"abc".to_vec(), Framing::Done, 3));
        assert_eq!(content(framing, b"ab"), (b"ab".to_vec(), Framing::Length(1), 0));
    }

    #[test]
    fn a_chunked_body_ends_after_its_trailers() {
        let framing = Framing::of([("Content-Length", "9"), ("Transfer-Encoding", "chunked")].into_iter()).unwrap();
        assert_eq!(
            content(framing, b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nSum: 1\r\n\r\nGET"),
            (b"abcde".to_vec(), Framing::Done, 3)
        );
        assert_eq!(content(framing, b"3\r\nabc\r\n0\r\n").1, Framing::Trailer);
    }

    #[test]
    fn nonsense_is_named() {
        assert!(Framing::of([("Content-Length", "x")].into_iter()).is_err());
        assert!(Framing::of([("Transfer-Encoding", "gzip")].into_iter()).is_err());
        assert!(Framing::Size.take(b"zz\r\n").is_err());
        assert!(Framing::DataEnd.take(b"more\r\n").is_err());
    }
}
