//! A look at a request body of unknown length, for methods that rarely have one.

use std::io::Cursor;
use std::time::Duration;

use http::Method;
use httptrace::{Runtime, select};
use persistconn::{Context, IoError, Request, RequestBody};
use tokio::io::AsyncReadExt;

use crate::error::Error;

/// How long a body may take to show its first byte. Go: the timer in probeRequestBody.
const PROBE_TIME: Duration = Duration::from_millis(200);

/// Finds out whether a body of unknown length is empty, so that a GET does not announce chunks that never come:
/// many servers are confused by that. A body that does not show its first byte in time is sent in chunks.
///
/// Differs from Go: the look is taken by the caller, before a connection is asked for; Go takes it in its writeLoop,
/// with a goroutine of its own.
///
/// # Errors
///
/// The body's own.
///
/// Go: transfer.go (*transferWriter).probeRequestBody
#[doc(alias = "probeRequestBody")]
pub(crate) async fn probe_request_body(rt: &dyn Runtime, request: &mut Request) -> Result<(), Error> {
    if !matches!(request.body, RequestBody::Reader { length: None, .. }) || !rarely_has_a_body(&request.method) {
        return Ok(());
    }
    let RequestBody::Reader { source, length: None } = &mut request.body else { return Ok(()) };
    let context: &Context = &request.context;
    let mut first = [0];
    // - read: the source of the body. Cancel-safe: a byte is read or it is not.
    // - timer: the clock. Cancel-safe: a time does not come back.
    // - context: the caller. Cancel-safe: an end does not go away.
    let read = select! {
        read = source.read(&mut first) => read,
        () = rt.timer(rt.now() + PROBE_TIME) => return Ok(()),
        _cause = context.done() => return Ok(()),
    };
    let read = read.map_err(|error| persistconn::Error::RequestBody(IoError::bare(&error)))?;
    let waits = request.expects_continue();
    request.body = match (read, std::mem::take(&mut request.body)) {
        // The caller has asked to wait for the server's word: it is waited for, whatever comes of it.
        (0, RequestBody::Reader { source, .. }) if waits => RequestBody::Reader { source, length: Some(0) },
        (0, _) => RequestBody::Empty,
        (_, RequestBody::Reader { source, length }) => {
            RequestBody::Reader { source: Box::pin(Cursor::new(first).chain(source)), length }
        }
        (_, other) => other,
    };
    Ok(())
}

/// Go: transfer.go (*transferWriter).shouldSendChunkedRequestBody, the methods there
fn rarely_has_a_body(method: &Method) -> bool {
    matches!(method.as_str(), "GET" | "HEAD" | "DELETE" | "OPTIONS" | "PROPFIND" | "SEARCH")
}
