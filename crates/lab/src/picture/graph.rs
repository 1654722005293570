//! The states of read_loop, with the path lit that one request of a trace took.

use httptrace::{Actor, Channel, Event, Exit, Record};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::requests::Turn;
use crate::picture::svg::{Anchor, Sheet};

/// Where read_loop is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It peeks for a first byte.
    Idle,
    /// It reads a response head.
    Head,
    /// It has lent the reader, and waits for it.
    Body,
    /// The body was closed before its end.
    Early,
    /// It asks whether the connection may live on.
    Keep,
}

impl State {
    const ALL: [State; 5] = [State::Idle, State::Head, State::Body, State::Early, State::Keep];

    fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Head => "head",
            State::Body => "body",
            State::Early => "closed early",
            State::Keep => "keep it?",
        }
    }

    /// What stands in its box.
    fn caption(self) -> &'static str {
        match self {
            State::Idle => "idle: peek",
            State::Head => "head: read it",
            State::Body => "body: wait for it",
            State::Early => "closed early: drain?",
            State::Keep => "keep it?",
        }
    }

    /// The ways out beside it, each a row.
    fn exits(self) -> [&'static [Exit]; 2] {
        match self {
            State::Idle => [
                &[Exit::IdleServerClosed, Exit::IdleReadError, Exit::Idle408],
                &[Exit::IdleUnsolicited, Exit::IdleTimeout, Exit::IdleClosed],
            ],
            State::Head => [
                &[Exit::HeadNoByte, Exit::HeadMalformed, Exit::HeadTooLarge],
                &[Exit::HeadCallerGone, Exit::SwitchedProtocols, Exit::HeadConnClosed],
            ],
            State::Body => [
                &[Exit::BodyReadError, Exit::BodyLegacyCancel, Exit::BodyContextCanceled],
                &[Exit::BodyDeadlineExceeded, Exit::BodyConnClosed],
            ],
            State::Early => [&[Exit::BodyClosedEarlyClosed], &[]],
            State::Keep => [
                &[Exit::NoBodyKept, Exit::BodyEofKept, Exit::BodyClosedEarlyDrained],
                &[Exit::NoBodyClosed, Exit::BodyEofClosed],
            ],
        }
    }

    fn middle(self) -> f64 {
        34.0 + 66.0 * self as usize as f64
    }
}

/// Whether the connection goes on after this exit.
fn kept(exit: Exit) -> bool {
    matches!(exit, Exit::NoBodyKept | Exit::BodyEofKept | Exit::BodyClosedEarlyDrained)
}

/// One step of the path.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Move {
    /// From one state to another.
    To(State, State),
    /// Something happens without leaving the state.
    In(State),
    /// Out, or back to the beginning.
    Exit(Exit),
}

/// The path of one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Graph {
    path: Vec<(Move, String)>,
    request: usize,
}

impl Graph {
    /// Reads the path of request number `request`, from 1, out of a trace. If its connection ends idle before anybody else
    /// takes it, that is the last step. A read_loop that took no exit waits where the path ends.
    ///
    /// # Errors
    ///
    /// When the trace has fewer requests, or this one got no connection.
    pub fn of(records: &[Record], request: usize) -> Result<Self, String> {
        let turn = Turn::of(records, request)?;
        let verdict = turn.exits().find(|exit| exit.id().starts_with("RL-"));
        let mut walk = Walk { state: State::Idle, verdict, path: Vec::new() };
        for record in &turn.records {
            walk.take(record);
        }
        if verdict.is_none() {
            walk.stay("read_loop still waits here when the trace ends");
        }
        Ok(Graph { path: walk.path, request })
    }

    /// The picture. Every exit leads to its entry on the page `exits`.
    pub fn draw(&self, title: &str, exits: &str) -> Drawing {
        let mut sheet = Sheet::default();
        for edge in EDGES {
            edge.draw(&mut sheet, "");
        }
        for state in State::ALL {
            draw_state(&mut sheet, state, "state");
            sheet.text("label", (LEFT + WIDE / 2.0, state.middle() + 4.0), Anchor::Middle, state.caption());
            for exit in state.exits().iter().flat_map(|row| row.iter()) {
                sheet.link(&format!("{exits}#{}", exit.id().to_ascii_lowercase()), |sheet| {
                    let (x, y) = place(*exit);
                    sheet.rect(if kept(*exit) { "chip kept" } else { "chip" }, (x, y), (CHIP, 18.0));
                    sheet.text("label", (x + CHIP / 2.0, y + 13.0), Anchor::Middle, exit.id());
                });
            }
        }
        for (i, (made, _)) in self.path.iter().enumerate() {
            sheet.step(i + 1);
            match made {
                Move::To(from, to) => {
                    draw_state(&mut sheet, *from, "lit");
                    EDGES.iter().filter(|edge| edge.from == *from && edge.to == *to).for_each(|edge| {
                        edge.draw(&mut sheet, " lit");
                    });
                    draw_state(&mut sheet, *to, "lit");
                }
                Move::In(state) => draw_state(&mut sheet, *state, "lit"),
                Move::Exit(exit) => {
                    sheet.rect(if kept(*exit) { "chip kept lit" } else { "chip lit" }, place(*exit), (CHIP, 18.0));
                    if kept(*exit) {
                        EDGES.iter().filter(|edge| edge.from == State::Keep).for_each(|edge| {
                            edge.draw(&mut sheet, " lit");
                        });
                    }
                }
            }
            sheet.end();
        }
        let taken: Vec<&str> = self.exits().map(Exit::id).collect();
        let left = if taken.is_empty() { "did not leave".to_owned() } else { format!("left by {}", taken.join(", ")) };
        let description = format!("Request {} {left}. The list has the path in words.", self.request);
        Drawing {
            svg: sheet.finish("graph", State::Keep.middle() + 32.0, title, &description),
            legend:
                "The path that this request took is lit. On the right the ways out; those with a round rim lead back \
                     to the top. Each is a link."
                    .to_owned(),
            words: self.path.iter().map(|(_, words)| words.clone()).collect(),
        }
    }

    fn exits(&self) -> impl Iterator<Item = Exit> + '_ {
        self.path.iter().filter_map(|(made, _)| match made {
            Move::Exit(exit) => Some(*exit),
            Move::To(..) | Move::In(_) => None,
        })
    }
}

/// Follows read_loop through the records of a turn.
struct Walk {
    state: State,
    /// The exit that the request will take, if any. It decides what a message in between means.
    verdict: Option<Exit>,
    path: Vec<(Move, String)>,
}

impl Walk {
    fn take(&mut self, record: &Record) {
        let of_read_loop = record.task == Actor::ReadLoop;
        // A head that is not the last thing known of the request was followed by a body.
        let body = self.verdict.is_none_or(|exit| exit.id().starts_with("RL-B"));
        if let Event::Sent { channel: Channel::WaitForBodyRead, what } = &record.event {
            // It may be sent and not be heard, when another arm was ready too.
            let eof = matches!(self.verdict, Some(Exit::BodyEofKept | Exit::BodyEofClosed));
            let early = matches!(self.verdict, Some(Exit::BodyClosedEarlyDrained | Exit::BodyClosedEarlyClosed));
            match what.as_str() {
                "eof" if eof => self.go(State::Keep, "the body was read to its end; the reader is back"),
                "closed_early" if early => self.go(State::Early, "the body was closed before its end"),
                _ => {}
            }
        }
        if !of_read_loop {
            return;
        }
        match &record.event {
            Event::GotFirstResponseByte => self.go(State::Head, "the first byte of a response is there"),
            Event::Sent { channel: Channel::Resc, what } if body && what == "response" => {
                self.go(State::Body, "the caller gets the response, and the reader with it");
            }
            Event::Sent { channel: Channel::Eofc, .. } => self.stay("the caller may go on"),
            Event::PutIdleConn { error } => {
                self.reach_keep();
                match error {
                    None => self.stay("the pool takes the connection"),
                    Some(error) => self.stay(&format!("the pool refuses: {}", escape(error))),
                }
            }
            Event::Exit { id } if id.id().starts_with("WR-") => {
                self.reach_keep();
                self.stay(&explained(*id));
            }
            Event::Exit { id } => {
                if matches!(id, Exit::NoBodyKept | Exit::NoBodyClosed) {
                    self.reach_keep();
                }
                let next = if kept(*id) { "; the connection is idle again" } else { "; read_loop leaves" };
                self.path.push((Move::Exit(*id), explained(*id) + next));
                self.state = State::Idle;
            }
            _ => {}
        }
    }

    /// What only a connection reaches that may be kept has been reached by some way or other.
    fn reach_keep(&mut self) {
        match self.state {
            State::Head => self.go(State::Keep, "there is no body to wait for"),
            State::Early => self.go(State::Keep, "what was left of the body has been read"),
            State::Idle | State::Body | State::Keep => {}
        }
    }

    fn go(&mut self, to: State, why: &str) {
        self.path.push((Move::To(self.state, to), format!("{} → {}: {why}", self.state.name(), to.name())));
        self.state = to;
    }

    fn stay(&mut self, what: &str) {
        self.path.push((Move::In(self.state), format!("{}: {what}", self.state.name())));
    }
}

fn explained(exit: Exit) -> String {
    format!("{} ({})", exit.id(), escape(exit.explain().trim_end_matches('.')))
}

const LEFT: f64 = 84.0;
const WIDE: f64 = 116.0;
const CHIP: f64 = 44.0;

fn draw_state(sheet: &mut Sheet, state: State, class: &str) {
    sheet.rect(class, (LEFT, state.middle() - 14.0), (WIDE, 28.0));
}

/// The upper left corner of an exit's box.
fn place(exit: Exit) -> (f64, f64) {
    let mut found = (0.0, 0.0);
    for state in State::ALL {
        for (row, exits) in state.exits().iter().enumerate() {
            if let Some(column) = exits.iter().position(|other| *other == exit) {
                found = (216.0 + (CHIP + 5.0) * column as f64, state.middle() - 21.0 + 22.0 * row as f64);
            }
        }
    }
    found
}

/// A way from one state to another.
struct Edge {
    from: State,
    to: State,
    label: &'static str,
    /// How far left of the states it runs; 0 is straight down.
    bow: f64,
}

const EDGES: &[Edge] = &[
    Edge { from: State::Idle, to: State::Head, label: "first byte", bow: 0.0 },
    Edge { from: State::Head, to: State::Body, label: "response", bow: 0.0 },
    Edge { from: State::Body, to: State::Early, label: "closed early", bow: 0.0 },
    Edge { from: State::Early, to: State::Keep, label: "drained", bow: 0.0 },
    Edge { from: State::Body, to: State::Keep, label: "read to its end", bow: 18.0 },
    Edge { from: State::Head, to: State::Keep, label: "no body", bow: 44.0 },
    Edge { from: State::Keep, to: State::Idle, label: "kept", bow: 70.0 },
];

impl Edge {
    fn draw(&self, sheet: &mut Sheet, lit: &str) {
        let (class, head) = (format!("edge{lit}"), format!("edge-head{lit}"));
        let (from, to) = (self.from.middle(), self.to.middle());
        if self.bow == 0.0 {
            let x = LEFT + WIDE / 2.0;
            sheet.path(&class, &[(x, from + 14.0), (x, to - 15.0)]);
            sheet.head(&head, (x, from), (x, to - 14.0));
            sheet.text("label faint", (x + 6.0, (from + to) / 2.0 + 3.5), Anchor::Start, self.label);
            return;
        }
        let x = LEFT - self.bow;
        // Ways that come from above arrive a little higher than the one that leaves.
        let (leaves, arrives) = if from < to { (from + 5.0, to - self.bow / 7.0 + 3.0) } else { (from + 9.0, to) };
        sheet.path(&class, &[(LEFT, leaves), (x, leaves), (x, arrives), (LEFT - 1.0, arrives)]);
        sheet.head(&head, (x, arrives), (LEFT, arrives));
        sheet.text_upwards("label faint", (x - 4.0, (from + to) / 2.0), self.label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    /// A turn of read_loop with these events, and the caller's part around it.
    fn path(events: &[&str]) -> Vec<String> {
        let mut trace = String::from(
            "{\"at_us\":0,\"task\":\"caller\",\"event\":\"Call\",\"step\":\"get\"}\n\
             {\"at_us\":0,\"task\":\"caller\",\"conn\":1,\"event\":\"GotConn\",\"reused\":false,\"was_idle\":false,\"idle_us\":0}\n",
        );
        for event in events {
            let task = if event.contains("wait_for_body_read") { "caller" } else { "read_loop" };
            trace.push_str(&format!("{{\"at_us\":0,\"task\":\"{task}\",\"conn\":1,\"event\":{event}}}\n"));
        }
        let drawing = Graph::of(&parse_trace(&trace).unwrap(), 1).unwrap().draw("T", "exits.html");
        assert_eq!(drawing.svg.matches("data-step").count(), drawing.words.len());
        drawing.words.iter().map(|words| words.split(['(', ':', '→']).next().unwrap().trim().to_owned()).collect()
    }

    const FIRST: &str = r#""GotFirstResponseByte""#;
    const LENT: &str = r#""Sent","channel":"resc","what":"response""#;
    const EOF: &str = r#""Sent","channel":"wait_for_body_read","what":"eof""#;
    const EARLY: &str = r#""Sent","channel":"wait_for_body_read","what":"closed_early""#;
    const WROTE: &str = r#""Exit","id":"WR-1""#;
    const PUT: &str = r#""PutIdleConn""#;

    #[test]
    fn a_body_that_is_read_to_its_end_leads_back_to_idle_and_from_there_out() {
        let ends = [r#""Exit","id":"RL-B1""#, r#""Exit","id":"RL-I5""#];
        let words = path(&[FIRST, LENT, EOF, WROTE, PUT, ends[0], ends[1]]);
        let expected = ["idle", "head", "body", "keep it?", "keep it?", "RL-B1", "RL-I5"];
        assert_eq!(words, expected);
    }

    #[test]
    fn an_early_close_passes_the_drain_and_a_head_without_a_body_passes_nothing() {
        let drained = path(&[FIRST, LENT, EARLY, WROTE, PUT, r#""Exit","id":"RL-B3""#]);
        assert_eq!(drained, ["idle", "head", "body", "closed early", "keep it?", "keep it?", "RL-B3"]);
        let bodyless = path(&[FIRST, WROTE, PUT, LENT, r#""Exit","id":"RL-H5""#]);
        assert_eq!(bodyless, ["idle", "head", "keep it?", "keep it?", "RL-H5"]);
    }

    #[test]
    fn a_body_that_nobody_reads_or_closes_is_where_the_path_ends() {
        assert_eq!(path(&[FIRST, LENT]), ["idle", "head", "body"]);
    }

    #[test]
    fn a_message_that_another_arm_was_faster_than_does_not_move_it() {
        assert_eq!(path(&[FIRST, LENT, EOF, r#""Exit","id":"RL-B7""#]), ["idle", "head", "RL-B7"]);
    }

    #[test]
    fn every_exit_of_read_loop_has_its_place_and_leads_to_its_entry() {
        let graph = Graph { path: Vec::new(), request: 1 };
        let svg = graph.draw("T", "exits.html").svg;
        for exit in Exit::ALL.iter().filter(|exit| exit.id().starts_with("RL-")) {
            let link = format!("<a href=\"exits.html#{}\">", exit.id().to_ascii_lowercase());
            assert_eq!(svg.matches(&link).count(), 1, "{exit}");
        }
    }
}
