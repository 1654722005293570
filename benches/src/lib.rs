//! What a request costs.
//!
//! # Layout
//!
//! - [`compare`](mod@compare): this client and others, side by side (`--bin compare`)
//! - [`steady`](mod@steady): figures that do not depend on the machine, and the lines that they must not cross
//!   (`--bin steady`, and a test)
//! - [`bench`](mod@bench): a client and an origin over TCP, for the benches of the doors
//! - [`memory`](mod@memory): connections in memory, for the benches of the pieces
//! - [`program`](mod@program): child processes

pub mod bench;
pub mod compare;
pub mod memory;
pub mod program;
pub mod steady;

pub use bench::Bench;
