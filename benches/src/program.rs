//! Programs that are started by other programs of this package.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::compare::fault::Fault;
use crate::compare::server::Address;

/// The path of another program of this package, built as this one was. It is built now: `cargo run` builds only one.
///
/// # Errors
///
/// When Cargo cannot be run, or cannot build it.
pub fn sibling(name: &str) -> Result<PathBuf, Fault> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--bin", name]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = command.status()?;
    if !status.success() {
        return Err(Fault::Program { program: "cargo build".to_owned(), what: status.to_string() });
    }
    let path = std::env::current_exe()?.with_file_name(name).with_extension(std::env::consts::EXE_EXTENSION);
    if path.exists() {
        return Ok(path);
    }
    Err(Fault::Program { program: name.to_owned(), what: format!("is not at {}", path.display()) })
}

/// The server of the comparison, as a process.
///
/// # Drop
///
/// Ends it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: Address,
    /// Open as long as it is to serve.
    _stdin: Option<ChildStdin>,
    _dir: tempfile::TempDir,
}

impl Server {
    /// Starts `program serve`, a copy of `compare`.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not say where it listens.
    pub fn start(program: &Path) -> Result<Self, Fault> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command.arg("serve").arg(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = match serde_json::from_str(&line) {
            Ok(address) => address,
            Err(error) => {
                end(&mut child);
                return Err(error.into());
            }
        };
        Ok(Server { _stdin: child.stdin.take(), child, address, _dir: dir })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Runs a program and reads the one line of JSON that it prints; ends it when it takes longer than `patience`.
///
/// # Errors
///
/// When it fails, with what it wrote to standard error; when it takes too long.
pub fn ask<T: DeserializeOwned>(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    patience: Duration,
) -> Result<T, Fault> {
    let failed = |what: String| {
        let program = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Fault::Program { program, what }
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (sender, receiver) = mpsc::channel();
    // Both pipes end with the process; a short text on the second one fits into it meanwhile.
    std::thread::spawn(move || {
        let (mut answer, mut complaint) = (String::new(), String::new());
        let read = stdout.map(|mut pipe| pipe.read_to_string(&mut answer));
        let read_too = stderr.map(|mut pipe| pipe.read_to_string(&mut complaint));
        // Nobody listens any more when it has taken too long.
        let _gone =
            sender.send(read.into_iter().chain(read_too).collect::<Result<Vec<_>, _>>().map(|_| (answer, complaint)));
    });
    let read = receiver.recv_timeout(patience);
    if read.is_err() {
        end(&mut child);
        return Err(failed(format!("took longer than {} s", patience.as_secs())));
    }
    let status = child.wait()?;
    let (answer, complaint) = read.map_err(|_| failed("has left".to_owned()))??;
    if !status.success() {
        return Err(failed(complaint_of(&complaint)));
    }
    serde_json::from_str(answer.trim()).map_err(|error| failed(format!("{error} in {answer:?}")))
}

/// Our programs end with `error: …`; one that panics says where, what, and then a lot more.
fn complaint_of(stderr: &str) -> String {
    let error = stderr.lines().rev().find_map(|line| line.strip_prefix("error: "));
    let first = || stderr.lines().filter(|line| !line.trim().is_empty()).take(2).collect::<Vec<_>>().join(" ");
    error.map_or_else(first, str::to_owned)
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ended = child.kill();
    let _status = child.wait();
}
