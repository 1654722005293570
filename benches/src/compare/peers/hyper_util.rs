//! hyper 1, with the pool of hyper-util's legacy client; for TLS with hyper-rustls.

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, Order};
use crate::compare::peers::{Answer, IDLE_TIMEOUT, Peer, body};
use crate::compare::tls;

/// The client over plain TCP.
#[derive(Debug)]
pub(crate) struct Plain(Client<HttpConnector, Full<Bytes>>);

/// The client over TLS.
#[derive(Debug)]
pub(crate) struct Secure(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Peer for Plain {
    type Ready = (Method, Uri, Bytes);

    fn new(_order: &Order) -> Result<Self, Fault> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Plain(over(connector)))
    }

    fn another(&self) -> Self {
        Plain(self.0.clone())
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        ready(order, ask)
    }

    async fn send(&mut self, ready: &Self::Ready) -> Result<Answer, Fault> {
        send(&self.0, ready).await
    }
}

impl Peer for Secure {
    type Ready = (Method, Uri, Bytes);

    fn new(order: &Order) -> Result<Self, Fault> {
        let certificate = order.certificate.as_deref().ok_or(Fault::Cannot("TLS needs a certificate"))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls::client_config(Some(certificate))?);
        Ok(Secure(over(tls.https_only().enable_http1().wrap_connector(connector))))
    }

    fn another(&self) -> Self {
        Secure(self.0.clone())
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        ready(order, ask)
    }

    async fn send(&mut self, ready: &Self::Ready) -> Result<Answer, Fault> {
        send(&self.0, ready).await
    }
}

fn over<C: Connect + Clone>(connector: C) -> Client<C, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(usize::MAX)
        .build(connector)
}

fn ready(order: &Order, ask: Ask) -> Result<(Method, Uri, Bytes), Fault> {
    let method = if ask.is_post() { Method::POST } else { Method::GET };
    Ok((method, order.url(ask).parse().map_err(Fault::request)?, body(ask)))
}

async fn send<C: Connect + Clone + Send + Sync + 'static>(
    client: &Client<C, Full<Bytes>>,
    (method, uri, body): &(Method, Uri, Bytes),
) -> Result<Answer, Fault> {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    let mut response = client.request(request).await.map_err(Fault::request)?;
    let mut length = 0;
    while let Some(frame) = response.body_mut().frame().await {
        length += frame.map_err(Fault::request)?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(Answer { status: response.status().as_u16(), length })
}
