//! The arguments of `compare`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::compare::order::ClientName;
use crate::compare::workload::WORKLOADS;

/// Measures this client and others side by side, against one server process of its own.
///
/// Each client runs in a process of its own, so CPU time, allocations and heap are its alone. The order of the clients
/// changes from round to round. The tables go to standard output, progress to standard error.
#[derive(Debug, Parser)]
#[command(name = "compare", args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Two short rounds and fewer idle connections: all is done in less than two minutes
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write all figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// How many rounds [default: 5, or 2 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) rounds: Option<u16>,
    /// Only these workloads: their letters or names, separated by commas
    #[arg(long, value_name = "a,b,…", value_delimiter = ',', value_parser = workload)]
    pub(crate) only: Vec<String>,
    /// Only these clients, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    pub(crate) clients: Vec<ClientName>,
    /// The Go toolchain [default: the variable GO, or go in the path]
    #[arg(long, value_name = "PATH")]
    pub(crate) go: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What this program does when it has started itself.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// The server
    #[command(hide = true)]
    Serve {
        /// Where the certificate is written
        dir: PathBuf,
    },
    /// One run of one client
    #[command(hide = true)]
    Run {
        /// An order, as JSON
        order: String,
    },
}

/// Accepts a workload's name or letter.
fn workload(text: &str) -> Result<String, String> {
    if WORKLOADS.iter().any(|workload| wanted(workload.id, text)) {
        return Ok(text.to_owned());
    }
    let known: Vec<_> = WORKLOADS.iter().map(|workload| workload.id).collect();
    Err(format!("there are {}, or their letters", known.join(", ")))
}

/// Whether `text` names the workload `id`, by itself or with others of its letter.
pub(crate) fn wanted(id: &str, text: &str) -> bool {
    id == text || id.split('-').next() == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: &[&str]) -> String {
        Arguments::try_parse_from([&["compare"], arguments].concat()).expect_err("refused").to_string()
    }

    #[test]
    fn a_letter_stands_for_all_its_workloads() {
        let arguments = Arguments::try_parse_from(["compare", "--only", "a,b-multi"]).unwrap();
        let chosen = |id| arguments.only.iter().any(|text| wanted(id, text));
        assert!(chosen("a-one-cpu") && chosen("a-multi") && chosen("b-multi"));
        assert!(!chosen("b-current") && !chosen("c"));
    }

    #[test]
    fn bad_arguments_say_what_is_wrong() {
        assert!(refused(&["--only", "z"]).contains("there are a-one-cpu, a-multi"));
        assert!(refused(&["--clients", "curl"]).contains("possible values: raw, ours, hyper-util, reqwest, ureq, go"));
        assert!(refused(&["--rounds", "0"]).contains("0 is not in 1.."));
        assert!(refused(&["--fast"]).contains("unexpected argument '--fast'"));
    }
}
