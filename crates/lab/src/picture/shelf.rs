//! The idle pool as a shelf: a row for each host and port, a box for each stay of a connection in it.

use std::collections::BTreeMap;

use httptrace::{ConnId, Event, Exit, Record};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::svg::{Anchor, Sheet, WIDTH};

/// How a stay ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// A request took it.
    Taken,
    /// It never lay there: somebody was waiting for it.
    Handed,
    /// It left the pool for good, and why.
    Closed(String),
    /// It was still there when the trace ended.
    Still,
}

/// A moment: its place among those that count, and its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The how-manieth it is.
    pub column: usize,
    /// Microseconds on the runtime's clock.
    pub at_us: u64,
}

/// One stay of a connection in the pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stay {
    /// `host:port`, and `TLS` where there was a handshake.
    pub key: String,
    /// The connection.
    pub conn: ConnId,
    /// When it was put there.
    pub from: Moment,
    /// When it left.
    pub to: Moment,
    /// How.
    pub end: End,
}

/// What was put there for one host and port.
struct Board<'a> {
    key: &'a str,
    /// How many were there at once.
    slots: usize,
    /// Each stay with its slot.
    stays: Vec<(usize, &'a Stay)>,
}

/// The pool over a whole trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelf {
    /// All stays, in the order in which they began.
    pub stays: Vec<Stay>,
    moments: Vec<u64>,
}

impl Shelf {
    /// Reads the stays out of a trace.
    ///
    /// # Errors
    ///
    /// When no connection was ever put into the pool.
    pub fn of(records: &[Record]) -> Result<Self, String> {
        let mut shelf = Shelf { stays: Vec::new(), moments: Vec::new() };
        let mut keys: BTreeMap<u64, String> = BTreeMap::new();
        for record in records {
            let Some(conn) = record.conn else { continue };
            let key = keys.entry(conn.0).or_default();
            match &record.event {
                Event::DnsStart { host } => *key = host.clone(),
                Event::ConnectStart { addr } => with_port(key, addr),
                Event::TlsHandshakeStart => key.push_str(", TLS"),
                Event::PutIdleConn { error: None } | Event::Exit { id: Exit::DialPooled } => {
                    let (key, from) = (key.clone(), shelf.moment(record.at_us));
                    shelf.stays.push(Stay { key, conn, from, to: from, end: End::Still });
                }
                Event::GotConn { was_idle, .. } => {
                    let end = if *was_idle { End::Taken } else { End::Handed };
                    shelf.leave(conn, record.at_us, end);
                }
                Event::RemoveIdleConn { reason } | Event::ConnClosed { reason } => {
                    shelf.leave(conn, record.at_us, End::Closed(reason.clone()));
                }
                _ => {}
            }
        }
        if shelf.stays.is_empty() {
            return Err("the trace has no connection that was ever put into the pool".to_owned());
        }
        if shelf.stays.iter().any(|stay| stay.end == End::Still) {
            let last = shelf.moment(records.last().map_or(0, |record| record.at_us));
            shelf.stays.iter_mut().filter(|stay| stay.end == End::Still).for_each(|stay| stay.to = last);
        }
        Ok(shelf)
    }

    fn moment(&mut self, at_us: u64) -> Moment {
        self.moments.push(at_us);
        Moment { column: self.moments.len() - 1, at_us }
    }

    fn leave(&mut self, conn: ConnId, at_us: u64, end: End) {
        let open = |stay: &Stay| stay.conn == conn && stay.end == End::Still;
        if let Some(i) = self.stays.iter().rposition(open) {
            let to = self.moment(at_us);
            self.stays[i].to = to;
            self.stays[i].end = end;
        }
    }

    /// The rows, in the order in which their keys came up.
    fn boards(&self) -> Vec<Board<'_>> {
        let mut keys: Vec<&str> = Vec::new();
        for stay in &self.stays {
            if !keys.contains(&stay.key.as_str()) {
                keys.push(&stay.key);
            }
        }
        let board = |key| {
            let mut ends: Vec<usize> = Vec::new();
            let mut placed = Vec::new();
            for (i, stay) in self.stays.iter().enumerate().filter(|(_, stay)| stay.key == key) {
                let free = ends.iter().position(|end| *end <= stay.from.column);
                let slot = free.unwrap_or(ends.len());
                if slot == ends.len() {
                    ends.push(0);
                }
                ends[slot] = stay.to.column;
                placed.push((slot, i));
            }
            let stays = placed.into_iter().map(|(slot, i)| (slot, &self.stays[i])).collect();
            Board { key, slots: ends.len(), stays }
        };
        keys.into_iter().map(board).collect()
    }

    /// The picture: time goes to the right, a column for each moment at which something came or went. Equal columns are
    /// not equal times; the axis says the times.
    pub fn draw(&self, title: &str) -> Drawing {
        const SLOT: f64 = 24.0;
        let mut sheet = Sheet::default();
        let mut y = 12.0;
        for Board { key, slots, stays } in self.boards() {
            sheet.text("label strong", (0.0, y), Anchor::Start, key);
            let floor = y + 6.0 + SLOT * slots as f64;
            for (slot, stay) in stays {
                self.draw_stay(&mut sheet, stay, y + 8.0 + SLOT * slot as f64);
            }
            sheet.line("axis", (0.0, floor), (WIDTH, floor));
            y = floor + 20.0;
        }
        let axis = y - 14.0;
        let mut free = 0.0;
        let mut told = None;
        for (column, at_us) in self.moments.iter().enumerate() {
            let x = self.x(column);
            let label = time(*at_us);
            let half = label.chars().count() as f64 * 3.0;
            let middle = x.clamp(half, WIDTH - half);
            if told != Some(*at_us) && middle - half >= free {
                sheet.line("axis", (x, axis), (x, axis + 4.0));
                sheet.text("label faint", (middle, axis + 15.0), Anchor::Middle, &label);
                (free, told) = (middle + half + 6.0, Some(*at_us));
            }
        }
        let description =
            format!("{} stays in the pool, by host and port. The list has them in words.", self.stays.len());
        Drawing {
            svg: sheet.finish("shelf", axis + 22.0, title, &description),
            legend: "A box is an idle connection, with its number: from when it was put into the pool until it left. ↑ a \
                     request took it, → it went straight to a request that waited, ✕ it was closed, … it is still there. \
                     Time goes to the right, and only moments at which something came or went have room."
                .to_owned(),
            words: self.stays.iter().map(words).collect(),
        }
    }

    fn draw_stay(&self, sheet: &mut Sheet, stay: &Stay, y: f64) {
        let step = self.stays.iter().position(|other| other == stay).unwrap_or(0) + 1;
        let (from, to) = (self.x(stay.from.column), self.x(stay.to.column));
        let (class, mark) = match stay.end {
            End::Taken => ("stay", "↑"),
            End::Handed => ("stay handed", "→"),
            End::Closed(_) => ("stay closed", "✕"),
            End::Still => ("stay still", "…"),
        };
        sheet.step(step);
        sheet.rect(class, (from, y), ((to - from).max(4.0), 18.0));
        let number = stay.conn.0.to_string();
        // Number and mark need about 20 units; where there is less room the list has both.
        if to - from >= 20.0 {
            sheet.text("label", (from + 3.0, y + 13.0), Anchor::Start, &number);
            sheet.text("label", (to - 2.0, y + 13.0), Anchor::End, mark);
        } else {
            sheet.text("label", ((from + to) / 2.0, y + 13.0), Anchor::Middle, mark);
        }
        sheet.end();
    }

    fn x(&self, column: usize) -> f64 {
        const LEFT: f64 = 4.0;
        let steps = (self.moments.len() - 1).max(1);
        LEFT + (WIDTH - 2.0 * LEFT) * column as f64 / steps as f64
    }
}

/// The name that was looked up with the port that was tried, or the address itself.
fn with_port(key: &mut String, addr: &str) {
    if key.is_empty() {
        *key = addr.to_owned();
    } else if !key.contains(':')
        && let Some((_, port)) = addr.rsplit_once(':')
    {
        key.push_str(&format!(":{port}"));
    }
}

fn words(stay: &Stay) -> String {
    let end = match &stay.end {
        End::Taken => "a request took it".to_owned(),
        End::Handed => "a request that waited for one got it at once".to_owned(),
        End::Closed(reason) => format!("closed: {}", escape(reason)),
        End::Still => "still there at the end".to_owned(),
    };
    let lay = match stay.end == End::Handed || stay.from.at_us == stay.to.at_us {
        true => format!("idle at {}", time(stay.from.at_us)),
        false => format!("idle from {} to {}", time(stay.from.at_us), time(stay.to.at_us)),
    };
    format!("{}, connection {}: {lay}; {end}", escape(&stay.key), stay.conn.0)
}

/// Microseconds as a person says them.
fn time(us: u64) -> String {
    match us {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", us as f64 / 1e3),
        _ => format!("{} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    const TRACE: &str = r#"
{"at_us":0,"task":"dial","conn":1,"event":"DnsStart","host":"a.test"}
{"at_us":0,"task":"dial","conn":1,"event":"ConnectStart","addr":"127.0.0.1:80"}
{"at_us":0,"task":"dial","conn":2,"event":"ConnectStart","addr":"127.0.0.1:81"}
{"at_us":0,"task":"dial","conn":2,"event":"TlsHandshakeStart"}
{"at_us":10,"task":"read_loop","conn":1,"event":"PutIdleConn"}
{"at_us":10,"task":"read_loop","conn":2,"event":"PutIdleConn","error":"http: putIdleConn: too many idle connections for host"}
{"at_us":1500,"task":"caller","conn":1,"event":"GotConn","reused":true,"was_idle":true,"idle_us":1490}
{"at_us":2000,"task":"read_loop","conn":1,"event":"PutIdleConn"}
{"at_us":2000,"task":"read_loop","conn":2,"event":"PutIdleConn"}
{"at_us":2000,"task":"caller","conn":2,"event":"GotConn","reused":true,"was_idle":false,"idle_us":0}
{"at_us":90002000,"task":"pool","conn":1,"event":"RemoveIdleConn","reason":"http: idle connection timeout"}
{"at_us":90002000,"task":"read_loop","conn":1,"event":"ConnClosed","reason":"http: idle connection timeout"}
{"at_us":90002001,"task":"read_loop","conn":2,"event":"PutIdleConn"}
{"at_us":90002009,"task":"caller","event":"Call","step":"get"}
"#;

    #[test]
    fn each_stay_says_where_how_long_and_why_it_ended() {
        let drawing = Shelf::of(&parse_trace(TRACE).unwrap()).unwrap().draw("T");
        assert_eq!(
            drawing.words,
            [
                "a.test:80, connection 1: idle from 10 µs to 1.5 ms; a request took it",
                "a.test:80, connection 1: idle from 2 ms to 90.002 s; closed: http: idle connection timeout",
                "127.0.0.1:81, TLS, connection 2: idle at 2 ms; a request that waited for one got it at once",
                "127.0.0.1:81, TLS, connection 2: idle from 90.002001 s to 90.002009 s; still there at the end",
            ]
        );
        assert_eq!(drawing.svg.matches("data-step").count(), 4);
        assert_eq!(drawing.svg.matches("\"stay closed\"").count(), 1);
    }

    #[test]
    fn two_that_are_idle_at_once_have_two_slots() {
        let dial = |conn: u64| {
            format!(
                "{{\"at_us\":0,\"task\":\"dial\",\"conn\":{conn},\"event\":\"ConnectStart\",\"addr\":\"[::1]:80\"}}\n"
            )
        };
        let put =
            |conn: u64| format!("{{\"at_us\":0,\"task\":\"read_loop\",\"conn\":{conn},\"event\":\"PutIdleConn\"}}\n");
        let trace = [dial(1), dial(2), put(1), put(2)].concat();
        let shelf = Shelf::of(&parse_trace(&trace).unwrap()).unwrap();
        let boards = shelf.boards();
        assert_eq!((boards.len(), boards[0].key, boards[0].slots), (1, "[::1]:80", 2));
    }

    #[test]
    fn a_pool_that_stayed_empty_is_an_error() {
        assert!(Shelf::of(&[]).unwrap_err().contains("ever put into the pool"));
    }
}
