//! A secured stream.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use httptrace::{BoxIo, Io, TlsState};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::words;

/// TLS over a stream. The bytes go from rustls' records into the reader's buffer; no layer of this house lies between.
///
/// # Drop
///
/// Tells the peer that this is the end (`close_notify`) if the stream below takes it at once, and closes it. Go waits up to
/// 5 s for that; a drop does not wait.
pub(super) struct TlsIo {
    stream: TlsStream<Peeked>,
    state: Arc<TlsState>,
}

impl TlsIo {
    pub(super) fn new(stream: TlsStream<Peeked>, state: Arc<TlsState>) -> Self {
        TlsIo { stream, state }
    }
}

impl Io for TlsIo {
    fn addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.stream.get_ref().0.io.addrs()
    }

    fn tls_state(&self) -> Option<&Arc<TlsState>> {
        Some(&self.state)
    }
}

impl AsyncRead for TlsIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            // RFC 8446, section 6.1, asks for a goodbye before the end. Go does without it, since much visited servers give none:
            // only an end in the middle of a record is a cut.
            Poll::Ready(Err(error)) if words::is_end(&error) && self.stream.get_ref().0.is_between_records() => {
                Poll::Ready(Ok(()))
            }
            read => read.map_err(words::stream_error),
        }
    }
}

impl AsyncWrite for TlsIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes).map_err(words::stream_error)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs).map_err(words::stream_error)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(words::stream_error)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx).map_err(words::stream_error)
    }
}

impl Drop for TlsIo {
    fn drop(&mut self) {
        let (io, session) = self.stream.get_mut();
        session.send_close_notify();
        // Whatever does not go out at once is not worth a wait.
        while session.wants_write() && matches!(session.write_tls(&mut AtOnce(io)), Ok(1..)) {}
    }
}

/// Writes what can be written without waiting.
struct AtOnce<'a>(&'a mut Peeked);

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.0).poll_write(&mut Context::from_waker(Waker::noop()), bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream whose records are counted as they come in: a peer that does not speak TLS is known by its first bytes, and a
/// stream that was cut by an end in the middle of a record.
pub(super) struct Peeked {
    pub(super) io: BoxIo,
    first: Option<[u8; 5]>,
    /// The header of the record that is coming in, as far as it is there.
    header: [u8; 5],
    seen: usize,
    /// What that record still lacks.
    missing: usize,
}

impl Peeked {
    pub(super) fn new(io: BoxIo) -> Self {
        Peeked { io, first: None, header: [0; 5], seen: 0, missing: 0 }
    }

    /// The first five bytes, if so many have come.
    pub(super) fn first(&self) -> Option<[u8; 5]> {
        self.first
    }

    /// No record is only half there.
    pub(super) fn is_between_records(&self) -> bool {
        self.seen == 0 && self.missing == 0
    }

    fn count(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.missing > 0 {
                let n = self.missing.min(bytes.len());
                self.missing -= n;
                bytes = &bytes[n..];
                continue;
            }
            let n = bytes.len().min(self.header.len() - self.seen);
            self.header[self.seen..][..n].copy_from_slice(&bytes[..n]);
            self.seen += n;
            bytes = &bytes[n..];
            if self.seen == self.header.len() {
                self.first.get_or_insert(self.header);
                self.missing = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
                self.seen = 0;
            }
        }
    }
}

impl AsyncRead for Peeked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        self.count(&buf.filled()[before..]);
        read
    }
}

impl AsyncWrite for Peeked {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that has ended.
    struct Ended;

    impl Io for Ended {}

    impl AsyncRead for Ended {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Ended {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn an_end_between_records_is_told_from_one_within_them_however_the_bytes_come_in() {
        let records =
            [[0x17, 3, 3, 0, 2, 1, 2].as_slice(), &[0x15, 3, 3, 0, 0], &[0x17, 3, 3, 1, 0], &[7; 256]].concat();
        for piece in [1, 2, 5, 8, records.len()] {
            let mut peeked = Peeked::new(Box::new(Ended));
            assert!(peeked.is_between_records() && peeked.first().is_none());
            let mut ends = Vec::new();
            for (at, bytes) in records.chunks(piece).enumerate() {
                peeked.count(bytes);
                if peeked.is_between_records() {
                    ends.push((at * piece + bytes.len()).min(records.len()));
                }
            }
            assert!(ends.iter().all(|end| [7, 12, 273].contains(end)) && ends.ends_with(&[273]), "{piece}: {ends:?}");
            assert_eq!(peeked.first(), Some([0x17, 3, 3, 0, 2]));
        }
    }
}
