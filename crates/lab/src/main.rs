//! `cargo run`: builds the book and serves it. See `cargo lab --help`.

use std::process::ExitCode;

use clap::Parser as _;
use lab::cli::{Cli, complaint};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", complaint(&error));
            ExitCode::FAILURE
        }
    }
}
