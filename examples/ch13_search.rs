//! Chapter 13. The same two readers under 1,000 orders of events: which of them loses bytes, and under which seed?

use std::process::ExitCode;

use examples::Outcome;
use examples::lines::{Careful, Forgetful, ReadLine, Tap, beside_ticks, missing};
use stepper::{Choice, MemStream, Stepper, yield_now};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::unbounded_channel;

/// How many orders of events are tried.
const SEEDS: u64 = 1000;

/// What the server sends.
const TEXT: &str = "alpha\nbravo\ncharlie\ndelta\n";

fn main() -> ExitCode {
    match search() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What one order of events has led to.
#[derive(PartialEq, Eq)]
struct Ran {
    lines: Vec<String>,
    lost: Vec<String>,
    history: Vec<Choice>,
}

fn search() -> Outcome<()> {
    println!("4 lines, 3 ticks");
    let plain = run(Stepper::by_hand(), Forgetful::new)?;
    println!("one run, in the order in which tasks wake: {} bytes lost", plain.lost.concat().len());
    let first = count("in the future", Forgetful::new)?.ok_or("no seed loses a byte")?;
    let none = count("in the reader", Careful::new)?;

    let again = run(Stepper::seeded(first), Forgetful::new)?;
    println!("\nthe first seed that loses: {first}");
    println!("lines: {}", again.lines.join(", "));
    println!("missing: {}", again.lost.join(", "));
    let replayed = run(Stepper::replay(again.history.clone()), Forgetful::new)?;
    println!("replayed from its {} choices: {}", again.history.len(), same(&again, &replayed));
    let careful = run(Stepper::seeded(first), Careful::new)?;
    println!("the other reader, same seed: {}", careful.lines.join(", "));
    match none {
        None => Ok(()),
        Some(seed) => Err(format!("the careful reader loses bytes with seed {seed}").into()),
    }
}

fn same(one: &Ran, other: &Ran) -> &'static str {
    if one == other { "the same" } else { "something else" }
}

/// Runs the reader under each seed, prints how often it loses bytes, and returns the first seed that does.
fn count<R: ReadLine>(what: &str, reader: impl Fn(Tap<MemStream>) -> R) -> Outcome<Option<u64>> {
    let mut losing = Vec::new();
    for seed in 0..SEEDS {
        if !run(Stepper::seeded(seed), &reader)?.lost.is_empty() {
            losing.push(seed);
        }
    }
    println!("seeds of {SEEDS} that lose bytes, line kept {what}: {}", losing.len());
    Ok(losing.first().copied())
}

fn run<R: ReadLine>(stepper: Stepper, reader: impl FnOnce(Tap<MemStream>) -> R) -> Outcome<Ran> {
    // ANCHOR: run
    // 16 bytes fit into the connection; then the server has to wait for the reader.
    stepper.set_buffer(16);
    let (ours, mut theirs) = stepper.pair();
    stepper.spawn("server", async move { theirs.write_all(TEXT.as_bytes()).await });
    let (clock, mut ticks) = unbounded_channel();
    stepper.spawn("clock", async move {
        for turn in 1..=15 {
            yield_now().await;
            if turn % 5 == 0 && clock.send(()).is_err() {
                return;
            }
        }
    });
    let (mut reader, mut lines) = (reader(Tap::on(ours)), Vec::new());
    stepper.block_on("caller", beside_ticks(&mut reader, &mut ticks, &mut lines, |_| {}))??;
    // ANCHOR_END: run
    let sent: Vec<&str> = TEXT.lines().collect();
    Ok(Ran { lost: missing(&sent, &lines), lines, history: stepper.history() })
}
