//! The workloads (a) to (i).

use crate::compare::order::Ask;

/// What is measured in each client.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// The name for arguments and for the goals: `b-current`.
    pub id: &'static str,
    /// The first column of the tables.
    pub title: &'static str,
    /// What is asked for.
    pub ask: Ask,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Threads of the client's runtime.
    pub threads: usize,
    /// Where client and server may run.
    pub place: Place,
    /// Over TLS.
    pub tls: bool,
    /// What is looked at, and with how many idle connections.
    pub kind: Kind,
}

/// Where client and server may run, on the first two CPUs of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Both on one CPU: whoever has done his part makes room for the other.
    OneCpu,
    /// A CPU each.
    Apart,
    /// The client on both, the server on one of them.
    Both,
}

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// CPU time, rate and latency, and the allocations where the client has one thread.
    Time,
    /// The same with many idle connections.
    TimeWithIdle,
    /// Live heap of an idle connection.
    Heap,
}

/// A small GET over plain TCP on one thread, apart from the server. The others say how they differ.
const SMALL: Workload = Workload {
    id: "",
    title: "",
    ask: Ask::Small,
    concurrency: 1,
    threads: 1,
    place: Place::Apart,
    tls: false,
    kind: Kind::Time,
};

/// All workloads, in the order of the tables.
pub const WORKLOADS: [Workload; 12] = [
    Workload { id: "a-one-cpu", title: "(a) small GET, c=1, one CPU for all", place: Place::OneCpu, ..SMALL },
    Workload { id: "a-multi", title: "(a) c=1, multi_thread(2)", threads: 2, place: Place::Both, ..SMALL },
    Workload { id: "b-current", title: "(b) small GET, c=64, current_thread", concurrency: 64, ..SMALL },
    Workload {
        id: "b-multi",
        title: "(b) c=64, multi_thread(2)",
        concurrency: 64,
        threads: 2,
        place: Place::Both,
        ..SMALL
    },
    Workload { id: "c", title: "(c) 1 MiB Content-Length, c=4", ask: Ask::Length, concurrency: 4, ..SMALL },
    Workload { id: "d", title: "(d) 1 MiB chunked, c=4", ask: Ask::Chunked, concurrency: 4, ..SMALL },
    Workload { id: "e", title: "(e) POST 64 KiB, same back, c=4", ask: Ask::Echo, concurrency: 4, ..SMALL },
    Workload { id: "f", title: "(f) a connection per request, c=8", ask: Ask::Close, concurrency: 8, ..SMALL },
    Workload { id: "g-1", title: "(g) TLS, small GET, c=1", tls: true, ..SMALL },
    Workload { id: "g-64", title: "(g) TLS, c=64", concurrency: 64, tls: true, ..SMALL },
    Workload { id: "h", title: "(h) an idle connection, live heap", kind: Kind::Heap, ..SMALL },
    Workload {
        id: "i",
        title: "(i) as (a) on one CPU, with many idle connections",
        place: Place::OneCpu,
        kind: Kind::TimeWithIdle,
        ..SMALL
    },
];
