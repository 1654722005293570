//! Every exercise can be failed, can be solved, and tells the mistakes apart.

use std::collections::BTreeSet;
use std::path::Path;

use crate::error::{Error, Fault};
use crate::exercise::original::original;
use crate::exercise::trial::{Variant, Verdict, try_all};
use crate::exercise::{Exercise, HINTS};
use crate::record::tail;
use crate::workspace::Workspace;

/// How many typical mistakes an exercise knows.
const WRONG: std::ops::RangeInclusive<usize> = 2..=4;

/// What a variant must do.
enum Wanted<'a> {
    /// Compile, and fail.
    Fail,
    /// Pass.
    Pass,
    /// Be rejected with these words.
    Rejection(&'a str),
}

/// Proves each exercise by its tests: the unsolved source fails, the solution passes, and each typical mistake is rejected
/// with the words that `exercise.toml` promises. Returns the number of variants that were built.
///
/// The reader's own work is left out of it: where git has another `src/lib.rs`, that one must fail.
///
/// # Errors
///
/// When Cargo cannot be started, or fails for another reason than an exercise.
pub fn prove(workspace: &Workspace, exercises: &[&Exercise], faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let mut variants = Vec::new();
    let mut wanted = Vec::new();
    for exercise in exercises {
        let before = faults.len();
        look(workspace, exercise, faults)?;
        if faults.len() > before {
            continue;
        }
        let unsolved = exercise.source();
        let code = match original(workspace, exercise) {
            Some(code) => code,
            None => Error::read(&unsolved)?,
        };
        variants.push(Variant { exercise, label: "unsolved".to_owned(), file: unsolved, code });
        wanted.push(Wanted::Fail);
        let solution = exercise.solution();
        let code = Error::read(&solution)?;
        variants.push(Variant { exercise, label: "solution".to_owned(), file: solution, code });
        wanted.push(Wanted::Pass);
        for wrong in &exercise.about.wrong {
            variants.push(Variant::mistake(exercise, wrong)?);
            wanted.push(Wanted::Rejection(&wrong.says));
        }
    }
    let verdicts = try_all(workspace, &variants)?;
    for ((variant, wanted), verdict) in variants.iter().zip(wanted).zip(verdicts) {
        faults.extend(judge(&wanted, &verdict).map(|what| Fault::in_file(workspace.name_of(&variant.file), what)));
    }
    Ok(variants.len())
}

/// What is wrong with a variant's verdict, if anything.
fn judge(wanted: &Wanted<'_>, verdict: &Verdict) -> Option<String> {
    let (said, printed) = match verdict {
        Verdict::Passed => ("passes the tests".to_owned(), ""),
        Verdict::Failed(printed) => ("fails the tests".to_owned(), printed.as_str()),
        Verdict::Hung(limit, printed) => (hung(*limit), printed.as_str()),
        Verdict::DoesNotCompile(errors) => ("does not compile".to_owned(), errors.as_str()),
    };
    let expected = match wanted {
        Wanted::Fail if matches!(verdict, Verdict::Failed(_)) => return None,
        Wanted::Fail => "is not solved, so it must compile and fail".to_owned(),
        Wanted::Pass if matches!(verdict, Verdict::Passed) => return None,
        Wanted::Pass => "is the solution, so it must pass".to_owned(),
        Wanted::Rejection(says) if *verdict != Verdict::Passed && said.contains(says) => return None,
        Wanted::Rejection(says) if *verdict != Verdict::Passed && printed.contains(says) => return None,
        Wanted::Rejection(says) => format!("is a typical mistake, so it must be rejected with the words {says:?}"),
    };
    let shown = if printed.is_empty() { String::new() } else { format!("\n{}", tail(printed)) };
    Some(format!("{said}; it {expected}{shown}"))
}

/// The words for tests that did not end.
pub fn hung(limit: std::time::Duration) -> String {
    format!("did not end within {} s", limit.as_secs())
}

/// What can be seen without running anything.
fn look(workspace: &Workspace, exercise: &Exercise, faults: &mut Vec<Fault>) -> Result<(), Error> {
    let about = workspace.name_of(&exercise.dir.join("exercise.toml"));
    let mut fault = |what: String| faults.push(Fault::in_file(&about, what));
    let texts = &exercise.about;
    if texts.hints.len() != HINTS {
        fault(format!("has {} hints; expected {HINTS}", texts.hints.len()));
    }
    if !WRONG.contains(&texts.wrong.len()) {
        fault(format!("has {} [[wrong]]; expected {} to {}", texts.wrong.len(), WRONG.start(), WRONG.end()));
    }
    let whys = texts.wrong.iter().flat_map(|wrong| [("why", &wrong.why), ("says", &wrong.says)]);
    let named = [("title", &texts.title), ("misconception", &texts.misconception)];
    for (name, text) in texts.hints.iter().map(|hint| ("hints", hint)).chain(whys).chain(named) {
        if text.trim().is_empty() {
            fault(format!("has an empty text in `{name}`"));
        }
    }
    let mut wanted: BTreeSet<String> =
        ["Cargo.toml", "exercise.toml", "src/lib.rs", "tests/exercise.rs", "solution/lib.rs"].map(str::to_owned).into();
    for wrong in &texts.wrong {
        if !wanted.insert(format!("wrong/{}.rs", wrong.name)) {
            fault(format!("has two [[wrong]] called {:?}", wrong.name));
        }
    }
    let mut there = BTreeSet::new();
    collect(&exercise.dir, "", &mut there)?;
    let path = |file: &String| workspace.name_of(&exercise.dir.join(file));
    for file in wanted.difference(&there) {
        faults.push(Fault::in_file(path(file), "is not there"));
    }
    for file in there.difference(&wanted) {
        let what = "is no part of an exercise; a typical mistake also needs its [[wrong]] in exercise.toml";
        faults.push(Fault::in_file(path(file), what));
    }
    if let Ok(solution) = std::fs::read_to_string(exercise.solution()) {
        for (i, line) in solution.lines().enumerate() {
            if ["todo!", "unimplemented!", "TODO"].iter().any(|word| line.contains(word)) {
                faults.push(Fault::at(
                    path(&"solution/lib.rs".to_owned()),
                    i + 1,
                    "is a solution with something left to do",
                ));
            }
        }
    }
    Ok(())
}

fn collect(dir: &Path, prefix: &str, files: &mut BTreeSet<String>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.insert(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
