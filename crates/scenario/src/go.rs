//! Real Go as the caller of a scenario.
//!
//! The program lies in this crate's `go` folder and needs nothing but Go's standard library. It is built once per
//! toolchain, gets the caller's steps as JSON, and asks over its standard output for whatever only the origins know.
//!
//! # Layout
//!
//! - [`toolchain`]: which Go there is on this machine, and what it is called
//! - [`build`](mod@build): the program, built with one of them
//! - [`play`](mod@play): one scenario, played by the program

pub mod build;
pub mod play;
pub mod toolchain;

pub use build::build;
pub use play::play;
pub use toolchain::{Search, Toolchain};

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why Go has not played a scenario.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// There is no toolchain to play it with.
    #[error(
        "no Go {wanted}: install one (https://go.dev/dl, or your system's package), or name one with --go PATH or the \
         variable GO; looked at {}",
        tried(looked_at)
    )]
    None {
        /// What was wanted of it: `of version 1.19 to 1.22, for the policy go1.12`.
        wanted: String,
        /// Where it was looked for, and what was there.
        looked_at: Vec<String>,
    },
    /// What was named as Go does not answer like Go.
    #[error("{} is no Go toolchain: {why}", path.display())]
    NotGo {
        /// What was named.
        path: PathBuf,
        /// What it did instead.
        why: String,
    },
    /// The program could not be built.
    #[error("{go} did not build the caller's program:\n{output}")]
    Build {
        /// Which Go.
        go: String,
        /// What it printed.
        output: String,
    },
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The refusal.
        source: io::Error,
    },
    /// The program wrote a line that is neither a question nor an outcome.
    #[error("the Go program wrote a line that means nothing here: {0:?}")]
    Garbage(String),
    /// The program ended without an outcome.
    #[error("the Go program ended ({status}) without an outcome{}", said(stderr))]
    Ended {
        /// Its exit status.
        status: String,
        /// What it wrote on its standard error.
        stderr: String,
    },
    /// The steps did not come to their end in time: the state of things, as [`report`](crate::port::report) tells it.
    #[error("{0}")]
    Stuck(String),
    /// The program did not even say where it hangs.
    #[error("the Go program did not say anything within {0:?}, and was ended")]
    Silent(Duration),
}

impl GoError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> GoError {
        let what = what.into();
        move |source| GoError::Io { what, source }
    }
}

fn tried(looked_at: &[String]) -> String {
    if looked_at.is_empty() { "nothing".to_owned() } else { looked_at.join(", ") }
}

fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!(": {text}"),
    }
}
