//! The names of connections: `a#1`.
//!
//! They are numbered in the order in which requests got them, the requests in the order of the steps that send
//! them; what no request got comes last. In which order an origin accepts connections that are dialled at the same time, a race decides, and
//! that is nothing to compare.

use std::collections::BTreeMap;
use std::sync::Arc;

use origin::Stats;

use crate::outcome::Outcome;

/// The connections of every origin.
#[derive(Debug)]
pub(crate) struct Numbering<'a> {
    origins: BTreeMap<&'a str, Numbered>,
}

#[derive(Debug)]
struct Numbered {
    stats: Arc<Stats>,
    /// The places of its connections in the order of acceptance, in the order in which they are told.
    order: Vec<usize>,
}

impl<'a> Numbering<'a> {
    /// `requests` are the names in the order of the steps; `outcome` still has the caller's addresses.
    pub(crate) fn new(
        stats: impl IntoIterator<Item = (&'a str, Arc<Stats>)>,
        requests: &[String],
        outcome: &Outcome,
    ) -> Self {
        let origins = stats.into_iter().map(|(name, stats)| (name, Numbered { stats, order: Vec::new() })).collect();
        let mut numbering = Numbering { origins };
        for addr in requests.iter().filter_map(|name| outcome.requests.get(name)).flat_map(|request| &request.conns) {
            for numbered in numbering.origins.values_mut() {
                if let Some(at) = numbered.accepted_as(addr).filter(|at| !numbered.order.contains(at)) {
                    numbered.order.push(at);
                }
            }
        }
        for numbered in numbering.origins.values_mut() {
            let unused = (0..numbered.stats.conns.len()).filter(|at| !numbered.order.contains(at));
            numbered.order.extend(unused.collect::<Vec<_>>());
        }
        numbering
    }

    /// `a#1` for the caller's address of a connection.
    pub(crate) fn name(&self, addr: &str) -> Option<String> {
        self.origins.iter().find_map(|(name, numbered)| {
            let at = numbered.accepted_as(addr)?;
            let number = 1 + numbered.order.iter().position(|told| *told == at)?;
            Some(format!("{name}#{number}"))
        })
    }

    /// Every origin's counters, with the order in which its connections are told.
    pub(crate) fn origins(&self) -> impl Iterator<Item = (&'a str, &Stats, &[usize])> {
        self.origins.iter().map(|(name, numbered)| (*name, &*numbered.stats, &*numbered.order))
    }
}

impl Numbered {
    fn accepted_as(&self, addr: &str) -> Option<usize> {
        self.stats.conns.iter().position(|conn| conn.peer.is_some_and(|peer| peer.to_string() == addr))
    }
}

#[cfg(test)]
mod tests {
    use origin::ConnStats;

    use super::*;
    use crate::outcome::RequestOutcome;

    const ADDRS: [&str; 3] = ["127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003"];

    fn stats() -> Arc<Stats> {
        let conn = |addr: &str| ConnStats { peer: addr.parse().ok(), ..ConnStats::default() };
        Arc::new(Stats { conns: ADDRS.map(conn).into(), ..Stats::default() })
    }

    #[test]
    fn connections_are_numbered_as_requests_got_them_and_not_as_they_were_accepted() {
        let on = |addr: &str| RequestOutcome { conns: vec![addr.to_owned()], ..RequestOutcome::default() };
        let requests = [("second".to_owned(), on(ADDRS[2])), ("first".to_owned(), on(ADDRS[0]))];
        let outcome = Outcome { requests: requests.into(), ..Outcome::default() };
        let numbering = Numbering::new([("a", stats())], &["second", "first", "unsent"].map(str::to_owned), &outcome);
        assert_eq!(
            ADDRS.map(|addr| numbering.name(addr).unwrap()),
            ["a#2", "a#3", "a#1"],
            "the steps say who was first"
        );
        let (name, _, order) = numbering.origins().next().unwrap();
        assert_eq!((name, order), ("a", &[2, 0, 1][..]));
    }

    #[test]
    fn an_address_that_no_origin_knows_has_no_name() {
        assert_eq!(Numbering::new([("a", stats())], &[], &Outcome::default()).name("127.0.0.1:9"), None);
    }
}
