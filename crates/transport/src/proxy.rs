//! Which proxy a request goes through.
//!
//! ```text
//!  Config::proxy ──► Proxies: asked once per attempt ──► None: straight to the target
//!                        │                          └──► Hop: the proxy, ready to be connected to
//!                        └── the environment's rules: who is not to be proxied
//! ```
//!
//! # Layout
//!
//! - this file: the setting, and how it is asked
//! - [`environment`]: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`
//! - [`no_proxy`]: who is not to be proxied
//! - `hop`: one proxy, ready to be connected to, and those that were seen before
//!
//! What is said to a proxy stands in `connect` (for https targets), in `socks`, and in the head of each request (for
//! http targets).
//!
//! Go twin: transport.go, field `Transport.Proxy` and `connectMethodForRequest`

pub mod environment;
mod hop;
pub mod no_proxy;

use std::fmt;
use std::sync::Arc;

use httptrace::Runtime;
use persistconn::Request;
use url::Url;

use crate::error::{Error, UserError};
use environment::{Rules, Variables};
pub(crate) use hop::{Hop, HopKind, HopsSeen};

/// Through which proxy requests go.
///
/// The scheme of a proxy's URL says how it is spoken to: `http` and `https` (TLS to the proxy itself), `socks5` and
/// `socks5h` (the same: it is always the proxy that looks the target's name up). User and password in the URL are
/// shown to the proxy, and to nobody else.
///
/// Go: `Transport.Proxy`
#[derive(Clone, Default)]
pub enum Proxy {
    /// Straight to the target.
    #[default]
    None,
    /// As the environment of this process says; see [`environment`]. Go: `ProxyFromEnvironment`.
    ///
    /// Differs from Go: each transport reads it when it is made; Go reads it with the first request of the process. What a
    /// safe program can see of that is the same: its environment does not change.
    #[doc(alias = "ProxyFromEnvironment")]
    FromEnvironment,
    /// This one, for every request. Go: `ProxyURL`.
    #[doc(alias = "ProxyURL")]
    Url(Url),
    /// As a function says of each request.
    Func(ProxyFn),
}

impl Proxy {
    /// As `choose` says of each request: a proxy, `None` to go straight to the target, or an error, with which the
    /// request fails.
    pub fn func(choose: impl Fn(&Request) -> Result<Option<Url>, BoxError> + Send + Sync + 'static) -> Self {
        Proxy::Func(ProxyFn(Arc::new(choose)))
    }
}

impl From<Rules> for Proxy {
    /// As an environment says that is not this process's own.
    fn from(rules: Rules) -> Self {
        Proxy::func(move |request| Ok(rules.proxy_for(&request.url)?.cloned()))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proxy::None => f.write_str("None"),
            Proxy::FromEnvironment => f.write_str("FromEnvironment"),
            Proxy::Url(url) => write!(f, "Url({})", hop::without_password(url)),
            Proxy::Func(_) => f.write_str("Func(..)"),
        }
    }
}

/// A function that names the proxy of each request. See [`Proxy::func`].
#[derive(Clone)]
pub struct ProxyFn(Arc<Choose>);

type Choose = dyn Fn(&Request) -> Result<Option<Url>, BoxError> + Send + Sync;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl fmt::Debug for ProxyFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyFn(..)")
    }
}

/// The setting of one transport, ready to be asked, and the proxies that it has named so far.
pub(crate) struct Proxies {
    choice: Choice,
    seen: HopsSeen,
}

enum Choice {
    None,
    Environment(Box<Rules>),
    Url(Box<Url>),
    Func(ProxyFn),
}

impl Proxies {
    pub(crate) fn new(setting: Proxy, rt: &dyn Runtime) -> Self {
        let choice = match setting {
            Proxy::None => Choice::None,
            Proxy::FromEnvironment => {
                let rules = Rules::new(&Variables::from_lookup(|name| rt.env_var(name)));
                // Where no proxy is named, no request costs a thought about one.
                if rules.name_no_proxy() { Choice::None } else { Choice::Environment(Box::new(rules)) }
            }
            Proxy::Url(url) => Choice::Url(Box::new(url)),
            Proxy::Func(choose) => Choice::Func(choose),
        };
        Proxies { choice, seen: HopsSeen::default() }
    }

    /// The proxy for `request`.
    ///
    /// # Errors
    ///
    /// [`Error::ProxyFunc`], [`Error::ProxyInCgi`], [`Error::BadProxy`].
    ///
    /// Go: transport.go (*Transport).connectMethodForRequest
    pub(crate) fn hop_for(&self, request: &Request) -> Result<Option<Arc<Hop>>, Error> {
        match &self.choice {
            Choice::None => Ok(None),
            Choice::Environment(rules) => rules.proxy_for(&request.url)?.map(|url| self.seen.hop(url)).transpose(),
            Choice::Url(url) => self.seen.hop(url).map(Some),
            Choice::Func(ProxyFn(choose)) => {
                let chosen = choose(request).map_err(|error| Error::ProxyFunc(UserError::new(error)))?;
                chosen.map(|url| self.seen.hop(&url)).transpose()
            }
        }
    }
}
