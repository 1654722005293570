//! Connections that leave HTTP.

use http::Method;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use origin::{Reply, Router, Script};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::support::{on_sockets, open_becomes, request, within};

/// Go: TestTransportTreat101Terminal
#[test]
fn a_101_ends_the_exchange_also_without_the_fields_of_an_upgrade() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        let origin = stage.origin(Script::new().await_request().send(wire).close());
        let client = stage.client();
        let mut response = client.get(&origin.url("/")).await.unwrap();
        assert_eq!((response.status, response.reason()), (101, "Switching Protocols"));
        assert!(response.upgraded.is_none());
        assert_eq!(response.body.read_all().await.unwrap(), "");
        stage.tasks_become(1).await;
        assert_eq!(client.transport().pool_census().idle, 0);
    });
}

/// Go: TestTransportResponseBodyWritableOnProtocolSwitch
#[test]
fn after_a_101_the_caller_reads_what_was_buffered_and_then_reads_and_writes() {
    on_sockets(async |stage| {
        let wire = "HTTP/1.1 101 Switching Protocols Hi\r\nConnection: upgRADe\r\nUpgrade: foo\r\n\r\n\
                    Some buffered data\n";
        let script = Script::new()
            .await_request()
            .expect_header("Connection", "upgrade")
            .expect_header("Upgrade", "foo")
            .send(wire)
            .await_bytes(5)
            .expect_waiting("echo\n")
            .send("ECHO\n")
            .hold();
        let origin = stage.origin(script);
        let client = stage.client();
        let mut get = request(Method::GET, &origin.url("/"));
        get.header.insert(UPGRADE, HeaderValue::from_static("foo"));
        get.header.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        let response = client.do_request(get).await.unwrap();
        assert_eq!((response.status, response.reason()), (101, "Switching Protocols Hi"));
        stage.tasks_become(1).await;
        let mut stream = BufReader::new(response.upgraded.expect("the connection"));
        let mut line = String::new();
        within("the buffered line", stream.read_line(&mut line)).await.unwrap();
        assert_eq!(line, "Some buffered data\n");
        stream.get_mut().write_all(b"echo\n").await.unwrap();
        line.clear();
        within("the echo", stream.read_line(&mut line)).await.unwrap();
        assert_eq!(line, "ECHO\n");
        assert_eq!(origin.stats().open, 1, "the connection lives as long as the caller's stream");
        drop(stream);
        open_becomes(&origin, 0).await;
        origin.assert_ok();
    });
}

/// Differs from Go: there the request's body is what goes into the tunnel; here that is written to the response's
/// `upgraded`. The target, which Go takes from an opaque URL, is the request's `host`.
///
/// Go: TestTransportCONNECTBidi
#[test]
fn a_connect_is_a_tunnel_in_both_directions() {
    on_sockets(async |stage| {
        let mut script = Script::new().await_head().expect_line("CONNECT backend:443 HTTP/1.1");
        script = script.expect_header("Host", "backend:443").send("HTTP/1.1 200 OK\r\n\r\n");
        let mut waiting = String::new();
        for word in ["foo", "bar", "baz"] {
            waiting += &format!("{word}\n");
            script = script.await_bytes(waiting.len()).expect_waiting(waiting.clone());
            script = script.send(format!("{}\n", word.to_uppercase()));
        }
        let origin = stage.origin(script.await_eof());
        let client = stage.client();
        let mut connect = request(Method::CONNECT, &origin.url("/"));
        connect.host = Some("backend:443".into());
        let response = client.do_request(connect).await.unwrap();
        assert_eq!(response.status, 200);
        let mut tunnel = BufReader::new(response.upgraded.expect("the tunnel"));
        for word in ["foo", "bar", "baz"] {
            tunnel.get_mut().write_all(format!("{word}\n").as_bytes()).await.unwrap();
            let mut line = String::new();
            within("an echo", tunnel.read_line(&mut line)).await.unwrap();
            assert_eq!(line, format!("{}\n", word.to_uppercase()));
        }
        drop(tunnel);
        open_becomes(&origin, 0).await;
        origin.assert_ok();
        stage.tasks_become(1).await;
    });
}

/// There is no other version here that such a request could go by mistake.
///
/// Go: TestH12_WebSocketUpgrade
#[test]
fn a_request_for_a_websocket_goes_by_http_1_1() {
    on_sockets(async |stage| {
        let origin = stage.origin(Router::new().at("/", Reply::empty().header("Foo", "bar")));
        let client = stage.client();
        let mut get = request(Method::GET, &origin.url("/"));
        get.header.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        get.header.insert(UPGRADE, HeaderValue::from_static("WebSocket"));
        let response = client.do_request(get).await.unwrap();
        assert_eq!((response.proto, response.status), ((1, 1), 200));
        assert_eq!(response.header["foo"], "bar");
        let stats = origin.stats();
        let sent = &stats.conns[0].requests[0];
        assert_eq!(sent.line(), "GET / HTTP/1.1");
        assert_eq!((sent.header("Connection"), sent.header("Upgrade")), (Some("Upgrade"), Some("WebSocket")));
    });
}
