//! The requests of a trace, and what read_loop did with one of them.

use httptrace::{Actor, ConnId, Event, Exit, Record, Step};

/// Where each request begins: with the caller's call of `get`, or of `do` where no `get` came before it.
pub fn beginnings(records: &[Record]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut in_get = false;
    for (i, record) in records.iter().enumerate() {
        let Event::Call { step } = record.event else { continue };
        match step {
            Step::Get => found.push(i),
            Step::Do if !in_get => found.push(i),
            Step::Do | Step::Send | Step::RoundTrip | Step::GetConn | Step::DialConn | Step::PersistConnRoundTrip => {}
        }
        if record.task == Actor::Caller {
            in_get = step == Step::Get;
        }
    }
    found
}

/// What lies between the beginning of request number `request`, from 1, and that of the next.
///
/// # Errors
///
/// When the trace has fewer requests.
pub fn one_request(records: &[Record], request: usize) -> Result<&[Record], String> {
    let beginnings = beginnings(records);
    let made = beginnings.len();
    let from = request
        .checked_sub(1)
        .and_then(|i| beginnings.get(i))
        .ok_or_else(|| format!("the trace has {made} requests, so there is no request {request} to draw"))?;
    Ok(&records[*from..beginnings.get(request).copied().unwrap_or(records.len())])
}

/// One turn of read_loop: what happened on the connection that a request got, until it was taken for another.
#[derive(Clone, PartialEq, Debug)]
pub struct Turn<'a> {
    /// The connection; the last one, where the request was sent again.
    pub conn: ConnId,
    /// What happened on it, whoever did it.
    pub records: Vec<&'a Record>,
}

impl<'a> Turn<'a> {
    /// The turn of request number `request`, from 1.
    ///
    /// # Errors
    ///
    /// When the trace has fewer requests, or this one got no connection.
    pub fn of(records: &'a [Record], request: usize) -> Result<Self, String> {
        let slice = one_request(records, request)?;
        let got = |record: &Record| matches!(record.event, Event::GotConn { .. });
        let at = slice.iter().rposition(got).ok_or_else(|| format!("request {request} got no connection"))?;
        let conn = slice[at].conn.ok_or("the trace has a GotConn without a connection")?;
        let offset = beginnings(records)[request - 1] + at + 1;
        let mine = records[offset..].iter().filter(|record| record.conn == Some(conn));
        Ok(Turn { conn, records: mine.take_while(|record| !got(record)).collect() })
    }

    /// The exits that read_loop took, in order.
    pub fn exits(&self) -> impl Iterator<Item = Exit> + '_ {
        self.records.iter().filter_map(|record| match record.event {
            Event::Exit { id } if record.task == Actor::ReadLoop => Some(id),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    #[test]
    fn a_request_begins_with_get_or_with_a_do_of_its_own() {
        let call = |step: &str| format!("{{\"at_us\":0,\"task\":\"caller\",\"event\":\"Call\",\"step\":\"{step}\"}}\n");
        let trace: String = ["get", "do", "send", "do", "round_trip", "get", "do"].map(call).concat();
        let records = parse_trace(&trace).unwrap();
        assert_eq!(beginnings(&records), [0, 3, 5]);
        assert_eq!(one_request(&records, 2).unwrap().len(), 2);
        assert!(one_request(&records, 4).unwrap_err().contains("has 3 requests"));
    }

    #[test]
    fn a_turn_ends_where_the_connection_is_taken_again() {
        let trace = r#"
{"at_us":0,"task":"caller","event":"Call","step":"get"}
{"at_us":0,"task":"caller","conn":7,"event":"GotConn","reused":false,"was_idle":false,"idle_us":0}
{"at_us":0,"task":"read_loop","conn":7,"event":"GotFirstResponseByte"}
{"at_us":0,"task":"caller","event":"Call","step":"get"}
{"at_us":0,"task":"read_loop","conn":8,"event":"Exit","id":"RL-B2"}
{"at_us":0,"task":"read_loop","conn":7,"event":"Exit","id":"RL-B3"}
{"at_us":0,"task":"caller","conn":7,"event":"GotConn","reused":true,"was_idle":true,"idle_us":0}
{"at_us":0,"task":"read_loop","conn":7,"event":"Exit","id":"RL-B1"}
"#;
        let records = parse_trace(trace).unwrap();
        let turn = Turn::of(&records, 1).unwrap();
        assert_eq!(turn.conn, ConnId(7));
        assert_eq!(turn.exits().collect::<Vec<_>>(), [Exit::BodyClosedEarlyDrained], "its drain outlived the request");
        assert_eq!(Turn::of(&records, 2).unwrap().exits().collect::<Vec<_>>(), [Exit::BodyEofKept]);
    }
}
