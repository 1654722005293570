//! Scenarios: small files that say what a server does and what a caller does, and that this port and real Go run alike.
//!
//! The server side is always this house's own ([`Host`]), for both. What the caller does is worked out once
//! ([`Caller`]) and then done twice: by this port, in this process, and by a Go program that is handed the same list as JSON.
//! Each gives an [`Outcome`], and two outcomes can be compared field by field.
//!
//! # Layout
//!
//! - [`scenario`](mod@scenario): a scenario as it is understood: origins, settings, and the caller's steps, worked out
//! - [`keys`]: every key that a file may have
//! - [`schema`](mod@schema): the same as a JSON schema, and as the book's reference
//! - [`parse`]: from a file to a scenario
//! - [`server`]: what an origin does
//! - [`caller`]: what the caller does, as both sides are told
//! - [`outcome`]: what came of it
//! - [`host`]: the origins of a run, and what a caller may ask of them
//! - `numbering`: the names of connections
//! - [`port`]: this port as the caller
//! - [`show`]: an outcome for a person to read
//! - [`go`]: real Go as the caller
//! - [`recording`]: what real Go did, as it lies beside a scenario
//! - [`compare`](mod@compare): two sides, field by field
//! - [`differences`]: differences that are meant in many scenarios at once
//! - [`table`](mod@table): differences, side by side
//! - [`collection`]: the scenarios that a command is about
//! - [`judge`](mod@judge): whether this port does what Go does
//! - [`fuzz`]: random scenarios, played by both sides

pub mod caller;
pub mod collection;
pub mod compare;
pub mod differences;
pub mod fuzz;
pub mod go;
pub mod host;
pub mod judge;
pub mod keys;
mod numbering;
pub mod outcome;
pub mod parse;
pub mod port;
pub mod recording;
pub mod scenario;
pub mod schema;
pub mod server;
pub mod show;
pub mod table;

pub use caller::{Caller, Normalised};
pub use host::{Answer, Ask, Host};
pub use outcome::Outcome;
pub use parse::Broken;
pub use port::{Run, RunError, run};
pub use scenario::{Policy, Scenario};
