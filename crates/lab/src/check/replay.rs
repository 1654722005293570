//! Recordings and pictures are what the examples give today.

use std::collections::BTreeSet;

use crate::diff::diff;
use crate::error::{Error, Fault, Faults};
use crate::expand::Expander;
use crate::gallery::essence;
use crate::record::{Runner, rustc_version};
use crate::recording::{Recording, Recordings, parse_trace};
use crate::workspace::Workspace;

/// Every recording of the index has its files, and there are no others. Returns the number of files.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn files(workspace: &Workspace, recordings: &Recordings, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let dir = workspace.recordings();
    let mut wanted = BTreeSet::from([dir.join("index.toml")]);
    for recording in recordings.list() {
        wanted.insert(recordings.output_path(&recording.name));
        wanted.insert(recordings.meta_path(&recording.name));
        if recording.trace {
            wanted.insert(recordings.trace_path(&recording.name));
        }
    }
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    let mut there = BTreeSet::new();
    for entry in std::fs::read_dir(&dir).map_err(failed())? {
        there.insert(entry.map_err(failed())?.path());
    }
    for path in wanted.difference(&there) {
        faults.push(Fault::in_file(workspace.name_of(path), "is not there; `cargo lab record` makes it"));
    }
    for path in there.difference(&wanted) {
        faults.push(Fault::in_file(workspace.name_of(path), "belongs to no recording of index.toml"));
    }
    Ok(there.len())
}

/// Runs every example again and compares; the new traces are added to `traces` by recording. Where the compiler's words were
/// recorded with another compiler than this one, only the errors' numbers and lines are compared, and `by_number` counts it.
///
/// # Errors
///
/// When cargo cannot be started, or an example does not compile.
pub fn outputs(
    workspace: &Workspace,
    recordings: &Recordings,
    traces: &mut Vec<(String, String)>,
    by_number: &mut usize,
    faults: &mut Vec<Fault>,
) -> Result<usize, Error> {
    let runner = Runner::new(workspace);
    let all: Vec<&Recording> = recordings.list().iter().collect();
    runner.compile(&all)?;
    let rustc = rustc_version();
    for recording in &all {
        let name = &recording.name;
        let fresh = match runner.run(recording) {
            Ok(fresh) => fresh,
            Err(Error::Faults(Faults(more))) => {
                faults.extend(more);
                continue;
            }
            Err(other) => return Err(other),
        };
        let mut compare = |path: std::path::PathBuf, actual: &str, command: String| {
            // A missing file was already told of.
            let Ok(expected) = std::fs::read_to_string(&path) else { return };
            if let Some(difference) = diff(&expected, actual) {
                let what = format!(
                    "`{command}` gives something else now (- recorded, + now); \
                     if that is right, `cargo lab record {name}` records it\n{difference}"
                );
                faults.push(Fault::in_file(workspace.name_of(&path), what));
            }
        };
        let path = recordings.output_path(name);
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        let recorded_with = recordings.meta(name).map(|meta| meta.rustc).unwrap_or_default();
        let other_compiler = recording.compiler && recorded_with != rustc;
        if other_compiler && same_answer(&recorded, &fresh.output) {
            *by_number += 1;
        } else {
            compare(path, &recording.rules().agree(&fresh.output, &recorded), recording.command());
        }
        if let Some(trace) = fresh.trace {
            compare(recordings.trace_path(name), &trace, recording.trace_command());
            traces.push((name.clone(), trace));
        }
    }
    Ok(all.len())
}

/// Whether two compilers refuse the same, in whatever words: the same errors at the same lines, and at least one.
fn same_answer(recorded: &str, fresh: &str) -> bool {
    let errors = essence(recorded);
    !errors.is_empty() && errors == essence(fresh)
}

/// Draws every picture from the new trace and from the recorded one, and compares.
///
/// # Errors
///
/// None: what cannot be drawn is a fault.
pub fn pictures(expander: &Expander, traces: &[(String, String)], faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let mut count = 0;
    for picture in expander.gallery().list() {
        let Some((_, trace)) = traces.iter().find(|(name, _)| *name == picture.recording) else { continue };
        count += 1;
        let fresh = parse_trace(trace).and_then(|records| picture.draw(&records));
        let recorded = expander.recordings().trace(&picture.recording).and_then(|records| picture.draw(&records));
        let what = match (recorded, fresh) {
            (Ok(recorded), Ok(fresh)) if recorded == fresh => continue,
            (Ok(recorded), Ok(fresh)) => {
                let words = diff(&recorded.words.join("\n"), &fresh.words.join("\n"));
                format!("looks different now (- recorded, + now)\n{}", words.unwrap_or_default())
            }
            (Err(what), _) | (_, Err(what)) => what,
        };
        faults.push(Fault::in_file("book/pictures.toml", format!("`{}`: {what}", picture.name)));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_may_say_it_otherwise_and_must_mean_the_same() {
        let recorded = "error[E0382]: use of moved value: `conn`\n --> book/gallery/programs/put_twice.rs:7:28\n";
        let other_words = recorded.replace("use of moved value: `conn`", "`conn` was moved").replace(":7:28", ":7:5");
        assert!(same_answer(recorded, &other_words));
        assert!(!same_answer(recorded, &recorded.replace("E0382", "E0505")));
        assert!(!same_answer(recorded, &recorded.replace(":7:28", ":6:28")));
        assert!(!same_answer(recorded, "put_twice: compiles\n"));
        assert!(!same_answer("nothing was recorded\n", "put_twice: compiles\n"));
    }
}
