//! Swim lanes: one request from top to bottom, a lane for each who takes part, an arrow for each message.

use httptrace::{Actor, Channel, ConnId, Event, Record, TaskName};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::requests::one_request;
use crate::picture::svg::{Anchor, Sheet, WIDTH};

/// Whose column it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    /// Whoever asked for the request and reads the body.
    Caller,
    /// The idle pool.
    Pool,
    /// The task that opens a connection.
    Dial,
    /// The read_loop of a connection.
    ReadLoop,
    /// The write_loop of a connection.
    WriteLoop,
    /// The server's end of a connection.
    Origin,
}

impl Who {
    fn of(actor: Actor) -> Self {
        match actor {
            Actor::Caller => Who::Caller,
            Actor::Dial => Who::Dial,
            Actor::ReadLoop => Who::ReadLoop,
            Actor::WriteLoop => Who::WriteLoop,
            Actor::Pool => Who::Pool,
        }
    }

    fn named(name: TaskName) -> Self {
        match name {
            TaskName::ReadLoop => Who::ReadLoop,
            TaskName::WriteLoop => Who::WriteLoop,
            TaskName::Dial => Who::Dial,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Who::Caller => "caller",
            Who::Pool => "pool",
            Who::Dial => "dial",
            Who::ReadLoop => "read_loop",
            Who::WriteLoop => "write_loop",
            Who::Origin => "origin",
        }
    }

    /// Whether every connection has one of its own.
    fn per_connection(self) -> bool {
        matches!(self, Who::ReadLoop | Who::WriteLoop | Who::Origin)
    }
}

/// A column, and the connection it belongs to where it belongs to one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lane {
    conn: Option<u64>,
    who: Who,
}

impl Lane {
    fn new(who: Who, conn: Option<ConnId>) -> Self {
        Lane { conn: conn.filter(|_| who.per_connection()).map(|conn| conn.0), who }
    }
}

/// What happened in one line of the picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// Something that one lane does.
    Note(Lane),
    /// Something that goes from one lane to others.
    Arrows(Lane, Vec<Lane>),
}

/// One line of the picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Microseconds on the runtime's clock.
    pub at_us: u64,
    /// Where.
    pub mark: Mark,
    /// What, in a word or two.
    pub label: String,
    /// What an id in the label stands for; there is room for it only in words.
    pub meaning: Option<&'static str>,
}

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lanes {
    /// The columns, from left to right.
    pub lanes: Vec<Lane>,
    /// The lines, from top to bottom.
    pub rows: Vec<Row>,
}

impl Lanes {
    /// Reads request number `request`, from 1, out of a trace: what lies between its beginning and that of the next.
    ///
    /// # Errors
    ///
    /// When the trace has fewer requests.
    pub fn of(records: &[Record], request: usize) -> Result<Self, String> {
        Ok(Self::of_rows(one_request(records, request)?.iter().map(row).collect()))
    }

    /// All that a trace has, of however many requests.
    pub fn of_all(records: &[Record]) -> Self {
        Self::of_rows(records.iter().map(row).collect())
    }

    fn of_rows(rows: Vec<Row>) -> Self {
        let mut lanes = vec![Lane::new(Who::Caller, None)];
        for row in &rows {
            match &row.mark {
                Mark::Note(lane) => lanes.push(*lane),
                Mark::Arrows(from, to) => lanes.extend([*from].iter().chain(to)),
            }
        }
        lanes.sort();
        lanes.dedup();
        Lanes { lanes, rows }
    }

    /// The picture: time goes down, the numbers are those of the steps in words.
    pub fn draw(&self, title: &str) -> Drawing {
        const TOP: f64 = 34.0;
        const STEP: f64 = 27.0;
        /// The room of the numbers on the left.
        const NUMBERS: f64 = 16.0;
        let bottom = TOP + STEP * self.rows.len() as f64 + 6.0;
        let mut sheet = Sheet::default();
        for (i, lane) in self.lanes.iter().enumerate() {
            let x = self.x(i);
            sheet.line("lane", (x, TOP), (x, bottom));
            // Neighbours write their names on two levels, so that long ones do not touch.
            let y = if i % 2 == 0 { 12.0 } else { 26.0 };
            let anchor = if i + 1 == self.lanes.len() { Anchor::End } else { Anchor::Middle };
            let x = if anchor == Anchor::End { WIDTH - 1.0 } else { x };
            sheet.text("label strong", (x, y), anchor, &self.heading(*lane));
        }
        for (i, row) in self.rows.iter().enumerate() {
            let y = TOP + STEP * (i as f64 + 1.0) - 6.0;
            sheet.step(i + 1);
            sheet.text("label faint", (0.0, y + 3.5), Anchor::Start, &(i + 1).to_string());
            match &row.mark {
                Mark::Note(lane) => {
                    let x = self.at(*lane);
                    sheet.dot("event", (x, y), 3.0);
                    let (x, anchor, room) = if x < WIDTH * 0.6 {
                        (x + 6.0, Anchor::Start, WIDTH - 6.0 - x)
                    } else {
                        (x - 6.0, Anchor::End, x - 6.0 - NUMBERS)
                    };
                    match in_two(&row.label, room) {
                        None => sheet.text("label", (x, y + 3.5), anchor, &row.label),
                        Some((upper, lower)) => {
                            sheet.text("label", (x, y - 2.5), anchor, upper);
                            sheet.text("label", (x, y + 8.5), anchor, lower);
                        }
                    }
                }
                Mark::Arrows(from, to) => {
                    let start = self.at(*from);
                    let ends: Vec<f64> = to.iter().map(|lane| self.at(*lane)).collect();
                    for end in &ends {
                        sheet.arrow((start, y), (*end, y));
                    }
                    let far = ends
                        .iter()
                        .copied()
                        .fold(start, |far, x| if (x - start).abs() > (far - start).abs() { x } else { far });
                    let half = row.label.chars().count() as f64 * 2.9;
                    let x = ((start + far) / 2.0).clamp(20.0 + half, (WIDTH - half).max(20.0 + half));
                    sheet.text("label", (x, y - 4.0), Anchor::Middle, &row.label);
                }
            }
            sheet.end();
        }
        let names: Vec<String> = self.lanes.iter().map(|lane| self.heading(*lane)).collect();
        let description =
            format!("{} steps among {}. The list below has them in words.", self.rows.len(), names.join(", "));
        Drawing {
            svg: sheet.finish("lanes", bottom, title, &description),
            legend: "Time goes down. An arrow is a message, or bytes to and from the origin.".to_owned(),
            words: self.rows.iter().map(|row| self.words(row)).collect(),
        }
    }

    /// The lane's name; with its connection where there is more than one of them.
    fn heading(&self, lane: Lane) -> String {
        let alone = self.lanes.iter().filter(|other| other.who == lane.who).count() == 1;
        match lane.conn {
            Some(conn) if !alone => format!("{} {conn}", lane.who.name()),
            _ => lane.who.name().to_owned(),
        }
    }

    fn x(&self, index: usize) -> f64 {
        const LEFT: f64 = 40.0;
        let steps = (self.lanes.len() - 1).max(1);
        LEFT + (WIDTH - 24.0 - LEFT) * index as f64 / steps as f64
    }

    fn at(&self, lane: Lane) -> f64 {
        self.x(self.lanes.binary_search(&lane).expect("every lane of a row is among the lanes"))
    }

    fn words(&self, row: &Row) -> String {
        let meaning = row.meaning.map(|meaning| format!(" ({})", meaning.trim_end_matches('.'))).unwrap_or_default();
        let label = escape(&(row.label.clone() + &meaning));
        match &row.mark {
            Mark::Note(lane) => format!("{}: {label}", self.heading(*lane)),
            Mark::Arrows(from, to) => {
                let to: Vec<String> = to.iter().map(|lane| self.heading(*lane)).collect();
                format!("{} → {}: {label}", self.heading(*from), to.join(" and "))
            }
        }
    }
}

/// The two halves of a label that is too long for the room beside its dot.
fn in_two(label: &str, room: f64) -> Option<(&str, &str)> {
    /// About as wide as a character is.
    const CHAR: f64 = 5.4;
    if label.chars().count() as f64 * CHAR <= room {
        return None;
    }
    let middle = label.len() / 2;
    let (at, _) = label.match_indices(' ').min_by_key(|(at, _)| at.abs_diff(middle))?;
    Some((&label[..at], &label[at + 1..]))
}

/// One event as a line of the picture.
fn row(record: &Record) -> Row {
    let lane = |who| Lane::new(who, record.conn);
    let here = lane(Who::of(record.task));
    let note = |label: &str| (Mark::Note(here), label.to_owned());
    let arrow = |from, to, label: &str| (Mark::Arrows(lane(from), vec![lane(to)]), label.to_owned());
    let failed = |error: &Option<String>| error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let (mark, label) = match &record.event {
        Event::Call { step } => note(step.go_name()),
        Event::GetConn { host_port } => note(&format!("wants {host_port}")),
        Event::GotConn { was_idle: true, .. } => arrow(Who::Pool, Who::Caller, "idle connection"),
        Event::GotConn { reused: true, .. } => note("has a connection that came back"),
        Event::GotConn { .. } => note("has a new connection"),
        Event::DnsStart { host } => note(&format!("looks up {host}")),
        Event::DnsDone { addrs, error: None } => {
            let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
            note(&format!("found {}", addrs.join(", ")))
        }
        Event::DnsDone { error: Some(error), .. } => note(error),
        Event::TlsHandshakeStart => note("shakes hands"),
        Event::TlsHandshakeDone { error } => note(&format!("secured{}", failed(error))),
        Event::ConnectStart { addr } => note(&format!("connects to {addr}")),
        Event::ConnectDone { error, .. } => note(&format!("connected{}", failed(error))),
        Event::WroteHeaders => note("head written"),
        Event::WroteRequest { error: None } => arrow(Who::WriteLoop, Who::Origin, "request"),
        Event::WroteRequest { error } => note(&format!("write{}", failed(error))),
        Event::Wait100Continue => note("waits for 100"),
        Event::Got100Continue => arrow(Who::Origin, Who::ReadLoop, "100"),
        Event::Got1xxResponse { code } => arrow(Who::Origin, Who::ReadLoop, &code.to_string()),
        Event::GotFirstResponseByte => arrow(Who::Origin, Who::ReadLoop, "response"),
        Event::PutIdleConn { error } if here.who == Who::Pool => note(&format!("takes it back{}", failed(error))),
        Event::PutIdleConn { error } => {
            (Mark::Arrows(here, vec![lane(Who::Pool)]), format!("give back{}", failed(error)))
        }
        Event::RemoveIdleConn { reason } => note(&format!("lets it go: {reason}")),
        Event::TaskStarted { name } => (Mark::Note(lane(Who::named(*name))), "starts".to_owned()),
        Event::TaskEnded { name } => (Mark::Note(lane(Who::named(*name))), "ends".to_owned()),
        Event::Sent { channel, what } => {
            let to: Vec<Lane> = receivers(*channel).iter().map(|who| lane(*who)).filter(|to| *to != here).collect();
            let label = format!("{}: {what}", channel_name(*channel));
            (if to.is_empty() { Mark::Note(here) } else { Mark::Arrows(here, to) }, label)
        }
        Event::ConnClosed { reason } => note(&format!("closed: {reason}")),
        Event::ConnFreed => note("freed"),
        Event::Exit { id } => note(id.id()),
        Event::Unsolicited { starts_with } => arrow(Who::Origin, Who::ReadLoop, &format!("unasked: {starts_with}")),
        Event::Log { category, message } => note(&format!("{category}: {message}")),
    };
    let meaning = match record.event {
        Event::Exit { id } => Some(id.explain()),
        _ => None,
    };
    Row { at_us: record.at_us, mark, label, meaning }
}

/// Who reads a channel.
fn receivers(channel: Channel) -> &'static [Who] {
    match channel {
        Channel::Reqch => &[Who::ReadLoop],
        Channel::Writech => &[Who::WriteLoop],
        Channel::WriteErrCh => &[Who::ReadLoop, Who::Caller],
        Channel::Resc => &[Who::Caller],
        Channel::WaitForBodyRead => &[Who::ReadLoop],
        Channel::Eofc => &[Who::Caller],
        Channel::Closech => &[Who::ReadLoop, Who::WriteLoop],
    }
}

/// The channel's name in Go.
fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Reqch => "reqch",
        Channel::Writech => "writech",
        Channel::WriteErrCh => "writeErrCh",
        Channel::Resc => "resc",
        Channel::WaitForBodyRead => "waitForBodyRead",
        Channel::Eofc => "eofc",
        Channel::Closech => "closech",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    const TRACE: &str = r#"
{"at_us":0,"task":"caller","event":"Call","step":"get"}
{"at_us":2,"task":"dial","conn":1,"event":"TaskStarted","name":"read_loop"}
{"at_us":3,"task":"caller","conn":1,"event":"Sent","channel":"writech","what":"GET"}
{"at_us":4,"task":"write_loop","conn":1,"event":"WroteRequest"}
{"at_us":5,"task":"write_loop","conn":1,"event":"Sent","channel":"write_err_ch","what":"ok"}
{"at_us":6,"task":"read_loop","conn":1,"event":"PutIdleConn"}
{"at_us":7,"task":"read_loop","conn":1,"event":"Exit","id":"RL-B1"}
{"at_us":9,"task":"caller","event":"Call","step":"get"}
{"at_us":9,"task":"caller","conn":1,"event":"GotConn","reused":true,"was_idle":true,"idle_us":2}
"#;

    fn lanes(request: usize) -> Result<Lanes, String> {
        Lanes::of(&parse_trace(TRACE).expect("a trace"), request)
    }

    #[test]
    fn a_request_ends_where_the_next_begins() {
        assert_eq!(lanes(1).unwrap().rows.len(), 7);
        assert_eq!(lanes(2).unwrap().rows.len(), 2);
        assert_eq!(lanes(3).unwrap_err(), "the trace has 2 requests, so there is no request 3 to draw");
        assert!(lanes(0).is_err());
    }

    #[test]
    fn messages_go_from_their_sender_to_whoever_reads_the_channel() {
        let words = lanes(1).unwrap().draw("T").words;
        assert_eq!(
            words,
            [
                "caller: http.Get",
                "read_loop: starts",
                "caller → write_loop: writech: GET",
                "write_loop → origin: request",
                "write_loop → read_loop and caller: writeErrCh: ok",
                "read_loop → pool: give back",
                "read_loop: RL-B1 (read_loop, body: read to EOF, and the connection went back to the pool (or to a waiter))",
            ]
        );
        assert_eq!(lanes(2).unwrap().draw("T").words[1], "pool → caller: idle connection");
    }

    #[test]
    fn only_lanes_that_take_part_are_drawn_and_always_in_one_order() {
        let names: Vec<_> = lanes(1).unwrap().lanes.iter().map(|lane| lane.who.name()).collect();
        assert_eq!(names, ["caller", "pool", "read_loop", "write_loop", "origin"]);
    }

    #[test]
    fn two_connections_are_told_apart() {
        let second = TRACE.replace("\"conn\":1,\"event\":\"Exit\"", "\"conn\":2,\"event\":\"Exit\"");
        let lanes = Lanes::of(&parse_trace(&second).unwrap(), 1).unwrap();
        let headings: Vec<_> = lanes.lanes.iter().map(|lane| lanes.heading(*lane)).collect();
        assert_eq!(headings, ["caller", "pool", "read_loop 1", "write_loop", "origin", "read_loop 2"]);
    }

    #[test]
    fn the_same_trace_gives_the_same_drawing_inside_the_sheet() {
        let svg = lanes(1).unwrap().draw("T").svg;
        assert_eq!(svg, lanes(1).unwrap().draw("T").svg);
        assert_eq!(svg.matches("<polygon").count(), 5);
    }

    #[test]
    fn a_label_that_has_no_room_beside_its_dot_takes_two_lines() {
        let closed = TRACE.replace(
            r#""event":"Exit","id":"RL-B1""#,
            r#""event":"ConnClosed","reason":"http: server closed idle connection""#,
        );
        let drawing = Lanes::of(&parse_trace(&closed).unwrap(), 1).unwrap().draw("T");
        assert!(drawing.svg.contains(">closed: http: server</text>"), "{}", drawing.svg);
        assert!(drawing.svg.contains(">closed idle connection</text>"), "{}", drawing.svg);
        assert_eq!(drawing.words[6], "read_loop: closed: http: server closed idle connection");
    }

    #[test]
    fn every_line_of_the_words_is_a_step_of_the_picture() {
        let drawing = lanes(1).unwrap().draw("T");
        for step in 1..=drawing.words.len() {
            assert_eq!(drawing.svg.matches(&format!("data-step=\"{step}\"")).count(), 1);
        }
        assert_eq!(drawing.svg.matches("data-step").count(), drawing.words.len());
    }
}
