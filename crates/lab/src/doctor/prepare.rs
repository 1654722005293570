//! Builds ahead what the commands of a workshop build, so that nobody waits for a compiler in the room.

use std::process::{Command, Stdio};
use std::time::Instant;

use crate::error::Error;
use crate::exercise::Exercises;
use crate::exercise::trial;
use crate::gallery;
use crate::record::cargo;
use crate::workspace::Workspace;

/// Builds the examples, the tests of every exercise, and what the gallery's programs stand on. Cargo's own lines go to the
/// terminal, and `tell` hears of each of the three when it is done.
///
/// # Errors
///
/// [`Error::Prepare`] when something cannot be built. What comes after it is built all the same.
pub fn prepare(workspace: &Workspace, mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let begin = Instant::now();
    let mut failed = Vec::new();

    // The packages that `cargo run` chooses: with others their features may be others, and all would be built again.
    let mut examples = cargo();
    examples.args(["build", "--bins", "--examples"]).current_dir(workspace.root());
    let mut step = Step::begin("examples", "the lab and the chapters' programs");
    if !succeeds(&mut examples)? {
        step.failed.push("`cargo build --bins --examples` failed".to_owned());
    }
    failed.extend(step.end(&mut tell));

    // One after the other, as `cargo lab exercise check` builds them, for the same reason.
    let exercises = Exercises::load(workspace)?;
    if !exercises.list().is_empty() {
        let mut step = Step::begin("exercises", "their tests");
        for exercise in exercises.list() {
            if !succeeds(trial::build(workspace).args(["--package", &exercise.name]))? {
                step.failed.push(format!("{} does not compile", exercise.name));
            }
        }
        failed.extend(step.end(&mut tell));
    }

    if workspace.gallery().is_dir() {
        let mut step = Step::begin("gallery", "what its programs stand on");
        // Which of them compile is for the room to find out.
        step.failed.extend(gallery::ask(workspace, &[]).err().map(|error| error.to_string()));
        failed.extend(step.end(&mut tell));
    }

    match failed.is_empty() {
        true => {
            tell(&format!("All is built, in {:.0} s; the room need not wait.", begin.elapsed().as_secs_f64()));
            Ok(())
        }
        false => Err(Error::Prepare(failed)),
    }
}

/// One thing that is built, or several alike.
struct Step {
    name: &'static str,
    what: &'static str,
    begin: Instant,
    failed: Vec<String>,
}

impl Step {
    fn begin(name: &'static str, what: &'static str) -> Self {
        Step { name, what, begin: Instant::now(), failed: Vec::new() }
    }

    /// Tells what has come of it, and gives what has failed.
    fn end(self, tell: &mut impl FnMut(&str)) -> Vec<String> {
        let mark = if self.failed.is_empty() { "built" } else { "MISSING" };
        tell(&format!("{mark:<8} {:<11} {}, in {:.0} s", self.name, self.what, self.begin.elapsed().as_secs_f64()));
        self.failed
    }
}

fn succeeds(command: &mut Command) -> Result<bool, Error> {
    let status = command.stdin(Stdio::null()).status().map_err(Error::io("cannot start cargo"))?;
    Ok(status.success())
}
