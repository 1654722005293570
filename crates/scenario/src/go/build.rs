//! The caller's program, built with one toolchain.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::go::GoError;
use crate::go::toolchain::{Toolchain, clean};
use crate::outcome::fnv1a;

/// The program's sources. They come with this crate, so that the lab needs no path to itself.
const SOURCES: [(&str, &str); 9] = [
    ("body.go", include_str!("../../go/body.go")),
    ("caller.go", include_str!("../../go/caller.go")),
    ("cause_go1_20.go", include_str!("../../go/cause_go1_20.go")),
    ("cause_old.go", include_str!("../../go/cause_old.go")),
    ("control.go", include_str!("../../go/control.go")),
    ("main.go", include_str!("../../go/main.go")),
    ("request.go", include_str!("../../go/request.go")),
    ("settle.go", include_str!("../../go/settle.go")),
    ("trace.go", include_str!("../../go/trace.go")),
];

/// Held while something is built: what several threads want is built once.
static BUILDING: Mutex<()> = Mutex::new(());

/// Builds the program in a folder of its own under `folder`, unless that was done before with the same sources.
/// Returns the program.
///
/// # Errors
///
/// When Go refuses, or the operating system does.
pub fn build(go: &Toolchain, folder: &Path) -> Result<PathBuf, GoError> {
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let sources: String = SOURCES.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect();
    let home = folder.join(format!("{}-{:016x}", go.version, fnv1a(sources.as_bytes())));
    let program = home.join(format!("caller{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&home).map_err(GoError::io(format!("cannot make {}", home.display())))?;
    let write = |name: &str, text: &str| {
        let path = home.join(name);
        fs::write(&path, text).map_err(GoError::io(format!("cannot write {}", path.display())))
    };
    for (name, text) in SOURCES {
        write(name, text)?;
    }
    // The language's version decides which of the old behaviours GODEBUG would bring back: none.
    write("go.mod", &format!("module caller\n\ngo 1.{}\n", go.minor))?;
    // Under a name of its own first: another process may be building the same.
    let fresh = home.join(format!("caller-{}", std::process::id()));
    let mut command = Command::new(&go.path);
    clean(&mut command).args(["build", "-o"]).arg(&fresh).arg(".").current_dir(&home);
    if std::env::var_os("GOCACHE").is_none() && std::env::var_os("HOME").is_none() {
        command.env("GOCACHE", folder.join("go-cache"));
    }
    let built = command.output().map_err(GoError::io(format!("cannot run {}", go.path.display())))?;
    if !built.status.success() {
        let output = String::from_utf8_lossy(&built.stderr).trim().to_owned();
        return Err(GoError::Build { go: go.to_string(), output });
    }
    fs::rename(&fresh, &program).map_err(GoError::io(format!("cannot write {}", program.display())))?;
    Ok(program)
}
