//! A raw client. Every wait has a bound, so that a hang is a failure with a name.

use std::future::Future;
use std::io;
use std::time::Duration;

use origin::TcpOrigin;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection to the origin that speaks bytes.
pub(crate) struct Client(TcpStream);

impl Client {
    /// Connects.
    pub(crate) async fn to(origin: &TcpOrigin) -> Self {
        let stream = soon("connect", TcpStream::connect(origin.addr())).await.expect("the origin listens");
        stream.set_nodelay(true).expect("an open socket");
        Client(stream)
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon("send", self.0.write_all(bytes.as_ref())).await.expect("the origin reads");
    }

    /// Sends a GET without a body.
    pub(crate) async fn get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).await;
    }

    /// Reads exactly this many bytes.
    pub(crate) async fn take(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        soon("read", self.0.read_exact(&mut bytes)).await.expect("so many bytes");
        String::from_utf8(bytes).expect("text")
    }

    /// Reads exactly this text.
    pub(crate) async fn want(&mut self, text: &str) {
        assert_eq!(self.take(text.len()).await, text);
    }

    /// Reads up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> io::Result<String> {
        let mut text = String::new();
        soon("read to the end", self.0.read_to_string(&mut text)).await.map(|_count| text)
    }

    /// Closes the write side.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.expect("an open socket");
    }

    /// The stream itself.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.0
    }
}

/// Gives a wait a bound of real time.
pub(crate) async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(20), wait).await {
        Ok(done) => done,
        Err(_late) => panic!("{what} took longer than 20 s"),
    }
}
