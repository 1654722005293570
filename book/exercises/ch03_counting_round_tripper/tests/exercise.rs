//! Requests on their way through the round tripper, on the stepper: any seed must give the same counts.

use std::sync::Arc;

use ch03_counting_round_tripper::Counting;
use client::{Client, Config, Transport};
use origin::{Plan, Reply, Router, Script};
use stepper::{MemOrigin, Stepper};

/// GETs `urls` one after the other, each body read to its end, over a `Counting` of its own.
fn get_all(stepper: &Stepper, urls: &[&str]) -> Arc<Counting> {
    let transport = Transport::new(Config::default_transport(stepper.seam()));
    let counting = Arc::new(Counting::new(transport.clone()));
    let client = Client::new(transport).with_round_tripper(Arc::clone(&counting) as Arc<_>);
    let ran = stepper.block_on("main", async {
        for url in urls {
            if let Ok(mut response) = client.get(url).await {
                response.body.read_all().await.expect("the server says all of it");
            }
        }
    });
    ran.expect("no request hangs");
    counting
}

fn serve(stepper: &Stepper, host: &str, router: Router) -> MemOrigin {
    stepper.serve(&format!("{host}:80"), router)
}

const SEEDS: std::ops::Range<u64> = 0..10;

#[test]
fn six_requests_over_one_connection() {
    for seed in SEEDS {
        let stepper = Stepper::seeded(seed);
        let origin = serve(&stepper, "a.test", Router::new().at("/", Reply::bytes(13)));
        let counting = get_all(&stepper, &["http://a.test/"; 6]);
        assert_eq!(counting.requests(), 6, "six GETs are six requests");
        let accepted = origin.server().stats().accepted;
        assert_eq!(accepted, 1, "the request belongs to the transport that was given, which has a pool");
        assert_eq!(counting.dials(), 1, "six requests over one connection are one dial");
    }
}

#[test]
fn a_redirect_is_two_requests_of_one_get() {
    for seed in SEEDS {
        let stepper = Stepper::seeded(seed);
        let _a = serve(&stepper, "a.test", Router::new().at("/", Reply::redirect(302, "http://b.test/")));
        let _b = serve(&stepper, "b.test", Router::new().at("/", Reply::bytes(13)));
        let counting = get_all(&stepper, &["http://a.test/"]);
        assert_eq!(counting.requests(), 2, "a round tripper sees each hop");
        assert_eq!(
            counting.dials(),
            2,
            "two hosts are two dials: the request must be left as it was, without the hook"
        );
    }
}

#[test]
fn a_request_that_is_sent_twice_is_one_request_and_two_dials() {
    for seed in SEEDS {
        let stepper = Stepper::seeded(seed);
        let answer = Reply::bytes(13);
        // The second request arrives, and the server hangs up.
        let first = Script::new().await_request().reply(answer.clone()).await_request().close();
        let plan = Plan::new().conn(first).rest(Script::new().await_request().reply(answer).hold());
        let _origin = stepper.serve("a.test:80", plan);
        let counting = get_all(&stepper, &["http://a.test/"; 2]);
        assert_eq!(counting.requests(), 2, "the transport sends it again below the round tripper");
        assert_eq!(counting.dials(), 2, "the second attempt is on a new connection");
    }
}

#[test]
fn a_request_that_nobody_answers_counts() {
    let stepper = Stepper::seeded(1);
    let counting = get_all(&stepper, &["http://nobody.test/"]);
    assert_eq!(counting.requests(), 1, "a request that fails is a request");
}
