//! Chapter 2. Read or not, close or not, and what is left: for both policies of an early close.

use std::process::ExitCode;

use examples::matrix::{Row, settle};
use examples::{Outcome, Stage};
use client::EarlyClose;

fn main() -> ExitCode {
    Stage::main(matrix)
}

async fn matrix(stage: &Stage) -> Outcome<()> {
    println!("six requests; settled tasks (the caller is one) / connections accepted");
    println!("{:<56}{:>10}{:>10}", "", "Go 1.12", "Go 1.27");
    for row in Row::ALL {
        let kill = settle(stage, row, EarlyClose::Kill).await?;
        let drain = settle(stage, row, EarlyClose::GO_1_27).await?;
        println!("{:<56}{:>10}{:>10}", row.what(), kill.to_string(), drain.to_string());
    }
    Ok(())
}
