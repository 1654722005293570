//! One command in a shell, as a reader types it: to its end, or until it serves.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::record::tail;
use crate::serve::stop_signal;

/// How long one command may take, with what it compiles.
pub const LIMIT: Duration = Duration::from_secs(300);
/// How long a server may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is asked whether a command has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// What is said of a command that Ctrl-C has ended.
const STOPPED: &str = "was stopped";

/// Set at the first Ctrl-C or SIGTERM. What was started here is out of the terminal's reach: it has to be ended by us.
#[derive(Clone, Debug, Default)]
pub struct Stopped(Arc<AtomicBool>);

impl Stopped {
    /// Listens from now on, in a thread that ends with the program.
    ///
    /// # Errors
    ///
    /// When the signals cannot be watched.
    pub fn listen() -> Result<Self, Error> {
        let stopped = Stopped::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::io("cannot start a runtime"))?;
        let stop = {
            let _inside = runtime.enter();
            stop_signal()?
        };
        let bell = stopped.clone();
        std::thread::spawn(move || {
            runtime.block_on(stop);
            bell.0.store(true, Ordering::Relaxed);
        });
        Ok(stopped)
    }

    /// Whether it has come.
    pub fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where commands are run, and with what around them.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The current directory.
    pub dir: PathBuf,
    /// Where Cargo puts what it builds.
    pub target: PathBuf,
    /// How long one command may take.
    pub limit: Duration,
    /// Whether to give up.
    pub stopped: Stopped,
}

/// What a command that has ended gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Ended {
    /// The last lines of all it said, for a fault.
    pub fn said(&self) -> String {
        tail(&format!("{}{}", self.stdout, self.stderr))
    }
}

impl Shell {
    /// Runs a command to its end.
    ///
    /// # Errors
    ///
    /// When there is no shell, or the command does not end in time; it is stopped then.
    pub fn run(&self, line: &str) -> Result<Ended, String> {
        let said = Said::new()?;
        let mut job = self.start(line, Stdio::from(said.create("stdout")?), &said)?;
        match job.wait(self.limit, &self.stopped)? {
            Some(status) => Ok(Ended { status, stdout: said.read("stdout"), stderr: said.read("stderr") }),
            None => {
                drop(job);
                let all = format!("{}{}", said.read("stdout"), said.read("stderr"));
                Err(format!("did not end within {} s\n{}", self.limit.as_secs(), tail(&all)))
            }
        }
    }

    /// Starts a server, waits until it says where it listens, asks for its first page, and presses Ctrl-C.
    ///
    /// # Errors
    ///
    /// What of this did not work.
    pub fn serve(&self, line: &str) -> Result<(), String> {
        let said = Said::new()?;
        // Ctrl-C reaches the shell too, which must live on to tell how the server ended.
        let mut job = self.start(&format!("trap : INT\n{line}"), Stdio::piped(), &said)?;
        let stdout = job.child.stdout.take().ok_or("has no output")?;
        let (tell, heard) = mpsc::channel();
        // Ends with the server: then the pipe is closed.
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens once the address is known; what is printed later must still be read.
                let _ = tell.send(line);
            }
        });
        let outcome = address(&heard, self.limit, &self.stopped)
            .ok_or_else(|| format!("did not say where it listens\n{}", tail(&said.read("stderr"))))
            .and_then(|address| first_page(&address))
            .and_then(|()| {
                job.interrupt();
                match job.wait(PATIENCE, &self.stopped)? {
                    Some(status) if status.success() => Ok(()),
                    Some(status) => Err(format!("ended with {status} after Ctrl-C\n{}", tail(&said.read("stderr")))),
                    None => Err(format!("did not end within {} s after Ctrl-C", PATIENCE.as_secs())),
                }
            });
        drop(job);
        // It only reads lines, so it cannot have panicked.
        let _ = reader.join();
        outcome
    }

    fn start(&self, line: &str, stdout: Stdio, said: &Said) -> Result<Job, String> {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.dir).stdin(Stdio::null());
        command.stdout(stdout).stderr(said.create("stderr")?);
        // What the Cargo that started the lab told it is not for the Cargo in here.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(told_by_cargo) {
                command.env_remove(name);
            }
        }
        command.env("CARGO_TARGET_DIR", &self.target);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(|error| format!("cannot start a shell: {error}"))?;
        Ok(Job { child, ended: false })
    }
}

/// Whether Cargo sets this variable for the programs that it starts.
pub(crate) fn told_by_cargo(name: &str) -> bool {
    let names = ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_CRATE_NAME", "CARGO_BIN_NAME", "OUT_DIR"];
    names.contains(&name) || name.starts_with("CARGO_PKG_") || name == "CARGO_PRIMARY_PACKAGE"
}

/// The files that hold what a command says.
struct Said(tempfile::TempDir);

impl Said {
    fn new() -> Result<Self, String> {
        tempfile::tempdir().map(Said).map_err(|error| format!("cannot make a temporary directory: {error}"))
    }

    fn create(&self, name: &str) -> Result<File, String> {
        File::create(self.0.path().join(name)).map_err(|error| format!("cannot write what it says: {error}"))
    }

    fn read(&self, name: &str) -> String {
        let bytes = std::fs::read(Path::join(self.0.path(), name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A shell with everything it has started. What still runs is ended with it.
struct Job {
    child: Child,
    ended: bool,
}

impl Job {
    /// `None` when it has not ended within `limit`.
    fn wait(&mut self, limit: Duration, stopped: &Stopped) -> Result<Option<ExitStatus>, String> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| format!("cannot wait for it: {error}"))? {
                self.ended = true;
                return Ok(Some(status));
            }
            if stopped.now() {
                return Err(STOPPED.to_owned());
            }
            if start.elapsed() > limit {
                return Ok(None);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Ctrl-C: a terminal sends it to the whole group.
    #[cfg(unix)]
    fn interrupt(&mut self) {
        self.signal(rustix::process::Signal::INT);
    }

    #[cfg(not(unix))]
    fn interrupt(&mut self) {
        let _ = self.child.kill();
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        // An error says that the group has ended already.
        let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(&self.child), signal);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
        // Both fail only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the first line that has one.
fn address(heard: &mpsc::Receiver<String>, limit: Duration, stopped: &Stopped) -> Option<String> {
    let start = Instant::now();
    while start.elapsed() < limit && !stopped.now() {
        match heard.recv_timeout(LOOK_AGAIN) {
            Ok(line) => {
                if let Some(address) = line.split_whitespace().find_map(|word| word.strip_prefix("http://")) {
                    return Some(address.trim_end_matches('/').to_owned());
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

fn first_page(address: &str) -> Result<(), String> {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer: String =
        ask().map_err(|error: std::io::Error| format!("http://{address}/ does not answer: {error}"))?;
    match answer.starts_with("HTTP/1.1 200 ") && answer.contains("<html") {
        true => Ok(()),
        false => Err(format!("http://{address}/ answers {:?}", answer.lines().next().unwrap_or(""))),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(limit: Duration) -> (tempfile::TempDir, Shell) {
        let dir = tempfile::tempdir().expect("a directory");
        let shell =
            Shell { dir: dir.path().to_owned(), target: dir.path().join("target"), limit, stopped: Stopped::default() };
        (dir, shell)
    }

    #[test]
    fn a_command_is_run_to_its_end_with_a_target_folder_of_ours() {
        let (dir, shell) = shell(LIMIT);
        let ended = shell.run("echo a; echo b >&2; pwd; echo $CARGO_TARGET_DIR-$CARGO_PKG_NAME; exit 3").unwrap();
        assert_eq!(ended.status.code(), Some(3));
        let path = dir.path().canonicalize().unwrap();
        assert_eq!(ended.stdout, format!("a\n{}\n{}/target-\n", path.display(), dir.path().display()));
        assert_eq!(ended.stderr, "b\n");
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped_with_all_it_has_started() {
        let (_dir, shell) = shell(Duration::from_millis(300));
        // The inner shell holds the pipe open as long as it lives.
        let what = shell.run("echo begun; sleep 600 & wait").unwrap_err();
        assert!(what.starts_with("did not end within 0 s\n") && what.contains("begun"), "{what}");
    }

    #[test]
    fn when_it_is_told_to_stop_it_waits_for_nothing() {
        let (_dir, shell) = shell(LIMIT);
        shell.stopped.0.store(true, Ordering::Relaxed);
        assert_eq!(shell.run("sleep 600").unwrap_err(), STOPPED);
        assert!(shell.serve("sleep 600").is_err());
    }

    #[test]
    fn a_server_that_does_not_end_well_is_told() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = server.local_addr().expect("its number");
        let (dir, shell) = shell(LIMIT);
        let asked = dir.path().join("asked");
        let page = std::thread::spawn(move || {
            let (stream, _) = server.accept().expect("it comes");
            // All of the request is read: bytes left behind would turn the close into a reset.
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            assert!(head.take_while(|line| !line.is_empty()).count() > 0, "it asks");
            (&stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>").expect("it listens");
            File::create(asked).expect("a file");
        });
        // Not by a trap of its own: a shell that was started with the signal ignored, as `nohup … &` may do, cannot set one.
        let what =
            shell.serve(&format!("echo at http://{address}/; until [ -e asked ]; do :; done; exit 3")).unwrap_err();
        assert!(what.starts_with("ended with exit status: 3 after Ctrl-C"), "{what}");
        page.join().expect("the page was asked for");
    }

    #[test]
    fn a_server_that_never_says_where_it_listens_is_told() {
        let (_dir, shell) = shell(LIMIT);
        let what = shell.serve("echo hello; echo no port >&2").unwrap_err();
        assert_eq!(what, "did not say where it listens\n    no port");
    }

    #[test]
    fn a_server_that_does_not_answer_is_told() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
        let (_dir, shell) = shell(LIMIT);
        let what = shell.serve(&format!("echo at http://{closed}; sleep 600")).unwrap_err();
        assert!(what.contains("does not answer"), "{what}");
    }
}
