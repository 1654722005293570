//! Proxies on a thread of their own, so that they are in nobody's census: one of HTTP, one of SOCKS5.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What is spoken to a relay.
#[derive(Clone, Copy)]
pub enum Spoken {
    /// It answers an http request itself. A CONNECT leads to the relay's one target, whatever it names.
    Http,
    /// SOCKS version 5 (RFC 1928), without a password. Each connection leads to the relay's one target.
    Socks5,
}

/// A proxy on a free port of loopback.
///
/// # Drop
///
/// Stops it, and closes what goes through it.
pub struct Relay {
    addr: SocketAddr,
    spoken: Spoken,
    asked: Arc<Mutex<Asked>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Asked {
    accepted: usize,
    lines: Vec<String>,
}

impl Relay {
    /// A relay whose tunnels lead to `target`.
    ///
    /// # Errors
    ///
    /// When no port could be had.
    pub fn start(spoken: Spoken, target: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let asked = Arc::new(Mutex::new(Asked::default()));
        let (stop, stopped) = oneshot::channel();
        let kept = Arc::clone(&asked);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                // - accept: ends only with a listener that is broken
                // - stopped: the drop
                tokio::select! {
                    _broken = accept(listener, spoken, target, kept) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Relay { addr, spoken, asked, stop: Some(stop), thread: Some(thread) })
    }

    /// Its URL, as a setting for proxies wants it. `user` stands in front of the address: empty, or `me:secret@`.
    pub fn url(&self, user: &str) -> String {
        let scheme = match self.spoken {
            Spoken::Http => "http",
            Spoken::Socks5 => "socks5",
        };
        format!("{scheme}://{user}{}", self.addr)
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.asked.lock().expect(NEVER_HALF).accepted
    }

    /// The first line of each request that it was shown.
    pub fn lines(&self) -> Vec<String> {
        self.asked.lock().expect(NEVER_HALF).lines.clone()
    }
}

const NEVER_HALF: &str = "a push or a count is never left half done";

impl Drop for Relay {
    fn drop(&mut self) {
        // The thread may be gone already; then nobody listens, and there is nothing to stop.
        let _stopped = self.stop.take().map(|stop| stop.send(()));
        let _joined = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(
    listener: std::net::TcpListener,
    spoken: Spoken,
    target: SocketAddr,
    asked: Arc<Mutex<Asked>>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _addr) = listener.accept().await?;
        asked.lock().expect(NEVER_HALF).accepted += 1;
        let asked = Arc::clone(&asked);
        tokio::spawn(async move {
            // However it ends, the client is told by the end of its stream.
            let _ended = match spoken {
                Spoken::Http => http(client, target, &asked).await,
                Spoken::Socks5 => socks(client, target).await,
            };
        });
    }
}

async fn http(mut client: TcpStream, target: SocketAddr, asked: &Mutex<Asked>) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await?);
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        let tunnel = line.starts_with("CONNECT ");
        asked.lock().expect(NEVER_HALF).lines.push(line);
        if tunnel {
            let mut target = TcpStream::connect(target).await?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            return copy_bidirectional(&mut client, &mut target).await.map(drop);
        }
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nhello, world!").await?;
    }
}

async fn socks(mut client: TcpStream, target: SocketAddr) -> io::Result<()> {
    let _version = client.read_u8().await?;
    let mut methods = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut methods).await?;
    client.write_all(&[5, 0]).await?;
    // Version, command, nothing, and the kind of address: 3 is a name, with its length in front.
    let mut ask = [0; 5];
    client.read_exact(&mut ask).await?;
    if ask[3] != 3 {
        return Err(io::Error::other("only names are looked up here"));
    }
    let mut name_and_port = vec![0; usize::from(ask[4]) + 2];
    client.read_exact(&mut name_and_port).await?;
    let mut target = TcpStream::connect(target).await?;
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).await?;
    copy_bidirectional(&mut client, &mut target).await.map(drop)
}
