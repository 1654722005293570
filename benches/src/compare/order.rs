//! What one child process is told to measure, and what it answers.
//!
//! Both cross a pipe as one line of JSON: the same for the Rust clients and for Go's, whose program is `go/main.go`.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One run of one client.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Who does it.
    pub client: ClientName,
    /// What is asked for, again and again.
    pub ask: Ask,
    /// `host:port` of the server, over TCP or over TLS.
    pub addr: String,
    /// Where the server's certificate lies, in PEM; `None` for plain TCP.
    pub certificate: Option<String>,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Threads of the client's runtime: 1 is tokio's current_thread, 2 its multi_thread; for Go it is GOMAXPROCS. A
    /// client without a runtime has a thread for each request under way.
    pub threads: usize,
    /// Connections that lie idle in the pool while it is measured.
    pub idle: usize,
    /// What is looked at.
    pub look: Look,
}

/// What a run looks at.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// How long it takes, for so many milliseconds after a warm-up.
    Time {
        /// The warm-up, in milliseconds.
        warm_up_ms: u64,
        /// What is measured, in milliseconds.
        measure_ms: u64,
    },
    /// How often the allocator is asked, over so many requests per worker.
    Allocations {
        /// Requests per worker.
        requests: usize,
    },
    /// How much live heap each idle connection holds.
    Heap,
}

/// The answer to an [`Order`].
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// To [`Look::Time`].
    Time(Times),
    /// To [`Look::Allocations`]: per request.
    Allocations(f64),
    /// To [`Look::Heap`]: bytes per idle connection.
    Heap(f64),
}

/// How long requests took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Times {
    /// Requests per second, over all workers.
    pub per_second: f64,
    /// CPU time of the client's process per request, user and system, in microseconds.
    pub cpu_us: f64,
    /// Half of the requests were faster, in microseconds.
    pub p50_us: f64,
    /// All but one in a hundred were faster, in microseconds.
    pub p99_us: f64,
}

/// A client to compare. (The server does not know any of them.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClientName {
    /// A socket and no parsing: the floor, not a peer.
    Raw,
    /// The client of this repository.
    Ours,
    /// hyper 1 with hyper-util's legacy client.
    HyperUtil,
    /// reqwest.
    Reqwest,
    /// ureq, which blocks: a thread for each request under way.
    Ureq,
    /// Go's net/http, when there is a Go toolchain.
    Go,
}

impl ClientName {
    /// All of them, in the order of the tables.
    pub const ALL: [ClientName; 6] = [
        ClientName::Raw,
        ClientName::Ours,
        ClientName::HyperUtil,
        ClientName::Reqwest,
        ClientName::Ureq,
        ClientName::Go,
    ];

    /// The name as it stands in tables and arguments.
    pub fn as_str(self) -> &'static str {
        match self {
            ClientName::Raw => "raw",
            ClientName::Ours => "ours",
            ClientName::HyperUtil => "hyper-util",
            ClientName::Reqwest => "reqwest",
            ClientName::Ureq => "ureq",
            ClientName::Go => "go",
        }
    }

    /// Whether a person could use it instead of ours.
    pub fn is_peer(self) -> bool {
        match self {
            ClientName::Raw | ClientName::Ours => false,
            ClientName::HyperUtil | ClientName::Reqwest | ClientName::Ureq | ClientName::Go => true,
        }
    }
}

/// What is asked of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// GET, 13 bytes back.
    Small,
    /// GET, 1 MiB back under `Content-Length`.
    Length,
    /// GET, 1 MiB back in chunks.
    Chunked,
    /// POST of 64 KiB, the same back.
    Echo,
    /// GET, 13 bytes back on a connection that ends with them.
    Close,
    /// GET, 13 bytes back once so many ask for it at the same time: then as many connections are open.
    Gate(usize),
}

/// What [`Ask::Echo`] sends, in bytes.
pub const ECHO_LEN: usize = 64 << 10;

/// What [`Ask::Length`] and [`Ask::Chunked`] get, in bytes.
pub const LARGE_LEN: usize = 1 << 20;

/// What the others get, in bytes.
pub const SMALL_LEN: usize = 13;

impl Ask {
    /// Where to ask for it.
    pub fn path(self) -> String {
        match self {
            Ask::Small => "/".to_owned(),
            Ask::Length => "/1m".to_owned(),
            Ask::Chunked => "/chunked".to_owned(),
            Ask::Echo => "/echo".to_owned(),
            Ask::Close => "/close".to_owned(),
            Ask::Gate(size) => format!("/gate/{size}"),
        }
    }

    /// How long the body of the answer is, in bytes: what every client checks.
    pub fn answer_len(self) -> u64 {
        (match self {
            Ask::Small | Ask::Close | Ask::Gate(_) => SMALL_LEN,
            Ask::Length | Ask::Chunked => LARGE_LEN,
            Ask::Echo => ECHO_LEN,
        }) as u64
    }

    /// Whether there is a body to send, of [`ECHO_LEN`] bytes.
    pub fn is_post(self) -> bool {
        match self {
            Ask::Echo => true,
            Ask::Small | Ask::Length | Ask::Chunked | Ask::Close | Ask::Gate(_) => false,
        }
    }
}

impl Order {
    /// The address of what is asked for.
    pub fn url(&self, ask: Ask) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.addr, ask.path())
    }

    /// How long a run may take before it is given up.
    pub fn patience(&self) -> Duration {
        let own = match self.look {
            Look::Time { warm_up_ms, measure_ms } => Duration::from_millis(warm_up_ms + measure_ms),
            Look::Allocations { .. } | Look::Heap => Duration::ZERO,
        };
        own + Duration::from_secs(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_as_go_reads_it() {
        let order = Order {
            client: ClientName::HyperUtil,
            ask: Ask::Gate(3),
            addr: "127.0.0.1:1".to_owned(),
            certificate: None,
            concurrency: 1,
            threads: 2,
            idle: 0,
            look: Look::Time { warm_up_ms: 5, measure_ms: 7 },
        };
        let json = serde_json::to_string(&order).unwrap();
        let expected =
            r#"{"client":"hyper-util","ask":{"gate":3},"addr":"127.0.0.1:1","certificate":null,"concurrency":1,"#
                .to_owned()
                + r#""threads":2,"idle":0,"look":{"time":{"warm_up_ms":5,"measure_ms":7}}}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
    }

    #[test]
    fn what_go_answers_is_read() {
        let times = r#"{"time":{"per_second":10,"cpu_us":2.5,"p50_us":1,"p99_us":3}}"#;
        let expected = Times { per_second: 10.0, cpu_us: 2.5, p50_us: 1.0, p99_us: 3.0 };
        assert_eq!(serde_json::from_str::<Measured>(times).unwrap(), Measured::Time(expected));
        assert_eq!(serde_json::from_str::<Measured>(r#"{"heap":12}"#).unwrap(), Measured::Heap(12.0));
    }
}
