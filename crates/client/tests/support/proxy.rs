//! Scripted proxies, on a thread of their own. They keep what they are asked.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use origin::tls::Identity;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;

use super::within;

/// What a proxy does with those who come.
#[cfg_attr(not(feature = "socks"), expect(dead_code, reason = "SOCKS is spoken in the tests of SOCKS only"))]
#[derive(Clone)]
pub(crate) enum Manner {
    /// Answers an http request itself, with the target as the body. A CONNECT leads here, whatever it names.
    Http { upstream: Option<SocketAddr> },
    /// Says this to whoever has sent a head, and waits until he leaves.
    Says(&'static str),
    /// Says this to whoever has sent a head, and leaves.
    SaysAndLeaves(&'static str),
    /// Says this over and over, as long as it is heard.
    Endless(&'static str),
    /// SOCKS version 5: asks for this user and password, and leads here, whatever is named.
    Socks { upstream: SocketAddr, login: Option<(&'static str, &'static str)> },
    /// SOCKS version 5 for a client without a password: gives these answers, and leaves.
    SocksSays { choice: &'static [u8], reply: &'static [u8] },
}

/// A proxy on a free port of loopback.
///
/// # Drop
///
/// Stops it, and closes what goes through it.
pub(crate) struct TestProxy {
    addr: SocketAddr,
    tls: bool,
    log: Arc<Log>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Log {
    /// Each head, or each step of SOCKS.
    asked: Mutex<Vec<String>>,
    changed: Notify,
}

impl Log {
    fn keep(&self, what: String) {
        self.asked.lock().expect("a push cannot fail half-way").push(what);
        self.changed.notify_waiters();
    }
}

impl TestProxy {
    pub(crate) fn start(manner: Manner) -> TestProxy {
        TestProxy::start_with(manner, None)
    }

    /// A proxy that wants TLS itself.
    pub(crate) fn start_tls(manner: Manner, identity: &Identity) -> TestProxy {
        TestProxy::start_with(manner, Some(identity.acceptor().expect("a usable identity")))
    }

    fn start_with(manner: Manner, tls: Option<TlsAcceptor>) -> TestProxy {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port of loopback");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let addr = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel();
        let log = Arc::new(Log::default());
        let (kept, with_tls) = (Arc::clone(&log), tls.is_some());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("an event queue that takes it");
                // - accept: it does not end
                // - stopped: the drop
                tokio::select! {
                    () = accept(listener, manner, tls, kept) => {}
                    _ = stopped => {}
                }
            });
        });
        TestProxy { addr, tls: with_tls, log, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` or `https://` and its address.
    pub(crate) fn url(&self) -> String {
        self.url_for("")
    }

    /// With a user and perhaps a password in front of the address: `me:secret@`.
    pub(crate) fn url_for(&self, user: &str) -> String {
        format!("{}://{user}{}", if self.tls { "https" } else { "http" }, self.addr)
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.log.asked.lock().expect("a push cannot fail half-way").clone()
    }

    /// Waits until it was asked so often.
    pub(crate) async fn was_asked(&self, times: usize) {
        let waiting = async {
            loop {
                let changed = self.log.changed.notified();
                if self.asked().len() >= times {
                    return;
                }
                changed.await;
            }
        };
        within("the proxy to be asked", waiting).await;
    }
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        // Gone already when its thread has panicked.
        let _stopped = self.stop.take().map(|stop| stop.send(()));
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            panic!("the proxy has panicked");
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn accept(listener: TcpListener, manner: Manner, tls: Option<TlsAcceptor>, log: Arc<Log>) {
    loop {
        let (tcp, _client) = listener.accept().await.expect("a listener that listens");
        let (manner, tls, log) = (manner.clone(), tls.clone(), Arc::clone(&log));
        tokio::spawn(async move {
            let io: Box<dyn Stream> = match tls {
                None => Box::new(tcp),
                Some(tls) => match tls.accept(tcp).await {
                    Ok(secured) => Box::new(secured),
                    Err(_refused) => return,
                },
            };
            // However it ends, it is the client that says whether it should have.
            let _ended = serve(io, manner, &log).await;
        });
    }
}

async fn serve(mut io: Box<dyn Stream>, manner: Manner, log: &Log) -> io::Result<()> {
    match manner {
        Manner::Http { upstream } => http(io, upstream, log).await,
        Manner::Says(answer) | Manner::SaysAndLeaves(answer) => {
            log.keep(head(&mut io).await?);
            io.write_all(answer.as_bytes()).await?;
            io.flush().await?;
            if matches!(manner, Manner::Says(_)) {
                io.read_to_end(&mut Vec::new()).await?;
            }
            io.shutdown().await
        }
        Manner::Endless(answer) => {
            log.keep(head(&mut io).await?);
            loop {
                io.write_all(answer.as_bytes()).await?;
            }
        }
        Manner::Socks { upstream, login } => socks(io, upstream, login, log).await,
        Manner::SocksSays { choice, reply } => {
            socks_methods(&mut io, log).await?;
            io.write_all(choice).await?;
            if !reply.is_empty() {
                socks_target(&mut io, log).await?;
                io.write_all(reply).await?;
            }
            io.shutdown().await
        }
    }
}

async fn http(mut io: Box<dyn Stream>, upstream: Option<SocketAddr>, log: &Log) -> io::Result<()> {
    loop {
        let head = head(&mut io).await?;
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let connect = head.starts_with("CONNECT ");
        let bodyless = head.starts_with("HEAD ");
        log.keep(head);
        if connect {
            let Some(upstream) = upstream else {
                io.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await?;
                continue;
            };
            let mut upstream = TcpStream::connect(upstream).await?;
            io.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            copy_bidirectional(&mut io, &mut upstream).await?;
            return Ok(());
        }
        let body = if bodyless { "" } else { &*target };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", target.len());
        io.write_all(answer.as_bytes()).await?;
        io.flush().await?;
    }
}

/// All up to the empty line.
async fn head(io: &mut Box<dyn Stream>) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn socks(
    mut io: Box<dyn Stream>,
    upstream: SocketAddr,
    login: Option<(&'static str, &'static str)>,
    log: &Log,
) -> io::Result<()> {
    socks_methods(&mut io, log).await?;
    if let Some((user, password)) = login {
        io.write_all(&[5, 2]).await?;
        let version = io.read_u8().await?;
        let (given_user, given_password) = (short(&mut io).await?, short(&mut io).await?);
        log.keep(format!("login {version}: {given_user:?} {given_password:?}"));
        let known = (user, password) == (&*given_user, &*given_password);
        io.write_all(&[1, u8::from(!known)]).await?;
        if !known {
            return io.shutdown().await;
        }
    } else {
        io.write_all(&[5, 0]).await?;
    }
    socks_target(&mut io, log).await?;
    let mut upstream = TcpStream::connect(upstream).await?;
    io.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).await?;
    copy_bidirectional(&mut io, &mut upstream).await?;
    Ok(())
}

async fn socks_methods(io: &mut Box<dyn Stream>, log: &Log) -> io::Result<()> {
    let version = io.read_u8().await?;
    let mut methods = vec![0; usize::from(io.read_u8().await?)];
    io.read_exact(&mut methods).await?;
    log.keep(format!("version {version}, methods {methods:?}"));
    Ok(())
}

async fn socks_target(io: &mut Box<dyn Stream>, log: &Log) -> io::Result<()> {
    let mut start = [0; 4];
    io.read_exact(&mut start).await?;
    let host = match start[3] {
        1 => Ipv4Addr::from(io.read_u32().await?).to_string(),
        4 => std::net::Ipv6Addr::from(io.read_u128().await?).to_string(),
        _name => format!("name {}", short(io).await?),
    };
    let port = io.read_u16().await?;
    log.keep(format!("{:?} {host} port {port}", &start[..3]));
    Ok(())
}

/// A text with its length, in one byte, in front.
async fn short(io: &mut Box<dyn Stream>) -> io::Result<String> {
    let mut text = vec![0; usize::from(io.read_u8().await?)];
    io.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
