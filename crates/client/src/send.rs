//! One hop: what is done with a request before the transport sees it.

use httptrace::{Actor, Event, Step};
use transport::{Request, Response, Transport};

/// Hands the request to the transport.
///
/// # Errors
///
/// The transport's.
///
/// Go: client.go send
pub(crate) async fn send(request: &mut Request, transport: &Transport) -> Result<Box<Response>, transport::Error> {
    transport.trace().emit(Actor::Caller, None, || Event::Call { step: Step::Send });
    transport.send(request).await
}
