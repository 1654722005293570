//! What `read_loop` waits for while the caller has the body, with one arm to add.

use client::{Cause, Context};
use tokio::sync::oneshot;

/// What became of the body.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// It was read to its end: the connection may be kept.
    Eof,
    /// The context ended first: the connection is closed.
    Canceled(Cause),
    /// Nobody holds the body any more, and nobody has said anything.
    Lost,
}

/// Waits until the body was read to its end, which `done` tells, or until `context` has ended.
pub async fn wait_for_body(done: oneshot::Receiver<()>, context: &Context) -> End {
    tokio::select! {
        done = done => match done {
            Ok(()) => End::Eof,
            Err(_gone) => End::Lost,
        },
        cause = context.done() => End::Canceled(cause),
    }
}
