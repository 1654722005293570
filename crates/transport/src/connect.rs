//! Asking an HTTP proxy for a way to an https target: CONNECT (RFC 9110 section 9.3.6).
//!
//! What the proxy answers decides: 200 and the stream leads to the target, with which TLS is spoken then; anything
//! else and the dial has failed, for the reason that stands in the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, Method};
use httptrace::{BoxFuture, BoxIo, Runtime, select};
use persistconn::{Answer, EncodedHead, ExtraFields, Request, ask};
use url::Url;

use crate::error::{Error, UserError};
use crate::proxy::Hop;

/// How long a proxy may take to answer. Go: the minute in `dialConn`.
const PROXY_TIME: Duration = Duration::from_secs(60);

type UserResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Makes the header of a CONNECT, from the proxy's URL and the `host:port` of the target. A token that expires is a
/// use of it.
///
/// Go: `Transport.GetProxyConnectHeader`
#[derive(Clone)]
pub struct GetProxyConnectHeader(Arc<GetHeader>);

type GetHeader = dyn Fn(Url, String) -> BoxFuture<'static, UserResult<HeaderMap>> + Send + Sync;

impl GetProxyConnectHeader {
    /// `get` is called once for each connection. With its error the request fails.
    pub fn new<F>(get: impl Fn(Url, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = UserResult<HeaderMap>> + Send + 'static,
    {
        GetProxyConnectHeader(Arc::new(move |proxy, target| Box::pin(get(proxy, target))))
    }
}

impl fmt::Debug for GetProxyConnectHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetProxyConnectHeader(..)")
    }
}

/// Is shown the answer to each CONNECT, before its status is looked at.
///
/// Go: `Transport.OnProxyConnectResponse`
#[derive(Clone)]
pub struct OnProxyConnectResponse(Arc<OnResponse>);

type OnResponse = dyn Fn(&ProxyConnectResponse<'_>) -> UserResult<()> + Send + Sync;

impl OnProxyConnectResponse {
    /// With the error of `look` the connection is closed and the request fails.
    pub fn new(look: impl Fn(&ProxyConnectResponse<'_>) -> UserResult<()> + Send + Sync + 'static) -> Self {
        OnProxyConnectResponse(Arc::new(look))
    }
}

impl fmt::Debug for OnProxyConnectResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnProxyConnectResponse(..)")
    }
}

/// What a proxy was asked, and what it answered.
pub struct ProxyConnectResponse<'a> {
    /// The proxy, its password included.
    pub proxy: &'a Url,
    /// `host:port` of the target.
    pub target: &'a str,
    /// The header of the CONNECT.
    pub request_header: &'a HeaderMap,
    /// The status of the answer, three digits.
    pub status: u16,
    /// What stands behind the status; often empty.
    pub reason: &'a [u8],
    /// The header of the answer.
    pub header: &'a HeaderMap,
}

/// The settings of one transport that concern CONNECT.
#[derive(Clone, Debug)]
pub(crate) struct ConnectSettings {
    pub(crate) header: HeaderMap,
    pub(crate) get_header: Option<GetProxyConnectHeader>,
    pub(crate) on_response: Option<OnProxyConnectResponse>,
    /// Go: `MaxResponseHeaderBytes`
    pub(crate) max_head: u64,
}

impl ConnectSettings {
    /// Asks `proxy`, which is at the other end of `io`, for a way to `target`.
    ///
    /// # Errors
    ///
    /// [`Error::ProxyRefused`], [`Error::ProxyTimeout`], [`Error::ProxyFunc`]; [`Error::Conn`] for what is no answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes `io`.
    ///
    /// Go: transport.go (*Transport).dialConn, the case of an https target
    pub(crate) async fn connect(
        &self,
        rt: &dyn Runtime,
        mut io: BoxIo,
        proxy: &Hop,
        target: &str,
    ) -> Result<BoxIo, Error> {
        let user = |error| Error::ProxyFunc(UserError::new(error));
        let mut header = match &self.get_header {
            Some(GetProxyConnectHeader(get)) => get(proxy.url().clone(), target.to_owned()).await.map_err(user)?,
            None => self.header.clone(),
        };
        if let Some(authorization) = proxy.proxy_authorization() {
            header.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let request = connect_request(proxy, target, header);
        let head = EncodedHead::new(&request, ExtraFields::default())?;
        // - ask: the proxy. It closes the stream when it is dropped, with the dial.
        // - timer: the clock. Cancel-safe: a time does not come back.
        let answer = select! {
            answer = ask(&mut io, &request.method, head, self.max_head) => answer?,
            () = rt.timer(rt.now() + PROXY_TIME) => return Err(Error::ProxyTimeout),
        };
        let Answer { status, reason, header } = answer;
        if let Some(OnProxyConnectResponse(look)) = &self.on_response {
            let request_header = &request.header;
            let shown = ProxyConnectResponse {
                proxy: proxy.url(),
                target,
                request_header,
                status,
                reason: &reason,
                header: &header,
            };
            look(&shown).map_err(user)?;
        }
        if status == 200 {
            return Ok(io);
        }
        // Differs from Go: a status with a blank behind it and no more has an empty text there.
        let reason = if reason.is_empty() { "unknown status code".into() } else { String::from_utf8_lossy(&reason) };
        Err(Error::ProxyRefused { status, reason: reason.into() })
    }
}

/// Its Host field and its target are the target of the tunnel; the URL is not seen by anybody.
fn connect_request(proxy: &Hop, target: &str, header: HeaderMap) -> Request {
    let mut request = Request::new(Method::CONNECT, proxy.url().clone());
    request.host = Some(target.to_owned());
    request.header = header;
    request
}
