//! A scripted HTTP origin server, for tests, examples, benches and scenarios.
//!
//! What the server does is data: a [`Plan`] gives each connection a [`Script`], and a script is a list
//! of [`Step`]s: wait for a request, send these bytes, wait for a gate, reset. The code that runs a
//! script is plain async over [`httptrace::Runtime`]; it spawns nothing and knows no socket. `TcpOrigin`
//! runs it over real sockets on a thread of its own, the stepper in memory on a virtual clock.
//!
//! # Layout
//!
//! - [`script`]: a script and its steps; the plan that gives each connection one
//! - [`reply`]: canned replies, built once: sized, chunked, close-delimited, in pieces
//! - [`router`]: path -> reply, with keep-alive, HEAD and 404
//! - [`check`]: assertions on what arrived, kept as text
//! - [`request`]: one request as it arrived
//! - [`peer`]: what the server asks of a connection and of a listener
//! - [`server`]: the plan in use: counters, gates, labels
//! - [`stats`]: the counters, as a snapshot
//! - `framing`: where a request's body ends
//! - `conn`: the read side of one connection
//! - `serve`: runs one script on one connection
//! - `tcp`: the host over real sockets (feature `net`, on by default)
//! - `tls`: the same under TLS, and certificates for it (feature `tls`)
//!
//! # A script in ten lines
//!
//! ```
//! # #[cfg(feature = "net")]
//! # fn main() -> std::io::Result<()> {
//! use origin::{Reply, Script, TcpOrigin};
//! use std::io::{Read, Write};
//!
//! let script = Script::new()
//!     .answer(Reply::bytes(13)) // the first request
//!     .await_request() // the second one: half a reply, then the connection is over
//!     .expect_header("Host", "origin.test")
//!     .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
//!     .close();
//! let origin = TcpOrigin::start(script)?;
//!
//! let mut client = std::net::TcpStream::connect(origin.addr())?;
//! client.write_all(b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nHost: origin.test\r\n\r\n")?;
//! let mut got = String::new();
//! client.read_to_string(&mut got)?;
//! assert!(got.ends_with("half"));
//! assert_eq!(origin.stats().requests, 2);
//! origin.assert_ok();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "net"))]
//! # fn main() {}
//! ```

pub mod check;
mod conn;
mod framing;
pub mod peer;
pub mod reply;
pub mod request;
pub mod router;
pub mod script;
mod serve;
pub mod server;
pub mod stats;
#[cfg(feature = "net")]
pub mod tcp;
#[cfg(feature = "tls")]
pub mod tls;

pub use check::Check;
pub use peer::{Accept, Peer};
pub use reply::{EndMark, Reply, pattern};
pub use request::Request;
pub use router::Router;
pub use script::{Plan, Script, Step};
pub use server::Server;
pub use stats::{ConnStats, End, Stats};
#[cfg(feature = "net")]
pub use tcp::TcpOrigin;
