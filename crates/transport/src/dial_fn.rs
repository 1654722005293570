//! A dialler of the user's own.

use std::fmt;
use std::io;
use std::sync::Arc;

use httptrace::{BoxFuture, BoxIo};
use persistconn::Context;

/// Opens connections in place of the transport: over another kind of stream, through a tunnel, to another address.
///
/// It is asked with the values of the request's context, though the request's end does not end the dial: the connection
/// may serve the next request. The address is `host:port`. What it returns is dropped to close it.
///
/// Differs from Go: no network is given, which is `tcp` in Go at all times; and a result that is neither a connection
/// nor an error cannot be written, so Go's text for that case does not exist.
///
/// Go twin: transport.go, fields `Transport.DialContext` and `Transport.DialTLSContext`
#[doc(alias = "DialContext")]
#[derive(Clone)]
pub struct DialFn(Arc<Dial>);

type Dial = dyn Fn(Context, String) -> BoxFuture<'static, io::Result<BoxIo>> + Send + Sync;

impl DialFn {
    /// Dials with `dial`. Its errors are shown as they are.
    pub fn new<F>(dial: impl Fn(Context, String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<BoxIo>> + Send + 'static,
    {
        DialFn(Arc::new(move |context, addr| Box::pin(dial(context, addr))))
    }

    pub(crate) async fn call(&self, context: Context, addr: &str) -> io::Result<BoxIo> {
        (self.0)(context, addr.to_owned()).await
    }
}

impl fmt::Debug for DialFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialFn(..)")
    }
}
