//! Lab C. Six hosts, straight and through one HTTP proxy: what the pool keeps of each.

use std::process::ExitCode;

use client::{Client, EarlyClose, Proxy};
use examples::{Outcome, Stage};
use origin::{Reply, Router, Script};

fn main() -> ExitCode {
    Stage::main(six_hosts)
}

async fn six_hosts(stage: &Stage) -> Outcome<()> {
    println!("six hosts, one GET each, read to its end; tasks left, the caller one of them / connections accepted");
    // ANCHOR: straight
    let mut hosts = Vec::new();
    for _ in 1..=6 {
        hosts.push(stage.origin(Router::new().at("/", Reply::bytes(13)))?);
    }
    let client = stage.client_with(EarlyClose::GO_1_27, |config| config.proxy = Proxy::None);
    for host in &hosts {
        read(&client, &host.url("/")).await?;
    }
    // ANCHOR_END: straight
    let accepted: usize = hosts.iter().map(|host| host.accepted()).sum();
    println!("straight: {} / {accepted}", stage.settled().await?.with_caller());
    client.close_idle_connections();

    // ANCHOR: proxied
    let proxy = stage.origin(Script::new().forever(Script::new().answer(Reply::bytes(13))))?;
    let url = proxy.url("/").parse()?;
    let client = stage.client_with(EarlyClose::GO_1_27, |config| config.proxy = Proxy::Url(url));
    for host in 1..=6 {
        read(&client, &format!("http://host-{host}.test/")).await?;
    }
    // ANCHOR_END: proxied
    println!("through one HTTP proxy: {} / {}", stage.settled().await?.with_caller(), proxy.accepted());
    Ok(())
}

async fn read(client: &Client, url: &str) -> Outcome<()> {
    client.get(url).await?.body.read_all().await?;
    Ok(())
}
