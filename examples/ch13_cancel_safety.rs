//! Chapter 13. A caller reads lines and minds a clock, in one select. Which bytes are missing after three ticks?

use std::cell::Cell;
use std::io;
use std::process::ExitCode;

use client::{Body, EarlyClose};
use examples::lines::{Careful, Forgetful, Prefixed, ReadLine, Seen, Tap};
use examples::lines::{beside_ticks, made_once, missing, side_by_side};
use examples::{Outcome, Stage};
use origin::{Plan, Script};
use tokio::sync::mpsc::unbounded_channel;

/// What the server sends, in four pieces. The clock ticks between two of them, when the first of the two has been read.
const PIECES: [&str; 4] = ["alpha\nbr", "avo\n", "charlie\nde", "lta\n"];

/// The lines in it.
const LINES: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

/// The same with a length before each text in place of the newline behind it.
const WITH_LENGTHS: [&str; 4] = ["\x05alpha\x05br", "avo\x07ch", "arlie\x05de", "lta"];

fn main() -> ExitCode {
    Stage::main(cancel_safety)
}

async fn cancel_safety(stage: &Stage) -> Outcome<()> {
    println!("the server sends: {}", PIECES.join(" | ").replace('\n', "."));
    println!("a dot ends a line; at each | the clock ticks\n");
    let lost = read(stage, "line kept in the future", PIECES, Forgetful::new, Way::Select).await?;
    read(stage, "line kept in the reader", PIECES, Careful::new, Way::Select).await?;
    read(stage, "future made once for a line", PIECES, Forgetful::new, Way::MadeOnce).await?;
    read(stage, "two futures side by side", PIECES, Forgetful::new, Way::SideBySide).await?;
    read(stage, "length before the text", WITH_LENGTHS, Prefixed::new, Way::Select).await?;
    println!("\nmissing after 3 ticks: {}", lost.join(", "));
    Ok(())
}

/// How a caller reads and minds the clock.
#[derive(Clone, Copy)]
enum Way {
    Select,
    MadeOnce,
    SideBySide,
}

/// Has a reader read the pieces, and prints what came out. Returns what did not.
async fn read<R: ReadLine>(
    stage: &Stage,
    what: &str,
    pieces: [&'static str; 4],
    reader: impl FnOnce(Tap<Body>) -> R,
    way: Way,
) -> Outcome<Vec<String>> {
    let origin = stage.origin(in_pieces(pieces))?;
    let body = Tap::on(stage.client(EarlyClose::Kill).get(&origin.url("/")).await?.body);
    let taken = body.taken();
    let mut reader = reader(body);
    let (clock, mut ticks) = unbounded_channel();
    let ticked = Cell::new(0);
    let seen = |seen: Seen<'_>| match seen {
        Seen::Line(line) => stage.log("line", line),
        Seen::Tick => {
            stage.log("tick", &half(&taken.borrow()));
            ticked.set(ticked.get() + 1);
            origin.open_gate(&gate(ticked.get()));
        }
    };
    let mut lines = Vec::new();
    let caller = async {
        match way {
            Way::Select => beside_ticks(&mut reader, &mut ticks, &mut lines, seen).await,
            Way::MadeOnce => made_once(&mut reader, &mut ticks, &mut lines, seen).await,
            Way::SideBySide => side_by_side(&mut reader, &mut ticks, &mut lines, seen).await,
        }
    };
    let tick = async {
        // A tick comes when the piece before it has been read, however slow the machine is.
        for read in [1, 2, 3].map(|pieces_read| pieces[..pieces_read].concat().len()) {
            let mut taken = taken.clone();
            taken.wait_for(|taken| taken.len() >= read).await.map_err(io::Error::other)?;
            clock.send(()).map_err(io::Error::other)?;
        }
        drop(clock);
        Ok::<_, io::Error>(())
    };
    let read = tokio::try_join!(caller, tick);
    let failed = read.err().map(|error| format!(", then: {error}")).unwrap_or_default();
    println!("{:<29}{}{failed}", format!("{what}:"), lines.join(", "));
    Ok(missing(&LINES, &lines))
}

/// A server that sends each piece when the gate before it is open. The first has none.
fn in_pieces(pieces: [&'static str; 4]) -> Plan {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", pieces.concat().len());
    let script = Script::new().await_request().send(head).send(pieces[0]);
    let script = (1..4).fold(script, |script, n| script.await_gate(gate(n)).send(pieces[n]));
    Plan::new().conn(script.hold())
}

fn gate(tick: usize) -> String {
    format!("tick {tick}")
}

/// What was taken of a line that has no end yet.
fn half(taken: &[u8]) -> String {
    let line = taken.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    String::from_utf8_lossy(&taken[line..]).into_owned()
}
