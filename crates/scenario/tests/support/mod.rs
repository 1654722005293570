//! What the tests of real Go share.

use std::path::{Path, PathBuf};

use scenario::go::{self, GoError, Search};
use scenario::outcome::Count;
use scenario::{Outcome, Policy, Scenario};

/// Six GETs of 100,000 bytes, each with these keys, and each followed by these steps; then these.
pub(crate) fn six(keys: &str, each: &str, then: &str) -> Scenario {
    scenario(&format!(
        "limit = \"30s\"\n[origin.a]\nreply = {{ bytes = 100000 }}\n[caller]\nchannels = [\"k\"]\n\
         steps = [{{ times = 6, steps = [{{ send = \"r\", get = \"a/\"{keys} }}{each}] }}{then}]"
    ))
}

/// A scenario of these lines.
pub(crate) fn scenario(lines: &str) -> Scenario {
    let text = format!("about = \"What is it?\"\n{lines}\n");
    Scenario::parse("test.toml", &text).unwrap_or_else(|broken| panic!("{broken}\n{text}"))
}

/// The last count.
pub(crate) fn count(outcome: &Outcome) -> Count {
    outcome.counts["end"]
}

/// Plays a scenario with a program.
pub(crate) fn played(program: &Path, scenario: &Scenario) -> Result<Outcome, GoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("an event queue");
    runtime.block_on(go::play(program, scenario, Policy::Go1_27))
}

/// The caller's program, built with the Go that is the model of a policy. `None`, loudly, where there is none.
pub(crate) fn go_for(policy: Policy) -> Option<PathBuf> {
    match Search::new(&[]).for_policy(policy) {
        Ok(go) => Some(go::build(&go, &folder()).expect("the program builds")),
        Err(error) if std::env::var_os("REQUIRE_GO").is_some_and(|value| value == "1") => panic!("{error}"),
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            None
        }
    }
}

/// Where Go's program is built.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab")
}

/// A program in the place of the Go program.
pub(crate) struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    /// It writes this line, and waits for the end of its input.
    pub(crate) fn printing(line: &str) -> Self {
        Fake::running(&format!("echo '{line}'; exec cat >/dev/null"))
    }

    /// It does this, in the shell's words.
    pub(crate) fn running(script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("caller");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a fresh file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("one's own file");
        Fake { folder }
    }

    /// Plays a scenario with it whose limit ends soon.
    pub(crate) fn played(&self) -> Result<Outcome, GoError> {
        let scenario = scenario(
            "limit = \"200ms\"\n[origin.a]\nreply = { bytes = 1 }\n[caller]\nsteps = [{ send = \"r\", get = \"a/\" }]",
        );
        played(&self.folder.path().join("caller"), &scenario)
    }
}
