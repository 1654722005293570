//! One HTTP/1.1 connection.
//!
//! A connection is two tasks. [`read_loop`](mod@read_loop) owns the read side and [`write_loop`](mod@write_loop) the
//! write side for its whole life; a caller meets them in [`round_trip`](fn@round_trip):
//!
//! ```text
//!  caller: round_trip ──reqch────────► read_loop ──resc──► caller
//!          │  └────────writech──► write_loop              │ reads the body
//!          │                        └─writeErrCh─► both   └─wait_for_body_read─► read_loop ─eofc─► caller
//!          ConnHandle ──────────────────────────────────────────────────────────► the pool
//! ```
//!
//! # Layout
//!
//! - [`conn`]: the right to send ([`ConnHandle`]), the pool as a connection sees it, and how a connection starts
//! - [`round_trip`](mod@round_trip): one request, seen from the caller
//! - [`read_loop`](mod@read_loop), [`write_loop`](mod@write_loop): the two tasks
//! - `exchange`: all that caller and loops share for one request
//! - `slot`: the two channels that live as long as the connection
//! - [`shared`]: the socket and the power to close it
//! - [`request`], [`response`], [`wire`]: what travels, and its form on the wire
//! - [`body`]: what the caller reads from: `BodyEofSignal`, and the decompressor over it
//! - [`cookie`]: what request and response may carry
//! - [`context`]: cancel, cause and deadline
//! - [`error`]: what can go wrong, in Go's words
//! - `fuzzing`: the wire format under bytes that nobody vouches for
//!
//! # Lock order
//!
//! No lock of this crate is ever taken while another one is held, and nothing is woken, sent or dropped under one.
//!
//! Go twin: transport.go type persistConn; request.go, response.go and transfer.go for the wire.

pub mod body;
pub mod conn;
pub mod context;
pub mod cookie;
pub mod error;
mod exchange;
#[doc(hidden)]
pub mod fuzzing;
pub mod read_loop;
pub mod request;
pub mod response;
pub mod round_trip;
pub mod shared;
mod slot;
pub mod wire;
pub mod write_loop;

pub use body::Body;
pub use conn::{ConnConfig, ConnHandle, EarlyClose, IdlePool, Permit, Refused, start};
pub use context::{Cancel, CancelToken, Cause, Context};
pub use cookie::{Cookie, CookieError, SameSite};
pub use error::{CloseReason, Error, GzipError, IoError, PutIdleError, UserError};
pub use request::{GetBody, Request, RequestBody, RequestTrailers};
#[cfg(feature = "json")]
pub use response::JsonError;
pub use response::{Response, Upgraded};
pub use round_trip::{EncodedHead, ExtraFields, round_trip};
pub use shared::ConnShared;
pub use wire::ask::{Answer, ask};
