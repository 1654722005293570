//! The client against a server that nobody wrote for these tests.
//!
//! Without nginx the test says loudly that it was skipped; `REQUIRE_NGINX=1` makes that a failure. `NGINX` names the
//! binary where it is neither on the path nor in `/usr/sbin`.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use httptrace::{Event, Exit};
use origin::tls::Identity;
use tempfile::TempDir;

use crate::support::{all, fetch, listens, on_sockets};

/// How many requests nginx serves on one connection before it closes it.
const KEEPALIVE_REQUESTS: usize = 50;

/// The size of the large file, in bytes.
const LARGE: usize = 10 << 20;

/// An nginx of this test's own. Dropping it stops it.
struct Nginx {
    child: Child,
    addr: SocketAddr,
    /// Where it speaks TLS, in the order of the identities.
    tls: Vec<SocketAddr>,
    home: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One process, without a master: it ends with this. It can only be gone already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn binary() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NGINX").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    places.map(|place| place.join("nginx")).find(|binary| binary.is_file())
}

/// The binary, or a loud word about its absence.
fn binary_or_notice() -> Option<PathBuf> {
    let found = binary();
    if found.is_none() {
        assert!(std::env::var_os("REQUIRE_NGINX").is_none_or(|value| value != "1"), "nginx is required and not found");
        // Not by `eprintln!`, which the harness keeps to itself when a test passes.
        let notice = "\n*** SKIPPED: nginx not found (neither NGINX nor PATH nor /usr/sbin has it) ***\n\n";
        io::stderr().write_all(notice.as_bytes()).expect("somebody hears it");
    }
    found
}

/// Bytes without a pattern that a lost or doubled piece could hide in.
fn noise(size: usize) -> Bytes {
    let mut state = 1_u64;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    words.take(size).collect()
}

/// A server block for each place where it listens, the plain one first.
fn servers(home: &Path, addrs: &[SocketAddr]) -> String {
    let server = |(at, addr): (usize, &SocketAddr)| {
        let home = home.display();
        let tls = match at.checked_sub(1) {
            None => ("", String::new()),
            Some(at) => ("ssl", format!("ssl_certificate {home}/{at}.pem; ssl_certificate_key {home}/{at}.key;")),
        };
        format!("server {{ listen {addr} {} backlog=512; root {home}/www; {} }}\n", tls.0, tls.1)
    };
    addrs.iter().enumerate().map(server).collect()
}

fn config(home: &Path, addrs: &[SocketAddr]) -> String {
    let servers = servers(home, addrs);
    let home = home.display();
    format!(
        "daemon off;
         master_process off;
         pid {home}/nginx.pid;
         error_log {home}/error.log;
         events {{ worker_connections 512; }}
         http {{
             access_log {home}/access.log;
             client_body_temp_path {home}/client_body;
             proxy_temp_path {home}/proxy;
             fastcgi_temp_path {home}/fastcgi;
             uwsgi_temp_path {home}/uwsgi;
             scgi_temp_path {home}/scgi;
             keepalive_requests {KEEPALIVE_REQUESTS};
             keepalive_timeout 60s;
             {servers}
         }}"
    )
}

impl Nginx {
    /// Starts nginx on ports that were free a moment ago, one for plain HTTP and one for each identity; somebody may have
    /// taken them since, then on others.
    fn start(binary: &Path, identities: &[&Identity]) -> io::Result<Nginx> {
        let mut last = String::new();
        for _attempt in 0..10 {
            let home = TempDir::new()?;
            fs::create_dir(home.path().join("www"))?;
            fs::write(home.path().join("www/small.txt"), "small\n")?;
            fs::write(home.path().join("www/large.bin"), noise(LARGE))?;
            for (at, identity) in identities.iter().enumerate() {
                fs::write(home.path().join(format!("{at}.pem")), identity.chain_pem())?;
                fs::write(home.path().join(format!("{at}.key")), identity.key_pem())?;
            }
            // All at once, so that they differ.
            let free = (0..=identities.len()).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
            let free = free.collect::<io::Result<Vec<_>>>()?;
            let addrs = free.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
            drop(free);
            let file = home.path().join("nginx.conf");
            fs::write(&file, config(home.path(), &addrs))?;
            let mut command = Command::new(binary);
            command.arg("-p").arg(home.path()).arg("-c").arg(&file).stdin(Stdio::null()).stderr(Stdio::null());
            let mut nginx = Nginx { child: command.spawn()?, addr: addrs[0], tls: addrs[1..].to_vec(), home };
            if listens(&mut nginx.child, nginx.addr) {
                return Ok(nginx);
            }
            last = nginx.log();
        }
        Err(io::Error::other(format!("nginx does not start: {last}")))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("error.log")).unwrap_or_default()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

#[test]
fn a_real_nginx_serves_hundreds_of_requests_over_few_connections() {
    let Some(binary) = binary_or_notice() else { return };
    let nginx = Nginx::start(&binary, &[]).expect("nginx runs");
    on_sockets(async |stage| {
        let client = stage.client_with(|config| config.max_idle_conns_per_host = Some(64));
        let connections = || stage.count(|event| matches!(event, Event::GotConn { reused: false, .. }));
        let small = nginx.url("/small.txt");

        // One after the other: nginx ends each connection after its fiftieth answer.
        for _ in 0..200 {
            assert_eq!(fetch(&client, &small).await, "small\n");
        }
        assert_eq!(connections(), 200 / KEEPALIVE_REQUESTS, "{}", nginx.log());
        let ended_by_nginx = stage.count(|event| matches!(event, Event::Exit { id: Exit::BodyEofClosed }));
        assert_eq!(ended_by_nginx, 200 / KEEPALIVE_REQUESTS);
        stage.tasks_become(1).await;

        // Sixty-four at once, and again on the same connections.
        for _round in 0..4 {
            let bodies = all((0..64).map(|_| fetch(&client, &small))).await;
            assert!(bodies.iter().all(|body| body == "small\n"));
        }
        assert!(connections() <= 4 + 64, "{} connections", connections());
        let idle = client.transport().pool_census().idle;
        assert_eq!(stage.settled().await, 1 + 2 * idle);

        let mut head = client.head(&nginx.url("/large.bin")).await.unwrap();
        assert_eq!((head.status, head.content_length), (200, Some(LARGE as u64)));
        assert_eq!(head.body.read_all().await.unwrap(), "");

        let large = fetch(&client, &nginx.url("/large.bin")).await;
        assert!(large == noise(LARGE), "{} bytes, not the ones in the file", large.len());

        let mut missing = client.get(&nginx.url("/missing")).await.unwrap();
        assert_eq!((missing.status, missing.reason()), (404, "Not Found"));
        assert!(missing.body.read_all().await.unwrap().starts_with(b"<html>"));

        client.close_idle_connections();
        stage.tasks_become(1).await;
    });
}

#[cfg(feature = "tls")]
#[test]
fn a_real_nginx_serves_the_same_over_tls_and_is_refused_for_every_fault_of_its_certificate() {
    use std::time::SystemTime;

    use origin::tls::Authority;

    const DAY: Duration = Duration::from_secs(86_400);

    let Some(binary) = binary_or_notice() else { return };
    let authority = Authority::new("the tests' own");
    let good = authority.intermediate("between").issue(["127.0.0.1"]);
    let unknown = Authority::new("unknown").issue(["127.0.0.1"]);
    let misnamed = authority.issue(["a.test"]);
    let yesterday = SystemTime::now() - DAY;
    let expired = authority.issue_for(["127.0.0.1"], yesterday - DAY, yesterday);
    let nginx = Nginx::start(&binary, &[&good, &unknown, &misnamed, &expired]).expect("nginx runs");
    on_sockets(async |stage| {
        let client = stage.client_trusting(&authority, |_| {});
        let url = |at: usize, path: &str| format!("https://{}{path}", nginx.tls[at]);
        for _ in 0..100 {
            assert_eq!(fetch(&client, &url(0, "/small.txt")).await, "small\n");
        }
        let connections = stage.count(|event| matches!(event, Event::GotConn { reused: false, .. }));
        assert_eq!(connections, 100 / KEEPALIVE_REQUESTS, "{}", nginx.log());
        let large = fetch(&client, &url(0, "/large.bin")).await;
        assert!(large == noise(LARGE), "{} bytes, not the ones in the file", large.len());
        let tls = client.get(&url(0, "/small.txt")).await.unwrap().tls.expect("it came by TLS");
        assert_eq!((tls.peer_certificates.len(), tls.negotiated_protocol.as_deref()), (2, Some("http/1.1")));

        for (at, fault) in [
            (1, "certificate signed by unknown authority"),
            (2, "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
            (3, "certificate has expired or is not yet valid: current time "),
        ] {
            let error = client.get(&url(at, "/small.txt")).await.expect_err(fault).reason.to_string();
            let told = error.strip_prefix("tls: failed to verify certificate: x509: ");
            assert!(told.is_some_and(|told| told.starts_with(fault)), "{error}");
        }

        // The wrong scheme, both ways.
        let plain = client.get(&format!("https://{}/", nginx.addr)).await.unwrap_err().reason.to_string();
        assert_eq!(plain, "http: server gave HTTP response to HTTPS client");
        assert_eq!(client.get(&format!("http://{}/", nginx.tls[0])).await.unwrap().status, 400);

        client.close_idle_connections();
        stage.tasks_become(1).await;
    });
}
