//! Everything that can be wrong with the book, looked for in one go.
//!
//! # Layout
//!
//! - [`summary`]: SUMMARY.md and the chapters name each other
//! - [`named`]: the files and examples that chapters name are there
//! - [`questions`]: every question has its key, is asked once, and has its answer at the end
//! - [`guides`]: every page that is taught has its guide
//! - [`replay`]: recordings and pictures are what the examples give today
//! - [`tags`]: the tags of a built page
//! - [`exits`]: every exit has its entry, something that shows it, and a scenario
//! - [`spelling`]: words are spelled right, and things are called by one name
//! - [`links`]: no dead link, no dead anchor, nothing fetched from another host
//! - [`weight`]: no page makes its reader wait
//!
//! What is wrong inside a chapter is found by building it. The printed commands are only listed here;
//! [`commands`](crate::commands) runs them.

pub mod exits;
pub mod guides;
pub mod links;
pub mod named;
pub mod questions;
pub mod replay;
pub mod spelling;
pub mod summary;
pub mod tags;
pub mod weight;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::build::build;
use crate::error::{Error, Fault, Faults};
use crate::exercise::proof::prove;
use crate::expand::Expander;
use crate::gotree::GoTree;
use crate::schedule;
use crate::symbols;
use crate::walk::places;
use crate::workspace::Workspace;

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// What it was, in the plural.
    pub what: &'static str,
    /// How many of them.
    pub count: usize,
    /// How long it took.
    pub took: Duration,
    /// What is wrong with them.
    pub faults: Vec<Fault>,
}

impl std::fmt::Display for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.faults.is_empty() { "ok  " } else { "FAIL" };
        write!(f, "{mark}  {:<22}{:>5}   {:>6.2} s", self.what, self.count, self.took.as_secs_f64())
    }
}

/// What to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// Whether the examples are run again.
    pub runs: bool,
    /// Go trees against which the lines and hashes of their versions are held.
    pub go_trees: Vec<GoTree>,
    /// The documentation of the crates, in which the dictionary's pages are looked for.
    pub docs: Option<PathBuf>,
}

/// Collects what was looked at, and says so at once.
struct Report<F> {
    tell: F,
    faults: Vec<Fault>,
}

impl<F: FnMut(&Looked)> Report<F> {
    /// Takes note of `look`'s result. An error that is no fault of the book ends the check.
    fn look(
        &mut self,
        what: &'static str,
        look: impl FnOnce(&mut Vec<Fault>) -> Result<usize, Error>,
    ) -> Result<bool, Error> {
        let start = Instant::now();
        let mut faults = Vec::new();
        let count = match look(&mut faults) {
            Ok(count) => count,
            Err(Error::Faults(Faults(more))) => {
                faults.extend(more);
                faults.len()
            }
            // mdBook stops at the first thing it refuses; the rest can be looked at all the same.
            Err(error @ Error::Mdbook(_)) => {
                faults.push(Fault::in_file("book", error.to_string()));
                faults.len()
            }
            Err(other) => return Err(other),
        };
        let looked = Looked { what, count, took: start.elapsed(), faults };
        (self.tell)(&looked);
        self.faults.extend(looked.faults.iter().cloned());
        Ok(looked.faults.is_empty())
    }
}

/// Looks at everything in `scope` and tells each result as it comes.
///
/// # Errors
///
/// [`Error::Faults`] with all that is wrong; any other error when something could not be looked at.
pub fn check(workspace: &Workspace, scope: &Scope, tell: impl FnMut(&Looked)) -> Result<(), Error> {
    let mut report = Report { tell, faults: Vec::new() };
    let dest = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    let expander = Expander::load(workspace)?;
    let recordings = expander.recordings();

    report.look("summary entries", |faults| summary::check(workspace, faults))?;
    let mut used = None;
    report.look("chapters", |_| {
        let built = build(workspace, dest.path())?;
        used = Some(built.used);
        Ok(built.used.chapters)
    })?;
    if let Some(used) = used {
        let counts = [
            ("listings", used.includes),
            ("outputs", used.outputs),
            ("values", used.values),
            ("tables", used.tables),
            ("lists of exits", used.exits),
            ("walks shown", used.walks),
            ("pictures shown", used.pictures),
            ("questions asked", used.questions),
            ("exercises shown", used.exercises),
            ("lists of answers", used.answers),
            ("slides", used.slides),
        ];
        for (what, count) in counts {
            report.look(what, |_| Ok(count))?;
        }
    }
    report.look("files and items named", |faults| named::check(workspace, faults))?;
    report.look("questions and keys", |faults| questions::check(workspace, &expander, faults))?;
    report.look("guides", |faults| guides::check(workspace, &expander, faults))?;
    report.look("items of workshops", |faults| schedule::check(workspace, faults))?;
    report.look("words spelled", |faults| spelling::check(workspace, faults))?;
    report.look("recording files", |faults| replay::files(workspace, recordings, faults))?;
    report.look("printed commands", |faults| Ok(crate::commands::promises(workspace, faults)?.len()))?;
    report.look("pictures", |faults| {
        for picture in expander.gallery().list() {
            let drawn = expander.gallery().html(&picture.name, recordings);
            faults.extend(
                drawn.err().map(|what| Fault::in_file("book/pictures.toml", format!("`{}`: {what}", picture.name))),
            );
        }
        Ok(expander.gallery().list().len())
    })?;
    report.look("walks", |faults| {
        let walks = expander.walks().list();
        for walk in walks {
            let ours = walk.markdown(workspace).err();
            faults.extend(
                ours.map(|what| Fault::in_file("book/data/go_places.toml", format!("`{}`: {what}", walk.name))),
            );
        }
        Ok(walks.len())
    })?;
    report.look("names of Go's", |faults| Ok(symbols::paired(workspace, faults)?.len()))?;
    if let Some(docs) = &scope.docs {
        report.look("pages of twins", |faults| symbols::pages(workspace, docs, faults))?;
    }
    for tree in &scope.go_trees {
        report.look("walks in a Go tree", |faults| places::check(workspace, tree, faults))?;
        report.look("names in a Go tree", |faults| symbols::find::check(workspace, tree, faults))?;
    }
    if scope.runs {
        let (mut traces, mut by_number) = (Vec::new(), 0);
        report.look("recordings run again", |faults| {
            replay::outputs(workspace, recordings, &mut traces, &mut by_number, faults)
        })?;
        // Another rustc than the one that was recorded: its words were not compared.
        if by_number > 0 {
            report.look("of them by number only", |_| Ok(by_number))?;
        }
        report.look("pictures drawn again", |faults| replay::pictures(&expander, &traces, faults))?;
        let exercises: Vec<_> = expander.exercises().list().iter().collect();
        report.look("exercises proved", |faults| prove(workspace, &exercises, faults))?;
    }
    if used.is_some() {
        report.look("links", |faults| links::check(dest.path(), faults))?;
        report.look("exits", |faults| exits::check(workspace, dest.path(), recordings, faults))?;
        report.look("pages weighed", |faults| weight::check(dest.path(), faults))?;
    }
    Faults::none(report.faults)?;
    Ok(())
}
