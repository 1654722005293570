//! What the six requests leave behind, on the stepper: the real client, and the same run for the same seed.

use ch01_thirteen::six_requests;
use client::{Client, Config, EarlyClose, Response, Transport};
use httptrace::Settle;
use origin::{Reply, Router};
use stepper::Stepper;

/// What is left once things have settled.
struct Left {
    tasks: usize,
    connections: usize,
    responses: Vec<Response>,
}

fn run(seed: u64) -> Left {
    let stepper = Stepper::seeded(seed);
    let server = stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(100_000)));
    let config = Config { early_close: EarlyClose::Kill, ..Config::default_transport(stepper.seam()) };
    let client = Client::new(Transport::new(config));
    let seam = stepper.seam();
    let ran = stepper.block_on("main", async {
        let responses = six_requests(&client, &server.url("/")).await.expect("the server answers all of them");
        seam.settled().await;
        // Main is one, as in Go's count.
        let tasks = 1 + seam.alive_tasks();
        Left { tasks, connections: server.server().stats().accepted, responses }
    });
    assert_eq!(server.server().stats().requests, 6, "the program must still make six requests");
    ran.expect("the requests do not hang")
}

#[test]
fn thirteen_tasks_are_left_whoever_goes_first() {
    for seed in 0..10 {
        let left = run(seed);
        let why = match (left.tasks, left.responses.len()) {
            (13, _) => continue,
            (3, _) => "every body was read to its end, and that gave the one connection back; nobody had to close it",
            (1, 6) => "a body that is closed unread ends its connection, and its two tasks with it",
            (1, _) => "a response that is dropped is closed, and a body that is closed unread ends its connection",
            (_, _) => "the sum for thirteen is 2 x 6 + 1: each request must find no connection to use again",
        };
        panic!("not 13 tasks are left but {} (connections opened: {}): {why}", left.tasks, left.connections);
    }
}

#[test]
fn each_request_has_a_connection_of_its_own() {
    let left = run(1);
    assert_eq!(left.connections, 6, "a connection was used again: an earlier body had reached its end");
}

#[test]
fn all_six_responses_are_kept() {
    let left = run(1);
    assert_eq!(left.responses.len(), 6, "Go's program forgets its responses; in Rust they must be kept for that");
}
