//! What the chapters' programs stand on: a stage that counts, and the table of chapter 2.
//!
//! A program of a chapter runs on a [`Stage`]: real sockets on a tokio thread of its own, or the stepper with a seed.
//! The program is the same, and so are the loops below it.
//!
//! # Layout
//!
//! - [`stage`]: where a program runs, and how it counts
//! - [`matrix`]: chapter 2: read or not, close or not, and their relatives
//! - [`chain`]: chapter 3: how often each function of the call chain runs
//! - [`endings`]: chapter 4: which of a connection's two loops ends first
//! - [`lines`]: chapter 13: readers of lines, one of which loses bytes
//! - [`relay`]: lab C: an HTTP and a SOCKS proxy on a thread of their own
//! - [`retries`]: lab D: which requests are sent again when their connection dies
//! - [`polls`]: lab E: how often each task is polled while a request lives
//! - [`queue`]: lab F: a queue that passes its tests, and what is wrong with it

pub mod chain;
pub mod endings;
pub mod lines;
pub mod matrix;
pub mod polls;
pub mod queue;
pub mod relay;
pub mod retries;
pub mod stage;

pub use stage::{Origin, Outcome, Settled, Stage};
