//! Five lamps per request: the conditions that a connection must meet to be kept, in the order in which they are asked.

use httptrace::{Channel, Event, Exit, Record};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::requests::{Turn, beginnings, one_request};
use crate::picture::svg::{Anchor, Sheet};

/// What a trace tells of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lamp {
    /// It held.
    Lit,
    /// It did not, and so the connection was not kept.
    Dark,
    /// Another did not hold. It was not asked for, or was and left no event.
    NotAsked,
    /// One of those marked so did not hold, and the trace does not tell which.
    Unknown,
}

/// The conditions, as Go 1.12 asks for them.
const NAMES: [&str; 5] = ["alive", "body at its end", "no EOF seen", "written", "pool takes it"];

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    /// Its number, from 1.
    request: usize,
    lamps: [Lamp; 5],
    end: How,
    /// The pool's words, where it refused.
    refusal: Option<String>,
}

/// How the request ended for its read_loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// By this exit.
    By(Exit),
    /// Not at all: it waits for a body that nobody reads or closes.
    Waits,
    /// It got no connection.
    Nowhere,
}

/// Requests of a trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lamps {
    rows: Vec<Row>,
}

impl Lamps {
    /// Reads the conditions of these requests, from 1, out of a trace; of all of them when none is named.
    ///
    /// # Errors
    ///
    /// When the trace has no such request.
    pub fn of(records: &[Record], requests: &[usize]) -> Result<Self, String> {
        let all: Vec<usize> = (1..=beginnings(records).len()).collect();
        let chosen = if requests.is_empty() { &all } else { requests };
        if chosen.is_empty() {
            return Err("the trace has no requests".to_owned());
        }
        let rows = chosen.iter().map(|request| {
            one_request(records, *request)?;
            // There it was looked for, so what is missing is the connection.
            let turn = Turn::of(records, *request).ok();
            Ok(row(*request, turn.as_ref()))
        });
        Ok(Lamps { rows: rows.collect::<Result<_, String>>()? })
    }

    /// The picture: a row for each request, a lamp for each condition.
    pub fn draw(&self, title: &str) -> Drawing {
        const STEP: f64 = 30.0;
        const TOP: f64 = 44.0;
        let x = |lamp: usize| 66.0 + 54.0 * lamp as f64;
        let mut sheet = Sheet::default();
        for (i, name) in NAMES.iter().enumerate() {
            // Neighbours write on two levels.
            sheet.text("label faint", (x(i), if i % 2 == 0 { 12.0 } else { 26.0 }), Anchor::Middle, name);
        }
        for (i, row) in self.rows.iter().enumerate() {
            let y = TOP + STEP * i as f64;
            sheet.step(i + 1);
            sheet.text("label strong", (0.0, y + 4.0), Anchor::Start, &row.request.to_string());
            for (lamp, state) in row.lamps.iter().enumerate() {
                let (class, mark) = match state {
                    Lamp::Lit => ("lamp on", "✓"),
                    Lamp::Dark => ("lamp off", "✕"),
                    Lamp::NotAsked => ("lamp unasked", ""),
                    Lamp::Unknown => ("lamp unasked", "?"),
                };
                sheet.dot(class, (x(lamp), y), 10.0);
                sheet.text("label strong", (x(lamp), y + 4.0), Anchor::Middle, mark);
            }
            let end = match row.end {
                How::By(exit) => exit.id(),
                How::Waits => "waits",
                How::Nowhere => "none",
            };
            sheet.text("label", (360.0, y + 4.0), Anchor::End, end);
            sheet.end();
        }
        let description =
            format!("Five conditions for each of {} requests. The list has them in words.", self.rows.len());
        Drawing {
            svg: sheet.finish("lamps", TOP + STEP * (self.rows.len() as f64 - 1.0) + 16.0, title, &description),
            legend: "✓ the condition held. ✕ it did not, and then the others do not matter. ? one of these did not; \
                     the trace does not say which. On the right the exit."
                .to_owned(),
            words: self.rows.iter().map(Row::words).collect(),
        }
    }
}

impl Row {
    fn words(&self) -> String {
        let request = self.request;
        let exit = match self.end {
            How::By(exit) => exit,
            How::Waits => return format!("Request {request}. nothing was asked: read_loop waits for its body"),
            How::Nowhere => return format!("Request {request}. nothing was asked: it got no connection"),
        };
        let named = |wanted: Lamp| {
            let names = NAMES.iter().zip(self.lamps).filter(|(_, lamp)| *lamp == wanted).map(|(name, _)| *name);
            names.collect::<Vec<_>>()
        };
        let mut said = Vec::new();
        for (lamp, verb) in [(Lamp::Lit, "held"), (Lamp::Dark, "did not hold")] {
            let names = named(lamp);
            if !names.is_empty() {
                said.push(format!("{verb}: {}", names.join(", ")));
            }
        }
        let unknown = named(Lamp::Unknown);
        if !unknown.is_empty() {
            said.push(format!("one did not hold of: {}", unknown.join(", ")));
        }
        let refusal = self.refusal.as_ref().map(|text| format!(" ({})", escape(text))).unwrap_or_default();
        let what = escape(exit.explain().trim_end_matches('.'));
        if said.is_empty() {
            return format!("Request {request}. nothing was asked. {}: {what}", exit.id());
        }
        format!("Request {request}. {}{refusal}. {}: {what}", said.join("; "), exit.id())
    }
}

/// What a request's turn tells, if it got a connection.
fn row(request: usize, turn: Option<&Turn<'_>>) -> Row {
    let without = |end| Row { request, lamps: [Lamp::NotAsked; 5], end, refusal: None };
    let Some(turn) = turn else { return without(How::Nowhere) };
    let Some(exit) = turn.exits().find(|exit| exit.id().starts_with("RL-")) else { return without(How::Waits) };
    let write = turn.exits().find(|exit| exit.id().starts_with("WR-"));
    let mut refusal = None;
    let (mut asked_pool, mut acked) = (false, false);
    for record in &turn.records {
        match &record.event {
            Event::PutIdleConn { error } => (asked_pool, refusal) = (true, error.clone()),
            Event::ConnClosed { reason } if reason.contains("putIdleConn") => {
                // Go does not tell the hook of a pool that takes nothing; the reason of the close does.
                (asked_pool, refusal) = (true, Some(reason.clone()));
            }
            Event::Sent { channel: Channel::Eofc, .. } => acked = true,
            _ => {}
        }
    }
    let [on, off, not, unknown] = [Lamp::Lit, Lamp::Dark, Lamp::NotAsked, Lamp::Unknown];
    let after_body = match (write, asked_pool, &refusal) {
        (_, true, None) => [on, on, on, on],
        (_, true, Some(_)) => [on, on, on, off],
        (Some(Exit::NotWritten), false, _) => [on, on, off, not],
        (Some(_), false, _) => [on, on, on, unknown],
        (None, false, _) => [unknown, unknown, not, not],
    };
    let all = [after_body[0], on, after_body[1], after_body[2], after_body[3]];
    let ended =
        [Exit::BodyEofKept, Exit::BodyEofClosed, Exit::NoBodyKept, Exit::NoBodyClosed, Exit::BodyClosedEarlyDrained];
    let lamps = if exit.id().starts_with("RL-I") {
        // Nothing was answered, so there was nothing to ask.
        return without(How::By(exit));
    } else if ended.contains(&exit) || (exit == Exit::BodyClosedEarlyClosed && write.is_some()) {
        // The latter was drained, but then the write or the pool was against it.
        all
    } else if exit == Exit::BodyClosedEarlyClosed && acked {
        // The drain was tried, so the connection was alive.
        [on, off, not, not, not]
    } else {
        [not, off, not, not, not]
    };
    Row { request, lamps, end: How::By(exit), refusal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    fn words(events: &[&str]) -> String {
        let mut trace = String::from(
            "{\"at_us\":0,\"task\":\"caller\",\"event\":\"Call\",\"step\":\"get\"}\n\
             {\"at_us\":0,\"task\":\"caller\",\"conn\":1,\"event\":\"GotConn\",\"reused\":false,\"was_idle\":false,\"idle_us\":0}\n",
        );
        for event in events {
            trace.push_str(&format!("{{\"at_us\":0,\"task\":\"read_loop\",\"conn\":1,\"event\":{event}}}\n"));
        }
        Lamps::of(&parse_trace(&trace).unwrap(), &[]).unwrap().draw("T").words.remove(0)
    }

    const WROTE: &str = r#""Exit","id":"WR-1""#;
    const NOT_WRITTEN: &str = r#""Exit","id":"WR-3""#;
    const PUT: &str = r#""PutIdleConn""#;
    const REFUSED: &str = r#""PutIdleConn","error":"http: putIdleConn: too many idle connections for host""#;
    const EOF_KEPT: &str = r#""Exit","id":"RL-B1""#;
    const EOF_CLOSED: &str = r#""Exit","id":"RL-B2""#;
    const ALL: &str = "alive, body at its end, no EOF seen, written";

    #[test]
    fn a_kept_connection_has_all_five() {
        assert!(words(&[WROTE, PUT, EOF_KEPT]).starts_with(&format!("Request 1. held: {ALL}, pool takes it. RL-B1:")));
    }

    #[test]
    fn the_condition_that_did_not_hold_is_named_where_the_trace_tells_it() {
        let refused = words(&[WROTE, REFUSED, EOF_CLOSED]);
        assert!(
            refused.contains(&format!("held: {ALL}; did not hold: pool takes it (http: putIdleConn: too many")),
            "{refused}"
        );
        let unwritten = words(&[NOT_WRITTEN, EOF_CLOSED]);
        assert!(unwritten.contains("no EOF seen; did not hold: written. RL-B2"), "{unwritten}");
        let early = words(&[r#""Exit","id":"RL-B4""#]);
        assert!(early.starts_with("Request 1. did not hold: body at its end. RL-B4"), "{early}");
    }

    #[test]
    fn a_request_that_did_not_come_so_far_says_so() {
        assert_eq!(words(&[]), "Request 1. nothing was asked: read_loop waits for its body");
        assert!(words(&[r#""Exit","id":"RL-I1""#]).starts_with("Request 1. nothing was asked. RL-I1: "));
        let lonely = r#"{"at_us":0,"task":"caller","event":"Call","step":"get"}"#;
        let records = parse_trace(lonely).unwrap();
        let drawing = Lamps::of(&records, &[1]).unwrap().draw("T");
        assert_eq!(drawing.words, ["Request 1. nothing was asked: it got no connection"]);
        assert!(Lamps::of(&records, &[2]).unwrap_err().contains("there is no request 2"));
        assert!(Lamps::of(&[], &[]).unwrap_err().contains("no requests"));
    }

    #[test]
    fn where_the_trace_does_not_tell_the_picture_does_not_either() {
        let unknown = words(&[EOF_CLOSED]);
        assert!(unknown.contains("held: body at its end; one did not hold of: alive, no EOF seen. RL-B2"), "{unknown}");
    }
}
