//! Figures that do not depend on how busy the machine is, and the lines that they must not cross.
//!
//! Allocations and heap are the same in each build, so a test looks at them (`tests/steady.rs`). Instructions and system
//! calls need a release build and the programs valgrind and strace: `cargo run --release -p benches --bin steady`.
//!
//! # Layout
//!
//! - [`lines`]: the lines, from `data/steady.toml`
//! - [`profilers`]: valgrind and strace over the program `small_gets`

pub mod lines;
pub mod profilers;

use crate::compare::child::{Count, run};
use crate::compare::fault::Fault;
use crate::compare::order::{Ask, ClientName, Look, Measured, Order};
use crate::program::Server;

/// Idle connections whose heap is measured.
const IDLE: usize = 200;

/// Requests whose allocations are counted.
const REQUESTS: usize = 1000;

/// Allocations per small GET on a kept connection, in this process. Nothing else may run in it.
///
/// # Errors
///
/// When a request fails.
pub fn allocations(server: &Server, count: Count) -> Result<f64, Fault> {
    look(server, Look::Allocations { requests: REQUESTS }, count)
}

/// Bytes of live heap per idle connection, in this process. Nothing else may run in it.
///
/// # Errors
///
/// When a request fails.
pub fn heap(server: &Server, count: Count) -> Result<f64, Fault> {
    look(server, Look::Heap, count)
}

fn look(server: &Server, look: Look, count: Count) -> Result<f64, Fault> {
    let order = Order {
        client: ClientName::Ours,
        ask: Ask::Small,
        addr: server.address().plain.clone(),
        certificate: None,
        concurrency: 1,
        threads: 1,
        idle: if look == Look::Heap { IDLE } else { 0 },
        look,
    };
    match run(&order, Some(count))? {
        Measured::Allocations(figure) | Measured::Heap(figure) => Ok(figure),
        Measured::Time(_) => Err(Fault::Cannot("a count was asked for, not a time")),
    }
}
