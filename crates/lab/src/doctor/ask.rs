//! One program, with a limit on its time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::doctor::Patient;

/// How long a program may take. None of them has much to do.
const LIMIT: Duration = Duration::from_secs(20);
/// How often it is asked whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Patient {
    /// Where the program of this name lies, in the first folder of the path that has it.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&self.path).map(|dir| dir.join(&file)).find(|path| can_be_run(path))
    }

    /// The Cargo that started the lab, or the one on the path.
    pub fn cargo(&self) -> Option<PathBuf> {
        self.cargo.clone().or_else(|| self.program("cargo"))
    }

    /// Runs a program to its end in `dir` and gives what it printed, without the last line's end.
    ///
    /// # Errors
    ///
    /// Why it said nothing useful: it cannot be started, takes too long, or fails.
    pub fn ask(&self, program: &Path, args: &[&str], dir: &Path) -> Result<String, String> {
        self.ask_within(LIMIT, program, args, dir)
    }

    fn ask_within(&self, limit: Duration, program: &Path, args: &[&str], dir: &Path) -> Result<String, String> {
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // A file, and no pipe: a pipe may be held open by what the program has started.
        let scratch = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?;
        let out = scratch.path().join("stdout");
        let stdout = File::create(&out).map_err(|error| format!("no temporary file: {error}"))?;
        let mut command = Command::new(program);
        command.args(args).current_dir(dir).env("PATH", &self.path);
        // None of them may fetch anything: not Cargo, not rustup a toolchain, not Go one of its own.
        command.env("CARGO_NET_OFFLINE", "true").env("RUSTUP_AUTO_INSTALL", "0").env("GOTOOLCHAIN", "local");
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        let begin = Instant::now();
        loop {
            match child.try_wait().map_err(|error| format!("{name}: {error}"))? {
                Some(status) if status.success() => {
                    let said = std::fs::read(&out).map_err(|error| format!("{name}: {error}"))?;
                    return Ok(String::from_utf8_lossy(&said).trim_end().to_owned());
                }
                Some(status) => return Err(format!("{name} ended with {status}")),
                None if begin.elapsed() > limit => {
                    // With what it has started. An error says that it has just ended.
                    #[cfg(unix)]
                    let _ = rustix::process::kill_process_group(
                        rustix::process::Pid::from_child(&child),
                        rustix::process::Signal::KILL,
                    );
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("{name} did not end within {} s", limit.as_secs()));
                }
                None => std::thread::sleep(LOOK_AGAIN),
            }
        }
    }
}

#[cfg(unix)]
fn can_be_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_be_run(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn patient() -> Patient {
        Patient::here(&Workspace::find().expect("the lab's own repository"))
    }

    fn sh(limit: Duration, script: &str) -> Result<String, String> {
        let patient = patient();
        let sh = patient.program("sh").expect("a shell");
        patient.ask_within(limit, &sh, &["-c", script], Path::new("/"))
    }

    #[test]
    fn what_a_program_prints_is_its_answer_and_its_failure_none() {
        assert_eq!(sh(LIMIT, "echo a 1; echo b >&2").as_deref(), Ok("a 1"));
        assert_eq!(sh(LIMIT, "exit 3").unwrap_err(), "sh ended with exit status: 3");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_all_it_has_started() {
        let dir = tempfile::tempdir().expect("a directory");
        let pipe = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        // The inner shell holds the pipe's writing end as long as it lives.
        let script = format!("sh -c 'exec >{}; sleep 600' & wait", pipe.display());
        let reader = std::thread::spawn(move || std::fs::read(pipe).expect("ends when the last writer is gone"));
        let what = sh(Duration::from_millis(500), &script).unwrap_err();
        assert_eq!(what, "sh did not end within 0 s");
        assert_eq!(reader.join().expect("it read to the end"), b"");
    }

    #[test]
    fn a_program_is_looked_for_on_the_path_that_is_given() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("sh"), "no program").expect("written");
        let patient = Patient { path: dir.path().into(), ..patient() };
        assert_eq!(patient.program("sh"), None, "a file that cannot be run is no program");
    }
}
