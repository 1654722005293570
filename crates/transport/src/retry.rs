//! When a request may be sent again.

use http::Method;
use persistconn::{Error, Request};

/// Whether a request that failed with `error` may go out once more, on another connection.
///
/// Only on a connection that had worked before: then the likely reason is that the server closed it just as the
/// request was on its way. And only if the server cannot have acted on it, or acting twice does no harm.
///
/// Go: transport.go (*persistConn).shouldRetryRequest
#[doc(alias = "shouldRetryRequest")]
pub fn should_retry_request(reused: bool, request: &Request, body_again: bool, error: &Error) -> bool {
    // ANCHOR: retry
    if !reused {
        return false;
    }
    match error {
        Error::NothingWritten(_) => body_again,
        Error::ServerClosedIdle | Error::ReadFromServer(_) => body_again && is_replayable(request),
        // ANCHOR_END: retry
        Error::Eof
        | Error::UnexpectedEof
        | Error::Io(_)
        | Error::Canceled(_)
        | Error::Broken(_)
        | Error::Closed(_)
        | Error::HeaderTimeout
        | Error::Malformed(_)
        | Error::Hook(_)
        | Error::HeaderTooLarge { .. }
        | Error::InvalidRequest(_)
        | Error::RequestBody(_)
        | Error::Body(_)
        | Error::AfterClientTimeout(_)
        | Error::Gzip(_) => false,
    }
}

/// Doing it twice does the same as doing it once, by its method or by the caller's word for it.
///
/// Go: request.go (*Request).isReplayable
#[doc(alias = "isReplayable")]
pub fn is_replayable(request: &Request) -> bool {
    // ANCHOR: replayable
    matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        || request.header.contains_key("idempotency-key")
        || request.header.contains_key("x-idempotency-key")
    // ANCHOR_END: replayable
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use url::Url;

    use super::*;

    fn request(method: Method) -> Request {
        Request::new(method, Url::parse("http://example.com/").unwrap())
    }

    fn read_failed() -> Error {
        Error::ReadFromServer(Box::new(Error::Eof))
    }

    #[test]
    fn a_fresh_connection_gives_no_second_chance() {
        assert!(!should_retry_request(false, &request(Method::GET), true, &Error::ServerClosedIdle));
        assert!(should_retry_request(true, &request(Method::GET), true, &Error::ServerClosedIdle));
    }

    #[test]
    fn a_post_is_sent_again_only_if_nothing_of_it_was_written() {
        let post = request(Method::POST);
        assert!(!should_retry_request(true, &post, true, &Error::ServerClosedIdle));
        assert!(!should_retry_request(true, &post, true, &read_failed()));
        let unwritten = Error::NothingWritten(Box::new(Error::ServerClosedIdle));
        assert!(should_retry_request(true, &post, true, &unwritten));
    }

    #[test]
    fn the_caller_may_say_that_twice_does_no_harm() {
        let mut post = request(Method::POST);
        post.header.insert("idempotency-key", HeaderValue::from_static("7"));
        assert!(should_retry_request(true, &post, true, &read_failed()));
    }

    #[test]
    fn a_body_that_cannot_be_had_again_is_not_sent_again() {
        assert!(!should_retry_request(true, &request(Method::GET), false, &read_failed()));
    }

    #[test]
    fn what_the_server_did_say_is_never_asked_again() {
        let broken = Error::Broken(Box::new(Error::UnexpectedEof));
        assert!(!should_retry_request(true, &request(Method::GET), true, &broken));
    }
}
