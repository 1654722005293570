//! What the six requests leave behind, on the stepper: the real client, and the same run for the same seed.

use ch01_to_one::six_requests;
use client::{Client, Config, EarlyClose, Transport};
use httptrace::Settle;
use origin::{Reply, Router};
use stepper::Stepper;

/// Tasks that are left, main included, and connections that were opened.
fn run(seed: u64) -> (usize, usize) {
    let stepper = Stepper::seeded(seed);
    let server = stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(100_000)));
    let config = Config { early_close: EarlyClose::Kill, ..Config::default_transport(stepper.seam()) };
    let client = Client::new(Transport::new(config));
    let seam = stepper.seam();
    let ran = stepper.block_on("main", async {
        let kept = six_requests(&client, &server.url("/")).await.expect("the server answers all of them");
        seam.settled().await;
        let tasks = 1 + seam.alive_tasks();
        assert_eq!(kept.len(), 6, "the program must still make six requests and keep the responses");
        (tasks, server.server().stats().accepted)
    });
    ran.expect("the requests do not hang")
}

#[test]
fn only_main_is_left_whoever_goes_first() {
    for seed in 0..10 {
        let why = match run(seed) {
            (1, _) => continue,
            (tasks, 1) => format!(
                "{tasks} tasks are left: the connection is idle in the pool; a body that was read to its end has \
                 nothing left to close"
            ),
            (tasks, connections) => format!(
                "{tasks} tasks are left after {connections} connections: only what is idle at that moment ends, \
                 and later requests dial again"
            ),
        };
        panic!("{why}");
    }
}

#[test]
fn the_six_requests_share_one_connection() {
    let (_, connections) = run(1);
    assert_eq!(
        connections, 1,
        "{connections} connections were opened for six requests: a connection is used again only if the body \
         before was read to its end"
    );
}
