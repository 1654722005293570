//! Instructions and system calls of the program `small_gets`, counted from outside.
//!
//! What a process does once is taken out by the difference of two runs. The origin is another process, so what is
//! counted is the client's alone.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::compare::fault::Fault;

/// User instructions per small GET: `(Ir(3000) - Ir(1000)) / 2000` of callgrind. `None` without valgrind.
///
/// # Errors
///
/// When a run fails.
pub fn instructions(small_gets: &Path) -> Result<Option<f64>, Fault> {
    difference("valgrind", 1000, 3000, |profile| {
        let out = format!("--callgrind-out-file={}", profile.display());
        (vec!["--quiet".to_owned(), "--tool=callgrind".to_owned(), out], small_gets, total_instructions)
    })
}

/// System calls per small GET: `(calls(2000) - calls(1000)) / 1000` of `strace -fc`. `None` without strace.
///
/// # Errors
///
/// When a run fails.
pub fn system_calls(small_gets: &Path) -> Result<Option<f64>, Fault> {
    difference("strace", 1000, 2000, |profile| {
        (vec!["-fc".to_owned(), "-o".to_owned(), profile.display().to_string()], small_gets, total_calls)
    })
}

/// How a profiler is called over which program, and how its file is read.
type Call<'a> = (Vec<String>, &'a Path, fn(&str) -> Option<f64>);

fn difference<'a>(
    profiler: &str,
    few: usize,
    many: usize,
    call: impl Fn(&Path) -> Call<'a>,
) -> Result<Option<f64>, Fault> {
    let there = Command::new(profiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let dir = tempfile::tempdir()?;
    let profile = dir.path().join("profile");
    let (arguments, program, total) = call(&profile);
    let origin = Origin::start(program)?;
    let run = |count: usize| {
        let mut command = Command::new(profiler);
        command.args(&arguments).arg(program).arg(&origin.addr).arg(count.to_string());
        let output = command.output()?;
        let failed = |what: String| Fault::Program { program: profiler.to_owned(), what };
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        total(&std::fs::read_to_string(&profile)?).ok_or_else(|| failed("its file has no total".to_owned()))
    };
    Ok(Some((run(many)? - run(few)?) / (many - few) as f64))
}

/// `summary: 123` or `totals: 123`.
fn total_instructions(file: &str) -> Option<f64> {
    let line = file.lines().find_map(|line| line.strip_prefix("summary:").or_else(|| line.strip_prefix("totals:")))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The number of calls in the last line: `100.00    0.012345           2      6012         3 total`.
fn total_calls(file: &str) -> Option<f64> {
    let line = file.lines().rfind(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// `small_gets serve`.
struct Origin {
    child: Child,
    addr: String,
}

impl Origin {
    fn start(program: &Path) -> Result<Self, Fault> {
        let mut child = Command::new(program).arg("serve").stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take();
        let mut origin = Origin { child, addr: String::new() };
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut origin.addr)?;
        }
        origin.addr.truncate(origin.addr.trim_end().len());
        Ok(origin)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found() {
        assert_eq!(total_instructions("events: Ir\nfn=(1)\n0 5\ntotals: 1234\n"), Some(1234.0));
        let table = "100.00    0.013222           2      6063         4 epoll_wait\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.013222           2      6063         4 total\n";
        assert_eq!(total_calls(table), Some(6063.0));
    }
}
