//! Chapter 10. Two and a half minutes of an idle pool, on the stepper's clock.

use std::process::ExitCode;
use std::time::Duration;

use client::{Client, EarlyClose};
use examples::{Outcome, Stage};
use httptrace::Event;
use origin::{Reply, Router};

fn main() -> ExitCode {
    Stage::main_on_stepper(async |stage| {
        minutes(stage).await?;
        late_binding(stage).await
    })
}

async fn minutes(stage: &Stage) -> Outcome<()> {
    let hosts = [(); 2].map(|()| stage.origin(Router::new().at("/", Reply::bytes(13))));
    let [first, second] = hosts;
    let (first, second) = (first?, second?);
    let client = stage.client(EarlyClose::Kill);
    println!("settled tasks, the caller is one; IdleConnTimeout is 90 s");
    // ANCHOR: minutes
    read(&client, &first.url("/")).await?;
    told(stage, "  0 s, a request to the first host").await?;
    stage.pause(Duration::from_secs(20)).await;
    read(&client, &second.url("/")).await?;
    told(stage, " 20 s, a request to the second host").await?;
    stage.pause(Duration::from_secs(40)).await;
    read(&client, &first.url("/")).await?;
    told(stage, " 60 s, a request to the first host").await?;
    for (pause, what) in [(49, "109 s"), (2, "111 s"), (38, "149 s"), (2, "151 s")] {
        stage.pause(Duration::from_secs(pause)).await;
        told(stage, what).await?;
    }
    // ANCHOR_END: minutes
    println!("connections accepted: {} and {}", first.accepted(), second.accepted());
    Ok(())
}

async fn told(stage: &Stage, when: &str) -> Outcome<()> {
    println!("{when}: {}", stage.settled().await?.with_caller());
    Ok(())
}

async fn read(client: &Client, url: &str) -> Outcome<()> {
    client.get(url).await?.body.read_all().await?;
    Ok(())
}

/// A connection comes back while the second request still waits for its dial.
async fn late_binding(stage: &Stage) -> Outcome<()> {
    let before = stage.records().len();
    // ANCHOR: late_binding
    let origin = stage.origin(Router::new().at("/", Reply::bytes(13)))?;
    let client = stage.client(EarlyClose::Kill);
    let url = origin.url("/");
    let mut first = client.get(&url).await?;
    stage.slow_dials(Duration::from_secs(1))?;
    let end_first = async {
        // The second request has begun to dial; now the first gives its connection back.
        stage.pause(Duration::from_millis(500)).await;
        first.body.read_all().await
    };
    let (read_first, read_second) = tokio::join!(end_first, read(&client, &url));
    // ANCHOR_END: late_binding
    read_first?;
    read_second?;
    let settled = stage.settled().await?;
    let records = stage.records();
    let gc = records[before..].iter().filter_map(|record| match record.event {
        Event::Exit { id } if id.id().starts_with("GC") => Some(id.id()),
        _ => None,
    });
    println!("\ntwo requests; the first ends while the second waits for its dial");
    println!("ways out of get_conn: {}", gc.collect::<Vec<_>>().join(", "));
    println!("connections accepted: {}; tasks: {}", origin.accepted(), settled.with_caller());
    Ok(())
}
