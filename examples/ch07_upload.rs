//! Chapter 7. The server answers before it has the whole upload. How long may the rest take?

use std::process::ExitCode;
use std::time::Duration;

use client::{EarlyClose, RequestBody};
use examples::{Outcome, Stage};
use http::HeaderValue;
use httptrace::{Event, Exit};
use origin::{Reply, Script};
use tokio::io::{AsyncWriteExt, duplex};

fn main() -> ExitCode {
    Stage::main(upload)
}

async fn upload(stage: &Stage) -> Outcome<()> {
    println!("the upload ends  the reader waits  way out of the wait  left");
    let mut longest = Duration::ZERO;
    for late in [1, 49, 51, 200] {
        let (waited, exit, left) = early_answer(stage, Duration::from_millis(late)).await?;
        longest = longest.max(waited);
        let when = format!("{late} ms late");
        println!("{when:<17}{:<18}{:<21}{left}", format!("{} ms", waited.as_millis()), exit.id());
    }
    println!("longest wait: {} ms", longest.as_millis());
    Ok(())
}

/// Reads an answer to its end while the request is still being written, and ends the request `late`. Says how long the
/// read took, what the wait for the write came to, and how many are left.
async fn early_answer(stage: &Stage, late: Duration) -> Outcome<(Duration, Exit, usize)> {
    // ANCHOR: origin
    let early = Script::new().await_head().reply(Reply::bytes(13)).hold();
    // ANCHOR_END: origin
    let origin = stage.origin(early)?;
    let client = stage.client(EarlyClose::Kill);
    let seen = stage.records().len();
    // ANCHOR: upload
    let (mut upload, source) = duplex(64);
    upload.write_all(b"the beginning").await?;
    let text = HeaderValue::from_static("text/plain");
    let mut response = client.post(&origin.url("/"), text, RequestBody::reader(source, None)).await?;

    let now = || stage.runtime().now();
    let began = now();
    let read = async {
        response.body.read_all().await?;
        Ok::<_, Box<dyn std::error::Error>>(now() - began)
    };
    let end = async {
        stage.pause(late).await;
        drop(upload);
    };
    let (waited, ()) = tokio::join!(read, end);
    // ANCHOR_END: upload
    let left = stage.settled().await?.with_caller();
    let records = stage.records();
    let exit = records[seen..].iter().find_map(|record| match record.event {
        Event::Exit { id: id @ (Exit::WroteAtOnce | Exit::WroteInTime | Exit::NotWritten) } => Some(id),
        _ => None,
    });
    Ok((waited?, exit.ok_or("nobody asked for the write")?, left))
}
