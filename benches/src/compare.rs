//! The same work done by this client and by others, side by side: `cargo run --release -p benches --bin compare`.
//!
//! ```text
//!  compare ──starts──► compare serve                    one server process for all
//!     │
//!     └─ for each round, workload and client, one after another:
//!        starts ─► compare run ORDER                    times: the system's allocator
//!                  compare_counted ORDER                allocations and heap: an allocator that counts
//!                  target/…/compare-go1.27.3 ORDER      Go's client
//!        reads  ◄─ one line of JSON
//! ```
//!
//! What is compared is CPU time of the client's process per request: requests per second depend on how the machine
//! spreads two processes, and vary several times as much. A counting allocator would cost those who allocate most,
//! and two threads that share its counters more still; so it has a program of its own, and nothing is timed there.
//!
//! # Layout
//!
//! - [`cli`]: the arguments
//! - [`workload`]: the workloads (a) to (i)
//! - [`plan`]: which runs there are, in which order
//! - [`order`]: what a child process is told, and what it answers
//! - [`child`]: one run; [`crew`]: its workers; [`peers`]: the clients; [`go`]: Go's
//! - [`server`], [`answers`], [`tls`]: the other side
//! - [`machine`]: CPUs and open files
//! - [`report`], [`goals`], [`table`]: medians, ratios, lines, Markdown
//! - [`fault`]: what can go wrong

mod answers;
pub mod child;
mod cli;
mod crew;
pub mod fault;
mod go;
mod goals;
mod machine;
pub mod order;
mod peers;
mod plan;
mod report;
pub mod server;
mod table;
mod tls;
pub mod workload;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;

use crate::compare::cli::{Arguments, Role};
use crate::compare::fault::Fault;
use crate::compare::go::GoProgram;
use crate::compare::machine::{Cpus, room_for_idle};
use crate::compare::order::{ClientName, Order};
use crate::compare::plan::{Extent, Plan, Programs};
use crate::compare::report::Report;
use crate::program::{Server, sibling};

/// The workspace's lock file: which versions take part.
const LOCK: &str = include_str!("../../Cargo.lock");

/// The program `compare`.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.role {
        Some(Role::Serve { dir }) => server::serve(dir),
        Some(Role::Run { order }) => run(order, None),
        None => compare(&arguments),
    };
    exit(done)
}

/// The program `compare_counted`: one run, in a process whose allocator counts.
pub fn counted_main(count: child::Count) -> ExitCode {
    let Some(order) = std::env::args().nth(1) else {
        return exit(Err(Fault::Cannot("usage: compare_counted ORDER; it is `compare` that starts it")));
    };
    exit(run(&order, Some(count)))
}

fn exit(done: Result<(), Fault>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(order: &str, count: Option<child::Count>) -> Result<(), Fault> {
    let order: Order = serde_json::from_str(order)?;
    println!("{}", serde_json::to_string(&child::run(&order, count)?)?);
    Ok(())
}

fn compare(arguments: &Arguments) -> Result<(), Fault> {
    let mut extent = if arguments.quick { Extent::QUICK } else { Extent::FULL };
    extent.rounds = arguments.rounds.map_or(extent.rounds, usize::from);
    let mut notes = Vec::new();
    let room = room_for_idle(extent.many_idle);
    if room < extent.many_idle {
        notes.push(format!("only {room} idle connections in (i), not {}: the limit of open files", extent.many_idle));
        extent.many_idle = room;
        extent.heap_idle = extent.heap_idle.min(room);
    }
    let cpus = Cpus::first_two();
    notes.push(cpus.describe());
    notes.push(format!(
        "{} rounds of {} ms; (h) with {} idle connections, (i) with {}",
        extent.rounds,
        extent.measure.as_millis(),
        extent.heap_idle,
        extent.many_idle
    ));

    let timed = std::env::current_exe()?;
    let mut clients: Vec<ClientName> = ClientName::ALL.to_vec();
    if !arguments.clients.is_empty() {
        clients.retain(|client| arguments.clients.contains(client));
    }
    let go = if clients.contains(&ClientName::Go) { find_go(arguments, &timed)? } else { None };
    if go.is_none() {
        clients.retain(|&client| client != ClientName::Go);
    }
    let counted = sibling("compare_counted");
    if let Err(error) = &counted {
        eprintln!("allocations and heap are not counted: {error}");
    }
    let server = Server::start(&timed)?;
    let mut report =
        Report { notes, clients: versions(&clients, go.as_ref()), rounds: extent.rounds, workloads: Vec::new() };
    let workloads = Plan::workloads(&arguments.only);
    let plan = Plan { extent, clients, workloads, cpus, programs: Programs { timed, counted, go } };
    plan.carry_out(&server, &mut report);
    report.notes.push(report.clients.values().cloned().collect::<Vec<_>>().join(", "));
    println!("{}", report.to_markdown());
    if let Some(path) = &arguments.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

/// Go's program. Whoever names a toolchain or asks for Go wants to know that there is none; all others are told.
fn find_go(arguments: &Arguments, timed: &Path) -> Result<Option<GoProgram>, Fault> {
    let target = timed.parent().unwrap_or(Path::new("."));
    eprintln!("building Go's client, if there is a toolchain");
    match go::build(arguments.go.as_deref(), target) {
        Ok(program) => Ok(Some(program)),
        Err(error) if arguments.go.is_some() || arguments.clients.contains(&ClientName::Go) => Err(error),
        Err(error) => {
            eprintln!("without Go's client: {error}");
            Ok(None)
        }
    }
}

/// Names with versions, as the lock file has them.
fn versions(clients: &[ClientName], go: Option<&GoProgram>) -> BTreeMap<ClientName, String> {
    #[derive(serde::Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let packages = toml::from_str::<Lock>(LOCK).map(|lock| lock.package).unwrap_or_default();
    let version = |name: &str| {
        let package = packages.iter().find(|package| package.name == name);
        format!("{name} {}", package.map_or("of an unknown version", |package| &package.version))
    };
    let describe = |client: ClientName| match client {
        ClientName::Raw => "raw: a socket".to_owned(),
        ClientName::Ours => "ours".to_owned(),
        ClientName::HyperUtil => format!("{} on {}", version("hyper-util"), version("hyper")),
        ClientName::Reqwest => version("reqwest"),
        ClientName::Ureq => version("ureq"),
        ClientName::Go => go.map_or_else(|| "go".to_owned(), |go| go.version.clone()),
    };
    clients.iter().map(|&client| (client, describe(client))).collect()
}
