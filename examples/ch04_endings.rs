//! Chapter 4. Eight ways to end a connection: which of its two loops is the first to go, and what is left.

use std::process::ExitCode;

use examples::endings::{Ending, end};
use examples::{Outcome, Stage};

fn main() -> ExitCode {
    Stage::main(endings)
}

async fn endings(stage: &Stage) -> Outcome<()> {
    println!("tasks left (the caller is one), and which loop ended first");
    for ending in Ending::ALL {
        let ended = end(stage, ending).await?;
        let race = if ending.is_race() { " *" } else { "" };
        println!("{:<44}{ended}{race}", format!("{}:", ending.what()));
    }
    println!("* a race: either loop may be the first to notice");
    Ok(())
}
