//! Lab C. Proxies of three kinds: which requests share a connection, what is said to the proxy, and who goes straight.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use client::{Client, Config, DialFn, EarlyClose, Proxy, ProxyRules, ProxyVariables, Roots};
use examples::relay::{Relay, Spoken};
use examples::{Outcome, Stage};
use origin::tls::Authority;
use origin::{Reply, Router, TcpOrigin};
use url::Url;

fn main() -> ExitCode {
    Stage::main_on_sockets(async |stage| {
        kinds(stage).await?;
        environment()
    })
}

async fn kinds(stage: &Stage) -> Outcome<()> {
    let authority = Authority::new("the lab's own");
    let names = ["host-1.test", "host-2.test", "host-3.test", "host-4.test", "host-5.test", "host-6.test"];
    let small = || Router::new().at("/", Reply::bytes(13));
    let plain = TcpOrigin::start(small())?;
    let secure = TcpOrigin::start_tls(small(), &authority.issue(names))?;
    let trusting = |config: &mut Config| config.tls.roots = Roots::Only(vec![authority.root()]);

    println!("six hosts, one GET each; tasks left, the caller one of them / connections that the first hop accepted");
    let client = client(stage, |config| config.dial_context = Some(always_to(stage, plain.addr())));
    let (left, _) = six(stage, client, "http", Leave::Read).await?;
    println!("http, straight: {left} / {}", plain.stats().accepted);
    let client = self::client(stage, |config| {
        config.dial_context = Some(always_to(stage, secure.addr()));
        trusting(config);
    });
    let (left, _) = six(stage, client, "https", Leave::Read).await?;
    println!("https, straight: {left} / {}", secure.stats().accepted);

    let mut keys = Vec::new();
    let mut lines = Vec::new();
    for (what, scheme, spoken, leave) in [
        ("http, HTTP proxy", "http", Spoken::Http, Leave::Read),
        ("http, HTTP proxy, bodies kept unread", "http", Spoken::Http, Leave::Unread),
        ("https, HTTP proxy", "https", Spoken::Http, Leave::Read),
        ("http, SOCKS5 proxy", "http", Spoken::Socks5, Leave::Read),
    ] {
        let target = if scheme == "https" { secure.addr() } else { plain.addr() };
        let relay = Relay::start(spoken, target)?;
        let url = relay.url("").parse()?;
        let client = self::client(stage, |config| {
            config.proxy = Proxy::Url(url);
            trusting(config);
        });
        let (left, idle) = six(stage, client, scheme, leave).await?;
        println!("{what}: {left} / {}", relay.accepted());
        keys.extend(idle.first().map(|key| format!("{what}, key: {key}")));
        lines.extend(
            relay.lines().first().filter(|_| leave == Leave::Read).map(|line| format!("{what}, asked: {line}")),
        );
    }

    let relay = Relay::start(Spoken::Http, plain.addr())?;
    let (one, two): (Url, Url) = (relay.url("me:one@").parse()?, relay.url("me:two@").parse()?);
    let client = self::client(stage, |config| {
        config.proxy = Proxy::func(move |request| {
            let first_three = request.url.host_str() <= Some("host-3.test");
            Ok(Some(if first_three { one.clone() } else { two.clone() }))
        });
    });
    let (left, idle) = six(stage, client, "http", Leave::Read).await?;
    println!("http, HTTP proxy, two passwords: {left} / {}", relay.accepted());
    keys.extend(idle.iter().zip(["first", "second"]).map(|(key, which)| format!("{which} password: {key}")));

    println!("\na key of the pool\n{}", keys.join("\n"));
    println!("\nwhat the HTTP proxy is asked first\n{}", lines.join("\n"));
    Ok(())
}

/// What becomes of each response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    Read,
    Unread,
}

/// Six hosts, one GET each: how many tasks are left, the caller included, and which keys have idle connections then. The
/// client is dropped behind it, so that the next row begins with nothing.
async fn six(stage: &Stage, client: Client, scheme: &str, leave: Leave) -> Outcome<(usize, Vec<Arc<str>>)> {
    let mut unread = Vec::new();
    for host in 1..=6 {
        let mut response = client.get(&format!("{scheme}://host-{host}.test/")).await?;
        match leave {
            Leave::Read => drop(response.body.read_all().await?),
            Leave::Unread => unread.push(response),
        }
    }
    let left = stage.settled().await?.with_caller();
    let keys = client.transport().idle_keys().into_iter().map(|(key, _count)| key).collect();
    drop((client, unread));
    stage.settled().await?;
    Ok((left, keys))
}

fn client(stage: &Stage, set: impl FnOnce(&mut Config)) -> Client {
    stage.client_with(EarlyClose::GO_1_27, |config| {
        // Whatever the reader's own environment says.
        config.proxy = Proxy::None;
        set(config);
    })
}

/// A dialler that reaches `addr` whatever it is asked for: the names of this lab exist nowhere.
fn always_to(stage: &Stage, addr: SocketAddr) -> DialFn {
    let rt = stage.runtime();
    DialFn::new(move |_context, _addr| {
        let rt = Arc::clone(&rt);
        async move { rt.connect(addr, None).await }
    })
}

/// Who goes straight, by the environment's rules.
fn environment() -> Outcome<()> {
    // ANCHOR: environment
    let variables = ProxyVariables::from_lookup(|name| match name {
        "HTTP_PROXY" => Some("http://proxy.test:3128".to_owned()),
        "NO_PROXY" => Some("example.com, .inside.test, 10.0.0.0/8, other.test:8080".to_owned()),
        _ => None,
    });
    let rules = ProxyRules::new(&variables);
    // ANCHOR_END: environment
    println!("\nHTTP_PROXY=http://proxy.test:3128 NO_PROXY=\"example.com, .inside.test, 10.0.0.0/8, other.test:8080\"");
    for target in [
        "http://a.test/",
        "https://a.test/",
        "http://localhost/",
        "http://127.0.0.2:8080/",
        "http://[::1]/",
        "http://my.localhost/",
        "http://example.com/",
        "http://www.example.com/",
        "http://notexample.com/",
        "http://inside.test/",
        "http://db.inside.test/",
        "http://10.1.2.3/",
        "http://ten.test/",
        "http://other.test/",
        "http://other.test:8080/",
    ] {
        let proxy = rules.proxy_for(&target.parse()?)?;
        println!("{target} {}", if proxy.is_some() { "through the proxy" } else { "straight" });
    }
    Ok(())
}
