//! The client of this repository.

use bytes::Bytes;
use client::{Client, Config, Proxy, Request, Roots, TlsSettings, Transport};
use http::Method;
use httptrace::TokioRuntime;
use url::Url;

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, Order};
use crate::compare::peers::{Answer, IDLE_TIMEOUT, Peer, body};
use crate::compare::tls;

/// `client::Client`, over a transport of its own.
#[derive(Debug)]
pub(crate) struct Ours {
    client: Client,
}

impl Peer for Ours {
    type Ready = (Method, Url, Bytes);

    fn new(order: &Order) -> Result<Self, Fault> {
        let roots = match &order.certificate {
            Some(path) => Roots::Only(vec![tls::certificate(path)?]),
            None => Roots::default(),
        };
        let config = Config {
            proxy: Proxy::None,
            max_idle_conns: None,
            max_idle_conns_per_host: Some(usize::MAX),
            idle_conn_timeout: Some(IDLE_TIMEOUT),
            disable_compression: true,
            tls: TlsSettings { roots, ..TlsSettings::default() },
            ..Config::default_transport(TokioRuntime::new())
        };
        Ok(Ours { client: Client::new(Transport::new(config)) })
    }

    fn another(&self) -> Self {
        Ours { client: self.client.clone() }
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        let method = if ask.is_post() { Method::POST } else { Method::GET };
        Ok((method, Url::parse(&order.url(ask)).map_err(Fault::request)?, body(ask)))
    }

    async fn send(&mut self, (method, url, body): &Self::Ready) -> Result<Answer, Fault> {
        let mut request = Request::new(method.clone(), url.clone());
        request.body = body.clone().into();
        let mut response = self.client.do_request(request).await.map_err(Fault::request)?;
        let mut length = 0;
        while let Some(piece) = response.body.piece().await {
            length += piece.map_err(Fault::request)?.len() as u64;
        }
        Ok(Answer { status: response.status, length })
    }
}
