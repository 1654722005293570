//! The floor: a socket per worker, a request made beforehand, an answer whose length is known.

use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::{IpAddr, Ipv4Addr, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::compare::answers::Answers;
use crate::compare::fault::Fault;
use crate::compare::order::{Ask, ECHO_LEN, Order};
use crate::compare::peers::{Answer, Peer, body};
use crate::compare::tls;

/// Bytes read at once, at most.
const READ: usize = 64 << 10;

/// What a status line of success begins with.
const OK: &[u8] = b"HTTP/1.1 200";

/// One connection, once it is open.
pub(crate) struct Raw {
    dialler: Dialler,
    stream: Option<Box<dyn Stream>>,
    buf: Vec<u8>,
}

/// How a connection is opened.
#[derive(Clone)]
struct Dialler {
    addr: String,
    tls: Option<TlsConnector>,
}

/// Plain TCP or TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A request, and how much comes back.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    ask: Ask,
    request: Bytes,
    answer_len: usize,
}

impl Dialler {
    async fn dial(&self) -> Result<Box<dyn Stream>, Fault> {
        let stream = TcpStream::connect(&self.addr).await?;
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let host = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([127, 0, 0, 1])));
        Ok(Box::new(tls.connect(host, stream).await?))
    }
}

impl Peer for Raw {
    type Ready = Ready;

    fn new(order: &Order) -> Result<Self, Fault> {
        let tls = match &order.certificate {
            Some(path) => Some(TlsConnector::from(Arc::new(tls::client_config(Some(path))?))),
            None => None,
        };
        Ok(Raw { dialler: Dialler { addr: order.addr.clone(), tls }, stream: None, buf: Vec::new() })
    }

    fn another(&self) -> Self {
        Raw { dialler: self.dialler.clone(), stream: None, buf: Vec::new() }
    }

    fn ready(&self, order: &Order, ask: Ask) -> Result<Self::Ready, Fault> {
        let (path, addr) = (ask.path(), &order.addr);
        let mut request = match ask.is_post() {
            false => format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\n\r\n"),
            true => format!("POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {ECHO_LEN}\r\n\r\n"),
        }
        .into_bytes();
        request.extend_from_slice(&body(ask));
        let answer_len = Answers::new().to(ask).len() + if ask.is_post() { ECHO_LEN } else { 0 };
        Ok(Ready { ask, request: request.into(), answer_len })
    }

    async fn send(&mut self, ready: &Ready) -> Result<Answer, Fault> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.dialler.dial().await?,
        };
        stream.write_all(&ready.request).await?;
        self.buf.resize(ready.answer_len.min(READ), 0);
        let (mut came, mut status) = (0, 0);
        while came < ready.answer_len {
            let wanted = self.buf.len().min(ready.answer_len - came);
            let n = stream.read(&mut self.buf[..wanted]).await?;
            if n == 0 {
                break;
            }
            if came == 0 && self.buf[..n].starts_with(OK) {
                status = 200;
            }
            came += n;
        }
        if ready.ask != Ask::Close {
            self.stream = Some(stream);
        }
        let head_len = ready.answer_len as u64 - ready.ask.answer_len();
        Ok(Answer { status, length: (came as u64).saturating_sub(head_len) })
    }
}
