//! The write loop of a connection.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What the loop is to write.
#[derive(Debug)]
pub struct WriteRequest {
    /// All of the request.
    pub bytes: Vec<u8>,
    /// Is told how the write went, once it is over. Go: `writeErrCh`.
    pub wrote: oneshot::Sender<io::Result<()>>,
}

/// Writes one request after the other to `socket`, until the connection is closed.
///
/// `writech` brings the requests. `closech` is cancelled when the connection is closed, by whoever closes it. What is
/// written must be flushed: a socket may hold bytes back.
pub async fn write_loop(
    mut socket: impl AsyncWrite + Unpin,
    mut writech: mpsc::Receiver<WriteRequest>,
    closech: CancellationToken,
) {
    loop {
        // - writech: a caller. Cancel-safe: the message stays in its channel.
        // - closech: whoever closes the connection. Cancel-safe: an end does not go away.
        let request = tokio::select! {
            request = writech.recv() => request,
            () = closech.cancelled() => return,
        };
        let Some(WriteRequest { bytes, wrote }) = request else { return };
        // - write: the socket. Not cancel-safe: dropped only when the connection is closed.
        // - closech: as above.
        let result = tokio::select! {
            result = write(&mut socket, &bytes) => result,
            () = closech.cancelled() => Err(io::ErrorKind::NotConnected.into()),
        };
        // A caller that has left does not miss it.
        let _ = wrote.send(result);
    }
}

async fn write(socket: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    socket.write_all(bytes).await?;
    socket.flush().await
}
