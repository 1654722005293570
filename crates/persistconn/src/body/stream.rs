//! A body as a stream of pieces.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::Body;
use crate::error::Error;

/// The pieces as [`Body::piece`] gives them. The stream ends after an error, unlike a read, which fails again: an adapter
/// that passes over errors would never come to an end. A body that was closed is a stream without pieces.
impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(match ready!(self.poll_piece(cx)) {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => Some(Ok(piece)),
            Err(error) if is_read_on_closed(&error) => None,
            Err(error) => {
                *self = Body::empty();
                Some(Err(error))
            }
        })
    }
}

/// Whether a body was read that the caller had closed.
fn is_read_on_closed(error: &Error) -> bool {
    let closed = |error: &Error| *error == Error::Body(body_signal::Error::ReadOnClosedResBody);
    closed(error) || matches!(error, Error::AfterClientTimeout(error) if closed(error))
}
