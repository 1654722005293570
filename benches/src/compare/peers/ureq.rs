//! ureq 3.

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use rustls::crypto::ring::default_provider;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, Order};
use crate::compare::peers::{Answer, BlockingPeer, IDLE_TIMEOUT, body};
use crate::compare::tls;

/// Bytes of a body read at once, at most.
const READ: usize = 64 << 10;

/// `ureq::Agent`, with the buffer that its worker reads into.
#[derive(Debug)]
pub(crate) struct Ureq {
    agent: Agent,
    buf: Vec<u8>,
}

impl BlockingPeer for Ureq {
    type Ready = (Uri, Bytes, usize);

    fn new(order: &Order) -> Result<Self, Fault> {
        let mut config = Agent::config_builder()
            .proxy(None)
            .max_idle_connections(usize::MAX)
            .max_idle_connections_per_host(usize::MAX)
            .max_idle_age(IDLE_TIMEOUT);
        if let Some(path) = &order.certificate {
            let certificate = Certificate::from_der(&tls::certificate(path)?).to_owned();
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::Specific(Arc::new(vec![certificate])))
                .unversioned_rustls_crypto_provider(Arc::new(default_provider()));
            config = config.tls_config(tls.build());
        }
        Ok(Ureq { agent: config.build().new_agent(), buf: Vec::new() })
    }

    fn another(&self) -> Self {
        Ureq { agent: self.agent.clone(), buf: Vec::new() }
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        let read = READ.min(ask.answer_len() as usize);
        Ok((order.url(ask).parse().map_err(Fault::request)?, body(ask), read))
    }

    fn send(&mut self, (uri, body, read): &Self::Ready) -> Result<Answer, Fault> {
        let sent = match &body[..] {
            [] => self.agent.get(uri.clone()).call(),
            body => self.agent.post(uri.clone()).send(body),
        };
        let mut response = sent.map_err(Fault::request)?;
        let mut reader = response.body_mut().as_reader();
        self.buf.resize(*read, 0);
        let mut length = 0;
        loop {
            match reader.read(&mut self.buf)? {
                0 => break,
                n => length += n as u64,
            }
        }
        drop(reader);
        Ok(Answer { status: response.status().as_u16(), length })
    }
}
