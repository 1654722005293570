//! A listed program, run for somebody who watches: what it prints is told while it prints it.
//!
//! # Layout
//!
//! - [`list`]: the programs that may be run, each with exactly its arguments
//! - [`group`]: a process with everything that it has started

pub mod group;
pub mod list;

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::commands::shell::told_by_cargo;
use crate::runner::group::Group;
use crate::runner::list::{Listed, Runs, Start};

/// How much a program may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How long Cargo may build an example. A clean clone has everything to compile.
    pub build: Duration,
    /// How long the program itself may run.
    pub run: Duration,
    /// How many bytes it may print, on both channels together.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { build: Duration::from_secs(600), run: Duration::from_secs(30), output: 256 * 1024 }
    }
}

/// How many bytes Cargo may say while it builds: a line for each of some hundred crates.
const CARGO_SAYS: usize = 16 * 1024 * 1024;
/// How much is read at a time, in bytes.
const PIECE: usize = 8 * 1024;
/// What a program is told of this machine: where to find things. A proxy, a token or a setting of the reader's is not
/// among it, so a run does not depend on them.
const KNOWN: [&str; 8] = ["PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LANG"];

/// What happens in a run, as one line of JSON.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Cargo compiles it first. That takes no time from the run.
    Building,
    /// It has started.
    Running {
        /// The command as a reader types it.
        command: String,
    },
    /// It printed.
    Out {
        /// What.
        text: String,
    },
    /// It, or Cargo before it, complained.
    Err {
        /// What.
        text: String,
    },
    /// It is over, and nothing follows.
    End(End),
}

/// How a run was over.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct End {
    /// Why.
    #[serde(flatten)]
    pub how: How,
    /// How long the program itself ran, in seconds.
    pub seconds: f64,
    /// Whether it printed what was recorded, in all but what may differ. `None` where that cannot be said.
    pub same: Option<bool>,
    /// Where the two part.
    pub difference: Option<String>,
}

/// Why a run was over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// The program ended by itself.
    Exited {
        /// 0 says that all went well.
        code: i32,
    },
    /// A signal that did not come from here ended it.
    Killed,
    /// It did not end in time, and was ended.
    TooLong {
        /// How many seconds it had.
        limit: u64,
    },
    /// It printed too much, and was ended.
    TooMuch {
        /// How many bytes were shown.
        limit: usize,
    },
    /// It does not compile.
    NotBuilt,
    /// There is no Cargo to build it.
    NoCargo,
    /// It could not be started.
    NotStarted {
        /// Why.
        why: String,
    },
    /// The lab ends.
    Stopped,
}

/// Runs `listed` to its end and tells what happens; the end itself is returned, to be told when the program's place is
/// free again.
///
/// # Cancel safety
///
/// Dropped, it ends the program with everything that the program has started.
pub async fn run(runs: &Runs, listed: &Listed, tell: &mpsc::Sender<Event>) -> End {
    let over = |how| End { how, seconds: 0.0, same: None, difference: None };
    let mut command = match prepare(runs, listed, tell).await {
        Ok(command) => command,
        Err(how) => return over(how),
    };
    command.env_clear().current_dir(runs.dir());
    command.envs(KNOWN.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    say(tell, Event::Running { command: listed.shown.clone() }).await;
    let begin = Instant::now();
    let Limits { run: limit, output, .. } = runs.limits();
    let mut printed = String::new();
    let ended = watch(command, limit, output, Some(tell), tell, &mut printed).await;
    let seconds = begin.elapsed().as_secs_f64();
    let how = ended.unwrap_or_else(|error| How::NotStarted { why: error.to_string() });
    // What was cut off differs from what was recorded for a reason that is told anyway.
    let judged = match (&how, &listed.expected) {
        (How::Exited { .. }, Some(expected)) => Some(expected.judge(&printed)),
        _ => None,
    };
    let same = judged.as_ref().map(Result::is_ok);
    End { how, seconds, same, difference: judged.and_then(Result::err) }
}

/// The command that runs it, built where that is needed.
async fn prepare(runs: &Runs, listed: &Listed, tell: &mpsc::Sender<Event>) -> Result<Command, How> {
    match &listed.start {
        Start::Program { program, args } => {
            let mut command = Command::new(program);
            command.args(args);
            Ok(command)
        }
        Start::Example { example, args } => {
            say(tell, Event::Building).await;
            let mut cargo = Command::new(runs.cargo());
            cargo.args(["build", "--color=never", "--message-format=json-render-diagnostics", "--example", example]);
            cargo.current_dir(runs.dir());
            // What the Cargo that started the lab told it is not for this one. The rest is the reader's: other settings
            // would make Cargo compile everything again.
            for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(told_by_cargo)) {
                cargo.env_remove(name);
            }
            let mut said = String::new();
            let built = watch(cargo, runs.limits().build, CARGO_SAYS, None, tell, &mut said).await;
            match built {
                Ok(How::Exited { code: 0 }) => {
                    let program = executable(&said, example).ok_or(How::NotBuilt)?;
                    let mut command = Command::new(program);
                    command.args(args);
                    Ok(command)
                }
                Ok(How::Exited { .. }) => Err(How::NotBuilt),
                Ok(how) => Err(how),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Err(How::NoCargo),
                Err(error) => Err(How::NotStarted { why: error.to_string() }),
            }
        }
    }
}

/// Where Cargo says that it has put the example.
fn executable(messages: &str, example: &str) -> Option<String> {
    messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()).find_map(|message| {
        let ours = message["reason"] == "compiler-artifact"
            && message["target"]["name"] == example
            && message["target"]["kind"][0] == "example";
        ours.then(|| message["executable"].as_str().map(str::to_owned)).flatten()
    })
}

/// Nobody may be listening any more. Then the run is dropped from outside, and what is told here is lost.
async fn say(tell: &mpsc::Sender<Event>, event: Event) {
    let _ = tell.send(event).await;
}

/// Starts `command`, tells what it prints to `out` and what it complains about to `err`, and keeps the former in
/// `printed`.
async fn watch(
    mut command: Command,
    limit: Duration,
    bytes: usize,
    out: Option<&mpsc::Sender<Event>>,
    err: &mpsc::Sender<Event>,
    printed: &mut String,
) -> io::Result<How> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::start(command)?;
    let reading = read(&mut group, bytes, out, err, printed);
    match tokio::time::timeout(limit, reading).await {
        Ok(how) => how,
        Err(_) => Ok(How::TooLong { limit: limit.as_secs() }),
    }
    // The group is dropped here, and so ended, if it has not ended by itself.
}

async fn read(
    group: &mut Group,
    bytes: usize,
    out: Option<&mpsc::Sender<Event>>,
    err: &mpsc::Sender<Event>,
    printed: &mut String,
) -> io::Result<How> {
    let (stdout, stderr) = group.take_pipes();
    let (mut stdout, mut stderr) = (Pipe::new(stdout), Pipe::new(stderr));
    let mut left = bytes;
    let mut status: Option<ExitStatus> = None;
    while status.is_none() || stdout.open() || stderr.open() {
        // What may happen:
        // - it printed something, or closed that pipe
        // - it complained, or closed that pipe
        // - it ended; what it printed before is still in the pipes
        let (printing, piece) = tokio::select! {
            piece = stdout.piece(), if stdout.open() => (true, piece?),
            piece = stderr.piece(), if stderr.open() => (false, piece?),
            ended = group.ended(), if status.is_none() => {
                status = Some(ended?);
                continue;
            }
        };
        let shown = cut(&piece, left);
        left -= shown.len();
        let text = shown.to_owned();
        if printing {
            printed.push_str(shown);
        }
        match out.filter(|_| printing) {
            _ if text.is_empty() => {}
            Some(out) => say(out, Event::Out { text }).await,
            None if printing => {}
            None => say(err, Event::Err { text }).await,
        }
        if shown.len() < piece.len() {
            return Ok(How::TooMuch { limit: bytes });
        }
    }
    Ok(match status.and_then(|status| status.code()) {
        Some(code) => How::Exited { code },
        None => How::Killed,
    })
}

/// The first `left` bytes of `text`, or a little less where a letter would be cut.
fn cut(text: &str, left: usize) -> &str {
    &text[..text.floor_char_boundary(left)]
}

/// One channel of a program.
struct Pipe<R> {
    /// `None` once it is closed.
    reader: Option<R>,
    /// The beginning of a letter whose rest has not come yet.
    rest: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>) -> Self {
        Pipe { reader, rest: Vec::new() }
    }

    fn open(&self) -> bool {
        self.reader.is_some()
    }

    /// The next letters. None at the end, and then the pipe is closed.
    ///
    /// # Cancel safety
    ///
    /// What was read is in the pipe's own buffer, so nothing is lost.
    async fn piece(&mut self) -> io::Result<String> {
        let Some(reader) = &mut self.reader else { return Ok(String::new()) };
        self.rest.reserve(PIECE);
        let ended = reader.read_buf(&mut self.rest).await? == 0;
        if ended {
            self.reader = None;
        }
        Ok(letters(&mut self.rest, ended))
    }
}

/// Takes the whole letters out of `bytes`. What is no letter becomes U+FFFD, and so does half a letter at the `end`.
fn letters(bytes: &mut Vec<u8>, end: bool) -> String {
    // A letter has four bytes at the most, so its half is among the last three.
    let begins_one = |at: &usize| {
        std::str::from_utf8(&bytes[*at..]).is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
    };
    let half = (bytes.len().saturating_sub(3)..bytes.len()).find(begins_one).filter(|_| !end);
    let rest = bytes.split_off(half.unwrap_or(bytes.len()));
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_comes_in_two_pieces_is_one_letter() {
        let mut bytes = "aé".as_bytes()[..2].to_vec();
        assert_eq!(letters(&mut bytes, false), "a");
        bytes.extend(&"é".as_bytes()[1..]);
        assert_eq!((letters(&mut bytes, false).as_str(), bytes.len()), ("é", 0));
    }

    #[test]
    fn what_is_no_letter_is_marked_and_holds_nothing_back() {
        let mut bytes = b"a\xffb\xc3".to_vec();
        assert_eq!(letters(&mut bytes, false), "a\u{fffd}b");
        assert_eq!(letters(&mut bytes, true), "\u{fffd}");
    }

    #[test]
    fn the_limit_cuts_no_letter() {
        assert_eq!((cut("aéb", 2), cut("aéb", 3), cut("aéb", 9)), ("a", "aé", "aéb"));
    }

    #[test]
    fn cargo_says_where_the_example_is() {
        let said = "{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"lib\"],\"name\":\"a\"},\"executable\":null}\n\
                    {\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"example\"],\"name\":\"a\"},\"executable\":\"/x/a\"}\n\
                    {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(said, "a").as_deref(), Some("/x/a"));
        assert_eq!(executable(said, "b"), None);
    }

    #[test]
    fn an_event_is_one_flat_line() {
        let end = End { how: How::Exited { code: 0 }, seconds: 0.5, same: Some(true), difference: None };
        let line = serde_json::to_string(&Event::End(end)).unwrap();
        assert_eq!(line, r#"{"event":"end","how":"exited","code":0,"seconds":0.5,"same":true,"difference":null}"#);
    }
}
