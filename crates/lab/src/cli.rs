//! The commands, and what they print.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Parser, Subcommand};

use crate::build::{build, default_dest};
use crate::bundle;
use crate::check::{Scope, check, spelling};
use crate::commands::clone::Choice;
use crate::doctor;
use crate::error::{Error, Faults};
use crate::exercise::desk;
use crate::fuzz::{Fuzz, fuzz};
use crate::gallery;
use crate::gotree::GoTree;
use crate::preprocess::{self, Lab};
use crate::record::record;
use crate::runner::list::Runs;
use crate::scenarios::{Run, run};
use crate::schedule::{self, plan::Which};
use crate::serve::{self, Site};
use crate::symbols::find;
use crate::walk::Walks;
use crate::with_go::{Diff, Go, diff, go};
use crate::workspace::Workspace;
use crate::zipped;

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
        /// Into one file instead, to take along; without a name, book/why-three.zip.
        #[arg(long, value_name = "FILE", conflicts_with = "dest")]
        zip: Option<Option<PathBuf>>,
    },
    /// Look what this machine has for the book, what it lacks, and what that costs.
    Doctor {
        /// Then build all that a workshop's commands build: the examples, the exercises, the gallery.
        #[arg(long)]
        prepare: bool,
    },
    /// Pack all that a classroom without a network needs: the sources, their crates and the built book.
    Bundle {
        /// Where to; without it, why-three.tar.gz beside what Cargo builds.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the workshops with their clock, or what to cut when one is late.
    Schedule {
        /// Which one; without it, both.
        which: Option<Which>,
        /// How many minutes are missing.
        #[arg(long, value_name = "MINUTES", default_value_t = 0, requires = "which")]
        late: u32,
        /// The page that is about to begin: what is over cannot be cut.
        #[arg(long, value_name = "PAGE", requires = "late")]
        at: Option<String>,
    },
    /// List the commands that README.md and the book print, and what is done about each.
    Commands {
        /// Run them in a clean clone of the last commit, and compare what they print.
        #[arg(long)]
        run: bool,
        /// Where Cargo builds for the clone; without it, target/commands.
        #[arg(long, value_name = "DIR", requires = "run")]
        target_dir: Option<PathBuf>,
        /// Run only those with this text in them.
        #[arg(long, value_name = "TEXT", requires = "run")]
        only: Option<String>,
        /// Run only those that this file prints: book/src/guide.md.
        #[arg(long, value_name = "FILE", requires = "run")]
        page: Option<String>,
        /// Run them here instead of in a clone: a bundle is none.
        #[arg(long, requires = "run")]
        here: bool,
    },
    /// Run the examples and commands of book/recordings/index.toml and keep what they print.
    Record {
        /// The recordings to make; without any, all of them.
        #[arg(value_name = "EXAMPLE")]
        names: Vec<String>,
    },
    /// Run scenarios in this port and print what came of them.
    Run(Run),
    /// Play scenarios with real Go and print what came of them.
    Go(Go),
    /// Compare this port with what real Go does in scenarios.
    Diff(Diff),
    /// Make up random scenarios and compare this port with real Go in each.
    Fuzz(Fuzz),
    /// Run everything again and look for anything in the book that is not so.
    Check {
        /// Leave out running the examples, which takes the longest.
        #[arg(long)]
        without_runs: bool,
        /// Hold the lines and hashes of Go's places against this tree, too: a directory with Go's src, or VERSION=DIR.
        #[arg(long, value_name = "DIR")]
        go_tree: Vec<String>,
        /// Look for the dictionary's pages in the documentation that `cargo doc` has made here.
        #[arg(long, value_name = "DIR")]
        docs: Option<PathBuf>,
    },
    /// Look up Go's names, as the documentation gives them, in a Go tree, and write their lines into
    /// book/data/go_symbols.toml.
    Symbols {
        /// A directory with Go's src, or VERSION=DIR where it does not say its version.
        #[arg(long, value_name = "DIR")]
        go_tree: String,
        /// The version that the tree must have.
        #[arg(long, value_name = "V")]
        version: Option<String>,
    },
    /// Solve the book's exercises: list, next, check, hint, reset, solution.
    ///
    /// You work in book/exercises/NAME/src/lib.rs. What you have done is kept in .lab, which git ignores.
    Exercise {
        #[command(subcommand)]
        task: Option<desk::Task>,
    },
    /// Say which programs of book/gallery compile; of one alone, what the compiler says.
    Gallery {
        /// The programs, without `.rs`; without any, all of them.
        #[arg(value_name = "PROGRAM")]
        names: Vec<String>,
    },
    /// Compare the words of the book with book/words.txt.
    Words {
        /// Make the list anew: what is in the book now is right.
        #[arg(long)]
        write: bool,
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
    /// A directory with Go's src, or VERSION=DIR, whose lines are shown beside ours. Without it, GOROOT or the Go on the
    /// path. May be given for several versions.
    #[arg(long, value_name = "DIR")]
    go_tree: Vec<String>,
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
            Task::Build { zip: Some(file), .. } => {
                let file = match file {
                    Some(file) => absolute(&file)?,
                    None => zipped::default_file(&workspace)?,
                };
                let made = zipped::pack(&workspace, &file)?;
                say(&format!("The book is in {}; unpack it and open {}/index.html", made.path.display(), made.folder));
                Ok(())
            }
            Task::Build { dest, zip: None } => {
                let dest = match dest {
                    Some(dest) => absolute(&dest)?,
                    None => default_dest(&workspace)?,
                };
                let built = build(&workspace, &dest)?;
                say(&format!("The book is in {}", built.dest.join("index.html").display()));
                Ok(())
            }
            Task::Doctor { prepare } => {
                doctor::examine(&doctor::Patient::here(&workspace), say)?;
                if prepare {
                    return doctor::prepare::prepare(&workspace, say);
                }
                say("`cargo run -- doctor --prepare` builds ahead all that a workshop builds.");
                Ok(())
            }
            Task::Bundle { file } => {
                let file = match file {
                    Some(file) => absolute(&file)?,
                    None => bundle::default_file(&workspace)?,
                };
                let made = bundle::bundle(&workspace, &file, say)?;
                let size = made.size as f64 / 1e6;
                say(&format!("{} has {size:.0} MB, with {} crates of others", made.path.display(), made.crates));
                say(&format!("`tar -xzf` unpacks it into {}; CLASSROOM.md there says how to begin", made.folder));
                Ok(())
            }
            Task::Schedule { which, late, at } => {
                schedule::schedule(&workspace, &schedule::Wanted { which, late, at }, say)
            }
            Task::Commands { run: false, .. } => crate::commands::list(&workspace, say),
            Task::Commands { run: true, target_dir, only, page, here } => {
                let dir = target_dir.unwrap_or_else(|| workspace.root().join("target/commands"));
                let dir = std::path::absolute(&dir).map_err(Error::io(format!("no path: {}", dir.display())))?;
                let choice = Choice { only: only.unwrap_or_default(), page, here };
                crate::commands::clone::run(&workspace, &dir, &choice, say)
            }
            Task::Record { names } => record(&workspace, &names, say),
            Task::Check { without_runs, go_tree, docs } => {
                let scope = Scope { runs: !without_runs, go_trees: trees(&go_tree)?, docs };
                check(&workspace, &scope, |looked| say(&looked.to_string()))?;
                say("Everything in the book is so.");
                Ok(())
            }
            Task::Exercise { task } => desk::run(&workspace, task.unwrap_or_default(), say),
            Task::Gallery { names } => {
                say(gallery::show(&workspace, &names)?.trim_end());
                Ok(())
            }
            Task::Symbols { go_tree, version } => symbols(&workspace, &go_tree, version.as_deref()),
            Task::Words { write } => {
                let words = spelling::words(&workspace, write)?;
                for (mark, list) in [("+", &words.new), ("-", &words.old)] {
                    list.iter().for_each(|word| say(&format!("{mark} {word}")));
                }
                let (new, old) = (words.new.len(), words.old.len());
                let done = if write { "book/words.txt is as the book now" } else { "`--write` makes the list so" };
                say(&format!("{new} new, {old} no longer used; {done}"));
                Ok(())
            }
            Task::Run(options) => run(&options, |text| say(text.trim_end())),
            Task::Go(options) => go(&workspace, &options, |text| say(text.trim_end())),
            Task::Diff(options) => diff(&workspace, &options, |text| say(text.trim_end())),
            Task::Fuzz(options) => fuzz(&workspace, &options, |text| say(text.trim_end())),
            Task::Preprocess { .. } => preprocess::speak(&workspace, std::io::stdin().lock(), std::io::stdout().lock()),
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::io(format!("no path: {}", path.display())))
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
    let trees = match options.go_tree.is_empty() {
        true => GoTree::of_the_environment().into_iter().collect(),
        false => trees(&options.go_tree)?,
    };
    let dest = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    build(workspace, dest.path())?;
    let mut site = Site::read(dest.path())?;
    drop(dest);
    site.show_go(&Walks::load(workspace)?, &trees);
    let url = format!("http://127.0.0.1:{port}");
    let runs = Runs::of_the_book(workspace)?;
    runtime.block_on(serve::serve(listener, site, runs, || {
        say(&format!("The book is at {url} (Ctrl-C stops it)"));
        if !trees.is_empty() {
            let versions: Vec<_> = trees.iter().map(GoTree::version).collect();
            say(&format!("Go's own lines in it are those of your Go {}.", versions.join(" and ")));
        }
        if options.open {
            open(&url);
        }
    }))
}

fn symbols(workspace: &Workspace, go_tree: &str, version: Option<&str>) -> Result<(), Error> {
    let tree = GoTree::open(go_tree).map_err(Error::GoTree)?;
    if let Some(wanted) = version.filter(|wanted| *wanted != tree.version()) {
        return Err(Error::GoTree(format!("`{go_tree}` is Go {}, not {wanted}", tree.version())));
    }
    let written = find::write(workspace, &tree)?;
    say(&format!("{} names, {} of them not in Go {}", written.symbols, written.absent, tree.version()));
    Ok(())
}

fn trees(given: &[String]) -> Result<Vec<GoTree>, Error> {
    given.iter().map(|given| GoTree::open(given).map_err(Error::GoTree)).collect()
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
