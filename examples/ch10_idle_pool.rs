//! Chapter 10. Six requests once more, read to the end: to six hosts, all at once, with a pool each, under other limits.

use std::process::ExitCode;

use client::{Client, Config, EarlyClose};
use examples::stage::Origin;
use examples::{Outcome, Stage};
use origin::{Reply, Router, Script};

fn main() -> ExitCode {
    Stage::main(idle_pool)
}

async fn idle_pool(stage: &Stage) -> Outcome<()> {
    println!("six requests, each body read to its end; settled tasks (the caller is one) / connections accepted");
    show("one host, one after the other", in_turn(stage, 1, |_| {}).await?);
    show("six hosts, one after the other", in_turn(stage, 6, |_| {}).await?);
    show("six hosts, MaxIdleConns = 3", in_turn(stage, 6, |config| config.max_idle_conns = Some(3)).await?);
    show("one host, all at once", at_once(stage, |_| {}).await?);
    let ten = |config: &mut Config| config.max_idle_conns_per_host = Some(10);
    show("one host, all at once, MaxIdleConnsPerHost = 10", at_once(stage, ten).await?);
    show("one host, all at once, MaxConnsPerHost = 1", in_line(stage).await?);
    show("one host, DisableKeepAlives", in_turn(stage, 1, |config| config.disable_keep_alives = true).await?);
    show("one host, a Transport each, kept", transports(stage, Afterwards::Kept).await?);
    show("one host, a Transport each, dropped", transports(stage, Afterwards::Dropped).await?);
    show("one host, then CloseIdleConnections", close_idle(stage).await?);
    Ok(())
}

fn show(what: &str, (tasks, connections): (usize, usize)) {
    println!("{:<51}{tasks:>3} / {connections}", format!("{what}:"));
}

fn hosts(stage: &Stage, count: usize) -> Outcome<Vec<Origin>> {
    (0..count).map(|_| stage.origin(Router::new().at("/", Reply::bytes(13)))).collect()
}

// ANCHOR: in_turn
async fn in_turn(stage: &Stage, count: usize, set: impl Fn(&mut Config)) -> Outcome<(usize, usize)> {
    let hosts = hosts(stage, count)?;
    let client = stage.client_with(EarlyClose::Kill, set);
    for request in 0..6 {
        client.get(&hosts[request % count].url("/")).await?.body.read_all().await?;
    }
    left(stage, &hosts).await
}
// ANCHOR_END: in_turn

// ANCHOR: at_once
async fn at_once(stage: &Stage, set: impl Fn(&mut Config)) -> Outcome<(usize, usize)> {
    let answer = Script::new().await_request().await_gate("six are here").reply(Reply::bytes(13));
    let host = [stage.origin(Script::new().forever(answer))?];
    let client = stage.client_with(EarlyClose::Kill, set);
    let all_here = async {
        host[0].requests(6).await;
        host[0].open_gate("six are here");
    };
    let url = host[0].url("/");
    let (a, b, c, d, e, f, ()) = tokio::join!(
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        all_here
    );
    [a, b, c, d, e, f].into_iter().collect::<Outcome<()>>()?;
    left(stage, &host).await
}
// ANCHOR_END: at_once

/// All at once, and one connection for all: who finds it taken waits in a line.
async fn in_line(stage: &Stage) -> Outcome<(usize, usize)> {
    let host = hosts(stage, 1)?;
    let client = stage.client_with(EarlyClose::Kill, |config| config.max_conns_per_host = Some(1));
    let url = host[0].url("/");
    let (a, b, c, d, e, f) = tokio::join!(
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url),
        read(&client, &url)
    );
    [a, b, c, d, e, f].into_iter().collect::<Outcome<()>>()?;
    left(stage, &host).await
}

async fn read(client: &Client, url: &str) -> Outcome<()> {
    client.get(url).await?.body.read_all().await?;
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Kept,
    Dropped,
}

async fn transports(stage: &Stage, afterwards: Afterwards) -> Outcome<(usize, usize)> {
    let host = hosts(stage, 1)?;
    // ANCHOR: transports
    let mut kept = Vec::new();
    for _ in 1..=6 {
        let client = stage.client(EarlyClose::Kill);
        read(&client, &host[0].url("/")).await?;
        match afterwards {
            Afterwards::Kept => kept.push(client),
            Afterwards::Dropped => drop(client),
        }
    }
    // ANCHOR_END: transports
    left(stage, &host).await
}

async fn close_idle(stage: &Stage) -> Outcome<(usize, usize)> {
    let host = hosts(stage, 1)?;
    let client = stage.client(EarlyClose::Kill);
    for _ in 1..=6 {
        read(&client, &host[0].url("/")).await?;
    }
    client.close_idle_connections();
    left(stage, &host).await
}

async fn left(stage: &Stage, hosts: &[Origin]) -> Outcome<(usize, usize)> {
    let tasks = stage.settled().await?.with_caller();
    Ok((tasks, hosts.iter().map(Origin::accepted).sum()))
}
