//! Limits that a server can run into.

use http::HeaderMap;
use origin::Script;

use crate::support::{on_sockets, read_until_error};

/// The connection is not kept, and what was read before is the caller's.
///
/// Go: TestChunkReaderTooMuchOverhead
#[test]
fn a_body_with_a_hundred_times_as_much_framing_as_data_is_given_up() {
    on_sockets(async |stage| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = format!("1;{}\r\nX\r\n", "a".repeat(100));
        let endless = Script::new().await_request().send(head).forever(Script::new().send(chunk.repeat(100)));
        let origin = stage.origin(endless);
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        let (data, error) = read_until_error(&mut response).await;
        assert_eq!(error, "chunked encoding contains too much non-data");
        assert!(!data.is_empty() && data.len() < 1000, "{} bytes", data.len());
        assert_eq!(response.body.trailers(), &HeaderMap::new());
        stage.tasks_become(1).await;
    });
}
