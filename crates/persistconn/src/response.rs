//! A response, its body still to be read.

use body_signal::BodyEofSignal;
use bytes::Bytes;
use http::HeaderMap;

use crate::wire::reader::BodyReader;

/// The body of a response. See [`BodyEofSignal`] for how to read, close and drop it.
pub type Body = BodyEofSignal<BodyReader>;

/// What the server answered. The head is complete; the body comes as it is read.
///
/// Go twin: response.go type Response
#[derive(Debug)]
pub struct Response {
    /// The three digits of the status line. (A number and not `http::StatusCode`, which refuses 099; Go does not.)
    pub status: u16,
    /// What follows the digits: `Not Found`. May be empty.
    pub reason: Bytes,
    /// The version of the status line: (1, 1) for HTTP/1.1.
    pub proto: (u8, u8),
    /// The header fields.
    pub header: HeaderMap,
    /// The declared length in bytes, also for HEAD; `None` where the end is known only when it comes.
    pub content_length: Option<u64>,
    /// The body comes in chunks.
    pub chunked: bool,
    /// The server will not keep the connection.
    pub close: bool,
    /// The body; empty for HEAD, 204, 304 and a length of 0.
    pub body: Body,
}

impl Response {
    /// The reason as text. Go: `Response.Status` without the number.
    pub fn reason(&self) -> &str {
        str::from_utf8(&self.reason).unwrap_or("")
    }
}
