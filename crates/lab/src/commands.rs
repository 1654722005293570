//! The commands that README.md and the book print, and whether they do what the text says.
//!
//! A printed command is a promise. Each is run as it stands, in a clean clone, or `book/commands.toml` says why not
//! and which part of `.ci/run` runs it instead.
//!
//! # Layout
//!
//! - [`printed`]: finds the commands in a text
//! - [`classes`]: `book/commands.toml`, for those that are not simply run
//! - [`parts`]: what the parts of `.ci/run` run
//! - [`shell`]: one command in a shell, to its end or until it serves
//! - [`clone`]: runs all of them in a clean clone

pub mod classes;
pub mod clone;
pub mod parts;
pub mod printed;
pub mod shell;

use crate::bundle;
use crate::commands::classes::{Class, Classes, How};
use crate::commands::parts::Parts;
use crate::commands::printed::{Place, markdown};
use crate::error::{Error, Fault};
use crate::expand::{Expander, Used};
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// What a command must print.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Anything; the text shows no output.
    Anything,
    /// The lines after it in its `console` block.
    Lines(String),
    /// The output of the recording of this name, which was made by the same command.
    Recording(String),
}

/// A command with all its places and what is done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promise {
    /// As it is printed.
    pub command: String,
    /// Where; never empty.
    pub places: Vec<Place>,
    /// What it must print.
    pub expected: Expected,
    /// Its class; without one it is run and must end well.
    pub class: Option<Class>,
}

impl Promise {
    /// A fault at the first place.
    fn fault(&self, what: impl std::fmt::Display) -> Fault {
        let Place { file, line } = &self.places[0];
        Fault::at(file, *line, format!("`{}`: {what}", self.command))
    }

    /// How it is tried: in one or two words, for lists.
    pub fn how(&self) -> String {
        match self.class.as_ref().map(|class| &class.how) {
            None => "runs".to_owned(),
            Some(How::Serves { .. }) => "serves".to_owned(),
            Some(How::Refuses { .. }) => "refuses".to_owned(),
            Some(How::Elsewhere { part, .. }) => format!("part \"{part}\""),
            Some(How::ByHand) => "by hand".to_owned(),
        }
    }

    /// Whether `--run` starts it.
    pub fn runs_here(&self) -> bool {
        match self.class.as_ref().map(|class| &class.how) {
            None | Some(How::Serves { .. } | How::Refuses { .. }) => true,
            Some(How::Elsewhere { .. } | How::ByHand) => false,
        }
    }

    /// The first place, and how many more there are.
    fn place(&self) -> String {
        let Place { file, line } = &self.places[0];
        match self.places.len() - 1 {
            0 => format!("{file}:{line}"),
            more => format!("{file}:{line} and {more} more"),
        }
    }
}

/// All printed commands in the order of their first places. What is wrong with them, as far as that can be seen
/// without a run, is added to `faults`.
///
/// # Errors
///
/// When a file cannot be read.
pub fn promises(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<Vec<Promise>, Error> {
    let classes = Classes::load(workspace)?;
    let parts = Parts::load(workspace)?;
    let expander = Expander::load(workspace)?;
    let mut found = Vec::new();
    for path in texts(workspace)? {
        let text = Error::read(&path)?;
        let file = workspace.name_of(&path);
        // A chapter is read as it is shown: directives print commands, too.
        let lines = text.lines().enumerate().map(|(i, line)| match path.starts_with(workspace.src()) {
            // What cannot be put in place is a fault of the build.
            true => (i + 1, expander.line(line, &mut Used::default()).unwrap_or_default()),
            false => (i + 1, line.to_owned()),
        });
        found.extend(markdown(&file, lines));
    }
    let mut promises: Vec<Promise> = Vec::new();
    for printed in found {
        let expected = expected(expander.recordings(), &printed.command, printed.output);
        match promises.iter_mut().find(|promise| promise.command == printed.command) {
            Some(promise) => {
                if promise.expected == Expected::Anything {
                    promise.expected = expected;
                } else if expected != Expected::Anything && expected != promise.expected {
                    let Place { file, line } = &printed.place;
                    let what = format!("`{}` has another output here than at {}", printed.command, promise.place());
                    faults.push(Fault::at(file, *line, what));
                }
                promise.places.push(printed.place);
            }
            None => {
                let class = classes.of(&printed.command).cloned();
                promises.push(Promise { command: printed.command, places: vec![printed.place], expected, class });
            }
        }
    }
    classes.check(&promises.iter().map(|promise| promise.command.as_str()).collect::<Vec<_>>(), faults);
    for promise in &promises {
        if let Some(Class { how: How::Elsewhere { part, by }, .. }) = &promise.class {
            let wanted = by.as_deref().unwrap_or(&promise.command);
            faults.extend(parts.runs(part, wanted).err().map(|what| promise.fault(what)));
        }
    }
    Ok(promises)
}

/// README.md and the classroom's page where there are any, and every page of the book.
fn texts(workspace: &Workspace) -> Result<Vec<std::path::PathBuf>, Error> {
    let src = workspace.src();
    let entries = std::fs::read_dir(&src).map_err(Error::io(format!("cannot read {}", src.display())))?;
    let mut pages: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let beside = ["README.md", bundle::CLASSROOM].map(|file| workspace.root().join(file));
    Ok(beside.into_iter().filter(|path| path.is_file()).chain(pages).collect())
}

fn expected(recordings: &Recordings, command: &str, output: Option<String>) -> Expected {
    let recorded = recordings.list().iter().find(|recording| recording.command() == command);
    match (recorded, output) {
        (_, Some(lines)) => Expected::Lines(lines),
        (Some(recording), None) => Expected::Recording(recording.name.clone()),
        (None, None) => Expected::Anything,
    }
}

/// Tells every command, what is done about it, and where it is printed.
///
/// # Errors
///
/// When a file cannot be read; [`Error::Faults`] with what is wrong.
pub fn list(workspace: &Workspace, mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let mut faults = Vec::new();
    let promises = promises(workspace, &mut faults)?;
    for promise in &promises {
        tell(&format!("{:<36}  {}\n{:<36}  {}", promise.how(), promise.command, "", promise.place()));
    }
    tell(&tally(promises.iter()));
    crate::error::Faults::none(faults)?;
    Ok(())
}

/// How many commands there are of each sort.
fn tally<'a>(promises: impl Iterator<Item = &'a Promise>) -> String {
    let promises: Vec<_> = promises.collect();
    let is_by_hand = |promise: &Promise| matches!(promise.class, Some(Class { how: How::ByHand, .. }));
    let by_hand = promises.iter().filter(|promise| is_by_hand(promise)).count();
    let here = promises.iter().filter(|promise| promise.runs_here()).count();
    let places: usize = promises.iter().map(|promise| promise.places.len()).sum();
    format!(
        "{} commands at {places} places: {here} run in a clean clone, {} in other parts of .ci/run, {by_hand} by hand",
        promises.len(),
        promises.len() - here - by_hand,
    )
}
