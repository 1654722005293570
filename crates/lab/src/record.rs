//! Running examples and keeping what they print.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::commands::shell::told_by_cargo;
use crate::error::{Error, Fault, Faults};
use crate::normalise::normalise;
use crate::recording::{Recording, Recordings, parse_trace};
use crate::workspace::Workspace;

/// How long one run of a built example may take.
const RUN_LIMIT: Duration = Duration::from_secs(120);
/// How often it is asked whether a run has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How many lines of an example's complaint are shown.
const STDERR_SHOWN: usize = 12;

/// What one run gave, normalised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fresh {
    /// What was printed.
    pub output: String,
    /// The trace as JSON lines, where the index asks for one.
    pub trace: Option<String>,
}

/// Runs examples with Cargo.
#[derive(Debug)]
pub struct Runner<'a> {
    workspace: &'a Workspace,
}

impl<'a> Runner<'a> {
    /// A runner for this repository's examples.
    pub fn new(workspace: &'a Workspace) -> Self {
        Runner { workspace }
    }

    /// Compiles the examples of these recordings, all in one go, so that a run's time is the run's own.
    ///
    /// # Errors
    ///
    /// When one does not compile: a fault with what the compiler said.
    pub fn compile(&self, recordings: &[&Recording]) -> Result<(), Error> {
        let examples: Vec<&&Recording> = recordings.iter().filter(|recording| recording.lab().is_none()).collect();
        if examples.is_empty() {
            return Ok(());
        }
        let mut command = self.command("build");
        for recording in examples {
            command.args(["--example", recording.example()]);
        }
        let output = command.output().map_err(Error::io("cannot start cargo"))?;
        match output.status.success() {
            true => Ok(()),
            false => {
                let said = tail(&String::from_utf8_lossy(&output.stderr));
                let fault = Fault::in_file("examples", format!("the examples do not compile\n{said}"));
                Err(Faults(vec![fault]).into())
            }
        }
    }

    /// Runs one example, and a second time for its trace where the index asks for that.
    ///
    /// # Errors
    ///
    /// A fault when it does not end well within two minutes, when a race in it ends in a way that the index does not
    /// declare, or when its trace cannot be read.
    pub fn run(&self, recording: &Recording) -> Result<Fresh, Error> {
        let output = self.output_of(recording, &recording.command(), &recording.args)?;
        let rules = recording.rules();
        let output = normalise(&output, &rules);
        rules.allow(&output).map_err(|what| fault(recording, what))?;
        if !recording.trace {
            return Ok(Fresh { output, trace: None });
        }
        let dir = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
        let path = dir.path().join("trace.json");
        let args = recording.trace_args(&path.to_string_lossy());
        self.output_of(recording, &recording.trace_command(), &args)?;
        let trace = std::fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| parse_trace(&text).map(|_| text))
            .map_err(|what| fault(recording, format!("`{}` left no trace: {what}", recording.trace_command())))?;
        Ok(Fresh { output, trace: Some(trace) })
    }

    fn output_of(&self, recording: &Recording, shown: &str, args: &[String]) -> Result<String, Error> {
        let dir = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
        let (out, err) = (dir.path().join("stdout"), dir.path().join("stderr"));
        let create = |path: &Path| File::create(path).map_err(Error::io("cannot write into a temporary directory"));
        let mut command = match recording.lab() {
            // This program is the lab; Cargo would only find that out again.
            Some(lab) => {
                let program = std::env::current_exe().map_err(Error::io("cannot tell where the lab is"))?;
                let mut command = Command::new(program);
                command.args(lab).current_dir(self.workspace.root());
                command
            }
            None => {
                let mut command = self.command("run");
                command.args(["--example", recording.example(), "--"]).args(args);
                command
            }
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(create(&out)?)
            .stderr(create(&err)?)
            .spawn()
            .map_err(Error::io(format!("cannot start `{shown}`")))?;
        let status = wait(child, RUN_LIMIT).map_err(Error::io(format!("cannot wait for `{shown}`")))?;
        let said = || tail(&String::from_utf8_lossy(&std::fs::read(&err).unwrap_or_default()));
        match status {
            None => {
                Err(fault(recording, format!("`{shown}` did not end within {} s\n{}", RUN_LIMIT.as_secs(), said())))
            }
            Some(status) if !status.success() => {
                Err(fault(recording, format!("`{shown}` ended with {status}\n{}", said())))
            }
            Some(_) => Error::read(&out),
        }
    }

    fn command(&self, what: &str) -> Command {
        let mut command = cargo();
        command.args([what, "--quiet"]).current_dir(self.workspace.root());
        command
    }
}

/// The Cargo that started the lab, or the one on the path.
pub(crate) fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A command of that Cargo, as if it were typed.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(cargo_program());
    // What the Cargo that started the lab told it is not for this one. Build scripts, that of ring among them, run again when
    // it changes, and then what stands on them is compiled again: now here, now when the reader calls Cargo.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told_by_cargo)) {
        command.env_remove(name);
    }
    command
}

fn fault(recording: &Recording, what: String) -> Error {
    let fault = Fault::in_file("book/recordings/index.toml", format!("`{}`: {what}", recording.name));
    Faults(vec![fault]).into()
}

/// Waits for the child, and ends it when `limit` is over; then there is no status.
pub(crate) fn wait(mut child: Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// The last lines of what a program complained about, indented.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(STDERR_SHOWN);
    lines[from..].iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Runs the recordings called `names`, or all of them, and writes what they give. `tell` hears of each.
///
/// # Errors
///
/// When a name is not in the index, or a run fails. What was recorded before that stays.
pub fn record(workspace: &Workspace, names: &[String], mut tell: impl FnMut(&str)) -> Result<(), Error> {
    let recordings = Recordings::load(workspace)?;
    let known = |name: &String| recordings.get(name).map_err(|_| Error::NotInIndex(name.clone(), recordings.names()));
    let chosen: Vec<&Recording> = match names.is_empty() {
        true => recordings.list().iter().collect(),
        false => names.iter().map(known).collect::<Result<_, _>>()?,
    };
    let runner = Runner::new(workspace);
    runner.compile(&chosen)?;
    let rustc = rustc_version();
    for recording in chosen {
        let fresh = runner.run(recording)?;
        let name = &recording.name;
        let path = recordings.output_path(name);
        // A race that went the other way is no news: the file stays as it is.
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        Error::write(&path, &recording.rules().agree(&fresh.output, &before))?;
        if let Some(trace) = &fresh.trace {
            Error::write(&recordings.trace_path(name), trace)?;
        }
        Error::write(&recordings.meta_path(name), &meta(recording, &rustc))?;
        let events = fresh.trace.as_ref().map(|trace| format!(", {} events", trace.lines().count()));
        tell(&format!("recorded {name}: {} lines{}", fresh.output.lines().count(), events.unwrap_or_default()));
    }
    Ok(())
}

/// How the files of a recording came about. No date: it would differ when nothing else does.
fn meta(recording: &Recording, rustc: &str) -> String {
    let mut meta = format!("command = {:?}\n", recording.command());
    if recording.trace {
        meta.push_str(&format!("trace_command = {:?}\n", recording.trace_command()));
    }
    meta.push_str(&format!("rustc = {rustc:?}\nversion = {:?}\n", env!("CARGO_PKG_VERSION")));
    meta
}

/// The compiler, as it names itself.
pub(crate) fn rustc_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_run_that_does_not_end_is_ended() {
        let child = Command::new("sleep").arg("600").spawn().expect("sleep");
        assert!(wait(child, Duration::from_millis(20)).unwrap().is_none());
    }

    #[test]
    fn a_complaint_is_shown_by_its_last_lines() {
        let long: String = (0..50).map(|i| format!("{i}\n")).collect();
        let shown = tail(&long);
        assert_eq!(shown.lines().count(), STDERR_SHOWN);
        assert!(shown.ends_with("    49"));
    }
}
