//! A request as a person makes it.
//!
//! ```
//! # let origin = origin::TcpOrigin::start(origin::Router::new().at("/", origin::Reply::bytes(13)))?;
//! # let url = origin.url("/");
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut response = client::get(&url).await?;
//! assert_eq!(response.status, 200);
//! let body = response.body.read_all().await?;
//! # assert_eq!(body.len(), 13);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layout
//!
//! - [`client`](mod@client): [`Client`], and `get`, `head`, `post` on the default one
//! - [`send`](mod@send): one hop: what is checked before the transport is asked
//! - `url_check`: what Go refuses as a URL
//! - [`error`]: the error of the whole, with the method and the URL in front
//! - [`impossible`]: bugs of Go's that cannot be written here, and the proofs
//!
//! Go twin: client.go

pub mod client;
pub mod error;
pub mod impossible;
pub mod send;
mod url_check;

pub use client::Client;
#[cfg(feature = "net")]
pub use client::{default_client, get, head, post};
pub use error::{Error, Reason};
pub use transport::{
    Body, Cancel, CancelToken, Cause, Config, Context, EarlyClose, GetBody, Got1xx, Request, RequestBody,
    RequestTrailers, Response, Transport, Upgraded,
};
