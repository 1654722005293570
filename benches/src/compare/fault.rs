//! What can go wrong in a run.

use std::io;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A request failed.
    #[error("{0}")]
    Request(String),
    /// A request was answered with something else than what was asked for.
    #[error("status {status} and {length} bytes, where 200 and {expected} were expected")]
    Answer {
        /// Of the answer.
        status: u16,
        /// Of the answer's body, in bytes.
        length: u64,
        /// What it should have been, in bytes.
        expected: u64,
    },
    /// The machine refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// What came through a pipe or a file is not what it should be.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A child process did not do what it was told.
    #[error("{program}: {what}")]
    Program {
        /// Which one.
        program: String,
        /// What it said, or did.
        what: String,
    },
    /// This client cannot do what was asked, and why.
    #[error("{0}")]
    Cannot(&'static str),
}

impl Fault {
    /// A client's own error.
    pub(crate) fn request(error: impl std::error::Error) -> Self {
        // The outermost text of some clients says only that something failed.
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Fault::Request(text)
    }
}
