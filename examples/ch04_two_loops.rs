//! Chapter 4. What one GET says on which channel; and which loop ends first when the server hangs up.

use std::process::ExitCode;

use client::EarlyClose;
use examples::endings::{Ending, end};
use examples::{Outcome, Stage};
use httptrace::{Channel, Event, Record, TaskName};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(two_loops)
}

async fn two_loops(stage: &Stage) -> Outcome<()> {
    // ANCHOR: one_get
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);
    let body = client.get(&origin.url("/")).await?.body.read_all().await?;
    println!("a GET, {} bytes read", body.len());
    // ANCHOR_END: one_get
    stage.settled().await?;
    println!("messages: {}", tell(&stage.records()));

    let before = stage.records().len();
    drop(client);
    println!("the client is dropped");
    tell(&stage.records()[before..]);
    println!("settled: {}", stage.settled().await?);

    let hung_up = end(stage, Ending::AfterRequest).await?;
    println!("the {}", Ending::AfterRequest.what());
    println!("left, the caller included: {}", hung_up.left);
    println!("answer: {}", hung_up.first.map_or("neither", TaskName::as_str));
    Ok(())
}

/// Prints the messages of a trace, each with who sends and who receives, and counts them.
fn tell(records: &[Record]) -> usize {
    let mut messages = 0;
    for record in records {
        if let Event::Sent { channel, what } = &record.event {
            let (name, way) = way(*channel);
            println!("  {:<17}{way:<34}{what}", format!("{name}:"));
            messages += 1;
        }
    }
    messages
}

fn way(channel: Channel) -> (&'static str, &'static str) {
    match channel {
        Channel::Reqch => ("reqch", "caller -> read_loop"),
        Channel::Writech => ("writech", "caller -> write_loop"),
        Channel::WriteErrCh => ("writeErrCh", "write_loop -> read_loop, caller"),
        Channel::Resc => ("resc", "read_loop -> caller"),
        Channel::WaitForBodyRead => ("waitForBodyRead", "body -> read_loop"),
        Channel::Eofc => ("eofc", "read_loop -> body"),
        Channel::Closech => ("closech", "whoever closes -> both loops"),
    }
}
