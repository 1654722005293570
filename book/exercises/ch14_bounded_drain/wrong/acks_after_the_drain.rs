//! What `read_loop` does when a body comes back to it, with the policy for an early close to write.

use client::EarlyClose;
use httptrace::Runtime;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a body has told its `read_loop`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// A read has seen the end.
    Eof,
    /// It was closed before any read had seen an end or an error. Whoever closed it waits for the answer.
    ClosedEarly,
    /// A read has failed. Nobody waits.
    Failed,
}

/// What is left of a body. A read of zero bytes is its end.
pub type Rest = dyn AsyncRead + Send + Unpin;

/// Whether the connection may be offered to the pool.
///
/// After [`Told::Eof`] it may, and whoever asks the pool acks. After [`Told::ClosedEarly`] the policy decides. With
/// [`EarlyClose::Kill`] it may not, and the caller goes on when the loop has left.
///
/// `ack` lets whoever closed the body go on. Like a send into Go's `eofc` it is over when somebody has taken it.
pub async fn may_be_kept(
    policy: EarlyClose,
    told: Told,
    body: &mut Rest,
    declared: Option<u64>,
    ack: impl Future<Output = ()>,
    rt: &dyn Runtime,
) -> bool {
    match told {
        Told::Eof => return true,
        Told::Failed => return false,
        Told::ClosedEarly => {}
    }
    let EarlyClose::Drain { bytes, time } = policy else { return false };
    if declared.is_some_and(|declared| declared > bytes) {
        ack.await;
        return false;
    }
    let timer = rt.timer(rt.now() + time);
    // - discard: the peer. What it has read is gone, and wanted by nobody.
    // - timer: the clock. Cancel-safe: a time does not come back.
    let drained = tokio::select! {
        biased;
        drained = discard(body, bytes) => drained,
        () = timer => false,
    };
    ack.await;
    drained
}

/// Reads the rest and throws it away. Says whether the end came within so many bytes.
async fn discard(body: &mut Rest, limit: u64) -> bool {
    let mut left = limit;
    let mut piece = [0; 4096];
    loop {
        match body.read(&mut piece).await {
            Ok(0) => return true,
            Ok(n) => match left.checked_sub(n as u64) {
                Some(rest) => left = rest,
                None => return false,
            },
            Err(_) => return false,
        }
    }
}
