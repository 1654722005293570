//! Lab E. What a small request costs in polls: whose, and under how many orders of events is it the same?

use std::collections::BTreeSet;
use std::process::ExitCode;

use client::EarlyClose;
use examples::polls::{Case, Polls, polls};
use examples::{Outcome, Stage};
use origin::{Reply, Script};

/// As many orders of events are tried for each line.
const SEEDS: u64 = 200;

fn main() -> ExitCode {
    Stage::main_on_stepper(async |stage| {
        // Two GETs on the stage, for the trace. What is counted runs on steppers of its own.
        let origin = stage.origin(Script::new().forever(Script::new().answer(Reply::bytes(13))))?;
        let client = stage.client(EarlyClose::GO_1_27);
        for _ in 0..2 {
            client.get(&origin.url("/")).await?.body.read_all().await?;
        }
        let mut totals = Vec::new();
        println!("polls under {SEEDS} orders of events\n");
        println!("{:<27}{:<9}{:<9}{:<11}{:<12}dial", "", "all", "caller", "read_loop", "write_loop");
        for case in Case::ALL {
            let seen = (0..SEEDS).map(|seed| polls(case, seed)).collect::<Outcome<BTreeSet<_>>>()?;
            let range = |of: fn(&Polls) -> u64| {
                let counts: BTreeSet<_> = seen.iter().map(of).collect();
                match (counts.first(), counts.last()) {
                    (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
                    (Some(always), _) => always.to_string(),
                    (None, _) => String::new(),
                }
            };
            let (all, caller) = (range(|polls| polls.total()), range(|polls| polls.caller));
            let (reads, writes) = (range(|polls| polls.read_loop), range(|polls| polls.write_loop));
            let dial = range(|polls| polls.dial);
            println!("{:<27}{all:<9}{caller:<9}{reads:<11}{writes:<12}{dial}", case.name());
            if let Some(short) = case.short() {
                totals.push(format!("{short}: {all}"));
            }
        }
        println!("\n{}", totals.join("\n"));
        Ok(())
    })
}
