//! The steady figures of a small GET, each with its line: `cargo run --release -p benches --bin steady`.
//!
//! Exits with 1 when a figure is worse than its line, and with 77 when none is but some could not be had.

use std::alloc::System;
use std::process::ExitCode;

use benches::compare::fault::Fault;
use benches::program::{Server, sibling};
use benches::steady::lines::{Line, Lines};
use benches::steady::{allocations, heap, profilers};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the test programs of the world mean by "skipped".
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let mut tally = Tally::default();
    match measure(&mut tally) {
        Ok(()) if tally.worse => ExitCode::FAILURE,
        Ok(()) if tally.skipped => ExitCode::from(SKIPPED),
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(tally: &mut Tally) -> Result<(), Fault> {
    let lines = Lines::read();
    {
        let server = Server::start(&sibling("compare")?)?;
        tally.hold(&lines.allocations, allocations(&server, || COUNTING.stats())?);
        tally.hold(&lines.heap, heap(&server, || COUNTING.stats())?);
    }
    if cfg!(debug_assertions) {
        tally.skip(&lines.instructions, "this is no release build");
        tally.skip(&lines.system_calls, "this is no release build");
        return Ok(());
    }
    let small_gets = sibling("small_gets")?;
    match profilers::instructions(&small_gets)? {
        Some(figure) => tally.hold(&lines.instructions, figure),
        None => tally.skip(&lines.instructions, "there is no valgrind"),
    }
    match profilers::system_calls(&small_gets)? {
        Some(figure) => tally.hold(&lines.system_calls, figure),
        None => tally.skip(&lines.system_calls, "there is no strace"),
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    worse: bool,
    skipped: bool,
}

impl Tally {
    fn hold(&mut self, line: &Line, figure: f64) {
        match line.check(figure) {
            Ok(text) => println!("ok      {text}"),
            Err(text) => {
                self.worse = true;
                println!("WORSE   {text}");
            }
        }
    }

    fn skip(&mut self, line: &Line, why: &str) {
        self.skipped = true;
        println!("SKIPPED {}: {why}", line.what);
    }
}
