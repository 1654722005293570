//! An accepted connection under TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use httptrace::Io;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::Goodbye;
use crate::peer::Peer;
use crate::tcp::TcpPeer;

/// A connection that shakes hands when it is first read from or written to, so that a client which does not answer holds up
/// nobody else. A handshake that fails is an error of that read or write.
pub(crate) struct TlsPeer {
    state: State,
    goodbye: Goodbye,
    /// How much of [`HALF_A_RECORD`] was sent.
    cut: usize,
}

/// The header of a record of 100 bytes, and three of them.
const HALF_A_RECORD: &[u8] = &[0x17, 3, 3, 0, 100, 1, 2, 3];

enum State {
    ShakingHands(Box<Accept<TcpPeer>>),
    Secured(Box<TlsStream<TcpPeer>>),
    /// The socket is closed.
    Failed,
}

impl TlsPeer {
    pub(crate) fn new(acceptor: &TlsAcceptor, tcp: TcpPeer, goodbye: Goodbye) -> Self {
        TlsPeer { state: State::ShakingHands(Box::new(acceptor.accept(tcp))), goodbye, cut: 0 }
    }

    fn poll_secured(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut TlsStream<TcpPeer>>> {
        if let State::ShakingHands(accept) = &mut self.state {
            match ready!(Pin::new(&mut **accept).poll(cx)) {
                Ok(stream) => self.state = State::Secured(Box::new(stream)),
                Err(error) => {
                    self.state = State::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match &mut self.state {
            State::Secured(stream) => Poll::Ready(Ok(stream)),
            State::ShakingHands(_) | State::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn tcp(&self) -> Option<&TcpPeer> {
        match &self.state {
            State::ShakingHands(accept) => accept.get_ref(),
            State::Secured(stream) => Some(stream.get_ref().0),
            State::Failed => None,
        }
    }
}

impl Peer for TlsPeer {
    fn reset(self: Box<Self>) {
        if let Some(tcp) = self.tcp() {
            tcp.reset_when_closed();
        }
        drop(self);
    }
}

impl Io for TlsPeer {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.tcp().and_then(Io::addrs)
    }
}

impl AsyncRead for TlsPeer {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = ready!(self.poll_secured(cx))?;
        Pin::new(stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsPeer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = ready!(self.poll_secured(cx))?;
        Pin::new(stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = ready!(self.poll_secured(cx))?;
        Pin::new(stream).poll_flush(cx)
    }

    /// A half-close; also of a connection on which no hands were shaken.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let TlsPeer { state, goodbye, cut } = &mut *self;
        match state {
            State::Secured(stream) => match goodbye {
                Goodbye::Said => Pin::new(&mut **stream).poll_shutdown(cx),
                Goodbye::Unsaid => Pin::new(stream.get_mut().0).poll_shutdown(cx),
                Goodbye::Cut => {
                    let tcp = stream.get_mut().0;
                    while *cut < HALF_A_RECORD.len() {
                        *cut += ready!(Pin::new(&mut *tcp).poll_write(cx, &HALF_A_RECORD[*cut..]))?;
                    }
                    Pin::new(tcp).poll_shutdown(cx)
                }
            },
            State::ShakingHands(accept) => match accept.get_mut() {
                Some(tcp) => Pin::new(tcp).poll_shutdown(cx),
                None => Poll::Ready(Ok(())),
            },
            State::Failed => Poll::Ready(Ok(())),
        }
    }
}
