//! Runs the printed commands in a clean clone: what is not committed is not there, as it is for a reader.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::commands::classes::How;
use crate::commands::shell::{LIMIT, Shell, Stopped};
use crate::commands::{Expected, Promise, promises, tally};
use crate::diff::diff;
use crate::error::{Error, Fault, Faults};
use crate::normalise::{Rules, normalise};
use crate::record::tail;
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// Which of the commands to run, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// Only those with this text in them.
    pub only: String,
    /// Only those that are printed in this file, named from the root: `book/src/guide.md`.
    pub page: Option<String>,
    /// In this folder instead of a clone, which a bundle is not.
    pub here: bool,
}

impl Choice {
    fn has(&self, promise: &Promise) -> bool {
        let on_page = |page: &String| promise.places.iter().any(|place| place.file == *page);
        promise.command.contains(&self.only) && self.page.as_ref().is_none_or(on_page)
    }
}

/// Finds the commands in a clone of the last commit, or in the repository itself, and runs those that are chosen, in the
/// order in which they are printed. Cargo builds into `target`. `tell` hears of each.
///
/// # Errors
///
/// [`Error::Faults`] with every command that does not do what the text says; any other error when there is no clone.
pub fn run(workspace: &Workspace, target: &Path, choice: &Choice, mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let begin = Instant::now();
    let stopped = Stopped::listen()?;
    let dir = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    let clone = match choice.here {
        true => workspace.clone(),
        false => clone(workspace, &dir.path().join("why-three"), &mut tell)?,
    };

    let mut faults = Vec::new();
    let promises = promises(&clone, &mut faults)?;
    let recordings = Recordings::load(&clone)?;
    let shell = Shell { dir: clone.root().to_owned(), target: target.to_owned(), limit: LIMIT, stopped };
    let chosen: Vec<_> = promises.iter().filter(|promise| choice.has(promise)).collect();
    if chosen.is_empty() {
        faults.push(Fault::in_file("README.md", "no such command is printed anywhere"));
    }
    for promise in chosen.iter().filter(|promise| promise.runs_here()) {
        let start = Instant::now();
        let kept = keep(promise, &shell, &recordings);
        let mark = if kept.is_ok() { "ok  " } else { "FAIL" };
        tell(&format!("{mark}  {:>6.1} s  {}  ({})", start.elapsed().as_secs_f64(), promise.command, promise.place()));
        faults.extend(kept.err().map(|what| promise.fault(what)));
        if shell.stopped.now() {
            break;
        }
    }
    if !choice.here {
        // Recordings name the compiler that made them, which may be another one here.
        let args = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!book/recordings/*.meta.toml"];
        let changed = git(clone.root(), &args)?;
        if !changed.trim().is_empty() {
            faults.push(Fault::in_file("README.md", format!("the printed commands change files:\n{}", tail(&changed))));
        }
    }
    tell(&format!("{}; {:.0} s", tally(chosen.into_iter()), begin.elapsed().as_secs_f64()));
    Faults::none(faults)?;
    Ok(())
}

/// A clone of the last commit at `root`.
fn clone(workspace: &Workspace, root: &Path, tell: &mut impl FnMut(&str)) -> Result<Workspace, Error> {
    let uncommitted = git(workspace.root(), &["status", "--porcelain"])?;
    if !uncommitted.trim().is_empty() {
        tell("There are changes that are not committed. A clone does not have them.");
    }
    let from = workspace.root().to_string_lossy().into_owned();
    git(workspace.root(), &["clone", "--quiet", &from, &root.to_string_lossy()])?;
    Workspace::around(root).ok_or_else(|| Error::Clone("it has no book".to_owned()))
}

/// Does with one command what is to be done with it here.
fn keep(promise: &Promise, shell: &Shell, recordings: &Recordings) -> Result<(), String> {
    match promise.class.as_ref().map(|class| &class.how) {
        None => {
            let ended = shell.run(&promise.command)?;
            match ended.status.success() {
                true => compare(&promise.expected, &ended.stdout, recordings),
                false => Err(format!("ended with {}\n{}", ended.status, ended.said())),
            }
        }
        Some(How::Serves { run }) => shell.serve(run.as_deref().unwrap_or(&promise.command)),
        Some(How::Refuses { says }) => {
            let ended = shell.run(&promise.command)?;
            if ended.status.success() {
                return Err("ended well, and it must fail".to_owned());
            }
            match [&ended.stdout, &ended.stderr].iter().any(|said| said.contains(says)) {
                true => Ok(()),
                false => Err(format!("failed without saying {says:?}\n{}", ended.said())),
            }
        }
        // `runs_here` keeps them out.
        Some(How::Elsewhere { .. } | How::ByHand) => Ok(()),
    }
}

fn compare(expected: &Expected, stdout: &str, recordings: &Recordings) -> Result<(), String> {
    let (wanted, fresh) = match expected {
        Expected::Anything => return Ok(()),
        Expected::Lines(lines) => {
            let rules = Rules::default();
            (normalise(lines, &rules), normalise(stdout, &rules))
        }
        Expected::Recording(name) => {
            let (recorded, rules) = (recordings.output(name)?, recordings.get(name)?.rules());
            let fresh = normalise(stdout, &rules);
            rules.allow(&fresh)?;
            let fresh = rules.agree(&fresh, &recorded);
            (recorded, fresh)
        }
    };
    match diff(wanted.trim_end(), fresh.trim_end()) {
        Some(difference) => Err(format!("prints something else (-: as printed in the text, +: now)\n{difference}")),
        None => Ok(()),
    }
}

fn git(dir: &Path, args: &[&str]) -> Result<String, Error> {
    let output = Command::new("git").args(args).current_dir(dir).output().map_err(Error::io("cannot start git"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Error::Clone(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
