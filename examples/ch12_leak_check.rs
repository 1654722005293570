//! Chapter 12. Something is left. A count says how much; the leak check says which line asked for it.

use std::cell::RefCell;
use std::process::ExitCode;

use client::{Client, EarlyClose, Response};
use examples::{Outcome, Stage};
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main(leak_check)
}

async fn leak_check(stage: &Stage) -> Outcome<()> {
    let routes = Router::new().at("/greeting", Reply::bytes(13)).at("/feed", Reply::bytes(100_000));
    let origin = stage.origin(routes)?;
    // ANCHOR: watch
    let (client, leaks) = stage.watched_client(EarlyClose::Kill);
    let log = Log::default();
    greeting(&client, &origin.url("/greeting")).await?;
    is_there(&client, &origin.url("/feed")).await?;
    note(&client, &origin.url("/feed"), &log).await?;
    let settled = stage.settled().await?;
    println!("settled: {settled}");
    for held in leaks.held() {
        println!("{held}");
    }
    // ANCHOR_END: watch
    drop(log);
    stage.settled().await?;
    println!("held without the log: {}", leaks.held().len());
    Ok(())
}

// ANCHOR: code
/// Reads its body.
async fn greeting(client: &Client, url: &str) -> Outcome<usize> {
    let body = client.get(url).await?.body.read_all().await?;
    Ok(body.len())
}

/// Looks at the status only, and drops the rest.
async fn is_there(client: &Client, url: &str) -> Outcome<bool> {
    Ok(client.get(url).await?.status == 200)
}

/// Keeps the whole response, to have its header later.
async fn note(client: &Client, url: &str, log: &Log) -> Outcome<()> {
    let response = client.get(url).await?;
    log.entries.borrow_mut().push(response);
    Ok(())
}
// ANCHOR_END: code

#[derive(Default)]
struct Log {
    entries: RefCell<Vec<Response>>,
}
