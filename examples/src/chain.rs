//! How often each function of the call chain runs, and what changes that.

use std::fmt;

use client::{Client, EarlyClose};
use httptrace::{Event, Record, Step};
use origin::{Plan, Reply, Router, Script};

use crate::stage::{Outcome, Stage};

/// The functions of the chain, from the caller to the connection, and the names they have here.
pub const CHAIN: [(Step, &str); 7] = [
    (Step::Get, "Client::get"),
    (Step::Do, "Client::do_request"),
    (Step::Send, "send"),
    (Step::RoundTrip, "Transport::send"),
    (Step::GetConn, "Transport::get_conn"),
    (Step::DialConn, "Dial::dial_conn"),
    (Step::PersistConnRoundTrip, "round_trip"),
];

/// How often each function of [`CHAIN`] was entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calls([usize; CHAIN.len()]);

impl Calls {
    // ANCHOR: count
    /// Counts the calls that a trace tells of.
    pub fn of(records: &[Record]) -> Self {
        Calls(CHAIN.map(|(step, _)| records.iter().filter(|record| record.event == Event::Call { step }).count()))
    }
    // ANCHOR_END: count

    /// How often this one was.
    pub fn get(&self, step: Step) -> usize {
        CHAIN.iter().zip(self.0).filter(|((other, _), _)| *other == step).map(|(_, calls)| calls).sum()
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.map(|calls| calls.to_string()).join(", "))
    }
}

/// One change to the six GETs of the chapter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knob {
    /// Nothing is changed.
    None,
    /// Each request by a client of its own; all over one transport.
    ClientEach,
    /// Each request by a client of its own, over a transport of its own.
    TransportEach,
    /// One GET, led from place to place five times.
    Redirects,
    /// Five GETs. Instead of its second answer the server hangs up.
    HangUp,
    /// Nobody listens.
    Nobody,
    /// The URL cannot be read.
    BadUrl,
}

impl Knob {
    /// All of them, in the order in which the chapter tells them.
    pub const ALL: [Knob; 7] =
        [Knob::None, Knob::ClientEach, Knob::TransportEach, Knob::Redirects, Knob::HangUp, Knob::Nobody, Knob::BadUrl];

    /// What it does, in a few words.
    pub fn what(self) -> &'static str {
        match self {
            Knob::None => "nothing changed",
            Knob::ClientEach => "a client per request",
            Knob::TransportEach => "a transport per request",
            Knob::Redirects => "one GET, redirected five times",
            Knob::HangUp => "five GETs, the server hangs up once",
            Knob::Nobody => "nobody listens",
            Knob::BadUrl => "a URL that cannot be read",
        }
    }

    /// Its name in the table of what Go did.
    pub fn name(self) -> &'static str {
        match self {
            Knob::None => "none",
            Knob::ClientEach => "client_each",
            Knob::TransportEach => "transport_each",
            Knob::Redirects => "redirects",
            Knob::HangUp => "hang_up",
            Knob::Nobody => "nobody",
            Knob::BadUrl => "bad_url",
        }
    }

    fn plan(self) -> Plan {
        let hello = Reply::body("Hello, world!");
        match self {
            Knob::None | Knob::ClientEach | Knob::TransportEach | Knob::Nobody | Knob::BadUrl => {
                Router::new().at("/", hello).into()
            }
            Knob::Redirects => (1..=5)
                .fold(Router::new().at("/", hello), |router, left| {
                    let next = if left == 1 { "/".to_owned() } else { format!("/{}", left - 1) };
                    router.at(format!("/{left}"), Reply::redirect(302, next))
                })
                .into(),
            // The second request arrives whole, and nothing comes back.
            Knob::HangUp => Plan::new()
                .conn(Script::new().await_request().reply(hello.clone()).await_request().close())
                .rest(Script::new().route(Router::new().at("/", hello))),
        }
    }
}

/// What a change has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turned {
    /// How often each function ran.
    pub calls: Calls,
    /// Tasks once things have settled, the caller included, while all clients are still there.
    pub left: usize,
    /// Connections that the origin accepted.
    pub connections: usize,
    /// Tasks once the clients are dropped, the caller included.
    pub dropped: usize,
}

/// Makes the requests with this change.
///
/// # Errors
///
/// A request's, where the change does not ask for one; or the counter's.
pub async fn turn(stage: &Stage, knob: Knob) -> Outcome<Turned> {
    let origin = stage.origin(knob.plan())?;
    let before = stage.records().len();
    let mut clients = vec![stage.client(EarlyClose::GO_1_27)];
    match knob {
        Knob::None => times(6, &clients[0], &origin.url("/")).await?,
        Knob::ClientEach => {
            for _ in 0..6 {
                let client = Client::new(clients[0].transport().clone());
                times(1, &client, &origin.url("/")).await?;
                clients.push(client);
            }
        }
        Knob::TransportEach => {
            for _ in 0..6 {
                let client = stage.client(EarlyClose::GO_1_27);
                times(1, &client, &origin.url("/")).await?;
                clients.push(client);
            }
        }
        Knob::Redirects => times(1, &clients[0], &origin.url("/5")).await?,
        Knob::HangUp => times(5, &clients[0], &origin.url("/")).await?,
        Knob::Nobody => {
            // The port was free a moment ago, and is again.
            let gone = stage.origin(knob.plan())?;
            let url = gone.url("/");
            gone.stop();
            fail_times(6, &clients[0], &url).await?;
        }
        Knob::BadUrl => fail_times(6, &clients[0], "http://[::1").await?,
    }
    let left = stage.settled().await?.with_caller();
    let calls = Calls::of(&stage.records()[before..]);
    drop(clients);
    let dropped = stage.settled().await?.with_caller();
    Ok(Turned { calls, left, connections: origin.accepted(), dropped })
}

/// GETs, each read to its end.
async fn times(times: usize, client: &Client, url: &str) -> Outcome<()> {
    for _ in 0..times {
        client.get(url).await?.body.read_all().await?;
    }
    Ok(())
}

/// GETs that must fail.
async fn fail_times(times: usize, client: &Client, url: &str) -> Outcome<()> {
    for _ in 0..times {
        if let Ok(response) = client.get(url).await {
            return Err(format!("{url} has answered {}", response.status).into());
        }
    }
    Ok(())
}
