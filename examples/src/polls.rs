//! Lab E: how often each task of the client is polled while one request lives.

use std::ops::AddAssign;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, Config, EarlyClose, Request, Transport};
use http::Method;
use httptrace::Settle;
use origin::{Plan, Reply, Script};
use stepper::Stepper;

use crate::stage::Outcome;

/// What is asked, and what the caller does with the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    /// A GET whose answer fits one packet, read to its end.
    SmallGet,
    /// The same, but head and body come apart.
    BodyLater,
    /// A HEAD: an answer without a body.
    Head,
    /// A GET whose body is closed unread, under Go 1.27's policy.
    ClosedUnread,
    /// The same under Go 1.12's, which closes the connection.
    ClosedUnreadKill,
    /// A POST of eight bytes.
    Post,
    /// A small GET for which there is no idle connection.
    Dials,
}

impl Case {
    /// In the order of the table.
    pub const ALL: [Case; 7] = [
        Case::SmallGet,
        Case::BodyLater,
        Case::Head,
        Case::ClosedUnread,
        Case::ClosedUnreadKill,
        Case::Post,
        Case::Dials,
    ];

    /// Its line in the table.
    pub fn name(self) -> &'static str {
        match self {
            Case::SmallGet => "small GET",
            Case::BodyLater => "body later than its head",
            Case::Head => "HEAD",
            Case::ClosedUnread => "closed unread, drained",
            Case::ClosedUnreadKill => "closed unread, killed",
            Case::Post => "POST, eight bytes",
            Case::Dials => "small GET, and a dial",
        }
    }

    /// Its name where its total is told again; `None` where it is not.
    pub fn short(self) -> Option<&'static str> {
        match self {
            Case::SmallGet => Some("a small GET, all"),
            Case::Head => Some("a HEAD, all"),
            Case::Dials => Some("a small GET that dials, all"),
            Case::BodyLater | Case::ClosedUnread | Case::ClosedUnreadKill | Case::Post => None,
        }
    }
}

/// Polls, by task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Polls {
    /// Of the caller, after the poll in which it asks.
    pub caller: u64,
    /// Of the task that reads.
    pub read_loop: u64,
    /// Of the task that writes.
    pub write_loop: u64,
    /// Of the task that dials.
    pub dial: u64,
}

impl Polls {
    /// All of them.
    pub fn total(self) -> u64 {
        self.caller + self.read_loop + self.write_loop + self.dial
    }
}

impl AddAssign<&str> for Polls {
    fn add_assign(&mut self, task: &str) {
        match task {
            "caller" => self.caller += 1,
            "read_loop" => self.read_loop += 1,
            "write_loop" => self.write_loop += 1,
            "dial" => self.dial += 1,
            // The origin's. It is not the client's to pay.
            _ => {}
        }
    }
}

/// The polls of one request, under one order of events, until things have settled.
///
/// # Errors
///
/// When the request fails, or the run hangs.
pub fn polls(case: Case, seed: u64) -> Outcome<Polls> {
    let stepper = Stepper::seeded(seed);
    // ANCHOR: polls
    let polls = Arc::new(Mutex::new(Polls::default()));
    let count = Arc::clone(&polls);
    stepper.on_poll(move |task| *count.lock().unwrap_or_else(PoisonError::into_inner) += &*task.name);
    // ANCHOR_END: polls
    let _origin = stepper.serve("origin.test:80", plan(case));
    let client = client(case, &stepper);
    stepper.block_on("caller", async {
        if case != Case::Dials {
            client.get("http://origin.test/").await?.body.read_all().await?;
        }
        stepper.seam().settled().await;
        *polls.lock().unwrap_or_else(PoisonError::into_inner) = Polls::default();
        let outcome = one(case, &client).await;
        let counted = *polls.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.map(|()| counted)
    })?
}

async fn one(case: Case, client: &Client) -> Outcome<()> {
    let url = "http://origin.test/";
    match case {
        Case::SmallGet | Case::BodyLater | Case::Dials => drop(client.get(url).await?.body.read_all().await?),
        Case::Head => drop(client.do_request(Request::new(Method::HEAD, url.parse()?)).await?),
        Case::ClosedUnread | Case::ClosedUnreadKill => client.get(url).await?.body.close().await,
        Case::Post => {
            let mut post = Request::new(Method::POST, url.parse()?);
            post.body = "order 66".into();
            drop(client.do_request(post).await?.body.read_all().await?);
        }
    }
    Ok(())
}

fn plan(case: Case) -> Plan {
    let reply = match case {
        Case::BodyLater => Reply::bytes(13).in_pieces(13).pausing(Duration::from_millis(1)),
        Case::Head | Case::SmallGet | Case::ClosedUnread | Case::ClosedUnreadKill | Case::Post | Case::Dials => {
            Reply::bytes(13)
        }
    };
    let answer = match case {
        Case::Head => Script::new().answer(reply).await_request().send("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n"),
        Case::SmallGet | Case::BodyLater | Case::ClosedUnread | Case::ClosedUnreadKill | Case::Post | Case::Dials => {
            Script::new().answer(reply)
        }
    };
    Plan::new().rest(Script::new().forever(answer))
}

fn client(case: Case, stepper: &Stepper) -> Client {
    let early_close = if case == Case::ClosedUnreadKill { EarlyClose::Kill } else { EarlyClose::GO_1_27 };
    Client::new(Transport::new(Config { early_close, ..Config::default_transport(stepper.seam()) }))
}
