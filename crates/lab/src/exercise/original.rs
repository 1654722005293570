//! `src/lib.rs` as it was before the reader came.
//!
//! Git knows it. Where there is no git (a downloaded archive), the lab keeps a copy at its first command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::exercise::{Exercise, Exercises};
use crate::workspace::Workspace;

/// Keeps copies of what git does not know.
///
/// # Errors
///
/// When a copy cannot be written.
pub fn keep(workspace: &Workspace, exercises: &Exercises) -> Result<(), Error> {
    let missing: Vec<_> = exercises.list().iter().filter(|exercise| !kept(workspace, exercise).exists()).collect();
    if missing.is_empty() || committed(workspace, &workspace.exercises()).is_some() {
        return Ok(());
    }
    for exercise in missing {
        let copy = kept(workspace, exercise);
        let dir = copy.parent().expect("the path was joined from a directory and a name");
        std::fs::create_dir_all(dir).map_err(Error::io(format!("cannot make {}", dir.display())))?;
        Error::write(&copy, &Error::read(&exercise.source())?)?;
    }
    Ok(())
}

/// The unsolved source: as committed, else as kept. `None` when nobody remembers.
pub fn original(workspace: &Workspace, exercise: &Exercise) -> Option<String> {
    committed(workspace, &exercise.source()).or_else(|| std::fs::read_to_string(kept(workspace, exercise)).ok())
}

fn kept(workspace: &Workspace, exercise: &Exercise) -> PathBuf {
    workspace.desk().join("unsolved").join(format!("{}.rs", exercise.name))
}

/// What git's last commit has at `path`: a file's text, or the names in a directory.
fn committed(workspace: &Workspace, path: &Path) -> Option<String> {
    let output = Command::new("git")
        .args(["show", &format!("HEAD:./{}", workspace.name_of(path))])
        .current_dir(workspace.root())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten()
}
