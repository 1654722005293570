//! The wire format of HTTP/1.1.
//!
//! - [`head`]: the status line and the header fields of a response
//! - [`framing`]: where a response's body ends, and whether the connection outlives it
//! - [`chunked`]: the chunked coding, incrementally
//! - [`reader`]: a connection's reader, and a body's view of it
//! - [`request`]: the head of a request, and its body
//! - `told`: telling hooks of a head's fields
//! - [`ask`]: a request and the head of its answer, on a stream that is no connection yet

pub mod ask;
pub(crate) mod chunked;
pub(crate) mod framing;
#[cfg(test)]
mod go_tables;
pub(crate) mod head;
pub mod reader;
pub(crate) mod request;
pub(crate) mod told;
