//! The write loop of a connection.

use std::io;

use tokio::io::AsyncWrite;
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
    socket: impl AsyncWrite + Unpin,
    writech: mpsc::Receiver<WriteRequest>,
    closech: CancellationToken,
) {
    let _ = (socket, writech, closech);
    todo!("write, tell how it went, end when the connection does")
}
