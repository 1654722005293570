//! The commands, and what they print.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use clap::{Parser, Subcommand};

use crate::build::{build, default_dest};
use crate::check::{Scope, check};
use crate::error::{Error, Faults};
use crate::exercise::desk;
use crate::preprocess::{self, Lab};
use crate::record::record;
use crate::serve::{self, Site};
use crate::workspace::Workspace;

/// The workbench of "Why Three?": builds the book, serves it on your own machine, and checks that every
/// number in it is what the code prints.
///
/// Without a command it does what `serve` does.
#[derive(Debug, Parser)]
#[command(name = "lab", bin_name = "cargo lab", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the book and serve it on 127.0.0.1 until Ctrl-C.
    Serve(Serve),
    /// Build the book into a directory; its pages open from disk, too.
    Build {
        /// Where to; without it, book/html.
        #[arg(long, value_name = "DIR")]
        dest: Option<PathBuf>,
    },
    /// Run the examples of book/recordings/index.toml and keep what they print.
    Record {
        /// The recordings to make; without any, all of them.
        #[arg(value_name = "EXAMPLE")]
        names: Vec<String>,
    },
    /// Run everything again and look for anything in the book that is not so.
    Check {
        /// Leave out running the examples, which takes the longest.
        #[arg(long)]
        without_runs: bool,
    },
    /// Solve the book's exercises: list, next, check, hint, reset, solution.
    ///
    /// You work in book/exercises/NAME/src/lib.rs. What you have done is kept in .lab, which git ignores.
    Exercise {
        #[command(subcommand)]
        task: Option<desk::Task>,
    },
    /// Speak mdBook's protocol for preprocessors; book/book.toml names this for plain `mdbook`.
    #[command(hide = true)]
    Preprocess {
        #[command(subcommand)]
        question: Option<Question>,
    },
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Answers by its exit code whether a renderer is supported.
    Supports {
        /// The renderer's name.
        renderer: String,
    },
}

#[derive(Debug, Default, clap::Args)]
struct Serve {
    /// The port; 0 is any free one. Without it, 3000 or the next free one.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Open the book in the browser.
    #[arg(long)]
    open: bool,
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being done.
    pub fn run(self) -> Result<(), Error> {
        let task = self.command.unwrap_or(Task::Serve(Serve::default()));
        // Answered before anything else, so that it works without a book.
        if let Task::Preprocess { question: Some(Question::Supports { renderer }) } = &task {
            return match Lab::supports(renderer) {
                true => Ok(()),
                false => Err(Error::Mdbook(format!("the lab's pages are made for html, not for {renderer}"))),
            };
        }
        let workspace = Workspace::find()?;
        match task {
            Task::Serve(options) => serve(&workspace, &options),
            Task::Build { dest } => {
                let dest = match dest {
                    Some(dest) => {
                        std::path::absolute(&dest).map_err(Error::io(format!("no path: {}", dest.display())))?
                    }
                    None => default_dest(&workspace)?,
                };
                let built = build(&workspace, &dest)?;
                say(&format!("The book is in {}", built.dest.join("index.html").display()));
                Ok(())
            }
            Task::Record { names } => record(&workspace, &names, say),
            Task::Check { without_runs } => {
                check(&workspace, Scope { runs: !without_runs }, |looked| say(&looked.to_string()))?;
                say("Everything in the book is so.");
                Ok(())
            }
            Task::Exercise { task } => desk::run(&workspace, task.unwrap_or_default(), say),
            Task::Preprocess { .. } => preprocess::speak(&workspace, std::io::stdin().lock(), std::io::stdout().lock()),
        }
    }
}

fn serve(workspace: &Workspace, options: &Serve) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::io("cannot start a runtime"))?;
    // The port comes first: whoever asked for one that is taken should not wait for a build.
    let listener = runtime.block_on(serve::bind(options.port))?;
    let port = listener.local_addr().map_err(Error::io("cannot tell the port"))?.port();
    if options.port.is_none() && port != serve::FIRST_PORT {
        say(&format!("Port {} is in use.", serve::FIRST_PORT));
    }
    let dest = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    build(workspace, dest.path())?;
    let site = Site::read(dest.path())?;
    drop(dest);
    let url = format!("http://127.0.0.1:{port}");
    runtime.block_on(serve::serve(listener, site, || {
        say(&format!("The book is at {url} (Ctrl-C stops it)"));
        if options.open {
            open(&url);
        }
    }))
}

/// Asks the desktop to show `url`. Where there is none, the reader still has the line above.
fn open(url: &str) {
    let (program, first): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    if let Err(error) = Command::new(program).args(first).arg(url).spawn() {
        say(&format!("No browser was opened ({program}: {error})."));
    }
}

/// Prints a line at once. Nobody listening any more (a closed pipe) is no reason to fail.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// What is printed when a command fails.
pub fn complaint(error: &Error) -> String {
    match error {
        Error::Faults(Faults(faults)) => {
            let lines: Vec<String> = faults.iter().map(|fault| format!("error: {fault}")).collect();
            let count = if faults.len() == 1 { "1 fault".to_owned() } else { format!("{} faults", faults.len()) };
            format!("{}\n{count} in the book", lines.join("\n"))
        }
        other => format!("error: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::error::Fault;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_fault_has_a_line_of_its_own() {
        let faults = Faults(vec![Fault::at("a.md", 1, "odd"), Fault::in_file("b.md", "odd")]);
        assert_eq!(complaint(&faults.into()), "error: a.md:1: odd\nerror: b.md: odd\n2 faults in the book");
    }
}
