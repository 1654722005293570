//! Go's client: a program of Go's standard library alone, built when there is a toolchain.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compare::fault::Fault;

/// The program that carries out orders, and the toolchain that has built it.
#[derive(Clone, Debug)]
pub(crate) struct GoProgram {
    pub(crate) path: PathBuf,
    /// `go1.27.3`.
    pub(crate) version: String,
}

/// Builds the program with the toolchain at `go`, or the one that the variable `GO` names, or the one in the path.
///
/// # Errors
///
/// Says in one sentence why there is none.
pub(crate) fn build(go: Option<&Path>, target: &Path) -> Result<GoProgram, Fault> {
    let named = go.map(PathBuf::from).or_else(|| std::env::var_os("GO").map(PathBuf::from));
    let go = named.unwrap_or_else(|| "go".into());
    let cannot = |what: String| Fault::Program { program: go.display().to_string(), what };
    let output = Command::new(&go).args(["env", "GOVERSION"]).output().map_err(|error| cannot(error.to_string()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || version.is_empty() {
        return Err(cannot("does not say which version it is".to_owned()));
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go/main.go");
    let path = target.join(format!("compare-{version}")).with_extension(std::env::consts::EXE_EXTENSION);
    let mut build = Command::new(&go);
    // Outside any module, and with nothing but what comes with Go.
    build.env("GO111MODULE", "off").env("GOFLAGS", "").args(["build", "-o"]).arg(&path).arg(&source);
    let output = build.output().map_err(|error| cannot(error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(cannot(format!("go build: {}", text.trim().lines().last().unwrap_or("failed"))));
    }
    Ok(GoProgram { path, version })
}
