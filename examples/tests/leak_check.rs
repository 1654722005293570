//! The leak check names the guilty line whatever the order of events.

use client::{Client, EarlyClose, Response};
use examples::{Outcome, Stage};
use origin::{Reply, Router};

async fn read(client: &Client, url: &str) -> Outcome<()> {
    client.get(url).await?.body.read_all().await?;
    Ok(())
}

async fn close(client: &Client, url: &str) -> Outcome<()> {
    client.get(url).await?.body.close().await;
    Ok(())
}

async fn lose(client: &Client, url: &str) -> Outcome<()> {
    drop(client.get(url).await?);
    Ok(())
}

/// The guilty one, and its line.
async fn keep(client: &Client, url: &str) -> Outcome<(Response, u32)> {
    let (response, line) = (client.get(url).await, line!());
    Ok((response?, line))
}

async fn mixed(stage: &Stage, early_close: EarlyClose) -> Outcome<()> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(5_000)).at("/empty", Reply::empty()))?;
    let (client, leaks) = stage.watched_client(early_close);
    let (url, empty) = (origin.url("/"), origin.url("/empty"));
    let mut kept = Vec::new();
    for round in 1..=3 {
        // Some of them take a connection that another gives back while they wait for their own dial.
        let (a, b, c, d, e) = tokio::join!(
            read(&client, &url),
            keep(&client, &url),
            close(&client, &url),
            lose(&client, &url),
            read(&client, &empty)
        );
        a.and(c).and(d).and(e)?;
        kept.push(b?);
        let settled = stage.settled().await?;
        let held: Vec<u32> = leaks.held().iter().map(|held| held.from.line()).collect();
        assert_eq!(held, vec![kept[0].1; round], "round {round}: {:?}", leaks.held());
        let idle = client.transport().pool_census().idle;
        assert_eq!(held.len(), settled.census.read_loop - idle, "round {round}: all that is not idle is held");
    }
    drop(kept);
    stage.settled().await?;
    leaks.assert_none();
    Ok(())
}

#[test]
fn the_line_that_keeps_is_the_only_one_named_in_every_order_of_events() -> Outcome<()> {
    for early_close in [EarlyClose::Kill, EarlyClose::GO_1_27] {
        for seed in 0..100 {
            Stage::on_stepper(seed, async |stage| mixed(stage, early_close).await)
                .map_err(|error| format!("seed {seed}: {error}"))?;
        }
    }
    Ok(())
}

#[test]
fn the_same_over_sockets() -> Outcome<()> {
    Stage::on_sockets(async |stage| mixed(stage, EarlyClose::GO_1_27).await)
}
