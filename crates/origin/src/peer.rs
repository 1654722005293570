//! The far end of a connection, as the script sees it, and where connections come from.

use std::io;

use httptrace::{BoxFuture, Io};

/// One accepted connection.
///
/// `poll_shutdown` must be a half-close: the peer reads EOF and may still write. Dropping it closes it.
pub trait Peer: Io {
    /// Ends the connection the hard way: what is in flight is lost and the peer's next read fails with
    /// `connection reset by peer`. On TCP that is an RST.
    fn reset(self: Box<Self>);
}

/// A place where connections arrive.
pub trait Accept: Send {
    /// The next connection.
    ///
    /// # Errors
    ///
    /// An error ends [`Server::serve`](crate::Server::serve): the place is out of order for good.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future must not lose a connection that was handed out.
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Peer>>>;
}
