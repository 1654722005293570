//! Scenarios over real sockets, with this port as the caller: every step of either side at least once.

use scenario::keys::{SERVER_STEPS, SERVER_WORDS, STEPS};
use scenario::outcome::{Count, Read, RequestOutcome, StepOutcome};
use scenario::{Outcome, Policy, Run, RunError, Scenario, run};

/// A scenario that is in the book.
fn of_the_book(name: &str) -> Scenario {
    let path = format!("{}/../../book/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    Scenario::read(path.as_ref()).expect("it can be read")
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse("test.toml", &format!("about = \"?\"\n{text}")).expect("the scenario can be read")
}

fn under(policy: Policy, text: &str) -> Outcome {
    run(&scenario(text), policy).expect("it runs").outcome
}

fn outcome(text: &str) -> Outcome {
    under(Policy::Go1_27, text)
}

/// One origin `a` that replies so, and these steps.
fn replying(reply: &str, steps: &str) -> Outcome {
    outcome(&format!("[origin.a]\nreply = {reply}\n[caller]\nsteps = [{steps}]"))
}

/// One origin `a` that does this on each connection, and these steps.
fn scripted(script: &str, steps: &str) -> Outcome {
    outcome(&format!("[origin.a]\nconns = [[{script}]]\n[caller]\nsteps = [{steps}]"))
}

fn reads(request: &RequestOutcome) -> Vec<&Read> {
    let mut reads = Vec::new();
    for step in &request.steps {
        if let StepOutcome::Read(read) = step {
            reads.push(read);
        }
    }
    reads
}

/// What the only read of `r` gave: its text, or the number of its bytes, and its error.
fn read(outcome: &Outcome) -> (String, Option<&str>) {
    let reads = reads(&outcome.requests["r"]);
    let [read] = reads[..] else { panic!("one read, not {reads:?}") };
    (read.text.clone().unwrap_or_else(|| read.bytes.to_string()), read.error.as_deref())
}

fn error(outcome: &Outcome) -> &str {
    outcome.requests["r"].sent.error.as_deref().expect("an error")
}

fn ends(outcome: &Outcome) -> Vec<&str> {
    outcome.origins["a"].conns.iter().map(|conn| conn.end.as_str()).collect()
}

const GET: &str = r#"{ send = "r", get = "a/" }, { read = "r" }"#;

#[test]
fn the_puzzle_leaves_three_and_needs_one_connection() {
    for policy in Policy::ALL {
        let Run { outcome, .. } = run(&of_the_book("puzzle"), policy).expect("it runs");
        assert_eq!(outcome.counts["end"], Count { alive: 3, read_loop: 1, write_loop: 1, other: 0 });
        assert_eq!((outcome.origins["a"].accepted, outcome.origins["a"].open), (1, 1));
        let last = &outcome.requests["r.6"];
        assert_eq!((last.sent.status, last.conns.as_slice()), (Some(200), ["a#1".to_owned()].as_slice()));
        assert_eq!(last.events.caller, ["GetConn a", "GotConn reused=true was_idle=true"]);
        assert_eq!(last.events.pool, ["PutIdleConn"]);
        assert_eq!(reads(last)[0].bytes, 100_000);
        assert_eq!(outcome.origins["a"].conns[0].requests[0].head[..2], ["GET / HTTP/1.1", "Host: a"]);
    }
}

#[test]
fn under_the_articles_policy_closing_early_costs_a_connection_each_time() {
    let text = r#"
        [origin.a]
        reply = { bytes = 100000 }
        [caller]
        steps = [{ times = 6, steps = [{ send = "r", get = "a/" }, { close = "r" }] }]
    "#;
    let outcome = under(Policy::Go1_12, text);
    assert_eq!((outcome.counts["end"].alive, outcome.origins["a"].accepted), (1, 6));
    let Outcome { counts, origins, .. } = run(&of_the_book("closed_early"), Policy::Go1_27).expect("it runs").outcome;
    assert_eq!((counts["closed"].alive, origins["a"].accepted), (3, 1));
}

#[test]
fn a_chunk_that_breaks_off_gives_what_there_is_and_then_an_error() {
    let outcome = run(&of_the_book("half_a_chunk"), Policy::Go1_27).expect("it runs").outcome;
    let reads = reads(&outcome.requests["r"]);
    assert_eq!(reads[0].text.as_deref(), Some("ten bytes."));
    assert_eq!((reads[1].text.as_deref(), reads[1].error.as_deref()), (Some("and ten more."), Some("unexpected EOF")));
}

#[test]
fn a_run_that_never_ends_is_ended_at_its_limit_and_tells_the_state_of_everything() {
    let text = r#"
        limit = "200ms"
        [origin.a]
        conns = [["request", { send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf" }, "hold"]]
        [caller]
        steps = [
          { send = "r", get = "a/" },
          { read = "r" },
          { close = "r" },
        ]
    "#;
    let Err(RunError::Stuck(report)) = run(&scenario(text), Policy::Go1_27) else { panic!("it cannot end") };
    let lines: Vec<&str> = report.lines().map(str::trim).collect();
    assert_eq!(
        lines[..5],
        [
            "test: not over after 200ms",
            "1 of 3 steps are done; waiting: line 9: read r",
            "request r: reads",
            "alive: 1 read_loop",
            "alive: 1 write_loop",
        ]
    );
    assert!(report.contains("origin a: 1 accepted, 1 open, 1 requests"), "{report}");
}

#[test]
fn exits_that_are_named_and_not_taken_are_told() {
    let text =
        format!("exits = [\"RL-B1\", \"RL-B6\"]\n[origin.a]\nreply = {{ bytes = 3 }}\n[caller]\nsteps = [{GET}]");
    let Err(RunError::Exits(what)) = run(&scenario(&text), Policy::Go1_27) else { panic!("RL-B6 was not taken") };
    assert_eq!(what, "test: `exits` names RL-B6, which this run did not take; it took RL-B1, WL-1, WR-1, RT-1, GC-3");
}

#[test]
fn a_name_means_this_rounds_request_inside_a_loop_and_all_of_them_after_it() {
    let steps = r#"
        { times = 2, steps = [
          { send = "r", get = "a/" },
          { times = 2, steps = [{ send = "inner", get = "a/" }, { read = "inner" }] },
          { read = "r", bytes = 1 },
        ] },
        { read = "r", bytes = 2 },
        { read = "r.2" },
        { read = "inner.1", exactly = 1 },
    "#;
    let outcome = replying("{ bytes = 26 }", steps);
    let texts = |name: &str| -> Vec<String> {
        reads(&outcome.requests[name]).iter().map(|read| read.text.clone().unwrap_or_default()).collect()
    };
    assert_eq!(texts("r.1"), ["a", "bc"]);
    assert_eq!(texts("r.2"), ["a", "bc", "defghijklmnopqrstuvwxyz"]);
    assert_eq!(reads(&outcome.requests["inner.1.2"])[1].error.as_deref(), Some("EOF"));
    assert_eq!(reads(&outcome.requests["inner.2.1"]).len(), 1);
    assert_eq!(outcome.requests.len(), 6);
}

#[test]
fn what_is_later_goes_on_beside_the_next_steps() {
    let text = r#"
        [origin.a]
        at = { "/slow" = { bytes = 5, gate = "go", pieces = 3 }, "/" = { bytes = 3 } }
        [caller]
        steps = [
          { send = "slow", get = "a/slow" },
          { read = "slow", later = true },
          { send = "other", get = "a/", later = true },
          { wait = "a", accepted = 2 },
          { wait = "a", requests = 2 },
          { wait = "a", reached = "go" },
          { wait = "other", event = "GotFirstResponseByte" },
          { finish = "other" },
          { count = "between" },
          { open = "go" },
          { finish = "slow" },
          { send = "never", get = "a/slow", later = true },
        ]
    "#;
    let outcome = outcome(text);
    assert_eq!(outcome.counts["between"].alive, 5);
    assert_eq!(reads(&outcome.requests["slow"])[0].text.as_deref(), Some("abcde"));
    assert_eq!(outcome.requests["other"].sent.status, Some(200));
    let held = replying(
        "{ bytes = 3, gate = \"go\" }",
        r#"{ send = "r", get = "a/", later = true }, { wait = "a", requests = 1 }"#,
    );
    assert!(held.requests["r"].sent.pending);
}

#[test]
fn there_are_three_ways_to_cancel_and_each_has_its_words() {
    let cancel = |send: &str, cancel: &str| {
        outcome(&format!(
            r#"
            [origin.a]
            conns = [["request", {{ send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" }}, "stall"]]
            [caller]
            contexts = ["c"]
            channels = ["x"]
            steps = [{{ send = "r", get = "a/", {send} }}, {{ read = "r", later = true }}, {cancel}, {{ finish = "r" }}]
            "#
        ))
    };
    assert_eq!(read(&cancel(r#"context = "c""#, r#"{ cancel = "c" }"#)).1, Some("context canceled"));
    assert_eq!(read(&cancel(r#"context = "c""#, r#"{ cancel = "c", cause = "enough" }"#)).1, Some("enough"));
    assert_eq!(read(&cancel(r#"channel = "x""#, r#"{ cancel = "x" }"#)).1, Some("net/http: request canceled"));
    assert_eq!(read(&cancel("close = false", r#"{ cancel = "r" }"#)).1, Some("net/http: request canceled"));
    assert_eq!(read(&cancel(r#"timeout = "20ms""#, r#"{ pause = "1ms" }"#)).1, Some("context deadline exceeded"));
}

#[test]
fn a_cancel_is_seen_before_the_next_step() {
    let text = r#"
        [origin.a]
        reply = { bytes = 100000 }
        [caller]
        contexts = ["c"]
        steps = [{ send = "r", get = "a/", context = "c" }, { cancel = "c" }, { read = "r" }]
    "#;
    assert_eq!(read(&outcome(text)).1, Some("context canceled"));
}

#[test]
fn a_dial_that_its_origin_holds_up_is_counted() {
    let text = r#"
        [origin.a]
        tls = "unspoken"
        conns = [["hold"]]
        [caller]
        steps = [{ send = "r", get = "a/", later = true }, { count = "dialling" }, { drop = "r" }]
    "#;
    assert_eq!(outcome(text).counts["dialling"], Count { alive: 2, read_loop: 0, write_loop: 0, other: 1 });
}

#[test]
fn what_is_dropped_is_gone() {
    let steps = r#"
        { send = "r", get = "a/" }, { drop = "r" },
        { send = "going", get = "a/", later = true }, { wait = "a", requests = 2 }, { drop = "going" },
        { wait = "a", ended = 2 },
    "#;
    let outcome = scripted(r#""request", { send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" }, "hold""#, steps);
    assert!(matches!(outcome.requests["r"].steps[..], [StepOutcome::Drop(_)]));
    assert_eq!(outcome.counts["end"].alive, 1);
    let held = scripted(
        r#""request", "hold""#,
        r#"{ send = "r", get = "a/", later = true }, { wait = "a", requests = 1 }, { drop = "r" }"#,
    );
    assert!(held.requests["r"].sent.dropped);
    assert_eq!(held.counts["end"].alive, 1);
}

#[test]
fn idle_connections_end_by_close_idle_and_with_their_transport() {
    for step in ["close_idle", "drop_transport"] {
        let outcome = replying("{ bytes = 3 }", &format!(r#"{GET}, {{ count = "idle" }}, {{ {step} = true }}"#));
        assert_eq!((outcome.counts["idle"].alive, outcome.counts["end"].alive), (3, 1), "{step}");
        assert_eq!(ends(&outcome), ["peer closed"], "{step}");
    }
}

#[test]
fn bodies_are_in_memory_or_come_piece_by_piece() {
    let body = |body: &str| {
        let steps = format!(
            r#"{{ send = "r", post = "a/", body = {body}, headers = {{ X = ["1", "2"] }} }}, {{ open = "g" }}"#
        );
        let steps = if body.contains("gate") { steps } else { steps.replace(r#", { open = "g" }"#, "") };
        replying("{ bytes = 3 }", &steps)
    };
    let received = |outcome: &Outcome| {
        let request = &outcome.origins["a"].conns[0].requests[0];
        let framing =
            request.head.iter().find(|line| line.starts_with("Content-Length") || line.starts_with("Transfer-"));
        (framing.cloned().unwrap_or_default(), request.body.text.clone().unwrap_or_default(), request.whole)
    };
    let sized = ("Content-Length: 3".to_owned(), "abc".to_owned(), true);
    assert_eq!(received(&body(r#""abc""#)), sized);
    assert_eq!(received(&body("{ bytes = 3 }")), sized);
    assert_eq!(received(&body(r#"{ pieces = ["a", { bytes = 2 }], length = 3 }"#)).0, sized.0);
    let chunked = received(&body(r#"{ pieces = ["ab", { pause = "1ms" }, "c"] }"#));
    assert_eq!(chunked, ("Transfer-Encoding: chunked".to_owned(), "abc".to_owned(), true));
    let failed = body(r#"{ pieces = ["ab", { fail = "no more" }], length = 3 }"#);
    assert_eq!(error(&failed), "Post \"http://a/\": readfrom tcp caller->a: no more");
    assert!(!received(&failed).2, "it did not arrive to its end");
}

#[test]
fn a_body_that_stands_at_a_gate_goes_on_when_it_is_opened() {
    let steps = r#"
        { send = "r", post = "a/", later = true, body = { pieces = ["a", { gate = "g" }, "b"] } },
        { wait = "a", requests = 1 }, { open = "g" }, { finish = "r" },
    "#;
    let outcome = replying("{ bytes = 3 }", steps);
    assert_eq!(outcome.origins["a"].conns[0].requests[0].body.text.as_deref(), Some("ab"));
}

#[test]
fn a_body_can_wait_for_the_servers_word() {
    let steps = r#"{ send = "r", put = "a/", body = "abc", headers = { Expect = "100-continue" } }"#;
    let script = r#""head", { send = "HTTP/1.1 100 Continue\r\n\r\n" }, "body", { reply = { status = 204 } }, "hold""#;
    let outcome = scripted(script, steps);
    assert_eq!(outcome.requests["r"].sent.status, Some(204));
    assert_eq!(outcome.requests["r"].events.writer, ["WroteHeaders", "Wait100Continue", "WroteRequest"]);
    assert_eq!(outcome.requests["r"].events.reader, ["GotFirstResponseByte", "Got100Continue"]);
}

#[test]
fn after_101_both_sides_write_as_they_like() {
    let steps = r#"
        { send = "r", get = "a/", headers = { Connection = "Upgrade", Upgrade = "x" } },
        { write = "r", text = "ping" }, { read = "r", exactly = 4 }, { close = "r" },
    "#;
    let script = r#""request", { send = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" },
                   { await = 4 }, { expect = { waiting = "ping" } }, { send = "pong" }, "eof""#;
    let outcome = scripted(script, steps);
    assert_eq!((outcome.requests["r"].sent.status, read(&outcome).0.as_str()), (Some(101), "pong"));
    assert!(outcome.origins["a"].failures.is_empty(), "{:?}", outcome.origins["a"].failures);
    assert_eq!(outcome.counts["end"].alive, 1);
}

#[test]
fn a_server_ends_a_connection_in_many_ways() {
    let head = r#""request", { send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" }"#;
    let ended = |end: &str| {
        scripted(&format!("{head}, {end}"), r#"{ send = "r", get = "a/" }, { open = "g" }, { read = "r" }"#)
    };
    let with_gate = |end: &str| ended(&format!(r#"{{ gate = "g" }}, {end}"#));
    assert_eq!(read(&with_gate(r#""close""#)), ("abc".to_owned(), Some("unexpected EOF")));
    assert_eq!(read(&with_gate(r#""half_close", "eof""#)), ("abc".to_owned(), Some("unexpected EOF")));
    let reset = with_gate(r#""reset""#);
    assert_eq!(read(&reset).1, Some("read tcp caller->a: read: connection reset by peer"));
    assert_eq!(ends(&reset), ["reset"]);
}

#[test]
fn steps_of_a_server_are_repeated_and_routed() {
    let three = format!("{{ times = 3, steps = [{}] }}", GET);
    let looped = scripted(
        r#"{ times = 2, steps = ["request", { reply = { text = "twice" } }] }, { forever = ["request", { reply = { text = "ever" } }] }"#,
        &three,
    );
    assert_eq!(reads(&looped.requests["r.2"])[0].text.as_deref(), Some("twice"));
    assert_eq!(reads(&looped.requests["r.3"])[0].text.as_deref(), Some("ever"));
    assert_eq!(looped.origins["a"].accepted, 1);
    let text = format!(
        r#"
        [origin.a]
        reply = {{ text = "routed" }}
        at = {{ "/there" = {{ redirect = "/" }} }}
        conns = [["request", {{ label = "first" }}, {{ pause = "1ms" }}, {{ hex = "485454502f312e3120 323030204f4b 0d0a 436f6e74656e742d4c656e6774683a2035 0d0a0d0a" }}, {{ bytes = 5 }}, "close"], ["route"]]
        [caller]
        steps = [{three}, {{ send = "x", get = "a/there" }}, {{ wait = "a", reached = "first" }}]
        "#
    );
    let routed = outcome(&text);
    assert_eq!(reads(&routed.requests["r.1"])[0].text.as_deref(), Some("abcde"));
    assert_eq!(reads(&routed.requests["r.3"])[0].text.as_deref(), Some("routed"));
    assert_eq!((routed.requests["x"].sent.status, routed.origins["a"].accepted), (Some(200), 2));
}

#[test]
fn what_a_server_did_not_expect_stands_in_the_outcome() {
    let looks = r#"{ expect = { line = "GET / HTTP/1.1", headers = { Host = "b" }, no_header = "Accept-Encoding", body = "" } }"#;
    let outcome = scripted(&format!(r#""request", {looks}, {{ reply = {{ bytes = 3 }} }}"#), GET);
    let failures = &outcome.origins["a"].failures;
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert_eq!(failures[0], r#"connection 1, request 1: expected that header Host is "b"; got "a""#);
}

#[test]
fn replies_come_in_all_shapes() {
    let text = |reply: &str| read(&replying(reply, GET)).0;
    assert_eq!(text(r#"{ text = "abc" }"#), "abc");
    assert_eq!(text("{ chunked = 5, chunk = 2, by_chunk = true, late_end = true, pause = \"1ms\" }"), "abcde");
    assert_eq!(text(r#"{ chunked = "abc", cut = 7 }"#), "abc");
    assert_eq!(text("{ until_close = 5, http10 = true }"), "abcde");
    let rich = replying(
        r#"{ chunked = 3, status = 203, headers = { X = "1" }, trailers = { T = "2" }, interim = [{ status = 103, headers = { Link = "l" }, times = 2 }], close = true }"#,
        r#"{ send = "r", get = "a/", got_1xx = true }, { read = "r" }"#,
    );
    let request = &rich.requests["r"];
    assert_eq!((request.sent.status, &request.sent.headers.as_ref().unwrap()["X"][0]), (Some(203), &"1".to_owned()));
    assert_eq!(request.trailers["T"], ["2"]);
    assert_eq!(request.events.reader, ["GotFirstResponseByte", "Got1xxResponse 103", "Got1xxResponse 103"]);
    assert_eq!(replying("{ status = 404 }", GET).requests["r"].sent.content_length, Some(0));
    assert_eq!(replying("{ status = 304 }", GET).requests["r"].sent.status, Some(304));
}

#[test]
fn steps_for_which_there_is_no_response_are_skipped() {
    let outcome = scripted(
        r#""request", "close""#,
        r#"{ send = "r", post = "a/", body = "x" }, { read = "r" }, { close = "r" }, { write = "r", text = "x" }, { drop = "r" }"#,
    );
    assert_eq!(error(&outcome), "Post \"http://a/\": EOF");
    assert!(reads(&outcome.requests["r"])[0].skipped);
    assert_eq!(outcome.requests["r"].steps.len(), 4);
}

#[test]
fn origins_speak_tls_pretend_to_or_refuse() {
    let spoken =
        |how: &str, more: &str| outcome(&format!("[origin.a]\n{how}\n[transport]\n{more}\n[caller]\nsteps = [{GET}]"));
    let secure = spoken("tls = true\nreply = { bytes = 3 }", "");
    assert_eq!(read(&secure), ("abc".to_owned(), None));
    assert_eq!(
        secure.requests["r"].events.dial,
        ["ConnectStart a", "ConnectDone a", "TLSHandshakeStart", "TLSHandshakeDone"]
    );
    let goodbye =
        |goodbye: &str| spoken(&format!("tls = true\ngoodbye = \"{goodbye}\"\nreply = {{ until_close = 3 }}"), "");
    assert_eq!(read(&goodbye("said")), ("abc".to_owned(), None));
    assert_eq!(read(&goodbye("unsaid")), ("abc".to_owned(), None));
    assert_eq!(read(&goodbye("cut")), ("abc".to_owned(), Some("unexpected EOF")));
    let unspoken = spoken("tls = \"unspoken\"\nconns = [[\"hold\"]]", "TLSHandshakeTimeout = \"20ms\"");
    assert_eq!(error(&unspoken), "Get \"https://a/\": net/http: TLS handshake timeout");
    let refused = spoken("refuses = true", "");
    assert_eq!(error(&refused), "Get \"http://a/\": dial tcp a: connect: connection refused");
    assert_eq!(refused.origins["a"].accepted, 0);
}

#[test]
fn requests_go_through_a_proxy() {
    let text = format!(
        "[origin.a]\nrefuses = true\n[origin.p]\nreply = {{ text = \"from p\" }}\n[transport]\nProxy = \"p\"\n[caller]\nsteps = [{GET}]"
    );
    let outcome = outcome(&text);
    assert_eq!(read(&outcome).0, "from p");
    assert_eq!(outcome.origins["p"].conns[0].requests[0].head[0], "GET http://a/ HTTP/1.1");
    assert_eq!(outcome.requests["r"].conns, ["p#1"]);
}

#[test]
fn settings_bear_gos_names_and_have_gos_defaults() {
    let with = |settings: &str, steps: &str| {
        outcome(&format!("[origin.a]\nreply = {{ bytes = 3 }}\n[transport]\n{settings}\n[caller]\nsteps = [{steps}]"))
    };
    assert_eq!(with("DisableKeepAlives = true", GET).counts["end"].alive, 1);
    assert_eq!(with("MaxIdleConnsPerHost = -1", GET).counts["end"].alive, 1);
    let idle = with("base = \"zero\"\nIdleConnTimeout = \"20ms\"", &format!("{GET}, {{ wait = \"a\", ended = 1 }}"));
    assert_eq!(ends(&idle), ["peer closed"]);
    let plain = with("DisableCompression = true", GET);
    let head = &plain.origins["a"].conns[0].requests[0].head;
    assert!(!head.iter().any(|line| line.starts_with("Accept-Encoding")), "{head:?}");
    let late = outcome(
        "[origin.a]\nconns = [[\"hold\"]]\n[client]\nTimeout = \"20ms\"\n[caller]\nsteps = [{ send = \"r\", get = \"a/\" }]",
    );
    assert_eq!(
        error(&late),
        "Get \"http://a/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    );
}

#[test]
fn every_step_of_either_side_is_taken_above() {
    let here = include_str!("port.rs");
    let by_verb = STEPS.iter().chain(SERVER_STEPS).map(|(verb, _)| format!("{{ {verb} = "));
    let by_word = SERVER_WORDS.iter().map(|(word, _)| format!("\"{word}\""));
    let missing: Vec<String> = by_verb.chain(by_word).filter(|step| !here.contains(step.as_str())).collect();
    // Their flags stand in a loop.
    let missing: Vec<&String> =
        missing.iter().filter(|step| !step.contains("_idle") && !step.contains("_transport")).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
