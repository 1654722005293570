//! A TCP connection to a name: which of its addresses is tried when, and for how long.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use httptrace::go_text::go_io_text;
use httptrace::{Actor, BoxIo, ClientTrace, ConnId, Event, Runtime, Trace, select};

/// The least time that an address gets, as long as so much is left. Go: `saneMinimum`.
const LEAST_TIME: Duration = Duration::from_secs(2);

/// How connections are dialled.
///
/// Go twin: net/dial.go type Dialer
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    /// For all of it, the lookup included.
    pub(crate) timeout: Option<Duration>,
    /// Silence after which TCP probes the peer.
    pub(crate) keep_alive: Option<Duration>,
    /// The head start of the first address family over the other.
    pub(crate) fallback_delay: Option<Duration>,
}

/// One dial: its runtime, and who is told.
#[derive(Clone, Copy)]
pub(crate) struct Dialling<'a> {
    pub(crate) dialer: &'a Dialer,
    pub(crate) rt: &'a dyn Runtime,
    pub(crate) trace: &'a Trace,
    /// The hooks of the request that it was begun for.
    pub(crate) hooks: Option<&'a ClientTrace>,
    pub(crate) id: ConnId,
}

impl Dialling<'_> {
    /// A connection to `addr`, which is `host:port`.
    ///
    /// # Errors
    ///
    /// In Go's words: `dial tcp 127.0.0.1:1: connect: connection refused`. Of several addresses the first one's error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives all attempts up.
    ///
    /// Go: net/dial.go (*Dialer).DialContext
    #[doc(alias = "DialContext")]
    pub(crate) async fn dial(self, addr: &str) -> io::Result<BoxIo> {
        let deadline = self.dialer.timeout.map(|timeout| self.rt.now() + timeout);
        let addrs = self.resolve(addr, deadline).await?;
        match self.dialer.fallback_delay {
            Some(delay) => {
                let (primaries, fallbacks) = partition(addrs);
                self.dial_parallel(&primaries, &fallbacks, delay, deadline).await
            }
            None => self.dial_serial(&addrs, deadline).await,
        }
    }

    /// Go: net/ipsock.go (*Resolver).internetAddrList
    #[doc(alias = "internetAddrList")]
    async fn resolve(self, addr: &str, deadline: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        let faulty = |why| io::Error::new(io::ErrorKind::InvalidInput, format!("dial tcp: address {addr}: {why}"));
        let (host, port) = addr.rsplit_once(':').ok_or_else(|| faulty("missing port in address"))?;
        let port: u16 = port.parse().map_err(|_| faulty("invalid port"))?;
        // Differs from Go: an address has no zone (`fe80::1%eth0`), since the URLs of this house have none.
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let ips = self.look_up(host, deadline).await.map_err(|error| {
            // Differs from Go: the name server that was asked is not named; the system does not tell.
            io::Error::new(error.kind(), format!("dial tcp: lookup {host}: {}", go_io_text(&error)))
        })?;
        Ok(ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }

    async fn look_up(self, host: &str, deadline: Option<Duration>) -> io::Result<Vec<IpAddr>> {
        self.emit(|| Event::DnsStart { host: host.to_owned() });
        let mut told = self.owes(|| Event::DnsDone { addrs: Vec::new(), error: Some(CANCELED.to_owned()) });
        let found = self.by(deadline, self.rt.lookup(host)).await.unwrap_or_else(|| Err(timed_out()));
        let found = match found {
            Ok(ips) if ips.is_empty() => Err(io::Error::new(io::ErrorKind::NotFound, "no such host")),
            Ok(ips) => Ok(ips),
            Err(error) => Err(error),
        };
        told.tell(|| Event::DnsDone {
            addrs: found.iter().flatten().copied().collect(),
            error: found.as_ref().err().map(|error| format!("lookup {host}: {}", go_io_text(error))),
        });
        found
    }

    /// Both address families, the first with a head start of `delay` ("Happy Eyeballs", RFC 6555). Whoever connects first
    /// wins; the other attempt is given up.
    ///
    /// Go: net/dial.go (*sysDialer).dialParallel
    #[doc(alias = "dialParallel")]
    async fn dial_parallel(
        self,
        primaries: &[SocketAddr],
        fallbacks: &[SocketAddr],
        delay: Duration,
        deadline: Option<Duration>,
    ) -> io::Result<BoxIo> {
        if fallbacks.is_empty() {
            return self.dial_serial(primaries, deadline).await;
        }
        let mut primary = pin!(self.dial_serial(primaries, deadline));
        let mut fallback = pin!(self.dial_serial(fallbacks, deadline));
        // - primary: a peer. Cancel-safe: it is lent, and goes on beside the fallback.
        // - timer: the clock. Cancel-safe: a time does not come back.
        select! {
            dialled = &mut primary => return match dialled {
                Ok(io) => Ok(io),
                Err(error) => fallback.await.map_err(|_less_relevant| error),
            },
            () = self.rt.timer(self.rt.now() + delay) => {}
        }
        // Each arm is a peer; dropping the loser gives its attempt up.
        select! {
            dialled = &mut primary => match dialled {
                Ok(io) => Ok(io),
                Err(error) => fallback.await.map_err(|_less_relevant| error),
            },
            dialled = &mut fallback => match dialled {
                Ok(io) => Ok(io),
                Err(_less_relevant) => primary.await,
            },
        }
    }

    /// One address after the other, each with its share of the time that is left.
    ///
    /// Go: net/dial.go (*sysDialer).dialSerial
    #[doc(alias = "dialSerial")]
    async fn dial_serial(self, addrs: &[SocketAddr], deadline: Option<Duration>) -> io::Result<BoxIo> {
        let mut first_error = None;
        for (at, &addr) in addrs.iter().enumerate() {
            let limit = match deadline {
                Some(deadline) => match partial_deadline(self.rt.now(), deadline, addrs.len() - at) {
                    Some(limit) => Some(limit),
                    None => return Err(dial_error(addr, &timed_out())),
                },
                None => None,
            };
            match self.dial_single(addr, limit).await {
                Ok(io) => return Ok(io),
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        Err(first_error.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "dial tcp: missing address")))
    }

    /// Go: net/dial.go (*sysDialer).dialSingle
    #[doc(alias = "dialSingle")]
    async fn dial_single(self, addr: SocketAddr, limit: Option<Duration>) -> io::Result<BoxIo> {
        let text = addr.to_string();
        self.emit(|| Event::ConnectStart { addr: text.clone() });
        let mut told = self
            .owes(|| Event::ConnectDone { addr: text.clone(), error: Some(format!("dial tcp {text}: {CANCELED}")) });
        let dialled = match self.by(limit, self.rt.connect(addr, self.dialer.keep_alive)).await {
            Some(Ok(io)) => Ok(io),
            Some(Err(error)) => {
                let text = format!("connect: {}", go_io_text(&error));
                Err(dial_error(addr, &io::Error::new(error.kind(), text)))
            }
            None => Err(dial_error(addr, &timed_out())),
        };
        let error = dialled.as_ref().err().map(ToString::to_string);
        told.tell(|| Event::ConnectDone { addr: text.clone(), error });
        dialled
    }

    /// What `work` gives, or `None` when `deadline` comes first.
    async fn by<T>(self, deadline: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
        let Some(deadline) = deadline else { return Some(work.await) };
        // - work: a peer or the resolver. Dropping it gives it up.
        // - timer: the clock. Cancel-safe: a time does not come back.
        select! {
            done = work => Some(done),
            () = self.rt.timer(deadline) => None,
        }
    }

    pub(crate) fn emit(self, event: impl FnOnce() -> Event) {
        self.trace.emit_to(self.hooks, Actor::Dial, Some(self.id), event);
    }
}

impl<'a> Dialling<'a> {
    /// Whoever was told of a beginning is told of its end, also when this future is dropped: then it is `canceled`.
    pub(crate) fn owes<F: FnMut() -> Event>(self, canceled: F) -> Owed<'a, F> {
        Owed { dialling: self, canceled: Some(canceled) }
    }
}

/// What a cancelled attempt ends with. Go: `net.errCanceled`.
pub(crate) const CANCELED: &str = "operation was canceled";

/// The event that ends what an earlier one has begun.
pub(crate) struct Owed<'a, F: FnMut() -> Event> {
    dialling: Dialling<'a>,
    canceled: Option<F>,
}

impl<F: FnMut() -> Event> Owed<'_, F> {
    /// It has ended like this.
    pub(crate) fn tell(&mut self, event: impl FnOnce() -> Event) {
        let dialling = self.dialling;
        self.settle(|| dialling.emit(event));
    }

    /// It has ended, which `tell` tells.
    pub(crate) fn settle(&mut self, tell: impl FnOnce()) {
        self.canceled = None;
        tell();
    }
}

impl<F: FnMut() -> Event> Drop for Owed<'_, F> {
    fn drop(&mut self) {
        if let Some(canceled) = self.canceled.take() {
            self.dialling.emit(canceled);
        }
    }
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")
}

fn dial_error(addr: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("dial tcp {addr}: {error}"))
}

/// Until when the next of `remaining` addresses is tried; `None` when no time is left. All get the same share, but none
/// is too short to be worth a try.
///
/// Go: net/dial.go partialDeadline
#[doc(alias = "partialDeadline")]
fn partial_deadline(now: Duration, deadline: Duration, remaining: usize) -> Option<Duration> {
    let left = deadline.checked_sub(now).filter(|left| !left.is_zero())?;
    let share = left / u32::try_from(remaining).unwrap_or(u32::MAX);
    Some(now + share.max(LEAST_TIME).min(left))
}

/// The addresses of the first one's family, and the others.
///
/// Go: net/ipsock.go (addrList).partition
fn partition(addrs: Vec<SocketAddr>) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    let first_is_ipv4 = addrs.first().is_some_and(SocketAddr::is_ipv4);
    addrs.into_iter().partition(|addr| addr.is_ipv4() == first_is_ipv4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn addresses_share_the_time_that_is_left() {
        assert_eq!(partial_deadline(secs(100), secs(130), 3), Some(secs(110)));
        assert_eq!(partial_deadline(secs(110), secs(130), 2), Some(secs(120)));
        assert_eq!(partial_deadline(secs(120), secs(130), 1), Some(secs(130)));
    }

    #[test]
    fn no_address_gets_less_than_two_seconds_while_so_much_is_left() {
        assert_eq!(partial_deadline(secs(0), secs(3), 10), Some(secs(2)));
        assert_eq!(partial_deadline(secs(2), secs(3), 9), Some(secs(3)));
        assert_eq!(partial_deadline(secs(3), secs(3), 8), None);
        assert_eq!(partial_deadline(secs(4), secs(3), 8), None);
    }

    #[test]
    fn the_first_address_says_which_family_goes_first() {
        let addrs = ["[::1]:1", "127.0.0.1:1", "[::2]:1"].map(|addr| addr.parse().unwrap());
        let (primaries, fallbacks) = partition(addrs.to_vec());
        assert_eq!(primaries, [addrs[0], addrs[2]]);
        assert_eq!(fallbacks, [addrs[1]]);
    }
}
