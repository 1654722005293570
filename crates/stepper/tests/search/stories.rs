//! Small runs with one story each: a request that waits takes what becomes free, and what nobody takes goes away.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use httptrace::{Event, Exit, Recorder, Runtime, Settle};
use origin::{Reply, Router, Script};
use stepper::{Dialling, Stepper, drop_after, yield_now};
use transport::{Config, Error, PoolCensus, Request, Transport};

const ADDR: &str = "origin.test:80";

fn get() -> Request {
    Request::new(Method::GET, format!("http://{ADDR}/").parse().expect("a plain URL"))
}

async fn read(transport: Transport) -> Result<Bytes, Error> {
    Ok(transport.round_trip(get()).await?.body.read_all().await?)
}

/// A transport with these settings, and what is recorded of it.
fn transport(stepper: &Stepper, set: impl FnOnce(&mut Config)) -> (Transport, Arc<Recorder>) {
    let recorder = Recorder::new(stepper.seam());
    let mut config = Config { trace: recorder.trace(), ..Config::zero(stepper.seam()) };
    set(&mut config);
    (Transport::new(config), recorder)
}

fn took(recorder: &Recorder, wanted: Exit) -> bool {
    recorder.records().iter().any(|record| matches!(record.event, Event::Exit { id } if id == wanted))
}

fn dials(recorder: &Recorder) -> usize {
    recorder.records().iter().filter(|record| matches!(record.event, Event::ConnectStart { .. })).count()
}

#[test]
fn a_waiting_request_takes_the_connection_that_comes_back() {
    for seed in 0..100 {
        let stepper = Stepper::seeded(seed);
        let reply = Reply::bytes(2000).in_pieces(300).pausing(Duration::from_millis(1));
        let origin = stepper.serve(ADDR, Router::new().at("/", reply));
        let (transport, recorder) = transport(&stepper, |_| {});
        let seam = stepper.seam();
        let bodies = stepper.block_on("caller", async {
            let mut first = transport.round_trip(get()).await?;
            // The second request's own dial never ends.
            stepper.set_dialling(ADDR, Dialling::Hangs);
            let second = seam.start("second", read(transport.clone()));
            let first = first.body.read_all().await?;
            Ok::<_, Error>((first, second.await.expect("the task is left alone")?))
        });
        let (first, second) = bodies.unwrap_or_else(|stalled| panic!("{stalled}")).unwrap();
        assert_eq!((first.len(), second.len()), (2000, 2000), "seed {seed}");
        assert!(took(&recorder, Exit::LateBinding), "seed {seed}");
        assert_eq!(origin.server().stats().accepted, 1, "seed {seed}");
    }
}

#[test]
fn a_place_that_becomes_free_is_given_to_who_waits_for_it() {
    for seed in 0..100 {
        let stepper = Stepper::seeded(seed);
        let origin = stepper.serve(ADDR, Router::new().at("/", Reply::bytes(600).connection_close()));
        let (transport, _) = transport(&stepper, |config| config.max_conns_per_host = Some(1));
        let seam = stepper.seam();
        let lengths = stepper.block_on("search", async {
            let callers: Vec<_> = (0..4).map(|_| seam.start("caller", read(transport.clone()))).collect();
            let mut lengths = Vec::new();
            for caller in callers {
                lengths.push(caller.await.expect("the task is left alone").unwrap().len());
            }
            seam.settled().await;
            lengths
        });
        let stats = origin.server().stats();
        assert_eq!(lengths.unwrap_or_else(|stalled| panic!("{stalled}")), [600; 4]);
        assert_eq!((stats.accepted, stats.most_open), (4, 1), "seed {seed}");
        assert_eq!(transport.pool_census().conns, 0, "seed {seed}");
    }
}

/// It has never carried a request, so no end of a body sets its clock.
#[test]
fn a_connection_whose_dial_lost_the_race_expires_like_any_other() {
    let timeout = Duration::from_millis(30);
    for seed in 0..100 {
        let stepper = Stepper::seeded(seed);
        stepper.serve(ADDR, Router::new().at("/", Reply::bytes(600)));
        let (transport, recorder) = transport(&stepper, |config| config.idle_conn_timeout = Some(timeout));
        let seam = stepper.seam();
        let left = stepper.block_on("caller", async {
            let mut first = transport.round_trip(get()).await.unwrap();
            stepper.set_dial_latency(Duration::from_millis(10));
            let second = seam.start("second", read(transport.clone()));
            while dials(&recorder) < 2 {
                yield_now().await;
            }
            first.body.read_all().await.unwrap();
            second.await.expect("the task is left alone").unwrap();
            seam.settled().await;
            assert!(took(&recorder, Exit::DialPooled), "seed {seed}");
            seam.timer(seam.now() + timeout).await;
            seam.settled().await;
            (seam.alive_tasks(), transport.pool_census())
        });
        let left = left.unwrap_or_else(|stalled| panic!("{stalled}"));
        assert_eq!(left, (0, PoolCensus::default()), "seed {seed}");
    }
}

/// The same for a connection that was dialled for a caller who never took it, and put back late.
#[test]
fn a_connection_that_is_put_back_untaken_expires_like_any_other() {
    let timeout = Duration::from_millis(30);
    let stepper = Stepper::seeded(1);
    stepper.serve(ADDR, Router::new().at("/", Reply::bytes(600)));
    let (transport, _) = transport(&stepper, |config| config.idle_conn_timeout = Some(timeout));
    let seam = stepper.seam();
    let left = stepper.block_on("caller", async {
        let mut request = Box::pin(transport.round_trip(get()));
        assert!(drop_after(1, request.as_mut()).await.is_none(), "a dial takes more than one poll");
        // The connection is delivered to a future that nobody polls, for longer than it may be idle.
        seam.timer(seam.now() + 5 * timeout / 2).await;
        drop(request);
        seam.settled().await;
        assert_eq!(transport.pool_census().idle, 1);
        seam.timer(seam.now() + timeout).await;
        seam.settled().await;
        (seam.alive_tasks(), transport.pool_census())
    });
    assert_eq!(left.unwrap_or_else(|stalled| panic!("{stalled}")), (0, PoolCensus::default()));
}

#[test]
fn a_reused_connection_that_ends_in_use_leaves_nothing_of_its_host_in_the_pool() {
    let stepper = Stepper::seeded(1);
    let script = Script::new().answer(Reply::bytes(600)).await_request().send("HTTP/1.1 200 OK\r\n").close();
    stepper.serve(ADDR, script);
    let (transport, recorder) = transport(&stepper, |_| {});
    let seam = stepper.seam();
    let left = stepper.block_on("caller", async {
        read(transport.clone()).await.unwrap();
        read(transport.clone()).await.unwrap_err();
        seam.settled().await;
        (seam.alive_tasks(), transport.pool_census())
    });
    assert!(took(&recorder, Exit::IdleHit));
    assert_eq!(left.unwrap_or_else(|stalled| panic!("{stalled}")), (0, PoolCensus::default()));
}
