//! Lab F. A queue that passes its test a thousand times, and the seed under which it hangs.

use std::process::ExitCode;
use std::time::Duration;

use client::EarlyClose;
use examples::queue::{TURNS, Wait, on_stepper, on_tokio};
use examples::{Outcome, Stage};
use origin::{Reply, Script};

/// Runs on tokio.
const RUNS: u32 = 1000;

/// Orders of events on the stepper.
const SEEDS: u64 = 200;

/// And where those find nothing.
const MANY: u64 = 20_000;

fn main() -> ExitCode {
    match told() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn told() -> Outcome<()> {
    let mut hung = 0;
    for _ in 0..RUNS {
        hung += u32::from(!on_tokio(Wait::Broken)?);
    }
    println!("the queue, {RUNS} runs on tokio, hung: {hung}");
    let hangs: Vec<u64> = (0..SEEDS).filter(|seed| on_stepper(Wait::Broken, TURNS, *seed).is_err()).collect();
    println!("the queue, {SEEDS} seeds on the stepper, hung: {}", hangs.len());
    let Some(first) = hangs.first() else { return Err("no seed hangs it".into()) };
    println!("the first seed: {first}");
    for _ in 0..2 {
        if let Err(report) = on_stepper(Wait::Broken, TURNS, *first) {
            println!("\n{report}");
        }
    }
    let mended = (0..SEEDS).filter(|seed| on_stepper(Wait::Mended, TURNS, *seed).is_err()).count();
    println!("\nmended, {SEEDS} seeds on the stepper, hung: {mended}");
    for (turns, seeds) in [(0, SEEDS), (1, SEEDS), (3, SEEDS), (6, SEEDS), (12, SEEDS), (12, MANY)] {
        let hung = (0..seeds).filter(|seed| on_stepper(Wait::Broken, turns, *seed).is_err()).count();
        println!("broken, {turns} turns of work, {seeds} seeds, hung: {hung}");
    }
    clock()
}

/// An idle connection's 90 seconds, and what they cost.
fn clock() -> Outcome<()> {
    // ANCHOR: clock
    let idle = Duration::from_secs(90);
    Stage::on_stepper(1, async |stage| {
        let origin = stage.origin(Script::new().forever(Script::new().answer(Reply::bytes(13))))?;
        let client = stage.client(EarlyClose::Kill);
        client.get(&origin.url("/")).await?.body.read_all().await?;
        let before = stage.settled().await?.with_caller();
        stage.pause(idle).await;
        println!("\nalive after the GET: {before}\nalive 90 s later: {}", stage.settled().await?.with_caller());
        Ok(())
    })
    // ANCHOR_END: clock
}
