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
//! - [`client`](mod@client): [`Client`], its settings and its methods
//! - [`shortcuts`]: `get`, `head`, `post` and `post_form` on the default client
//! - [`send`](mod@send): one hop: what is done with a request before the transport is asked, and with its response after
//! - [`redirect`]: which responses are followed, as what, and with which header; the hook that is asked
//! - `follow`: hop by hop to the last response
//! - [`location`](mod@location): where a redirect leads to
//! - [`round_tripper`]: who can stand in the transport's place
//! - [`cookie_jar`], `jar`: who keeps cookies; one who keeps them in memory (feature `cookies`)
//! - `url_check`: what Go refuses as a URL
//! - [`error`]: the error of the whole, with the method and the URL in front
//! - [`leak_check`]: for tests: which request still holds a connection, and which line made it
//! - [`impossible`]: bugs of Go's that cannot be written here, and the proofs
//!
//! Go twin: client.go

pub mod client;
pub mod cookie_jar;
pub mod error;
mod follow;
pub mod impossible;
#[cfg(feature = "cookies")]
pub mod jar;
pub mod leak_check;
pub mod location;
pub mod redirect;
pub mod round_tripper;
pub mod send;
#[cfg(feature = "net")]
pub mod shortcuts;
mod url_check;

pub use client::{Client, new_request};
pub use cookie_jar::CookieJar;
pub use error::{Error, Reason, StoppedAt};
pub use httptrace::{ClientTrace, DnsDoneInfo, DnsStartInfo, GotConnInfo, WroteRequestInfo};
#[cfg(feature = "cookies")]
pub use jar::{Jar, PublicSuffixList};
pub use leak_check::{Held, LeakCheck};
pub use location::location;
pub use redirect::{Hop, Redirect};
pub use round_tripper::{BoxError, Foreign, RoundTripper};
#[cfg(feature = "net")]
pub use shortcuts::{default_client, get, head, post, post_form};
#[cfg(feature = "json")]
pub use transport::JsonError;
pub use transport::{
    Body, Cancel, CancelToken, Cause, Config, Context, Cookie, CookieError, DialFn, EarlyClose, GetBody,
    GetProxyConnectHeader, OnProxyConnectResponse, Proxy, ProxyConnectResponse, ProxyRules, ProxyVariables, Request,
    RequestBody, RequestTrailers, Response, SameSite, TlsError, Transport, Upgraded,
};
#[cfg(feature = "tls")]
pub use transport::{ClientCertificate, Roots, TlsClient, TlsSettings, TlsVersion};
