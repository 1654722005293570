//! One reading of each, in one way only: what the benches time.

use std::task::{Context, Poll, Waker};

use body_signal::BodyRead as _;
use bytes::Bytes;
use http::Method;
use httptrace::{ConnId, Trace};

use super::{Cuts, FarEnd};
use crate::error::Error;
use crate::shared::ConnShared;
use crate::wire::framing::{Framing, read_transfer};
use crate::wire::head::parse;
use crate::wire::reader::{BodyReader, ConnReader};

/// Parses a whole head, and says how its body ends. Returns the status.
///
/// # Errors
///
/// As for a head from a socket.
pub fn head(block: &Bytes) -> Result<u16, Error> {
    let mut head = parse(block)?;
    read_transfer(&Method::GET, &mut head)?;
    Ok(head.status)
}

/// A body about to be read from a connection on which all of it has come.
#[derive(Debug)]
pub struct Reading(BodyReader);

impl Reading {
    /// The body `wire`, of this length or in chunks.
    pub fn new(wire: &Bytes, length: Option<u64>) -> Self {
        let far = FarEnd::sending(wire, Cuts::None);
        let shared = ConnShared::new(ConnId(1), "|http|fuzzing:80".into(), Box::new(far), Trace::none());
        Reading(BodyReader::new(ConnReader::new(shared), length.map_or(Framing::Chunked, Framing::Length)))
    }

    /// Reads it piece by piece, and returns how many bytes there were.
    ///
    /// # Errors
    ///
    /// As for a body from a socket.
    pub fn to_end(mut self) -> Result<usize, Error> {
        let (mut length, cx) = (0, &mut Context::from_waker(Waker::noop()));
        while !self.0.at_eof() {
            // What is not ready is so only for one poll.
            if let Poll::Ready(piece) = self.0.poll_piece(cx) {
                length += piece?.len();
            }
        }
        Ok(length)
    }
}
