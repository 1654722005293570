//! The hand-over of the reader between read_loop and whoever reads the response body.
//!
//! In Go the caller reads from the connection's buffer while `readLoop` waits, and both could touch
//! it; order is kept by discipline. Here the reader itself travels: read_loop *lends* it with the
//! response, the body owns it while it is read, and it returns to read_loop inside the message that says
//! how reading ended. No byte of a body ever crosses a channel, and nobody can read twice at once.
//!
//! ```text
//!  read_loop ── lends the reader with the response ──► BodyEofSignal, in the caller's hands
//!     │                                                   │ read … read … EOF
//!     │  handover.recv()  ◄── BodyDone::Eof(reader) ──────┤   waits for the ack: Go's eofc
//!     │                   ◄── BodyDone::ClosedEarly(reader)┤   close().await waits, Drop does not
//!     │                   ◄── BodyDone::Failed ────────────┤   does not wait
//!     │  handover.ack() ──────────────────────────────────► go on
//!     └─ handover.close(): read_loop has left; whoever waits may go on
//! ```
//!
//! # Layout
//!
//! - [`body`]: [`BodyEofSignal`], what the caller holds
//! - [`handover`]: [`Handover`], the two one-shot channels between them: `waitForBodyRead` and `eofc`
//!
//! Go twin: transport.go, type `bodyEOFSignal` and the channels `waitForBodyRead` and `eofc` of `readLoop`.

pub mod body;
pub mod handover;

pub use body::{BodyEofSignal, BodyRead};
pub use handover::{BodyDone, Handover, Lender};

/// What the hand-over itself can say no with. Errors of the wire are the reader's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// A read after `close`. Go: `errReadOnClosedResBody`.
    #[error("http: read on closed response body")]
    ReadOnClosedResBody,
}
