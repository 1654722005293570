//! The server of the comparison: one process, one thread, the same for every client.
//!
//! It knows six paths (see [`Ask`]) and answers each with bytes that were made beforehand. It reads as much of a request
//! as it must, and is no model of a server.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

use crate::compare::answers::Answers;
use crate::compare::fault::Fault;
use crate::compare::order::{Ask, ECHO_LEN};
use crate::compare::tls;

/// Bytes asked of the socket at once.
const READ: usize = 4096;

/// Where the server listens: the one line that it prints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    /// `host:port` of plain TCP.
    pub plain: String,
    /// `host:port` of TLS.
    pub tls: String,
    /// Where the certificate lies, in PEM.
    pub certificate: PathBuf,
}

/// Serves until standard input ends, which it does with the process that has started this one. The certificate is
/// written to `dir`.
///
/// # Errors
///
/// When the machine gives no port or no runtime.
pub fn serve(dir: &Path) -> Result<(), Fault> {
    std::thread::spawn(|| {
        // Nothing is sent; the read returns when the other end is gone, however it went.
        let _ended = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (acceptor, certificate) = tls::acceptor(dir)?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let (plain, secure) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let address =
            Address { plain: plain.local_addr()?.to_string(), tls: secure.local_addr()?.to_string(), certificate };
        println!("{}", serde_json::to_string(&address)?);
        std::io::stdout().flush()?;
        let house = House { answers: Rc::new(Answers::new()), gates: Rc::default() };
        let secure = accept(secure, Some(acceptor), house.clone());
        tokio::try_join!(accept(plain, None, house), secure)?;
        Ok(())
    })
}

/// What all connections share.
#[derive(Clone)]
struct House {
    answers: Rc<Answers>,
    /// Those who wait until there are enough of them, by how many that is.
    gates: Rc<RefCell<HashMap<usize, Arc<Barrier>>>>,
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, house: House) -> Result<(), Fault> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (tls, house) = (tls.clone(), house.clone());
        tokio::task::spawn_local(async move {
            // A client that leaves in the middle is its own affair; it will say what went wrong.
            let _left = match tls {
                None => house.answer_all(stream).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => house.answer_all(stream).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

impl House {
    async fn answer_all(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut buf = BytesMut::new();
        loop {
            let (ask, head_len) = loop {
                if let Some(request) = parse(&buf) {
                    break request;
                }
                buf.reserve(READ);
                if stream.read_buf(&mut buf).await? == 0 {
                    return Ok(());
                }
            };
            buf.advance(head_len);
            let mut answer = self.answers.to(ask);
            if ask.is_post() {
                buf.reserve(ECHO_LEN.saturating_sub(buf.len()));
                while buf.len() < ECHO_LEN {
                    if stream.read_buf(&mut buf).await? == 0 {
                        return Ok(());
                    }
                }
                let mut echo = buf.split_to(ECHO_LEN).freeze();
                stream.write_all_buf(&mut answer.chain(&mut echo)).await?;
            } else {
                if let Ask::Gate(size) = ask {
                    let gate =
                        Arc::clone(self.gates.borrow_mut().entry(size).or_insert_with(|| Arc::new(Barrier::new(size))));
                    gate.wait().await;
                }
                stream.write_all_buf(&mut answer).await?;
            }
            stream.flush().await?;
            if ask == Ask::Close {
                // This end closes first, and so keeps the memory of the connection: a client soon runs out of ports.
                return stream.shutdown().await;
            }
        }
    }
}

/// What a complete head asks for, and the length of the head in bytes.
fn parse(buf: &[u8]) -> Option<(Ask, usize)> {
    let head_len = buf.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let path = buf.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    let ask = match path {
        b"/1m" => Ask::Length,
        b"/chunked" => Ask::Chunked,
        b"/echo" => Ask::Echo,
        b"/close" => Ask::Close,
        [b'/', b'g', b'a', b't', b'e', b'/', size @ ..] => {
            let size = str::from_utf8(size).ok().and_then(|size| size.parse().ok());
            Ask::Gate(size.filter(|&size| size > 0).unwrap_or(1))
        }
        _ => Ask::Small,
    };
    Some((ask, head_len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let head = b"GET /gate/12 HTTP/1.1\r\nHost: a\r\n\r\n";
        for cut in 0..head.len() {
            assert_eq!(parse(&head[..cut]), None);
        }
        assert_eq!(parse(head), Some((Ask::Gate(12), head.len())));
        assert_eq!(parse(b"POST /echo HTTP/1.1\r\n\r\nbody").unwrap().0, Ask::Echo);
    }
}
