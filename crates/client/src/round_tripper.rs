//! Whoever can answer a request in the transport's place.

use std::error;
use std::fmt;
use std::io;
use std::sync::Arc;

use httptrace::BoxFuture;
use transport::{Request, Response, Transport};

/// Answers one request: no redirects, no cookies, no opinion about the status.
///
/// A [`Transport`] is one; so is what a test, a cache or a log puts in its place or around it, see
/// [`Client::with_round_tripper`](crate::Client::with_round_tripper). It leaves the request as it is, but for the body,
/// which it may take. What the request's context says holds for it too: that is how the client's time limit ends it.
///
/// Go twin: client.go type RoundTripper
#[doc(alias = "RoundTrip")]
pub trait RoundTripper: Send + Sync + 'static {
    /// Sends the request and waits for the head of its response.
    ///
    /// # Errors
    ///
    /// Its own. A [`transport::Error`] is given on to the caller as it is, any other as [`Foreign`].
    ///
    /// # Drop
    ///
    /// Dropping the future gives the request up.
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>>;

    /// Closes what is idle, if it has any such thing.
    fn close_idle_connections(&self) {}
}

/// An error of any kind.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

impl RoundTripper for Transport {
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>> {
        Box::pin(async { Ok(*self.send(request).await?) })
    }

    fn close_idle_connections(&self) {
        Transport::close_idle_connections(self);
    }
}

/// An error from code that is not this house's: a round tripper, or a hook. Equal to one of the same text.
#[derive(Clone)]
pub struct Foreign(Arc<dyn error::Error + Send + Sync>);

impl Foreign {
    /// The error itself, to look at its type.
    pub fn get(&self) -> &(dyn error::Error + Send + Sync + 'static) {
        &*self.0
    }

    /// Whether it is known to be a time limit's. Go: `net.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        let error = self.get();
        if let Some(error) = error.downcast_ref::<transport::Error>() {
            return error.is_timeout();
        }
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    }
}

impl From<BoxError> for Foreign {
    fn from(error: BoxError) -> Self {
        Foreign(error.into())
    }
}

impl PartialEq for Foreign {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Foreign {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source()
    }
}
