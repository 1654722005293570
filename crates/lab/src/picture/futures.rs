//! The futures that read one line each, and what falls out of those that are dropped.

use httptrace::{Event, Record};

use crate::html::escape;
use crate::picture::Drawing;
use crate::picture::requests::one_request;
use crate::picture::svg::{Anchor, Sheet};

/// One future: a call that was to give a line.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Call {
    /// What the reader held of the line already.
    kept_before: String,
    /// What this future read.
    read: String,
    end: End,
}

/// How a future ended.
#[derive(Clone, PartialEq, Eq, Debug)]
enum End {
    /// With a line.
    Line(String),
    /// This tick, from 1, came first, and it was dropped.
    Dropped { tick: usize, held: Held },
}

/// Where the bytes of a dropped future went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    /// There were none.
    Nothing,
    /// The next line begins with them.
    Kept,
    /// No line has them.
    Lost,
}

/// All futures of one request's reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Futures {
    calls: Vec<Call>,
}

impl Futures {
    /// Reads them out of what the program itself logged: `line` with a line that came out, `tick` with what had been read
    /// of the next one.
    ///
    /// # Errors
    ///
    /// When the trace has no such request, or the request no tick.
    pub fn of(records: &[Record], request: usize) -> Result<Self, String> {
        let words: Vec<(&str, &str)> = one_request(records, request)?
            .iter()
            .filter_map(|record| match &record.event {
                Event::Log { category, message } => Some((category.as_str(), message.as_str())),
                _ => None,
            })
            .collect();
        let (mut calls, mut kept, mut tick) = (Vec::new(), String::new(), 0);
        for (at, (category, text)) in words.iter().enumerate() {
            let kept_before = std::mem::take(&mut kept);
            let read = text.strip_prefix(kept_before.as_str()).unwrap_or(text).to_owned();
            let end = match *category {
                "line" => End::Line((*text).to_owned()),
                "tick" => {
                    tick += 1;
                    let next = words[at..].iter().find(|(category, _)| *category == "line").map(|(_, line)| *line);
                    let held = match next {
                        _ if text.is_empty() => Held::Nothing,
                        Some(line) if line.starts_with(text) => Held::Kept,
                        Some(_) | None => Held::Lost,
                    };
                    if held == Held::Kept {
                        kept = (*text).to_owned();
                    }
                    End::Dropped { tick, held }
                }
                other => return Err(format!("request {request} logs `{other}`, not only lines and ticks")),
            };
            calls.push(Call { kept_before, read, end });
        }
        match tick {
            0 => Err(format!("request {request} logs no tick, so no future was dropped")),
            _ => Ok(Futures { calls }),
        }
    }

    /// The picture: a row for each future, a small box for each byte in it.
    pub fn draw(&self, title: &str) -> Drawing {
        const LEFT: f64 = 26.0;
        const OUT: f64 = 186.0;
        let mut sheet = Sheet::default();
        sheet.text("label faint", (LEFT, 12.0), Anchor::Start, "read by the future");
        sheet.text("label faint", (OUT + 24.0, 12.0), Anchor::Start, "what becomes of it");
        let mut y = 20.0;
        for (i, call) in self.calls.iter().enumerate() {
            sheet.step(i + 1);
            sheet.text("label strong", (0.0, y + 18.0), Anchor::Start, &(i + 1).to_string());
            let dropped = matches!(call.end, End::Dropped { .. });
            sheet.rect(if dropped { "future dropped" } else { "future" }, (LEFT, y), (CELL * 8.0 + 10.0, 27.0));
            let before = bytes(&mut sheet, "byte kept", (LEFT + 5.0, y + 5.0), &call.kept_before);
            bytes(&mut sheet, "byte", (before, y + 5.0), &call.read);
            y += 33.0;
            match &call.end {
                End::Line(line) => {
                    sheet.arrow((OUT, y - 19.0), (OUT + 20.0, y - 19.0));
                    sheet.text("label", (OUT + 26.0, y - 15.0), Anchor::Start, line);
                }
                End::Dropped { tick, held } => {
                    let what = match held {
                        Held::Nothing => "nothing in it",
                        Held::Kept => "they stay",
                        Held::Lost => "they fall out",
                    };
                    sheet.text("label strong", (OUT, y - 15.0), Anchor::Start, "✕");
                    sheet.text("label", (OUT + 26.0, y - 15.0), Anchor::Start, &format!("tick {tick}: {what}"));
                    if *held == Held::Lost {
                        let fall = LEFT + 5.0 + CELL / 2.0;
                        sheet.line("wire", (fall, y - 6.0), (fall, y + 2.0));
                        sheet.head("head", (fall, y - 6.0), (fall, y + 6.0));
                        bytes(&mut sheet, "byte lost", (LEFT + 5.0, y + 8.0), &call.read);
                        y += 34.0;
                    }
                }
            }
            sheet.end();
        }
        let dropped = self.calls.iter().filter(|call| matches!(call.end, End::Dropped { .. })).count();
        let description =
            format!("{} futures, {dropped} of them dropped. The list has them in words.", self.calls.len());
        Drawing {
            svg: sheet.finish("futures", y, title, &description),
            legend: "A frame is a future, from top to bottom in the order in which they were made; a dashed one was dropped. \
                     A small box is a byte that it read, a filled one was in the reader already. What hangs below a frame \
                     is in no line."
                .to_owned(),
            words: self.calls.iter().map(Call::words).collect(),
        }
    }
}

/// How wide the box of a byte is.
const CELL: f64 = 17.0;

/// Draws a box for each byte and returns where the next one would stand.
fn bytes(sheet: &mut Sheet, class: &str, (x, y): (f64, f64), text: &str) -> f64 {
    let mut at = x;
    for byte in text.chars() {
        sheet.rect(class, (at, y), (CELL - 2.0, 17.0));
        sheet.text("label", (at + (CELL - 2.0) / 2.0, y + 13.0), Anchor::Middle, &byte.to_string());
        at += CELL;
    }
    at
}

impl Call {
    fn words(&self) -> String {
        let read = match (self.kept_before.is_empty(), self.read.is_empty()) {
            (true, true) => "it reads nothing".to_owned(),
            (true, false) => format!("it reads {}", escape(&self.read)),
            (false, true) => format!("the reader has {}, it reads nothing", escape(&self.kept_before)),
            (false, false) => format!("the reader has {}, it reads {}", escape(&self.kept_before), escape(&self.read)),
        };
        let end = match &self.end {
            End::Line(line) => format!("the line {} comes out", escape(line)),
            End::Dropped { tick, held: Held::Nothing } => format!("tick {tick} drops it, with nothing in it"),
            End::Dropped { tick, held: Held::Kept } => format!("tick {tick} drops it, and the reader keeps the bytes"),
            End::Dropped { tick, held: Held::Lost } => {
                format!("tick {tick} drops it, and {} is lost", escape(&self.read))
            }
        };
        format!("{read}; {end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::parse_trace;

    fn drawn(words: &[(&str, &str)]) -> Result<Drawing, String> {
        let mut trace = "{\"at_us\":0,\"task\":\"caller\",\"event\":\"Call\",\"step\":\"get\"}\n".to_owned();
        for (category, message) in words {
            trace.push_str(&format!(
                "{{\"at_us\":0,\"task\":\"caller\",\"event\":\"Log\",\"category\":\"{category}\",\"message\":\"{message}\"}}\n"
            ));
        }
        Ok(Futures::of(&parse_trace(&trace)?, 1)?.draw("T"))
    }

    #[test]
    fn bytes_that_no_line_has_fall_out() {
        let drawing = drawn(&[("line", "ab"), ("tick", "c"), ("tick", ""), ("line", "d")]).unwrap();
        assert_eq!(
            drawing.words,
            [
                "it reads ab; the line ab comes out",
                "it reads c; tick 1 drops it, and c is lost",
                "it reads nothing; tick 2 drops it, with nothing in it",
                "it reads d; the line d comes out",
            ]
        );
        assert_eq!(drawing.svg.matches("\"byte lost\"").count(), 1);
    }

    #[test]
    fn bytes_that_the_next_line_begins_with_were_kept() {
        let drawing = drawn(&[("tick", "a"), ("tick", "ab"), ("line", "abc")]).unwrap();
        assert_eq!(
            drawing.words,
            [
                "it reads a; tick 1 drops it, and the reader keeps the bytes",
                "the reader has a, it reads b; tick 2 drops it, and the reader keeps the bytes",
                "the reader has ab, it reads c; the line abc comes out",
            ]
        );
        assert_eq!(
            (drawing.svg.matches("\"byte lost\"").count(), drawing.svg.matches("\"byte kept\"").count()),
            (0, 3)
        );
    }

    #[test]
    fn without_a_tick_there_is_nothing_to_see() {
        assert!(drawn(&[("line", "ab")]).unwrap_err().contains("logs no tick"));
        assert!(drawn(&[("word", "ab")]).unwrap_err().contains("logs `word`"));
    }
}
