//! Seven runs of the real client on the stepper, and what ends that which they leave.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use ch10_verdict::{Facts, Run, Verdict, predict, verdict};
use client::{Client, Config, EarlyClose, Response, Transport};
use httptrace::{Runtime, Settle};
use origin::{Reply, Router};
use stepper::{Seam, Stepper};

const RUNS: [Run; 7] = [
    Run::Article,
    Run::ZeroTransport,
    Run::Unread,
    Run::UnreadDropped,
    Run::UnreadForgotten,
    Run::DefaultEachForgotten,
    Run::ZeroEachForgotten,
];

/// What the program still has after its requests.
struct Kept {
    clients: Vec<Client>,
    responses: Vec<Response>,
}

fn default_transport(seam: &Arc<Seam>) -> Client {
    let config = Config { early_close: EarlyClose::Kill, ..Config::default_transport(seam.clone()) };
    Client::new(Transport::new(config))
}

fn zero_transport(seam: &Arc<Seam>) -> Client {
    let config = Config { early_close: EarlyClose::Kill, ..Config::zero(seam.clone()) };
    Client::new(Transport::new(config))
}

async fn get(client: &Client, url: &str) -> Response {
    client.get(url).await.expect("the server answers all of them")
}

async fn get_and_read(client: &Client, url: &str) -> Response {
    let mut response = get(client, url).await;
    response.body.read_all().await.expect("the server says all of it");
    response
}

async fn make(run: Run, seam: &Arc<Seam>, url: &str) -> Kept {
    match run {
        Run::Article => six_read(default_transport(seam), url).await,
        Run::ZeroTransport => six_read(zero_transport(seam), url).await,
        Run::Unread => six_unread(default_transport(seam), url).await,
        Run::UnreadDropped => Kept { responses: Vec::new(), ..six_unread(default_transport(seam), url).await },
        Run::UnreadForgotten => {
            let Kept { clients, responses } = six_unread(default_transport(seam), url).await;
            responses.into_iter().for_each(mem::forget);
            Kept { clients, responses: Vec::new() }
        }
        Run::DefaultEachForgotten => a_transport_each(default_transport, seam, url).await,
        Run::ZeroEachForgotten => a_transport_each(zero_transport, seam, url).await,
    }
}

async fn six_read(client: Client, url: &str) -> Kept {
    let mut responses = Vec::new();
    for _ in 1..=6 {
        responses.push(get_and_read(&client, url).await);
    }
    Kept { clients: vec![client], responses }
}

async fn six_unread(client: Client, url: &str) -> Kept {
    let mut responses = Vec::new();
    for _ in 1..=6 {
        responses.push(get(&client, url).await);
    }
    Kept { clients: vec![client], responses }
}

async fn a_transport_each(new: fn(&Arc<Seam>) -> Client, seam: &Arc<Seam>, url: &str) -> Kept {
    let mut responses = Vec::new();
    for _ in 1..=6 {
        let client = new(seam);
        responses.push(get_and_read(&client, url).await);
        mem::forget(client);
    }
    Kept { clients: Vec::new(), responses }
}

/// Makes the run, and then tries everything that could end what is left.
fn measure(run: Run, seed: u64) -> Facts {
    let stepper = Stepper::seeded(seed);
    // A patient server: it never closes.
    let server = stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(100_000)));
    let seam = stepper.seam();
    let measured = stepper.block_on("main", async {
        let Kept { clients, responses } = make(run, &seam, &server.url("/")).await;
        let left = count(&seam).await;
        clients.iter().for_each(Client::close_idle_connections);
        let asked = count(&seam).await;
        drop(responses);
        let let_go = count(&seam).await;
        seam.timer(seam.now() + Duration::from_secs(3600)).await;
        let waited = count(&seam).await;
        Facts { left, asked, let_go, waited }
    });
    measured.expect("the run does not hang")
}

async fn count(seam: &Arc<Seam>) -> usize {
    seam.settled().await;
    seam.alive_tasks()
}

/// What is true of a run, and why.
fn truth(run: Run) -> (Verdict, &'static str) {
    match run {
        Run::Article => (
            Verdict::Idle,
            "the pool keeps it on purpose: the next request uses it, and CloseIdleConnections ends it at once",
        ),
        Run::ZeroTransport => (
            Verdict::Idle,
            "the pool keeps it on purpose, without a time limit; the program still has the client, and can end it",
        ),
        Run::Unread => (
            Verdict::HeldByYou,
            "no call and no timer ends them, but as long as the responses are kept, they can be read or dropped",
        ),
        Run::UnreadDropped => (Verdict::NothingLeft, "a response that is dropped unread ends its connection"),
        Run::UnreadForgotten => (
            Verdict::Leak,
            "each read_loop waits for a body that nobody will read or close: what was forgotten is held by nobody",
        ),
        Run::DefaultEachForgotten => (
            Verdict::LeakWithADate,
            "what was forgotten is held by nobody, and IdleConnTimeout ends it: 90 s are a date, and no use",
        ),
        Run::ZeroEachForgotten => (
            Verdict::Leak,
            "what was forgotten is held by nobody, and a zero Transport has no IdleConnTimeout that would end it",
        ),
    }
}

#[test]
fn each_verdict_is_true_of_what_was_measured_whoever_goes_first() {
    for run in RUNS {
        for seed in 0..5 {
            let facts = measure(run, seed);
            let (expected, why) = truth(run);
            assert_eq!(verdict(facts), expected, "{run:?}, seed {seed}, measured {facts:?}: {why}");
        }
    }
}

#[test]
fn each_prediction_comes_true() {
    for run in RUNS {
        let (expected, why) = truth(run);
        assert_eq!(predict(run), expected, "{run:?}, measured {:?}: {why}", measure(run, 1));
    }
}

#[test]
fn the_articles_three_and_thirteen_are_what_is_judged() {
    let with_main = |run| 1 + measure(run, 1).left;
    assert_eq!([with_main(Run::Article), with_main(Run::Unread)], [3, 13]);
    let judged = [Run::Article, Run::Unread].map(|run| verdict(measure(run, 1)));
    assert!(
        judged.iter().all(|verdict| *verdict < Verdict::LeakWithADate),
        "neither is a leak, and {judged:?} was said"
    );
}

#[test]
fn of_several_sorts_the_gravest_counts() {
    for (facts, expected, why) in [
        (Facts { left: 6, asked: 4, let_go: 2, waited: 2 }, Verdict::Leak, "2 tasks stay, whatever is done"),
        (Facts { left: 6, asked: 4, let_go: 2, waited: 0 }, Verdict::LeakWithADate, "2 tasks end by time alone"),
        (Facts { left: 8, asked: 6, let_go: 6, waited: 2 }, Verdict::Leak, "4 end by time alone, and 2 never"),
        (Facts { left: 4, asked: 2, let_go: 0, waited: 0 }, Verdict::HeldByYou, "2 are idle and 2 are held"),
        (Facts { left: 2, asked: 0, let_go: 0, waited: 0 }, Verdict::Idle, "2 are idle, and nothing else is left"),
        (Facts { left: 0, asked: 0, let_go: 0, waited: 0 }, Verdict::NothingLeft, "nothing is left"),
    ] {
        assert_eq!(verdict(facts), expected, "{facts:?}: {why}");
    }
}
