//! A name with several addresses: which is tried when, for how long, and what is told of it. And what becomes of dials and
//! idle connections as time goes by.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use httptrace::{BoxFuture, BoxIo, Census, Event, Recorder, Runtime, Settle, TaskName, Timer};
use origin::{Reply, Router};
use stepper::{Dialling, Seam, Stepper};
use transport::{Config, Context, Error, PoolCensus, Request, Transport};

const SECOND: Duration = Duration::from_secs(1);

fn list(addrs: &[IpAddr]) -> String {
    addrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A stepper on which `many.test` has these addresses, and a transport with these settings.
struct Stage {
    transport: Transport,
    recorder: Arc<Recorder>,
    stepper: Stepper,
}

impl Stage {
    fn new(addresses: &[&str], set: impl FnOnce(&mut Config)) -> Self {
        let stepper = Stepper::seeded(1);
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        stepper.set_addresses("many.test", &addresses);
        let recorder = Recorder::new(stepper.seam());
        let mut config = Config { trace: recorder.trace(), ..Config::default_transport(stepper.seam()) };
        set(&mut config);
        Stage { transport: Transport::new(config), recorder, stepper }
    }

    fn serve(&self, addr: &str) {
        self.stepper.serve(addr, Router::new().at("/", Reply::bytes(13)));
    }

    fn hangs(&self, addr: &str) {
        self.stepper.set_dialling(addr, Dialling::Hangs);
    }

    fn fails(&self, addr: &str, text: &str) {
        self.stepper.set_dialling(addr, Dialling::Fails(ErrorKind::HostUnreachable, text.to_owned()));
    }

    fn fetch(&self, url: &str) -> Result<Bytes, String> {
        let fetched = self.stepper.block_on("caller", fetch(self.transport.clone(), get(url)));
        fetched.unwrap_or_else(|stalled| panic!("{stalled}")).map_err(|error| error.to_string())
    }

    /// What was told of the dials, each line with its second.
    fn told(&self) -> Vec<String> {
        let told = |record: &httptrace::Record| {
            let what = match &record.event {
                Event::DnsStart { host } => format!("lookup {host}"),
                Event::DnsDone { addrs, error } => format!("found {}", error.clone().unwrap_or_else(|| list(addrs))),
                Event::ConnectStart { addr } => format!("connect {addr}"),
                Event::ConnectDone { addr, error } => error.clone().unwrap_or(format!("connected {addr}")),
                _ => return None,
            };
            Some(format!("{:.1} {what}", record.at_us as f64 / 1e6))
        };
        self.recorder.records().iter().filter_map(told).collect()
    }

    /// The connections that requests got.
    fn got(&self) -> Vec<u64> {
        let got = |record: &httptrace::Record| {
            matches!(record.event, Event::GotConn { .. }).then(|| record.conn.map_or(0, |conn| conn.0))
        };
        self.recorder.records().iter().filter_map(got).collect()
    }

    fn settle(&self) {
        self.stepper.block_on("settle", self.stepper.seam().settled()).unwrap_or_else(|stalled| panic!("{stalled}"));
    }

    fn sleep(&self, time: Duration) {
        let seam = self.stepper.seam();
        self.stepper.block_on("sleep", seam.timer(seam.now() + time)).unwrap_or_else(|stalled| panic!("{stalled}"));
    }
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, url.parse().expect("a plain URL"))
}

async fn fetch(transport: Transport, request: Request) -> Result<Bytes, Error> {
    Ok(transport.round_trip(request).await?.body.read_all().await?)
}

// Names.

#[test]
fn the_addresses_of_a_name_are_tried_in_order_until_one_answers() {
    let stage = Stage::new(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], |_| {});
    stage.fails("10.0.0.1:80", "no route to host");
    stage.serve("10.0.0.2:80");
    assert_eq!(stage.fetch("http://many.test/").unwrap().len(), 13);
    assert_eq!(
        stage.told(),
        [
            "0.0 lookup many.test",
            "0.0 found 10.0.0.1 10.0.0.2 10.0.0.3",
            "0.0 connect 10.0.0.1:80",
            "0.0 dial tcp 10.0.0.1:80: connect: no route to host",
            "0.0 connect 10.0.0.2:80",
            "0.0 connected 10.0.0.2:80",
        ]
    );
}

#[test]
fn an_address_is_not_looked_up() {
    let stage = Stage::new(&[], |_| {});
    stage.serve("[::1]:8080");
    stage.serve("10.0.0.1:80");
    stage.fetch("http://[::1]:8080/").unwrap();
    stage.fetch("http://10.0.0.1/").unwrap();
    let told =
        ["0.0 connect [::1]:8080", "0.0 connected [::1]:8080", "0.0 connect 10.0.0.1:80", "0.0 connected 10.0.0.1:80"];
    assert_eq!(stage.told(), told);
}

/// Differs from Go: no zone can be said, since a URL cannot carry one.
#[test]
fn an_address_with_a_zone_is_no_url() {
    assert!("http://[fe80::1%25eth0]/".parse::<url::Url>().is_err());
}

#[test]
fn a_name_without_an_address_is_no_such_host() {
    let stage = Stage::new(&[], |_| {});
    assert_eq!(stage.fetch("http://many.test/").unwrap_err(), "dial tcp: lookup many.test: no such host");
    assert_eq!(stage.told(), ["0.0 lookup many.test", "0.0 found lookup many.test: no such host"]);
}

#[test]
fn of_several_errors_the_first_one_is_told() {
    let stage = Stage::new(&["10.0.0.1", "10.0.0.2"], |_| {});
    stage.fails("10.0.0.1:80", "no route to host");
    assert_eq!(stage.fetch("http://many.test/").unwrap_err(), "dial tcp 10.0.0.1:80: connect: no route to host");
    assert_eq!(stage.told().last().unwrap(), "0.0 dial tcp 10.0.0.2:80: connect: connection refused");
}

// Time.

#[test]
fn addresses_that_do_not_answer_share_the_time_of_the_dial() {
    let stage = Stage::new(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], |_| {});
    for addr in ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"] {
        stage.hangs(addr);
    }
    let error = stage.fetch("http://many.test/").unwrap_err();
    assert_eq!((&*error, stage.stepper.now()), ("dial tcp 10.0.0.1:80: i/o timeout", 30 * SECOND));
    assert_eq!(
        stage.told()[2..],
        [
            "0.0 connect 10.0.0.1:80",
            "10.0 dial tcp 10.0.0.1:80: i/o timeout",
            "10.0 connect 10.0.0.2:80",
            "20.0 dial tcp 10.0.0.2:80: i/o timeout",
            "20.0 connect 10.0.0.3:80",
            "30.0 dial tcp 10.0.0.3:80: i/o timeout",
        ]
    );
}

#[test]
fn an_address_has_its_two_seconds_though_others_get_nothing_then() {
    let stage = Stage::new(&["10.0.0.1", "10.0.0.2", "10.0.0.3"], |config| config.dial_timeout = Some(SECOND));
    for addr in ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"] {
        stage.hangs(addr);
    }
    let error = stage.fetch("http://many.test/").unwrap_err();
    assert_eq!((&*error, stage.stepper.now()), ("dial tcp 10.0.0.2:80: i/o timeout", SECOND));
    assert_eq!(stage.told()[2..], ["0.0 connect 10.0.0.1:80", "1.0 dial tcp 10.0.0.1:80: i/o timeout"]);
}

#[test]
fn a_dial_without_a_time_limit_waits_for_as_long_as_it_takes() {
    let stage = Stage::new(&["10.0.0.1"], |config| config.dial_timeout = None);
    stage.serve("10.0.0.1:80");
    stage.stepper.set_dial_latency(3600 * SECOND);
    assert_eq!(stage.fetch("http://many.test/").unwrap().len(), 13);
}

#[test]
fn the_other_address_family_is_tried_after_a_short_while_and_the_first_to_answer_wins() {
    let stage = Stage::new(&["::1", "10.0.0.1", "::2", "10.0.0.2"], |_| {});
    stage.hangs("[::1]:80");
    stage.fails("10.0.0.1:80", "no route to host");
    stage.serve("10.0.0.2:80");
    assert_eq!(stage.fetch("http://many.test/").unwrap().len(), 13);
    assert_eq!(
        stage.told()[2..],
        [
            "0.0 connect [::1]:80",
            "0.3 connect 10.0.0.1:80",
            "0.3 dial tcp 10.0.0.1:80: connect: no route to host",
            "0.3 connect 10.0.0.2:80",
            "0.3 connected 10.0.0.2:80",
            "0.3 dial tcp [::1]:80: operation was canceled",
        ]
    );
    assert_eq!(stage.stepper.open_streams().dialled, 1);
}

#[test]
fn the_other_address_family_is_tried_at_once_when_the_first_fails() {
    let stage = Stage::new(&["10.0.0.1", "::1"], |_| {});
    stage.serve("[::1]:80");
    stage.fetch("http://many.test/").unwrap();
    assert_eq!(stage.told().last().unwrap(), "0.0 connected [::1]:80");
}

#[test]
fn when_both_address_families_fail_the_first_ones_error_is_told() {
    for (first_hangs, told) in
        [(true, "dial tcp [::1]:80: i/o timeout"), (false, "dial tcp [::1]:80: connect: connection refused")]
    {
        let stage = Stage::new(&["::1", "10.0.0.1"], |_| {});
        if first_hangs {
            stage.hangs("[::1]:80");
        }
        assert_eq!(stage.fetch("http://many.test/").unwrap_err(), told);
    }
}

#[test]
fn without_a_fallback_delay_all_addresses_stand_in_one_line() {
    let stage = Stage::new(&["::1", "10.0.0.1"], |config| config.dial_fallback_delay = None);
    stage.hangs("[::1]:80");
    stage.serve("10.0.0.1:80");
    stage.fetch("http://many.test/").unwrap();
    assert_eq!(stage.told()[2..4], ["0.0 connect [::1]:80", "15.0 dial tcp [::1]:80: i/o timeout"]);
}

// Dials that nobody needs any more.

#[test]
fn a_dial_that_nobody_waits_for_goes_on_until_idle_connections_are_closed() {
    let stage = Stage::new(&[], |config| config.dial_timeout = None);
    stage.hangs("a.test:80");
    stage.hangs("b.test:80");
    let (context, cancel) = Context::background().with_cancel();
    let mut given_up = get("http://a.test/");
    given_up.context = context;
    let given_up = stage.stepper.spawn("caller", fetch(stage.transport.clone(), given_up));
    let waiting = stage.stepper.spawn("caller", fetch(stage.transport.clone(), get("http://b.test/")));
    stage.stepper.run_until_stalled().unwrap();
    cancel.cancel();
    stage.stepper.run_until_stalled().unwrap();
    assert!(given_up.take().expect("it has ended").is_err());
    let dials = || stage.stepper.seam().census().counts().dial;
    assert_eq!(dials(), 2);

    stage.transport.close_idle_connections();
    stage.stepper.run_until_stalled().unwrap();
    assert_eq!((dials(), waiting.is_over()), (1, false), "the other one is waited for");
    assert_eq!(stage.transport.pool_census(), PoolCensus { hosts: 1, idle: 0, waiting: 1, conns: 1 });
    assert_eq!(stage.told().last().unwrap(), "0.0 dial tcp 127.0.0.1:80: operation was canceled");

    stage.stepper.set_dialling("a.test:80", Dialling::Connects);
    stage.serve("a.test:80");
    assert_eq!(stage.fetch("http://a.test/").unwrap().len(), 13);
}

#[test]
fn a_dial_that_somebody_waits_for_outlives_the_closing_of_idle_connections() {
    let stage = Stage::new(&[], |_| {});
    stage.serve("a.test:80");
    stage.stepper.set_dial_latency(SECOND);
    let waiting = stage.stepper.spawn("caller", fetch(stage.transport.clone(), get("http://a.test/")));
    stage.stepper.run_until_stalled().unwrap();
    stage.transport.close_idle_connections();
    stage.sleep(2 * SECOND);
    assert_eq!(waiting.take().expect("it has ended").unwrap().len(), 13);
}

// Idle connections.

/// Go: TestTransportRemovesConnsAfterIdle
#[test]
fn a_connection_is_used_again_within_its_idle_time_and_replaced_after_it() {
    let stage = Stage::new(&[], |config| {
        config.max_conns_per_host = Some(1);
        config.max_idle_conns_per_host = Some(1);
        config.idle_conn_timeout = Some(SECOND);
    });
    stage.serve("a.test:80");
    for pause in [SECOND / 2, SECOND, Duration::ZERO] {
        stage.fetch("http://a.test/").unwrap();
        stage.sleep(pause);
        stage.settle();
    }
    assert_eq!(stage.got(), [1, 1, 2]);
}

/// Go: TestTransportIdleConnTimeout
#[test]
fn a_connection_that_is_used_often_stays_and_disappears_when_it_is_not() {
    let stage = Stage::new(&[], |config| config.idle_conn_timeout = Some(SECOND));
    stage.serve("a.test:80");
    for _ in 0..3 {
        stage.fetch("http://a.test/").unwrap();
        assert_eq!(stage.transport.pool_census().idle, 1);
        stage.sleep(SECOND / 2);
    }
    assert_eq!((stage.got(), stage.transport.pool_census().idle), (vec![1, 1, 1], 1));
    stage.sleep(SECOND / 2 + SECOND / 100);
    assert_eq!(stage.transport.pool_census(), PoolCensus::default());
}

/// A machine that sleeps: its timers stand still, the time of day goes on.
struct Suspended {
    seam: Arc<Seam>,
    slept: AtomicU64,
}

impl Runtime for Suspended {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        self.seam.spawn(name, task);
    }

    fn timer(&self, deadline: Duration) -> std::pin::Pin<Box<dyn Timer>> {
        self.seam.timer(deadline)
    }

    fn now(&self) -> Duration {
        self.seam.now()
    }

    fn wall(&self) -> Duration {
        self.seam.now() + Duration::from_secs(self.slept.load(Ordering::Relaxed))
    }

    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        self.seam.lookup(host)
    }

    fn connect(
        &self,
        addr: std::net::SocketAddr,
        keep_alive: Option<Duration>,
    ) -> BoxFuture<'_, std::io::Result<BoxIo>> {
        self.seam.connect(addr, keep_alive)
    }

    fn census(&self) -> &Arc<Census> {
        self.seam.census()
    }
}

#[test]
fn connections_that_were_idle_while_the_machine_slept_are_not_used_again() {
    // Two are idle; the older one is not looked at when the newer one is too old already.
    for (slept, third) in [(89, 2), (91, 3)] {
        let stage = Stage::new(&[], |_| {});
        stage.serve("a.test:80");
        let suspended = Arc::new(Suspended { seam: stage.stepper.seam(), slept: AtomicU64::new(0) });
        let rt = Arc::clone(&suspended) as Arc<dyn Runtime>;
        let transport = Transport::new(Config { trace: stage.recorder.trace(), ..Config::default_transport(rt) });
        let open = || async {
            let mut responses = Vec::new();
            for _ in 0..2 {
                responses.push(transport.round_trip(get("http://a.test/")).await.expect("a response"));
            }
            for mut response in responses {
                response.body.read_all().await.expect("a whole body");
            }
        };
        stage.stepper.block_on("caller", open()).unwrap();
        assert_eq!(transport.pool_census().idle, 2);
        suspended.slept.store(slept, Ordering::Relaxed);
        stage.stepper.block_on("caller", fetch(transport.clone(), get("http://a.test/"))).unwrap().unwrap();
        assert_eq!(stage.got(), [1, 2, third], "{slept} s asleep");
        stage.settle();
        assert_eq!(transport.pool_census().idle, if third == 3 { 1 } else { 2 });
    }
}
