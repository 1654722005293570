//! What `read_loop` does when a body comes back to it, with the policy for an early close to write.

use client::EarlyClose;
use httptrace::Runtime;
use tokio::io::AsyncRead;

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

// ANCHOR: task
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
    // Your turn: this is Go 1.12's policy, whatever `policy` says.
    let _ = (policy, body, declared, ack, rt);
    told == Told::Eof
}
// ANCHOR_END: task
