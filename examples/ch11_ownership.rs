//! Chapter 11. One connection, four requests: who has its reader, and who may send the next request?

use std::process::ExitCode;

use client::EarlyClose;
use examples::{Outcome, Stage};
use httptrace::{Actor, Channel, Event, Exit, Record};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(ownership)
}

async fn ownership(stage: &Stage) -> Outcome<()> {
    let router = Router::new().at("/", Reply::bytes(500)).at("/none", Reply::bodyless(204));
    let origin = stage.origin(router)?;
    let client = stage.client(EarlyClose::GO_1_27);
    println!("the reader of one connection, request by request");

    // ANCHOR: requests
    let mut response = client.get(&origin.url("/")).await?;
    response.body.read_all().await?;
    show(stage, "read to the end").await?;

    drop(client.get(&origin.url("/none")).await?);
    show(stage, "an answer without a body").await?;

    let mut response = client.get(&origin.url("/")).await?;
    response.body.close().await;
    show(stage, "closed unread").await?;

    let response = client.get(&origin.url("/")).await?;
    let kept = vec![response];
    show(stage, "kept unread").await?;
    // ANCHOR_END: requests

    println!("tasks while it is kept: {}", stage.settled().await?.with_caller());
    println!("connections: {}", origin.accepted());
    drop(kept);
    show(stage, "kept unread, and let go of in the end").await?;
    Ok(())
}

/// Who has had the reader since the last time, when all is quiet.
async fn show(stage: &Stage, what: &str) -> Outcome<()> {
    stage.settled().await?;
    let records = stage.records();
    let since = records.iter().rposition(|record| matches!(record.event, Event::GotConn { .. })).unwrap_or(0);
    println!("{what}: {}", holders(&records[since..]).join(" → "));
    Ok(())
}

/// The holders of the reader, one after the other: the messages that carry it say so.
fn holders(records: &[Record]) -> Vec<&'static str> {
    let mut holders = vec!["read_loop"];
    for record in records {
        match &record.event {
            // ANCHOR: carries
            Event::Sent { channel: Channel::Resc, what } if what == "response" => holders.push("body"),
            Event::Sent { channel: Channel::WaitForBodyRead, .. } => holders.push("read_loop"),
            // ANCHOR_END: carries
            // An answer without a body leaves the reader where it was.
            Event::Exit { id: Exit::NoBodyKept } if record.task == Actor::ReadLoop => drop(holders.pop()),
            _ => {}
        }
    }
    holders
}
