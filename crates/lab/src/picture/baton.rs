//! The baton: who owns what of one connection, from top to bottom. A lane for each holder, and two things that go from hand
//! to hand: the reader, and the right to send the next request.

use httptrace::{Actor, Channel, ConnId, Event, Exit, Record, TaskName};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::svg::{Anchor, Sheet, WIDTH};

/// What goes from hand to hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Baton {
    /// The reader: `ConnReader`, with what is buffered.
    Reader,
    /// The right to send the next request: `ConnHandle`.
    Right,
}

impl Baton {
    fn words(self) -> &'static str {
        match self {
            Baton::Reader => "the reader",
            Baton::Right => "the right to send",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Baton::Reader => "bar reader",
            Baton::Right => "bar right",
        }
    }

    /// How far beside the middle of a lane it is drawn.
    fn offset(self) -> f64 {
        match self {
            Baton::Reader => -4.0,
            Baton::Right => 4.0,
        }
    }

    fn width(self) -> f64 {
        match self {
            Baton::Reader => 6.0,
            Baton::Right => 2.5,
        }
    }
}

/// Who can hold one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// Whoever asked for the request.
    Caller,
    /// The response body, wherever the caller keeps it.
    Body,
    /// The connection's read_loop.
    ReadLoop,
    /// The idle pool.
    Pool,
}

impl Holder {
    /// From left to right.
    const ALL: [Holder; 4] = [Holder::Caller, Holder::Body, Holder::ReadLoop, Holder::Pool];

    fn name(self) -> &'static str {
        match self {
            Holder::Caller => "caller",
            Holder::Body => "body",
            Holder::ReadLoop => "read_loop",
            Holder::Pool => "pool",
        }
    }

    fn x(self) -> f64 {
        match self {
            Holder::Caller => 44.0,
            Holder::Body => 104.0,
            Holder::ReadLoop => 164.0,
            Holder::Pool => 224.0,
        }
    }
}

/// One change of hands. Nobody before: it was made. Nobody after: it is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pass {
    /// What.
    pub baton: Baton,
    /// Who had it.
    pub from: Option<Holder>,
    /// Who has it now.
    pub to: Option<Holder>,
    /// With which message.
    pub with: String,
}

/// One connection's changes of hands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Relay {
    /// In order.
    pub passes: Vec<Pass>,
    reader: Option<Holder>,
    right: Option<Holder>,
    requests: usize,
}

impl Relay {
    /// Reads the changes of hands of connection `conn` out of a trace.
    ///
    /// # Errors
    ///
    /// When its read_loop is not started in it.
    pub fn of(records: &[Record], conn: u64) -> Result<Self, String> {
        let mine: Vec<&Record> = records.iter().filter(|record| record.conn == Some(ConnId(conn))).collect();
        let mut relay = Relay::default();
        for (i, record) in mine.iter().enumerate() {
            relay.see(record, &mine[i + 1..]);
        }
        match relay.passes.is_empty() {
            true => Err(format!("the trace has no connection {conn} whose read_loop starts")),
            false => Ok(relay),
        }
    }

    fn see(&mut self, record: &Record, later: &[&Record]) {
        match &record.event {
            Event::TaskStarted { name: TaskName::ReadLoop } => {
                self.pass(Baton::Reader, Some(Holder::ReadLoop), "new connection");
            }
            Event::GotConn { .. } => {
                self.requests += 1;
                self.pass(Baton::Right, Some(Holder::Caller), &format!("for request {}", self.requests));
            }
            Event::Sent { channel: Channel::Reqch, .. } => {
                self.pass(Baton::Right, Some(Holder::ReadLoop), &format!("request {}", self.requests));
            }
            Event::Sent { channel: Channel::Resc, what } if what == "response" => match next_exit(later) {
                // There is no body for it to go into.
                Some(Exit::NoBodyKept | Exit::NoBodyClosed) => {}
                Some(Exit::SwitchedProtocols) => self.pass(Baton::Reader, None, "given away"),
                Some(_) | None => self.pass(Baton::Reader, Some(Holder::Body), "response"),
            },
            Event::Sent { channel: Channel::WaitForBodyRead, what } => {
                self.pass(Baton::Reader, (what != "failed").then_some(Holder::ReadLoop), what);
            }
            Event::PutIdleConn { error: None } => self.pass(Baton::Right, Some(Holder::Pool), "give back"),
            Event::RemoveIdleConn { .. } | Event::ConnClosed { .. } if self.right == Some(Holder::Pool) => {
                self.pass(Baton::Right, None, "closed");
            }
            Event::TaskEnded { name: TaskName::ReadLoop } => {
                for (baton, holder) in [(Baton::Reader, self.reader), (Baton::Right, self.right)] {
                    if holder == Some(Holder::ReadLoop) {
                        self.pass(baton, None, "read_loop ends");
                    }
                }
            }
            Event::Call { .. }
            | Event::GetConn { .. }
            | Event::DnsStart { .. }
            | Event::DnsDone { .. }
            | Event::ConnectStart { .. }
            | Event::ConnectDone { .. }
            | Event::TlsHandshakeStart
            | Event::TlsHandshakeDone { .. }
            | Event::WroteHeaders
            | Event::WroteRequest { .. }
            | Event::Wait100Continue
            | Event::Got100Continue
            | Event::Got1xxResponse { .. }
            | Event::GotFirstResponseByte
            | Event::PutIdleConn { .. }
            | Event::RemoveIdleConn { .. }
            | Event::TaskStarted { .. }
            | Event::TaskEnded { .. }
            | Event::Sent { .. }
            | Event::ConnClosed { .. }
            | Event::ConnFreed
            | Event::Exit { .. }
            | Event::Unsolicited { .. }
            | Event::Log { .. } => {}
        }
    }

    fn pass(&mut self, baton: Baton, to: Option<Holder>, with: &str) {
        let holder = match baton {
            Baton::Reader => &mut self.reader,
            Baton::Right => &mut self.right,
        };
        let from = std::mem::replace(holder, to);
        if from != to {
            self.passes.push(Pass { baton, from, to, with: with.to_owned() });
        }
    }

    /// The picture: time goes down, the thick bar is the reader, the thin one the right to send.
    pub fn draw(&self, title: &str) -> Drawing {
        const TOP: f64 = 24.0;
        const STEP: f64 = 18.0;
        let y = |i: usize| TOP + STEP * (i as f64 + 0.5);
        let bottom = TOP + STEP * (self.passes.len() as f64 + 0.5);
        let mut sheet = Sheet::default();
        for holder in Holder::ALL {
            sheet.line("lane", (holder.x(), TOP - 6.0), (holder.x(), bottom));
            sheet.text("label strong", (holder.x(), 12.0), Anchor::Middle, holder.name());
        }
        for (i, pass) in self.passes.iter().enumerate() {
            let at = |holder: Holder| holder.x() + pass.baton.offset();
            sheet.step(i + 1);
            sheet.text("label faint", (0.0, y(i) + 3.5), Anchor::Start, &(i + 1).to_string());
            if let Some(to) = pass.to {
                let next = (i + 1..self.passes.len()).find(|later| self.passes[*later].baton == pass.baton);
                let end = next.map_or(bottom, y);
                sheet.thick_path(pass.baton.class(), pass.baton.width(), &[(at(to), y(i)), (at(to), end)]);
            }
            match (pass.from, pass.to) {
                (Some(from), Some(to)) => sheet.arrow((at(from), y(i)), (at(to), y(i))),
                (None, Some(to)) | (Some(to), None) => sheet.dot("event", (at(to), y(i)), 3.5),
                (None, None) => {}
            }
            sheet.text("label", (WIDTH - 112.0, y(i) + 3.5), Anchor::Start, &pass.with);
            sheet.end();
        }
        let description = format!(
            "{} changes of hands among caller, body, read_loop and pool. The list below has them in words.",
            self.passes.len()
        );
        Drawing {
            svg: sheet.finish("baton", bottom + 4.0, title, &description),
            legend: "Time goes down. The thick bar is the reader, the thin one the right to send the next request."
                .to_owned(),
            words: self.passes.iter().map(words).collect(),
        }
    }
}

fn words(pass: &Pass) -> String {
    let (what, with) = (pass.baton.words(), escape(&pass.with));
    match (pass.from, pass.to) {
        (Some(from), Some(to)) => format!("{what}: {} → {} ({with})", from.name(), to.name()),
        (None, Some(to)) => format!("{what}: made, {} has it ({with})", to.name()),
        (Some(from), None) => format!("{what}: {} had it, and it is gone ({with})", from.name()),
        (None, None) => what.to_owned(),
    }
}

/// The next exit that read_loop takes.
fn next_exit(later: &[&Record]) -> Option<Exit> {
    later.iter().find_map(|record| match record.event {
        Event::Exit { id } if record.task == Actor::ReadLoop => Some(id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    const TRACE: &str = r#"
{"at_us":0,"task":"dial","conn":1,"event":"TaskStarted","name":"read_loop"}
{"at_us":0,"task":"caller","conn":1,"event":"GotConn","reused":false,"was_idle":false,"idle_us":0}
{"at_us":0,"task":"caller","conn":1,"event":"Sent","channel":"reqch","what":"request"}
{"at_us":0,"task":"read_loop","conn":1,"event":"Sent","channel":"resc","what":"response"}
{"at_us":0,"task":"caller","conn":1,"event":"Sent","channel":"wait_for_body_read","what":"eof"}
{"at_us":0,"task":"read_loop","conn":1,"event":"PutIdleConn"}
{"at_us":0,"task":"read_loop","conn":1,"event":"Exit","id":"RL-B1"}
{"at_us":0,"task":"dial","conn":2,"event":"TaskStarted","name":"read_loop"}
{"at_us":0,"task":"caller","conn":1,"event":"GotConn","reused":true,"was_idle":true,"idle_us":0}
{"at_us":0,"task":"caller","conn":1,"event":"Sent","channel":"reqch","what":"request"}
{"at_us":0,"task":"read_loop","conn":1,"event":"Sent","channel":"resc","what":"response"}
{"at_us":0,"task":"read_loop","conn":1,"event":"Exit","id":"RL-H6"}
{"at_us":0,"task":"read_loop","conn":1,"event":"TaskEnded","name":"read_loop"}
"#;

    fn relay(trace: &str) -> Relay {
        Relay::of(&parse_trace(trace).expect("a trace"), 1).expect("connection 1")
    }

    #[test]
    fn each_is_in_one_pair_of_hands_at_a_time() {
        assert_eq!(
            relay(TRACE).draw("T").words,
            [
                "the reader: made, read_loop has it (new connection)",
                "the right to send: made, caller has it (for request 1)",
                "the right to send: caller → read_loop (request 1)",
                "the reader: read_loop → body (response)",
                "the reader: body → read_loop (eof)",
                "the right to send: read_loop → pool (give back)",
                "the right to send: pool → caller (for request 2)",
                "the right to send: caller → read_loop (request 2)",
                "the reader: read_loop had it, and it is gone (read_loop ends)",
                "the right to send: read_loop had it, and it is gone (read_loop ends)",
            ]
        );
    }

    #[test]
    fn a_failed_read_ends_the_reader_where_it_is() {
        let failed = TRACE.replace("\"what\":\"eof\"", "\"what\":\"failed\"");
        assert_eq!(relay(&failed).draw("T").words[4], "the reader: body had it, and it is gone (failed)");
    }

    #[test]
    fn a_connection_that_is_not_there_is_told() {
        let records = parse_trace(TRACE).expect("a trace");
        assert_eq!(Relay::of(&records, 3).unwrap_err(), "the trace has no connection 3 whose read_loop starts");
    }

    #[test]
    fn every_line_of_the_words_is_a_step_of_the_picture() {
        let drawing = relay(TRACE).draw("T");
        for step in 1..=drawing.words.len() {
            assert_eq!(drawing.svg.matches(&format!("data-step=\"{step}\"")).count(), 1);
        }
        assert_eq!(drawing.svg.matches("data-step").count(), drawing.words.len());
    }
}
