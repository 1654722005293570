//! Chapter 3. Six GETs again. How often does each function run on the way down?

use std::process::ExitCode;

use client::EarlyClose;
use examples::chain::{CHAIN, Calls};
use examples::{Outcome, Stage};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(call_chain)
}

async fn call_chain(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);
    for _ in 1..=6 {
        client.get(&origin.url("/")).await?.body.read_all().await?;
    }

    let settled = stage.settled().await?;
    let calls = Calls::of(&stage.records());
    for (step, here) in CHAIN {
        let line = format!("{} = {here}:", step.go_name());
        println!("{line:<48}{:>2}", calls.get(step));
    }
    println!("settled: {settled}");
    println!("connections the origin accepted: {}", origin.accepted());
    println!("why: five times get_conn found the connection in the pool, and did not dial");
    println!("answer: {calls}");
    Ok(())
}
