//! Servers that mean harm: responses that two readers could read in two ways, heads and bodies without an end, and silence.

use std::time::Duration;

use bytes::Bytes;
use client::{Client, EarlyClose};
use http::HeaderMap;
use origin::{Plan, Reply, Router, Script};
use serde::Deserialize;

use crate::support::{BOUND, Stage, fetch, on_sockets, open_becomes, read_until_error, within};

/// What real Go made of each response: `book/data/hostile_responses.go` was run for it.
#[derive(Deserialize)]
struct Verdicts {
    cases: Vec<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    name: String,
    /// Each character is one byte.
    raw: String,
    error: Option<String>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    header: Vec<String>,
    #[serde(default)]
    body: String,
    body_error: Option<String>,
    #[serde(default)]
    trailer: Vec<String>,
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn lines(header: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> =
        header.iter().map(|(name, value)| format!("{name}: {}", text_of(value.as_bytes()))).collect();
    lines.sort();
    lines
}

/// Differs from Go: what `http::HeaderMap` cannot hold. Go takes a name with a blank in it and shows it as it is; here such
/// a head or trailer is refused. A value that a fold ends keeps its last blank in Go, and loses it here.
const NOT_REPRESENTED: [&str; 5] = [
    "a blank before the colon of the length",
    "a blank before the colon of the coding",
    "a blank in a name",
    "a folded value that ends empty",
    "chunks: a trailer with a blank in its name",
];

#[test]
fn what_could_be_read_in_two_ways_is_refused_or_read_exactly_as_go_does() {
    let verdicts: Verdicts = serde_json::from_str(include_str!("../../../book/data/hostile_responses.json")).unwrap();
    assert!(verdicts.cases.len() >= 120);
    let mut differ = Vec::new();
    for verdict in verdicts.cases {
        on_sockets(async |stage| {
            let raw = bytes_of(&verdict.raw);
            let origin = stage.origin(Script::new().await_request().send(raw).half_close().await_eof());
            let client = stage.client_with(|config| config.disable_compression = true);
            let ours = outcome(&client, &origin.url("/")).await;
            let gos = match verdict.error {
                Some(error) => format!("refused: {}", String::from_utf8_lossy(&bytes_of(&error))),
                None => told(
                    verdict.status,
                    &verdict.header,
                    &verdict.body,
                    verdict.body_error.as_deref(),
                    &verdict.trailer,
                ),
            };
            let represented = !NOT_REPRESENTED.contains(&&*verdict.name);
            if (ours == gos) != represented {
                differ.push(format!("{}\n  Go:   {gos}\n  here: {ours}", verdict.name));
            }
        });
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}

fn told(status: u16, header: &[String], body: &str, body_error: Option<&str>, trailer: &[String]) -> String {
    format!("{status} {header:?} {body:?} {body_error:?} {trailer:?}")
}

async fn outcome(client: &Client, url: &str) -> String {
    let mut response = match client.get(url).await {
        Ok(response) => response,
        Err(error) => return format!("refused: {}", error.reason),
    };
    let header = lines(&response.header);
    let (mut body, mut body_error) = (Vec::new(), None);
    while let Some(piece) = response.body.piece().await {
        match piece {
            Ok(piece) => body.extend_from_slice(&piece),
            Err(error) => {
                body_error = Some(error.to_string());
                break;
            }
        }
    }
    let trailer = if body_error.is_none() { lines(response.body.trailers()) } else { Vec::new() };
    told(response.status, &header, &text_of(&body), body_error.as_deref(), &trailer)
}

// Memory. What the server could send before it was cut off bounds what the client can have kept.

/// Sends `head`, then `again` for as long as somebody reads.
fn without_end(head: &'static str, again: impl Into<Bytes>) -> Script {
    Script::new().await_request().send(head).forever(Script::new().send(again))
}

async fn refused(stage: &Stage, script: Script, text: &str) {
    let origin = stage.origin(script);
    let client = stage.client_with(|config| config.max_response_header_bytes = 64 << 10);
    let error = match within("an end", client.get(&origin.url("/"))).await {
        Err(error) => error.reason.to_string(),
        Ok(mut response) => read_until_error(&mut response).await.1,
    };
    assert!(error.contains(text), "{error}");
    within("the end of the connection", open_becomes(&origin, 0)).await;
    // The kernel's buffers on both sides of the loopback take some of it too.
    let sent = origin.stats().conns[0].sent;
    assert!(sent < 16 << 20, "{sent} bytes were sent");
}

#[test]
fn a_malformed_field_is_told_before_the_rest_of_the_head() {
    on_sockets(async |stage| {
        let silent = Script::new().await_request().send("HTTP/1.1 200 OK\r\nno colon\r\nX").hold();
        refused(stage, silent, "malformed MIME header: missing colon: \"no colon\"").await;
    });
}

#[test]
fn a_reset_in_the_head_is_told_as_its_end_as_in_go() {
    for came in ["HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\nC: d"] {
        on_sockets(async |stage| {
            // The reset would take away what has not been read yet.
            let script = Script::new().await_request().send(came).pause(Duration::from_millis(20)).reset();
            refused(stage, script, "unexpected EOF").await;
        });
    }
}

#[test]
fn a_head_without_an_end_is_cut_off() {
    let field = format!("X-Fill: {}\r\n", "a".repeat(1000));
    on_sockets(async |stage| {
        refused(stage, without_end("HTTP/1.1 200 OK\r\n", field), "server response headers exceeded 65536 bytes").await;
    });
}

#[test]
fn a_head_of_one_line_without_an_end_is_cut_off() {
    on_sockets(async |stage| {
        let line = without_end("HTTP/1.1 200 OK\r\nX: ", "a".repeat(1000));
        refused(stage, line, "server response headers exceeded 65536 bytes").await;
        let line = without_end("HTTP/1.1 200 ", "O".repeat(1000));
        refused(stage, line, "server response headers exceeded 65536 bytes").await;
    });
}

#[test]
fn interim_responses_without_an_end_are_cut_off() {
    on_sockets(async |stage| {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(20);
        refused(stage, without_end("", early), "server response headers exceeded 65536 bytes").await;
    });
}

#[test]
fn chunks_of_nothing_but_framing_are_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    on_sockets(async |stage| {
        let padded = format!("1;{}\r\nx\r\n", "a".repeat(1000));
        refused(stage, without_end(head, padded), "chunked encoding contains too much non-data").await;
        refused(
            stage,
            without_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "a".repeat(1000)),
            "line too long",
        )
        .await;
    });
}

#[test]
fn a_trailer_without_an_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    on_sockets(async |stage| {
        refused(stage, without_end(head, "X-Fill: aaaaaaaaaa\r\n"), "suspiciously long trailer after chunked body")
            .await;
    });
}

/// Whoever reads a body without an end in pieces has one piece at a time; the rest waits at the server.
#[test]
fn a_body_that_nobody_reads_stays_at_the_server() {
    on_sockets(async |stage| {
        let body = without_end("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 64 << 10]);
        let origin = stage.origin(body);
        let mut response = stage.client().get(&origin.url("/")).await.unwrap();
        for _ in 0..20 {
            let piece = response.body.piece().await.expect("there is more").unwrap();
            assert!(piece.len() <= 64 << 10, "{} bytes at once", piece.len());
        }
        response.body.close().await;
        within("the end of the connection", open_becomes(&origin, 0)).await;
        let sent = origin.stats().conns[0].sent;
        assert!(sent < 32 << 20, "{sent} bytes were sent");
    });
}

/// An early close reads on for a while, and not for ever.
#[test]
fn a_drain_ends_at_its_limit_of_bytes_and_of_time() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 4096, "x".repeat(4096));
    on_sockets(async |stage| {
        for (script, limits) in [
            (without_end(head, chunk), EarlyClose::Drain { bytes: 256 << 10, time: BOUND }),
            (Script::new().await_request().send(head).hold(), EarlyClose::GO_1_27),
        ] {
            let origin = stage.origin(script);
            let client = stage.client_with(|config| config.early_close = limits);
            client.get(&origin.url("/")).await.unwrap().body.close().await;
            within("the end of the connection", open_becomes(&origin, 0)).await;
            assert_eq!(client.transport().pool_census().idle, 0);
        }
    });
}

// Places. With one connection per host, a server that falls silent holds the next request up no longer than its limit.

async fn then_another(stage: &Stage, silent: Script, limit: impl Fn(&mut client::Config), fail: &str) {
    let plan = Plan::new().conn(silent).rest(Script::new().route(Router::new().at("/", Reply::bytes(13))));
    let origin = stage.origin(plan);
    let client = stage.client_with(|config| {
        config.max_conns_per_host = Some(1);
        limit(config);
    });
    let client = if fail.contains("Client.Timeout") { client.with_timeout(Duration::from_millis(50)) } else { client };
    let url = origin.url("/");
    let first = async {
        match client.get(&url).await {
            Ok(mut response) => read_until_error(&mut response).await.1,
            Err(error) => error.reason.to_string(),
        }
    };
    let error = within("the first to fail", first).await;
    assert_eq!(error, fail);
    assert_eq!(within("the next", fetch(&client, &url)).await.len(), 13);
    within("the end of the first connection", origin.until(|stats| stats.conns[0].end.is_some())).await;
    assert_eq!(client.transport().pool_census().conns, 1, "no place is lost");
}

#[test]
fn silence_before_the_head_holds_a_place_no_longer_than_the_header_timeout() {
    on_sockets(async |stage| {
        let limit = |config: &mut client::Config| config.response_header_timeout = Some(Duration::from_millis(20));
        let silent = Script::new().await_request().await_eof();
        then_another(stage, silent, limit, "net/http: timeout awaiting response headers").await;
        let slow = Script::new().await_request().send("HTTP/1.1 200 OK\r\nX: ").await_eof();
        then_another(stage, slow, limit, "net/http: timeout awaiting response headers").await;
    });
}

#[test]
fn silence_in_the_body_holds_a_place_no_longer_than_the_clients_timeout() {
    on_sockets(async |stage| {
        let silent =
            Script::new().await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await_eof();
        let fail = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
        then_another(stage, silent, |_| {}, fail).await;
    });
}
