//! Chapter 2. Read or not, close or not, and what is left: for both policies of an early close.

use std::process::ExitCode;

use client::EarlyClose;
use examples::matrix::{Row, settle};
use examples::{Outcome, Stage};

fn main() -> ExitCode {
    Stage::main(matrix)
}

async fn matrix(stage: &Stage) -> Outcome<()> {
    println!("six requests; settled tasks (the caller is one) / connections accepted");
    println!("an early close is Go 1.12's (Kill) or Go 1.27's (Drain)");
    println!("{:<44}{:>10}{:>10}", "", "Kill", "Drain");
    for row in Row::ALL {
        let kill = settle(stage, row, EarlyClose::Kill).await?;
        let drain = settle(stage, row, EarlyClose::GO_1_27).await?;
        let race = if row.is_race() { " *" } else { "" };
        println!("{:<44}{:>10}{:>10}{race}", row.what(), kill.to_string(), drain.to_string());
    }
    println!("* a race: the drain of one connection against the next request; one outcome of several");
    Ok(())
}
