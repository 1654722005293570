//! Every exit has its entry in the book and something that takes it. (Its scenario is a matter of the entry, see
//! [`shown`](crate::exits::shown).)

use std::collections::HashSet;
use std::path::Path;

use httptrace::{Event, Exit};

use crate::check::tags::tags;
use crate::error::{Error, Fault};
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// The page with the list of exits.
const PAGE: &str = "exits.html";

/// Looks for each exit in the built book under `dest`, and in the recorded traces and the tests. Returns the number of
/// exits; a repository without the port has none.
///
/// # Errors
///
/// When a file cannot be read.
pub fn check(
    workspace: &Workspace,
    dest: &Path,
    recordings: &Recordings,
    faults: &mut Vec<Fault>,
) -> Result<usize, Error> {
    let crates = workspace.root().join("crates");
    if !crates.join("httptrace").is_dir() {
        return Ok(0);
    }
    let page = dest.join(PAGE);
    let html = if page.is_file() { Error::read(&page)? } else { String::new() };
    let entries: HashSet<String> = tags(&html).iter().filter_map(|tag| Some(tag.get("id")?.to_owned())).collect();
    let recorded = recorded(recordings);
    let mut tests = String::new();
    read_all(&crates, ".rs", &|path| path.components().any(|part| part.as_os_str() == "tests"), &mut tests)?;
    for exit in Exit::ALL {
        let id = exit.id();
        if !entries.contains(&id.to_ascii_lowercase()) {
            faults.push(Fault::in_file(format!("built page {PAGE}"), format!("has no entry for the exit {id}")));
        }
        if !recorded.contains(exit) && !names(&tests, &format!("Exit::{exit:?}")) {
            faults.push(Fault::in_file("crates", format!("no recorded trace and no test takes the exit {id}")));
        }
    }
    Ok(Exit::ALL.len())
}

/// The exits in recorded traces. A trace that cannot be read is told of elsewhere.
fn recorded(recordings: &Recordings) -> HashSet<Exit> {
    let traces = recordings.list().iter().filter_map(|recording| recordings.trace(&recording.name).ok()).flatten();
    traces
        .filter_map(|record| match record.event {
            Event::Exit { id } => Some(id),
            _ => None,
        })
        .collect()
}

/// Whether `text` has `name` as a whole word: `Exit::Written` is not in `Exit::WrittenTwice`.
fn names(text: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| ends(&text[at + name.len()..]))
}

fn read_all(dir: &Path, ending: &str, wanted: &dyn Fn(&Path) -> bool, all: &mut String) -> Result<(), Error> {
    each(dir, ending, &mut |path| {
        if wanted(path) {
            all.push_str(&Error::read(path)?);
        }
        Ok(())
    })
}

/// Visits every file under `dir` whose name ends so.
fn each(dir: &Path, ending: &str, visit: &mut dyn FnMut(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            each(&path, ending, visit)?;
        } else if path.to_string_lossy().ends_with(ending) {
            visit(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_another_name() {
        assert!(names("Some(Exit::Written)", "Exit::Written"));
        assert!(!names("Exit::WrittenTwice, Exit::Written_", "Exit::Written"));
    }
}
