//! Counts while something is still under way, on the stepper's clock: an hour passes there in no time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ch02_settled_census::settled_census;
use client::{Client, Config, Transport};
use httptrace::{BoxFuture, BoxIo, Census, Counts, Runtime, Settle, TaskName, Timer};
use origin::{Reply, Router};
use stepper::Stepper;

const IDLE: Counts = Counts { read_loop: 1, write_loop: 1, dial: 0 };
const NOBODY: Counts = Counts { read_loop: 0, write_loop: 0, dial: 0 };

/// A client with the rules of Go 1.27, and a server that says its 13 bytes at `/`, and the second half of its body only
/// 40 seconds later at `/slow`.
fn client(stepper: &Stepper) -> Client {
    let slow = Reply::bytes(1000).in_pieces(500).pausing(Duration::from_secs(40));
    stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(13)).at("/slow", slow));
    Client::new(Transport::new(Config::default_transport(stepper.seam())))
}

#[test]
fn a_body_that_is_being_drained_is_waited_for() {
    for seed in 0..10 {
        let stepper = Stepper::seeded(seed);
        let client = client(&stepper);
        let seam = stepper.seam();
        let ran = stepper.block_on("main", async {
            let response = client.get("http://origin.test/slow").await.expect("the server answers");
            drop(response);
            settled_census(&*seam).await
        });
        let counts = ran.expect("the count does not hang").expect("both counts agree");
        assert_eq!(counts, NOBODY, "counted too early: the drain of a dropped body was still under way");
    }
}

#[test]
fn a_dial_that_is_under_way_is_waited_for() {
    for latency in [1, 20, 3600].map(Duration::from_secs) {
        let stepper = Stepper::seeded(1);
        stepper.set_dial_latency(latency);
        let config = Config { dial_timeout: None, ..Config::default_transport(stepper.seam()) };
        stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(13)));
        let client = Client::new(Transport::new(config));
        let seam = stepper.seam();
        let asking = stepper.spawn("somebody else", async move {
            let mut response = client.get("http://origin.test/").await.expect("the server answers");
            response.body.read_all().await.expect("the server says all of it");
            client
        });
        let ran = stepper.block_on("main", settled_census(&*seam));
        let counts = ran.expect("the count does not hang").expect("both counts agree");
        assert_eq!(counts, IDLE, "a dial that takes {latency:?} was still under way: no fixed time is long enough");
        drop(asking);
    }
}

#[test]
fn the_clock_stands_still_when_nothing_is_under_way() {
    let stepper = Stepper::seeded(1);
    let client = client(&stepper);
    let seam = stepper.seam();
    let ran = stepper.block_on("main", async {
        let mut response = client.get("http://origin.test/").await.expect("the server answers");
        response.body.read_all().await.expect("the server says all of it");
        settled_census(&*seam).await
    });
    assert_eq!(ran.expect("the count does not hang"), Ok(IDLE));
    let waited = stepper.now();
    assert_eq!(waited, Duration::ZERO, "waited for a time and not for an event: {waited:?} passed for nothing");
}

#[test]
fn counts_that_do_not_agree_are_an_error() {
    let stepper = Stepper::seeded(1);
    let rt = OneTooMany(stepper.seam());
    let counted = stepper.block_on("main", settled_census(&rt)).expect("the count does not hang");
    assert!(counted.is_err(), "the executor and the census do not agree, and {counted:?} was given all the same");
}

/// A runtime whose executor knows of a task that is in no census.
struct OneTooMany(Arc<stepper::Seam>);

impl Settle for OneTooMany {
    fn settled(&self) -> BoxFuture<'static, ()> {
        self.0.settled()
    }

    fn alive_tasks(&self) -> usize {
        self.0.alive_tasks() + 1
    }
}

impl Runtime for OneTooMany {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.0.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        self.0.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.0.now()
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.0.lookup(host)
    }

    fn connect(&self, addr: SocketAddr, keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        self.0.connect(addr, keep_alive)
    }

    fn census(&self) -> &Arc<Census> {
        self.0.census()
    }
}
