//! reqwest, with rustls.

use bytes::Bytes;
use http::Method;
use reqwest::Client;
use url::Url;

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, Order};
use crate::compare::peers::{Answer, IDLE_TIMEOUT, Peer, body};
use crate::compare::tls;

/// `reqwest::Client`.
#[derive(Debug)]
pub(crate) struct Reqwest(Client);

impl Peer for Reqwest {
    type Ready = (Method, Url, Bytes);

    fn new(order: &Order) -> Result<Self, Fault> {
        // Given also where it is not used: without it reqwest looks for a provider that nobody has installed.
        let tls = tls::client_config(order.certificate.as_deref())?;
        let client = Client::builder()
            .no_proxy()
            .http1_only()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(usize::MAX)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(Fault::request)?;
        Ok(Reqwest(client))
    }

    fn another(&self) -> Self {
        Reqwest(self.0.clone())
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        let method = if ask.is_post() { Method::POST } else { Method::GET };
        Ok((method, Url::parse(&order.url(ask)).map_err(Fault::request)?, body(ask)))
    }

    async fn send(&mut self, (method, url, body): &Self::Ready) -> Result<Answer, Fault> {
        let mut request = self.0.request(method.clone(), url.clone());
        if !body.is_empty() {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(Fault::request)?;
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.map_err(Fault::request)? {
            length += chunk.len() as u64;
        }
        Ok(Answer { status: response.status().as_u16(), length })
    }
}
