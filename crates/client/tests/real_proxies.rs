//! The client through proxies that nobody wrote for these tests.
//!
//! Without tinyproxy and microsocks the tests say loudly that they were skipped; `REQUIRE_PROXIES=1` makes that a
//! failure. `TINYPROXY` and `MICROSOCKS` name the programs where they are neither on the path nor in `/usr/sbin`.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use client::{Client, Proxy};
use origin::{Reply, Router};
use tempfile::TempDir;
use url::Url;

use crate::support::{Stage, fetch, listens, on_sockets};

/// A proxy of this test's own. Dropping it stops it.
struct RealProxy {
    child: Child,
    addr: SocketAddr,
    /// Where its configuration lies.
    _home: TempDir,
}

impl Drop for RealProxy {
    fn drop(&mut self) {
        // It runs in the foreground, as one process: it ends with this. It can only be gone already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Where `program` is, or that it is missed, loudly.
fn find(program: &str) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(program.to_uppercase()).filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = places.map(|place| place.join(program)).find(|binary| binary.is_file());
    if found.is_none() {
        let required = std::env::var_os("REQUIRE_PROXIES").is_some_and(|value| value == "1");
        assert!(!required, "{program} is required and not found");
        // Not by `eprintln!`, which the harness keeps to itself when a test passes.
        let notice = format!("\n*** SKIPPED: {program} not found ***\n\n");
        io::stderr().write_all(notice.as_bytes()).expect("somebody hears it");
    }
    found
}

impl RealProxy {
    /// Starts it on a port that was free a moment ago; somebody may have taken it since, then on another one.
    fn start(binary: &Path, arguments: impl Fn(&Path, SocketAddr) -> Vec<String>) -> RealProxy {
        for _attempt in 0..10 {
            let home = TempDir::new().expect("a directory");
            let addr =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a free port");
            let mut command = Command::new(binary);
            command.args(arguments(home.path(), addr)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut proxy = RealProxy { child: command.spawn().expect("it runs"), addr, _home: home };
            if listens(&mut proxy.child, proxy.addr) {
                return proxy;
            }
        }
        panic!("{} does not start", binary.display());
    }

    fn tinyproxy(binary: &Path, login: Option<(&str, &str)>) -> RealProxy {
        RealProxy::start(binary, |home, addr| {
            let auth = login.map_or(String::new(), |(user, password)| format!("BasicAuth {user} {password}\n"));
            let log = home.join("log");
            let settings = format!(
                "Port {}\nListen {}\nAllow 127.0.0.1\nTimeout 60\nMaxClients 20\nLogFile \"{}\"\n{auth}",
                addr.port(),
                addr.ip(),
                log.display()
            );
            let file = home.join("tinyproxy.conf");
            fs::write(&file, settings).expect("a file");
            vec!["-d".into(), "-c".into(), file.display().to_string()]
        })
    }

    fn microsocks(binary: &Path, login: Option<(&str, &str)>) -> RealProxy {
        RealProxy::start(binary, |_home, addr| {
            let mut arguments = vec!["-i".to_owned(), addr.ip().to_string(), "-p".to_owned(), addr.port().to_string()];
            if let Some((user, password)) = login {
                arguments.extend(["-u", user, "-P", password].map(str::to_owned));
            }
            arguments
        })
    }

    fn choice(&self, scheme: &str, user: &str) -> Proxy {
        let url: Url = format!("{scheme}://{user}{}", self.addr).parse().expect("a URL");
        Proxy::Url(url)
    }
}

fn small() -> Router {
    Router::new().at("/", Reply::bytes(13)).at("/large", Reply::bytes(1 << 20))
}

async fn fault_of(client: &Client, url: &str) -> String {
    client.get(url).await.map(|response| response.status).expect_err("no response").reason.to_string()
}

/// A client, and the URLs of a plain and a secured origin, as the two that every proxy here has to lead to.
struct Sites {
    plain: origin::TcpOrigin,
    secure: origin::TcpOrigin,
    authority: origin::tls::Authority,
}

impl Sites {
    fn new(stage: &Stage) -> Sites {
        let authority = origin::tls::Authority::new("the tests' own");
        Sites {
            plain: stage.origin(small()),
            secure: stage.tls_origin(small(), &authority.issue(["127.0.0.1"])),
            authority,
        }
    }

    fn client(&self, stage: &Stage, proxy: Proxy) -> Client {
        stage.client_trusting(&self.authority, |config| config.proxy = proxy)
    }

    /// Twice each, small and large.
    async fn visit(&self, client: &Client) {
        for _twice in 0..2 {
            for (path, size) in [("/", 13), ("/large", 1 << 20)] {
                for url in [self.plain.url(path), self.secure.url(path)] {
                    assert_eq!(fetch(client, &url).await.len(), size, "{url}");
                }
            }
        }
    }
}

#[test]
fn tinyproxy_serves_http_and_https_targets_with_and_without_a_password() {
    let Some(binary) = find("tinyproxy") else { return };
    on_sockets(async |stage| {
        for (login, user) in [(None, ""), (Some(("me", "s3cret")), "me:s3cret@")] {
            let proxy = RealProxy::tinyproxy(&binary, login);
            let sites = Sites::new(stage);
            sites.visit(&sites.client(stage, proxy.choice("http", user))).await;
            let head = sites.plain.stats().conns[0].requests[0].head().into_owned();
            assert!(head.to_lowercase().contains("\r\nvia: "), "it came through the proxy: {head}");
            assert!(!head.contains("Proxy-Authorization"), "{head}");
        }
    });
}

#[test]
fn tinyproxy_refuses_a_wrong_password() {
    let Some(binary) = find("tinyproxy") else { return };
    on_sockets(async |stage| {
        let proxy = RealProxy::tinyproxy(&binary, Some(("me", "s3cret")));
        let sites = Sites::new(stage);
        for user in ["", "me:wrong@"] {
            let client = sites.client(stage, proxy.choice("http", user));
            let mut response = client.get(&sites.plain.url("/")).await.unwrap();
            // Depending on its version: 401 or 407.
            assert!(matches!(response.status, 401 | 407), "{}", response.status);
            let _page = response.body.read_all().await;
            let fault = fault_of(&client, &sites.secure.url("/")).await;
            assert!(matches!(&*fault, "Unauthorized" | "Proxy Authentication Required"), "{fault}");
        }
        assert_eq!(sites.plain.stats().requests, 0);
    });
}
#[test]
fn microsocks_leads_to_http_and_https_targets_with_and_without_a_password() {
    let Some(binary) = find("microsocks") else { return };
    on_sockets(async |stage| {
        for (login, user) in [(None, ""), (Some(("me", "s3cret")), "me:s3cret@")] {
            let proxy = RealProxy::microsocks(&binary, login);
            let sites = Sites::new(stage);
            sites.visit(&sites.client(stage, proxy.choice("socks5", user))).await;
            assert_eq!(sites.plain.stats().accepted, 1, "one connection for all of it");
            // The name is looked up by the proxy.
            let named = sites.plain.url("/").replace("127.0.0.1", "localhost");
            assert_eq!(fetch(&sites.client(stage, proxy.choice("socks5h", user)), &named).await.len(), 13);
        }
    });
}
#[test]
fn microsocks_refuses_a_wrong_password_and_a_target_that_nobody_listens_on() {
    let Some(binary) = find("microsocks") else { return };
    on_sockets(async |stage| {
        let proxy = RealProxy::microsocks(&binary, Some(("me", "s3cret")));
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let target = format!("http://{nobody}/");
        let said = format!("socks connect tcp {}->{nobody}: ", proxy.addr);
        let client = |user: &str| stage.client_with(|config| config.proxy = proxy.choice("socks5", user));
        let wrong = fault_of(&client("me:wrong@"), &target).await;
        assert_eq!(wrong, format!("{said}username/password authentication failed"));
        let unnamed = fault_of(&client(""), &target).await;
        assert_eq!(unnamed, format!("{said}no acceptable authentication methods"));
        let refused = fault_of(&client("me:s3cret@"), &target).await;
        assert_eq!(refused, format!("{said}unknown error connection refused"));
    });
}
