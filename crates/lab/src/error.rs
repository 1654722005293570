//! What can go wrong in the lab, in words for the person at the terminal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One thing that is wrong with the book, and where.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fault {
    /// The file, relative to the root of the repository: `book/src/preface.md`.
    pub file: String,
    /// The line in it, from 1, where one can be named.
    pub line: Option<usize>,
    /// What is wrong, and what was expected.
    pub what: String,
}

impl Fault {
    /// A fault of a whole file.
    pub fn in_file(file: impl Into<String>, what: impl Into<String>) -> Self {
        Fault { file: file.into(), line: None, what: what.into() }
    }

    /// A fault at a line, counted from 1.
    pub fn at(file: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Fault { file: file.into(), line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Everything that is wrong, in the order in which it was found. A reader mends all of it in one go.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Nothing wrong is `Ok`.
    ///
    /// # Errors
    ///
    /// When `faults` is not empty.
    pub fn none(faults: Vec<Fault>) -> Result<(), Faults> {
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "1 fault")?,
            n => write!(f, "{n} faults")?,
        }
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

/// Why a command of the lab failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository of the book around the current directory.
    #[error(
        "no book here: neither {0} nor a directory above it has a Cargo.toml with [workspace] and a book/book.toml"
    )]
    NoWorkspace(PathBuf),
    /// The port that was asked for is taken.
    #[error("port {0} on 127.0.0.1 is in use; choose another with --port, or none and the lab finds one")]
    PortInUse(u16),
    /// All the ports that are tried without `--port` are taken.
    #[error("ports {0} to {1} on 127.0.0.1 are all in use; choose another with --port")]
    NoFreePort(u16, u16),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the path.
        what: String,
        /// The refusal.
        source: io::Error,
    },
    /// The book is not as it must be.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// mdBook refused the book.
    #[error("mdBook: {0}")]
    Mdbook(String),
    /// A Go tree that was named is none, or another one.
    #[error("{0}")]
    GoTree(String),
    /// Scenarios that could not be read or run, each with what is wrong.
    #[error("{}", .0.join("\nerror: "))]
    Scenarios(Vec<String>),
    /// There is no recording of this name to make.
    #[error("no example `{0}` in book/recordings/index.toml; it lists: {1}")]
    NotInIndex(String, String),
    /// A command about the exercises cannot be done.
    #[error("{0}")]
    Exercise(String),
    /// The compiler cannot be asked about a program of the gallery.
    #[error("{0}")]
    Gallery(String),
    /// The repository cannot be cloned.
    #[error("cannot make a clean clone: {0}")]
    Clone(String),
    /// This machine lacks something.
    #[error("{} missing", if *.0 == 1 { "one thing that is needed is".to_owned() } else { format!("{} things that are needed are", .0) })]
    Doctor(usize),
    /// Not all that a workshop builds could be built: what, each.
    #[error("not everything is built: {}", .0.join("; "))]
    Prepare(Vec<String>),
    /// The bundle cannot be made.
    #[error("cannot make the bundle: {0}")]
    Bundle(String),
    /// The tests of an exercise do not pass.
    #[error("{name} is not solved: {what}\n{more}")]
    NotSolved {
        /// The exercise.
        name: String,
        /// What the tests did.
        what: String,
        /// What help there is.
        more: String,
    },
}

impl Error {
    /// Says what was tried, for use with `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    /// Reads a text file, with its path in the error.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<String, Error> {
        std::fs::read_to_string(path).map_err(Error::io(format!("cannot read {}", path.display())))
    }

    /// Writes a file, with its path in the error.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(path: &Path, text: &str) -> Result<(), Error> {
        std::fs::write(path, text).map_err(Error::io(format!("cannot write {}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_like_a_compiler_message() {
        let faults = Faults(vec![Fault::at("book/src/a.md", 3, "odd"), Fault::in_file("book/b.toml", "gone")]);
        assert_eq!(faults.to_string(), "2 faults\n  book/src/a.md:3: odd\n  book/b.toml: gone");
    }
}
