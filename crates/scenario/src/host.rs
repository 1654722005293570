//! The origins of a run, and what a caller may ask of them.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use client::Roots;
use origin::tls::Authority;
use origin::{ConnStats, End, Request, Stats, TcpOrigin};
use serde::{Deserialize, Serialize};
use socket2::{Domain, Socket, Type};

use crate::caller::{Normalised, OriginEvent, Place, Seen};
use crate::numbering::Numbering;
use crate::outcome::{ConnOutcome, OriginOutcome, Outcome, Read, Received, StepOutcome};
use crate::parse::END;
use crate::scenario::{Policy, Scenario};
use crate::server::{Goodbye, Manner};

/// How long a close that the caller has done is waited for.
const CLOSE_ON_ITS_WAY: Duration = Duration::from_millis(200);

/// The origins of one run, each on a thread of its own. Dropping it stops them.
#[derive(Debug)]
pub struct Host {
    origins: BTreeMap<String, Hosted>,
    authority: Option<Authority>,
    /// The names of the requests, in the order in which they are sent.
    requests: Vec<String>,
}

#[derive(Debug)]
struct Hosted {
    manner: Manner,
    addr: SocketAddr,
    at: At,
}

#[derive(Debug)]
enum At {
    Origin(TcpOrigin),
    /// A port that is taken, and at which nobody listens.
    Nobody(Socket),
}

/// A question of the caller to the origins. On a Go program's output it is a line `{"ask":"quiet"}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Waits until an origin has seen something.
    Wait(OriginEvent),
    /// Opens a gate at all origins.
    Open {
        /// Which.
        gate: String,
    },
    /// Waits until no origin has anything under way that ends by itself.
    Quiet,
}

/// What a question is answered with, once that is so. To a Go program it is a line `{"answer":"done","moves":7}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is so.
    Done {
        /// A number that grows with whatever the origins see and do: two answers with the same one, and nothing happened
        /// at the origins in between.
        moves: u64,
    },
}

impl Hosted {
    fn url(&self) -> String {
        let scheme = match self.manner {
            Manner::Plain | Manner::Refuses => "http",
            Manner::Tls(_) | Manner::TlsUnspoken => "https",
        };
        format!("{scheme}://{}", self.addr)
    }
}

impl Host {
    /// Starts the origins.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a port, an event queue or a thread.
    pub fn start(scenario: &Scenario) -> io::Result<Self> {
        let speaks_tls = |manner| matches!(manner, Manner::Tls(_));
        let authority =
            scenario.origins.values().any(|plan| speaks_tls(plan.manner)).then(|| Authority::new("a scenario's own"));
        let mut origins = BTreeMap::new();
        for (name, plan) in &scenario.origins {
            let at = match (plan.manner, &authority) {
                (Manner::Refuses, _) => At::Nobody(nobody()?),
                (Manner::Tls(goodbye), Some(authority)) => {
                    let identity = authority.issue(["127.0.0.1", "localhost"]);
                    let identity = match goodbye {
                        Goodbye::Said => identity,
                        Goodbye::Unsaid => identity.without_goodbye(),
                        Goodbye::Cut => identity.cut_short(),
                    };
                    At::Origin(TcpOrigin::start_tls(plan.plan.clone(), &identity)?)
                }
                (Manner::Tls(_) | Manner::Plain | Manner::TlsUnspoken, _) => {
                    At::Origin(TcpOrigin::start(plan.plan.clone())?)
                }
            };
            let addr = match &at {
                At::Origin(origin) => origin.addr(),
                At::Nobody(socket) => socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?,
            };
            origins.insert(name.clone(), Hosted { manner: plan.manner, addr, at });
        }
        let requests = scenario.caller.requests().map(str::to_owned).collect();
        Ok(Host { origins, authority, requests })
    }

    /// The URL of an origin, to which a path is added.
    pub fn url(&self, origin: &str) -> Option<String> {
        self.origins.get(origin).map(Hosted::url)
    }

    /// Each origin's name and address.
    pub fn addrs(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.origins.iter().map(|(name, hosted)| (name.as_str(), hosted.addr))
    }

    /// What a runner is handed.
    pub fn normalised(&self, scenario: &Scenario, policy: Policy) -> Normalised {
        let place = |hosted: &Hosted| Place { url: hosted.url(), addr: hosted.addr.to_string() };
        Normalised {
            policy,
            limit_us: scenario.limit.as_micros() as u64,
            origins: self.origins.iter().map(|(name, hosted)| (name.clone(), place(hosted))).collect(),
            roots: self.authority.as_ref().map(Authority::root_pem).unwrap_or_default(),
            caller: scenario.caller.clone(),
        }
    }

    /// Whom the port is to trust.
    pub fn roots(&self) -> Roots {
        self.authority.as_ref().map_or_else(Roots::default, |authority| Roots::Only(vec![authority.root()]))
    }

    /// Answers a question, once that can be done. From any executor.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe, and a gate that was opened stays open.
    pub async fn ask(&self, ask: &Ask) -> Answer {
        match ask {
            Ask::Wait(event) => self.wait(event).await,
            Ask::Open { gate } => self.tcp().for_each(|(_, origin)| origin.open_gate(gate.as_str())),
            Ask::Quiet => {
                for (_, origin) in self.tcp() {
                    origin.quiet().await;
                }
            }
        }
        Answer::Done { moves: self.moves() }
    }

    async fn wait(&self, event: &OriginEvent) {
        let Some((_, origin)) = self.tcp().find(|(name, _)| *name == event.origin) else {
            // At an origin that nobody listens at nothing is ever seen.
            return std::future::pending().await;
        };
        origin.server().until(|stats| seen(stats, &event.seen)).await;
    }

    fn tcp(&self) -> impl Iterator<Item = (&str, &TcpOrigin)> {
        self.origins.iter().filter_map(|(name, hosted)| match &hosted.at {
            At::Origin(origin) => Some((name.as_str(), origin)),
            At::Nobody(_) => None,
        })
    }

    fn moves(&self) -> u64 {
        let moves = |stats: &Stats| {
            let conns: u64 =
                stats.conns.iter().map(|conn| conn.received + conn.sent + u64::from(conn.end.is_some())).sum();
            conns + stats.accepted as u64 + stats.reached.values().sum::<usize>() as u64
        };
        self.tcp().map(|(_, origin)| moves(&origin.stats())).sum()
    }

    /// The counters of every origin, in a few lines each.
    pub fn report(&self) -> String {
        self.tcp().map(|(name, origin)| format!("origin {name}: {}", self.named(&origin.stats().to_string()))).collect()
    }

    /// Waits until the origins know of the caller's closes: until they have no more open connections than the caller has by its
    /// own last count. A busy system carries a close over a moment later, while both ends seem quiet; nothing else tells that
    /// one is on its way. A caller that counts less than it has is not waited for long.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken, only looked at.
    pub(crate) async fn take_in_closes(&self, outcome: &Outcome) {
        let loops = outcome.counts.get(END).map_or(0, |count| count.read_loop + count.other);
        let closed = |step: &StepOutcome| matches!(step, StepOutcome::Close(_));
        // The caller's own, without loops.
        let switched = outcome.requests.values().filter(|request| request.sent.status == Some(101));
        let held = loops + switched.filter(|request| !request.steps.iter().any(closed)).count();
        for (name, origin) in self.tcp() {
            let others = self.tcp().filter(|(other, _)| *other != name);
            let elsewhere: usize = others.map(|(_, other)| other.stats().open).sum();
            let known = origin.server().until(|stats| stats.open + elsewhere <= held);
            // Late or never: either way it is time to look.
            let _in_time = tokio::time::timeout(CLOSE_ON_ITS_WAY, known).await;
        }
    }

    /// Adds the origins' half, and puts names in the place of addresses everywhere.
    pub fn complete(&self, mut outcome: Outcome) -> Outcome {
        let stats = self.tcp().map(|(name, origin)| (name, origin.stats()));
        let numbering = Numbering::new(stats, &self.requests, &outcome);
        for (name, stats, order) in numbering.origins() {
            outcome.origins.insert(name.to_owned(), origin_outcome(stats, order));
        }
        for (name, hosted) in &self.origins {
            if matches!(hosted.at, At::Nobody(_)) {
                outcome.origins.insert(name.clone(), OriginOutcome::default());
            }
        }
        for conn in outcome.requests.values_mut().flat_map(|request| &mut request.conns) {
            if let Some(name) = numbering.name(conn) {
                *conn = name;
            }
        }
        let value = serde_json::to_value(&outcome).expect("an outcome has only plain fields");
        serde_json::from_value(self.renamed(value)).expect("names in the place of addresses change no shape")
    }

    fn renamed(&self, value: serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::String(text) => self.named(&text).into(),
            serde_json::Value::Array(items) => items.into_iter().map(|item| self.renamed(item)).collect(),
            serde_json::Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.renamed(value))).collect()
            }
            plain @ (serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => plain,
        }
    }

    /// The text with names in the place of addresses: an origin's own, and `caller` for the other end of a connection.
    pub fn named(&self, text: &str) -> String {
        const LOOPBACK: &str = "127.0.0.1:";
        let mut named = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(LOOPBACK) {
            named.push_str(&rest[..at]);
            let after = &rest[at + LOOPBACK.len()..];
            let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
            let addr = &rest[at..at + LOOPBACK.len() + digits];
            let origin = self.origins.iter().find(|(_, hosted)| hosted.addr.to_string() == addr);
            named.push_str(origin.map_or("caller", |(name, _)| name));
            rest = &after[digits..];
        }
        named.push_str(rest);
        named
    }
}

fn seen(stats: &Stats, seen: &Seen) -> bool {
    match seen {
        Seen::Accepted(count) => stats.accepted >= *count,
        Seen::Requests(count) => stats.requests >= *count,
        Seen::Ended(count) => stats.accepted - stats.open >= *count,
        Seen::Reached(label) => stats.reached(label) > 0,
    }
}

fn origin_outcome(stats: &Stats, order: &[usize]) -> OriginOutcome {
    OriginOutcome {
        accepted: stats.accepted,
        open: stats.open,
        conns: order.iter().map(|at| conn_outcome(&stats.conns[*at])).collect(),
        failures: stats.failures.clone(),
    }
}

fn conn_outcome(conn: &ConnStats) -> ConnOutcome {
    let end = match conn.end {
        None => "open".to_owned(),
        Some(End::PeerClosed) => "peer closed".to_owned(),
        Some(End::PeerReset) => "peer reset".to_owned(),
        Some(End::Closed) => "closed".to_owned(),
        Some(End::Reset) => "reset".to_owned(),
        Some(End::Stopped) => "stopped".to_owned(),
        Some(End::Failed(kind)) => format!("failed: {kind}"),
    };
    ConnOutcome { requests: conn.requests.iter().map(received).collect(), end }
}

fn received(request: &Request) -> Received {
    Received {
        head: request.head().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        body: Read::of(&request.body()),
        whole: request.is_whole(),
    }
}

/// A port of loopback that is taken, and at which nobody listens: a connection to it is refused.
fn nobody() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::outcome::Count;

    /// A host with a server that only holds its connections, one of them, and what a caller counts that says it has so many.
    async fn connected(read_loop: usize) -> (Host, TcpStream, Outcome) {
        let text =
            "about = \"Who?\"\n[origin.a]\nconns = [[\"hold\"]]\n[caller]\nsteps = [{ send = \"r\", get = \"a/\" }]\n";
        let scenario = Scenario::parse("who.toml", text).unwrap();
        let host = Host::start(&scenario).unwrap();
        let stream = TcpStream::connect(host.normalised(&scenario, Policy::Go1_27).origins["a"].addr.clone()).unwrap();
        host.ask(&Ask::Wait(OriginEvent { origin: "a".to_owned(), seen: Seen::Accepted(1) })).await;
        let mut outcome = Outcome::default();
        outcome.counts.insert(END.to_owned(), Count { alive: 1 + read_loop, read_loop, ..Count::default() });
        (host, stream, outcome)
    }

    #[tokio::test]
    async fn a_close_that_is_on_its_way_is_waited_for() {
        let (host, stream, outcome) = connected(0).await;
        let closing = async { drop(stream) };
        let ((), ()) = tokio::join!(host.take_in_closes(&outcome), closing);
        assert_eq!(host.complete(outcome).origins["a"].open, 0);
    }

    #[tokio::test]
    async fn a_connection_that_the_caller_has_is_not_waited_for() {
        let (host, _stream, outcome) = connected(1).await;
        let began = std::time::Instant::now();
        host.take_in_closes(&outcome).await;
        assert!(began.elapsed() < CLOSE_ON_ITS_WAY);
        assert_eq!(host.complete(outcome).origins["a"].open, 1);
    }
}
