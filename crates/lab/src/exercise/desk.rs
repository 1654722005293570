//! The commands of `cargo lab exercise`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use crate::error::{Error, Faults};
use crate::exercise::original::{keep, original};
use crate::exercise::progress::{Done, Progress};
use crate::exercise::proof::{hung, prove};
use crate::exercise::trial::{Variant, Verdict, try_all, try_in_place};
use crate::exercise::{Exercise, Exercises, HINTS};
use crate::workspace::Workspace;

/// What to do about the exercises.
#[derive(Clone, Debug, Default, Subcommand)]
pub enum Task {
    /// List all exercises, and what you have done about each.
    #[default]
    List,
    /// Show the first exercise that is not solved: what to do, and in which file.
    Next,
    /// Run the tests of an exercise against your code in src/lib.rs.
    Check {
        /// The exercise; without it, the first one that is not solved.
        name: Option<String>,
    },
    /// Show one more of the three hints.
    Hint {
        /// The exercise; without it, the first one that is not solved.
        name: Option<String>,
    },
    /// Put the unsolved src/lib.rs back and forget hints and checks; your attempt is kept in .lab/attempts.
    Reset {
        /// The exercise.
        name: String,
    },
    /// Print the solution, once it is solved or all hints were shown.
    Solution {
        /// The exercise; without it, the first one that is not solved.
        name: Option<String>,
        /// Without having seen all hints.
        #[arg(long)]
        anyway: bool,
        /// Write it to a file in .lab instead, beside your own code.
        #[arg(long)]
        write: bool,
    },
    /// For instructors: run the tests against a typical mistake, and say why it is one. Your own file is left alone.
    Wrong {
        /// The exercise.
        name: String,
        /// The mistake: a file of its folder `wrong`, without `.rs`. Without it, the mistakes are listed.
        mistake: Option<String>,
    },
    /// For authors: prove that the unsolved source fails, the solution passes and each mistake is rejected.
    Prove {
        /// The exercises; without any, all of them.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
}

/// Does what was asked for. `tell` gets each paragraph.
///
/// # Errors
///
/// [`Error::NotSolved`] when a check does not pass; otherwise what kept it from being done.
pub fn run(workspace: &Workspace, task: Task, tell: impl FnMut(&str)) -> Result<(), Error> {
    let exercises = Exercises::load(workspace)?;
    if let Task::Prove { names } = task {
        return prove_these(workspace, &exercises, &names, tell);
    }
    if let Task::Wrong { name, mistake } = task {
        return wrong(workspace, exercises.get(&name).map_err(Error::Exercise)?, mistake.as_deref(), tell);
    }
    keep(workspace, &exercises)?;
    let progress = Progress::load(workspace)?;
    let mut desk = Desk { workspace, exercises: &exercises, progress, tell };
    match task {
        Task::List => desk.list(),
        Task::Next => desk.next(),
        Task::Check { name } => desk.check(name.as_deref()),
        Task::Hint { name } => desk.hint(name.as_deref()),
        Task::Reset { name } => desk.reset(&name),
        Task::Solution { name, anyway, write } => desk.solution(name.as_deref(), anyway, write),
        Task::Prove { .. } | Task::Wrong { .. } => unreachable!("they have returned above"),
    }
}

fn prove_these(
    workspace: &Workspace,
    exercises: &Exercises,
    names: &[String],
    mut tell: impl FnMut(&str),
) -> Result<(), Error> {
    let chosen: Vec<&Exercise> = match names.is_empty() {
        true => exercises.list().iter().collect(),
        false => names.iter().map(|name| exercises.get(name)).collect::<Result<_, _>>().map_err(Error::Exercise)?,
    };
    let mut faults = Vec::new();
    let variants = prove(workspace, &chosen, &mut faults)?;
    Faults::none(faults)?;
    for exercise in &chosen {
        if original(workspace, exercise)
            .is_some_and(|code| Error::read(&exercise.source()).is_ok_and(|now| now != code))
        {
            let file = workspace.name_of(&exercise.source());
            tell(&format!("{file} has been changed; what was proved is the file as it was before."));
        }
    }
    tell(&format!("exercises proved: {}; variants of their code: {variants}", chosen.len()));
    Ok(())
}

/// Lists the typical mistakes of an exercise, or tells of one: its file, what the tests say to it, and why it is wrong.
fn wrong(
    workspace: &Workspace,
    exercise: &Exercise,
    mistake: Option<&str>,
    mut tell: impl FnMut(&str),
) -> Result<(), Error> {
    let Exercise { name, about, .. } = exercise;
    let Some(mistake) = mistake else {
        about.wrong.iter().for_each(|wrong| tell(&format!("{}: {}", wrong.name, wrong.why)));
        return Ok(());
    };
    let wrong = about.wrong.iter().find(|wrong| wrong.name == mistake).ok_or_else(|| {
        let names: Vec<_> = about.wrong.iter().map(|wrong| wrong.name.as_str()).collect();
        Error::Exercise(format!("{name} has no mistake `{mistake}`; it has: {}", names.join(", ")))
    })?;
    let variant = Variant::mistake(exercise, wrong)?;
    for verdict in try_all(workspace, std::slice::from_ref(&variant))? {
        match verdict {
            Verdict::Passed => tell("All tests pass."),
            Verdict::Failed(printed) | Verdict::DoesNotCompile(printed) => tell(printed.trim()),
            Verdict::Hung(limit, printed) => {
                tell(printed.trim());
                tell(&format!("The tests {}, and were ended.", hung(limit)));
            }
        }
    }
    tell(&format!("{}: {}", workspace.name_of(&variant.file), wrong.why));
    Ok(())
}

struct Desk<'a, F> {
    workspace: &'a Workspace,
    exercises: &'a Exercises,
    progress: Progress,
    tell: F,
}

impl<'a, F: FnMut(&str)> Desk<'a, F> {
    fn list(&mut self) -> Result<(), Error> {
        let all = self.exercises.list();
        let width = all.iter().map(|exercise| exercise.name.len()).max().unwrap_or(0);
        for exercise in all {
            let Exercise { name, about, .. } = exercise;
            let state = self.state(name);
            (self.tell)(&format!("{state:<8}  {name:<width$}  {:>3} min  {}", about.minutes, about.title));
        }
        let solved = all.iter().filter(|exercise| self.progress.of(&exercise.name).solved).count();
        (self.tell)(&format!("{solved} of {} solved", all.len()));
        Ok(())
    }

    fn state(&self, name: &str) -> &'static str {
        match self.progress.of(name) {
            Done { solved: true, .. } => "solved",
            Done { checks: 0, hints: 0, .. } => "open",
            Done { .. } => "begun",
        }
    }

    fn next(&mut self) -> Result<(), Error> {
        let Some(exercise) = self.first_open() else {
            (self.tell)("All exercises are solved.");
            return Ok(());
        };
        let Exercise { name, about, .. } = exercise;
        let mut text = format!("{name}: {} ({} minutes)\n", about.title, about.minutes);
        if let Some(task) = &about.task {
            let _ = write!(text, "\n{}\n", task.trim());
        }
        let file = self.workspace.name_of(&exercise.source());
        let _ = write!(
            text,
            "\nYour file:  {file}\nTests:      {}\nCheck it:   cargo lab exercise check {name}\nA hint:     \
             cargo lab exercise hint {name}",
            self.workspace.name_of(&exercise.dir.join("tests/exercise.rs")),
        );
        (self.tell)(&text);
        Ok(())
    }

    fn check(&mut self, name: Option<&str>) -> Result<(), Error> {
        let exercise = self.chosen(name)?;
        let name = &exercise.name;
        let verdict = try_in_place(self.workspace, exercise)?;
        let mut done = self.progress.of(name);
        done.checks += 1;
        // Who tries something else after solving it has solved it all the same.
        done.solved |= verdict == Verdict::Passed;
        self.progress.note(name, done)?;
        let what = match verdict {
            Verdict::Passed => {
                let next = match self.first_open() {
                    Some(open) => format!("Next is {}: cargo lab exercise next", open.name),
                    None => "All exercises are solved.".to_owned(),
                };
                (self.tell)(&format!("{name} is solved.\n{next}"));
                return Ok(());
            }
            Verdict::Failed(printed) => {
                (self.tell)(printed.trim());
                "a test fails".to_owned()
            }
            Verdict::Hung(limit, printed) => {
                (self.tell)(printed.trim());
                format!("the tests {}, and were ended: something waits for ever", hung(limit))
            }
            Verdict::DoesNotCompile(_) => "the code does not compile".to_owned(),
        };
        let more = match HINTS.saturating_sub(done.hints) {
            0 => format!("all hints were shown; cargo lab exercise solution {name}"),
            left => format!("hints left: {left} of {HINTS}; cargo lab exercise hint {name}"),
        };
        Err(Error::NotSolved { name: name.clone(), what, more })
    }

    fn hint(&mut self, name: Option<&str>) -> Result<(), Error> {
        let exercise = self.chosen(name)?;
        let Exercise { name, about, .. } = exercise;
        let mut done = self.progress.of(name);
        let all = about.hints.len();
        match about.hints.get(done.hints) {
            Some(hint) => {
                done.hints += 1;
                self.progress.note(name, done)?;
                (self.tell)(&format!("{name}, hint {} of {all}: {}", done.hints, hint.trim()));
            }
            None => {
                for (i, hint) in about.hints.iter().enumerate() {
                    (self.tell)(&format!("{name}, hint {} of {all}: {}", i + 1, hint.trim()));
                }
                (self.tell)(&format!("There are no more. The solution: cargo lab exercise solution {name}"));
            }
        }
        Ok(())
    }

    fn reset(&mut self, name: &str) -> Result<(), Error> {
        let exercise = self.chosen(Some(name))?;
        let path = exercise.source();
        let file = self.workspace.name_of(&path);
        let unsolved = original(self.workspace, exercise).ok_or_else(|| {
            Error::Exercise(format!(
                "nobody remembers the unsolved {file}: neither git's last commit nor .lab/unsolved"
            ))
        })?;
        let attempt = match path.exists() {
            true => Error::read(&path)?,
            false => unsolved.clone(),
        };
        let told = if attempt == unsolved {
            format!("{file} is unsolved already; hints and checks are forgotten.")
        } else {
            let copy = self.free_file("attempts", name)?;
            Error::write(&copy, &attempt)?;
            format!("{file} is unsolved again; your attempt is in {}.", self.workspace.name_of(&copy))
        };
        Error::write(&path, &unsolved)?;
        self.progress.note(name, Done::default())?;
        (self.tell)(&told);
        Ok(())
    }

    fn solution(&mut self, name: Option<&str>, anyway: bool, write: bool) -> Result<(), Error> {
        let exercise = self.chosen(name)?;
        let Exercise { name, about, .. } = exercise;
        let done = self.progress.of(name);
        let left = about.hints.len().saturating_sub(done.hints);
        if left > 0 && !done.solved && !anyway {
            return Err(Error::Exercise(format!(
                "{name} is not solved, and not all hints were shown (left: {left}): cargo lab exercise hint {name}, or --anyway"
            )));
        }
        let solution = Error::read(&exercise.solution())?;
        if !write {
            (self.tell)(solution.trim_end());
            return Ok(());
        }
        let copy = self.free_file("solutions", name)?;
        Error::write(&copy, &solution)?;
        (self.tell)(&format!("The solution is in {}; your own file is as it was.", self.workspace.name_of(&copy)));
        Ok(())
    }

    /// A file in `.lab/FOLDER` that is not there yet.
    fn free_file(&self, folder: &str, name: &str) -> Result<PathBuf, Error> {
        let dir = self.workspace.desk().join(folder);
        std::fs::create_dir_all(&dir).map_err(Error::io(format!("cannot make {}", dir.display())))?;
        let mut files = (1..).map(|i| dir.join(format!("{name}-{i}.rs")));
        Ok(files.find(|file| !file.exists()).expect("numbers do not end"))
    }

    fn first_open(&self) -> Option<&'a Exercise> {
        self.exercises.list().iter().find(|exercise| !self.progress.of(&exercise.name).solved)
    }

    fn chosen(&self, name: Option<&str>) -> Result<&'a Exercise, Error> {
        match name {
            Some(name) => self.exercises.get(name).map_err(Error::Exercise),
            None => self
                .first_open()
                .ok_or_else(|| Error::Exercise("all exercises are solved; name one to go on with it".to_owned())),
        }
    }
}
