//! The census strip: who is alive after each request, a dot each, and behind them who was guessed to be.

use httptrace::{Actor, ConnId, Event, Record, Step, TaskName};

use crate::picture::Drawing;
use crate::picture::svg::{Anchor, Sheet, WIDTH};

/// Somebody who is alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Soul {
    /// The program itself, which runs the caller.
    Main,
    /// A task of the port, of this connection where it has one yet.
    Task(TaskName, Option<ConnId>),
}

impl Soul {
    fn letter(self) -> &'static str {
        match self {
            Soul::Main => "m",
            Soul::Task(TaskName::ReadLoop, _) => "r",
            Soul::Task(TaskName::WriteLoop, _) => "w",
            Soul::Task(TaskName::Dial, _) => "d",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Soul::Main => "dot main",
            Soul::Task(TaskName::ReadLoop, _) => "dot read",
            Soul::Task(TaskName::WriteLoop, _) => "dot write",
            Soul::Task(TaskName::Dial, _) => "dot dial",
        }
    }

    fn words(self) -> String {
        match self {
            Soul::Main => "main".to_owned(),
            Soul::Task(name, Some(conn)) => format!("{name} of connection {}", conn.0),
            Soul::Task(name, None) => name.to_string(),
        }
    }
}

/// One moment: before the first request, or after so many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// How many requests have been made.
    pub requests: usize,
    /// Who is alive.
    pub alive: Vec<Soul>,
}

impl Column {
    /// The guess that every request leaves two tasks behind, and main.
    pub fn guess(&self) -> usize {
        1 + 2 * self.requests
    }
}

/// The whole run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strip {
    /// The moments, in order; there are at least two.
    pub columns: Vec<Column>,
}

impl Strip {
    /// Reads the moments out of a trace: the caller's calls of `get` part it, births and deaths of tasks
    /// change the count.
    ///
    /// # Errors
    ///
    /// When there is no `get` in it, or a task ends that was not alive.
    pub fn of(records: &[Record]) -> Result<Self, String> {
        let mut alive = vec![Soul::Main];
        let mut columns = Vec::new();
        for record in records {
            match &record.event {
                Event::Call { step: Step::Get } if record.task == Actor::Caller => {
                    columns.push(Column { requests: columns.len(), alive: alive.clone() });
                }
                Event::TaskStarted { name } => alive.push(Soul::Task(*name, record.conn)),
                Event::TaskEnded { name } => {
                    // A dial may begin before its connection has a number.
                    let is = |conn| alive.iter().position(|soul| *soul == Soul::Task(*name, conn));
                    let at = is(record.conn)
                        .or_else(|| is(None))
                        .ok_or_else(|| format!("at {} µs a {name} ends that was not alive", record.at_us))?;
                    alive.remove(at);
                }
                _ => {}
            }
        }
        if columns.is_empty() {
            return Err("the trace has no call of get by the caller".to_owned());
        }
        columns.push(Column { requests: columns.len(), alive });
        Ok(Strip { columns })
    }

    /// How many are alive at the end.
    pub fn measured(&self) -> usize {
        self.last().alive.len()
    }

    fn last(&self) -> &Column {
        self.columns.last().expect("`of` leaves at least two columns")
    }

    /// The picture: a column for each moment, a letter in a dot for each who is alive, an empty ring for
    /// each who was only guessed.
    pub fn draw(&self, title: &str) -> Drawing {
        const LEFT: f64 = 62.0;
        const STEP: f64 = 14.0;
        let tallest = self.columns.iter().map(|column| column.guess().max(column.alive.len())).max().unwrap_or(1);
        let floor = 10.0 + STEP * tallest as f64;
        let width = (WIDTH - LEFT) / self.columns.len() as f64;
        let mut sheet = Sheet::default();
        sheet.line("axis", (LEFT, floor + 2.0), (WIDTH, floor + 2.0));
        for (row, label) in ["requests", "guessed", "measured"].iter().enumerate() {
            sheet.text("label", (0.0, floor + 18.0 + 16.0 * row as f64), Anchor::Start, label);
        }
        for (i, column) in self.columns.iter().enumerate() {
            let x = LEFT + width * (i as f64 + 0.5);
            sheet.step(i + 1);
            for row in 0..column.guess().max(column.alive.len()) {
                let y = floor - 6.0 - STEP * row as f64;
                match column.alive.get(row) {
                    Some(soul) => {
                        sheet.dot(soul.class(), (x, y), 6.0);
                        sheet.text("letter", (x, y + 3.0), Anchor::Middle, soul.letter());
                    }
                    None => sheet.dot("dot guess", (x, y), 5.5),
                }
            }
            let numbers = [column.requests, column.guess(), column.alive.len()];
            for (row, number) in numbers.iter().enumerate() {
                let class = if row == 2 { "label strong" } else { "label" };
                sheet.text(class, (x, floor + 18.0 + 16.0 * row as f64), Anchor::Middle, &number.to_string());
            }
            sheet.end();
        }
        let last = self.last();
        let description =
            format!("After {} requests {} are alive; {} were guessed.", last.requests, last.alive.len(), last.guess());
        Drawing {
            svg: sheet.finish("strip", floor + 56.0, title, &description),
            legend: self.legend(),
            words: self.columns.iter().map(words).collect(),
        }
    }

    /// The letters that occur, and the ring.
    fn legend(&self) -> String {
        let has =
            |wanted: &str| self.columns.iter().flat_map(|column| &column.alive).any(|soul| soul.letter() == wanted);
        let names = [
            ("m", "main"),
            ("r", "<code>read_loop</code>"),
            ("w", "<code>write_loop</code>"),
            ("d", "<code>dial</code>"),
        ];
        let letters: Vec<String> = names
            .iter()
            .filter(|(letter, _)| has(letter))
            .map(|(letter, name)| format!("<strong>{letter}</strong> {name}"))
            .collect();
        format!("A dot is alive: {}. A ring was guessed and is not there.", letters.join(", "))
    }
}

fn words(column: &Column) -> String {
    let names: Vec<String> = column.alive.iter().map(|soul| soul.words()).collect();
    let when = match column.requests {
        0 => "Before the first request".to_owned(),
        1 => "After 1 request".to_owned(),
        n => format!("After {n} requests"),
    };
    format!("{when}: {} alive ({}), {} guessed.", names.len(), names.join(", "), column.guess())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    const TRACE: &str = r#"
{"at_us":0,"task":"caller","event":"Call","step":"get"}
{"at_us":0,"task":"caller","event":"Call","step":"do"}
{"at_us":1,"task":"dial","conn":1,"event":"TaskStarted","name":"dial"}
{"at_us":2,"task":"dial","conn":1,"event":"TaskStarted","name":"read_loop"}
{"at_us":2,"task":"dial","conn":1,"event":"TaskStarted","name":"write_loop"}
{"at_us":3,"task":"dial","conn":1,"event":"TaskEnded","name":"dial"}
{"at_us":9,"task":"caller","event":"Call","step":"get"}
"#;

    #[test]
    fn requests_part_the_run_and_tasks_change_the_count() {
        let strip = Strip::of(&parse_trace(TRACE).unwrap()).unwrap();
        let counts: Vec<_> =
            strip.columns.iter().map(|column| (column.requests, column.alive.len(), column.guess())).collect();
        assert_eq!(counts, [(0, 1, 1), (1, 3, 3), (2, 3, 5)]);
        assert_eq!(strip.measured(), 3);
    }

    #[test]
    fn a_dot_for_each_who_lives_and_a_ring_for_each_who_was_guessed() {
        let drawing = Strip::of(&parse_trace(TRACE).unwrap()).unwrap().draw("T");
        assert_eq!(drawing.svg.matches("\"dot read\"").count(), 2);
        assert_eq!(drawing.svg.matches("\"dot guess\"").count(), 2);
        assert!(drawing.svg.contains("<desc>After 2 requests 3 are alive; 5 were guessed.</desc>"));
        assert_eq!(
            drawing.words[2],
            "After 2 requests: 3 alive (main, read_loop of connection 1, write_loop of connection 1), 5 guessed."
        );
        assert!(!drawing.legend.contains("dial"), "a dial is never alive between requests here");
    }

    #[test]
    fn a_trace_without_requests_or_with_a_death_before_birth_is_an_error() {
        assert!(Strip::of(&[]).unwrap_err().contains("no call of get"));
        let death = r#"{"at_us":7,"task":"dial","conn":1,"event":"TaskEnded","name":"dial"}"#;
        assert_eq!(Strip::of(&parse_trace(death).unwrap()).unwrap_err(), "at 7 µs a dial ends that was not alive");
    }
}
