//! One scenario, played by the Go program.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use httptrace::select;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::go::GoError;
use crate::go::toolchain::clean_run;
use crate::host::{Ask, Host};
use crate::outcome::{Outcome, Stuck};
use crate::port::report;
use crate::scenario::{Policy, Scenario};

/// How long the program may be silent after its limit, before it is ended.
const GRACE: Duration = Duration::from_secs(5);
/// How much of a line that means nothing is shown.
const SHOWN: usize = 200;

/// Plays the caller's part with real Go, and returns the whole outcome: the program's half and the origins'.
///
/// Needs a tokio runtime with I/O and time.
///
/// # Errors
///
/// When the steps do not come to their end in time, and when the program does not keep to the protocol.
///
/// # Cancel safety
///
/// Dropping the future ends the program.
pub async fn play(program: &Path, scenario: &Scenario, policy: Policy) -> Result<Outcome, GoError> {
    let host = Host::start(scenario).map_err(GoError::io("cannot start an origin"))?;
    let mut child = clean_run(&mut Command::new(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(GoError::io(format!("cannot run {}", program.display())))?;
    let limit = scenario.limit + GRACE;
    let played = match tokio::time::timeout(limit, talk(&mut child, scenario, policy, &host)).await {
        Ok(played) => played,
        Err(_elapsed) => Err(GoError::Silent(limit)),
    };
    // It waits for its input to end, or is of no more use: either way nothing is lost.
    let _gone = child.kill().await;
    played
}

async fn talk(child: &mut Child, scenario: &Scenario, policy: Policy, host: &Host) -> Result<Outcome, GoError> {
    const PIPED: &str = "all three are pipes, and taken once";
    let mut stdin = child.stdin.take().expect(PIPED);
    let mut lines = BufReader::new(child.stdout.take().expect(PIPED)).lines();
    let plan = serde_json::to_string(&host.normalised(scenario, policy)).expect("plain fields become JSON");
    // A program that is gone already says why when its lines end.
    let _gone = tell(&mut stdin, plan).await;
    let mut line = lines.next_line().await;
    loop {
        let Some(text) = line.map_err(GoError::io("cannot read what the Go program writes"))? else {
            return Err(ended(child).await);
        };
        match meaning(&text)? {
            Line::Ask(ask) => {
                // - answer: it is so; dropping the question undoes nothing
                // - early: the program does not wait for the answer, as its limit is over or it is gone; cancel-safe
                select! {
                    answer = host.ask(&ask) => {
                        let answer = serde_json::to_string(&answer).expect("plain fields become JSON");
                        let _gone = tell(&mut stdin, answer).await;
                        line = lines.next_line().await;
                    }
                    early = lines.next_line() => line = early,
                }
            }
            // The program still holds its connections: this is the moment to look at the origins.
            Line::Outcome(outcome) => {
                host.take_in_closes(&outcome).await;
                return Ok(host.complete(*outcome));
            }
            Line::Stuck(stuck) => return Err(GoError::Stuck(report(scenario, host, &stuck))),
        }
    }
}

async fn tell(stdin: &mut ChildStdin, mut line: String) -> std::io::Result<()> {
    line.push('\n');
    stdin.write_all(line.as_bytes()).await?;
    stdin.flush().await
}

async fn ended(child: &mut Child) -> GoError {
    let mut stderr = Vec::new();
    if let Some(pipe) = child.stderr.as_mut() {
        // What cannot be read is not told.
        let _unread = pipe.read_to_end(&mut stderr).await;
    }
    let status = child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
    GoError::Ended { status, stderr: String::from_utf8_lossy(&stderr).into_owned() }
}

enum Line {
    Ask(Ask),
    Outcome(Box<Outcome>),
    Stuck(Stuck),
}

fn meaning(line: &str) -> Result<Line, GoError> {
    let understood = || -> Option<Line> {
        let value: Value = serde_json::from_str(line).ok()?;
        if value.get("ask").is_some() {
            return serde_json::from_value(value).ok().map(Line::Ask);
        }
        if let Some(outcome) = value.get("outcome") {
            return serde_json::from_value(outcome.clone()).ok().map(Box::new).map(Line::Outcome);
        }
        serde_json::from_value(value.get("stuck")?.clone()).ok().map(Line::Stuck)
    };
    understood().ok_or_else(|| GoError::Garbage(line.chars().take(SHOWN).collect()))
}
