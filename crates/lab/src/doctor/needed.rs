//! What nothing works without: the toolchain and its linker, the crates, room on the disk, the loopback and a port.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::doctor::Matters::{Needed, Optional};
use crate::doctor::{Finding, Matters, Missing, Patient};
use crate::error::Error;
use crate::serve::{FIRST_PORT, MORE_PORTS};

/// All looks of this module.
pub const LOOKS: &[fn(&Patient) -> Vec<Finding>] = &[toolchain, linker, crates, disk, loopback, port];

/// What `cargo run -- doctor --prepare` leaves in `target`, in bytes, rounded up. `.ci/bundle` prints it: 4.7 GB.
const BUILD: u64 = 5_000_000_000;
/// How long the loopback may take for two bytes.
const PATIENCE: Duration = Duration::from_secs(5);

fn toolchain(patient: &Patient) -> Vec<Finding> {
    let wanted = match wanted(patient) {
        Ok(wanted) => wanted,
        Err(seen) => {
            let missing =
                Missing { seen, costs: "Without it Cargo builds nothing.", cure: "Get this repository anew." };
            return vec![Finding { name: "Cargo.toml", matters: Needed, found: Err(missing) }];
        }
    };
    let of = |name, program: Option<PathBuf>| {
        let seen = program.ok_or_else(|| format!("there is no {name} on the path"));
        let seen = seen.and_then(|program| patient.ask(&program, &["--version"], patient.workspace.root()));
        let seen = seen.and_then(|said| match version(&said) {
            Some(is) if is >= wanted => Ok(format!("{said} ({}.{} or later is needed)", wanted.0, wanted.1)),
            Some(_) => Err(format!("{said} is too old: {}.{} or later is needed", wanted.0, wanted.1)),
            None => Err(format!("{name} says `{said}`, which is no version")),
        });
        let missing = |seen| Missing {
            seen,
            costs: "Without it nothing can be built.",
            cure: "Install Rust, best with rustup; `rustup update` renews an old one.",
        };
        Finding { name, matters: Needed, found: seen.map_err(missing) }
    };
    vec![of("rustc", patient.program("rustc")), of("cargo", patient.cargo())]
}

/// The oldest Rust that the workspace takes, by its first two numbers.
fn wanted(patient: &Patient) -> Result<(u32, u32), String> {
    let text = Error::read(&patient.workspace.root().join("Cargo.toml")).map_err(|error| error.to_string())?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
    let said = package.and_then(|package| package.get("rust-version")).and_then(toml::Value::as_str);
    // A workspace that does not say takes any.
    Ok(said.and_then(|said| version(&format!("rust {said}"))).unwrap_or((0, 0)))
}

/// The first two numbers of the second word: `rustc 1.95.0 (…)`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.split_whitespace().nth(1)?.split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn linker(patient: &Patient) -> Vec<Finding> {
    let begin = Instant::now();
    let linked = link(patient).map(|()| {
        format!("a program of one line was compiled, linked and run in {:.1} s", begin.elapsed().as_secs_f64())
    });
    let missing = |seen| Missing {
        seen,
        costs: "Without a linker nothing can be built.",
        cure: "Install the platform's C toolchain: build-essential or gcc on Linux, `xcode-select --install` on macOS, \
               the C++ build tools of Visual Studio on Windows.",
    };
    vec![Finding { name: "linker", matters: Needed, found: linked.map_err(missing) }]
}

fn link(patient: &Patient) -> Result<(), String> {
    let rustc = patient.program("rustc").ok_or("without rustc nothing was linked")?;
    let dir = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?;
    let source = "fn main() { println!(\"3\") }\n";
    std::fs::write(dir.path().join("three.rs"), source).map_err(|error| format!("no temporary file: {error}"))?;
    let program = dir.path().join(format!("three{}", std::env::consts::EXE_SUFFIX));
    let out = program.to_string_lossy();
    patient.ask(&rustc, &["--edition", "2024", "three.rs", "-o", &out], dir.path())?;
    match patient.ask(&program, &[], dir.path())?.as_str() {
        "3" => Ok(()),
        other => Err(format!("the linked program printed `{other}`")),
    }
}

/// Whether Cargo has the sources of all crates: in a bundle they lie in `vendor`, else where it keeps what it fetched.
fn crates(patient: &Patient) -> Vec<Finding> {
    let root = patient.workspace.root();
    let exercises = patient.workspace.exercises();
    let mut found = vec![of_workspace(patient, "crates", Needed, root, &[])];
    if exercises.join("Cargo.toml").is_file() {
        found.push(of_workspace(patient, "exercises", Needed, &exercises, &["--workspace"]));
    }
    found.push(of_workspace(patient, "all crates", Optional, root, &["--workspace"]));
    found
}

fn of_workspace(patient: &Patient, name: &'static str, matters: Matters, dir: &Path, which: &[&str]) -> Finding {
    let (costs, cure) = match matters {
        Needed => (
            "Without a network they cannot be built.",
            "`cargo fetch` gets them where there is a network; a bundle has them.",
        ),
        Optional => (
            "Without a network `cargo test --workspace` and the benches cannot be built.",
            "`cargo fetch` gets them where there is a network; a bundle has them.",
        ),
    };
    let mut args = vec!["tree", "--offline", "--locked", "--quiet", "--prefix", "none"];
    args.extend(which);
    let cargo = patient.cargo().ok_or_else(|| "without cargo it cannot be told".to_owned());
    let listed = cargo.and_then(|cargo| {
        patient
            .ask(&cargo, &args, dir)
            .map_err(|what| format!("not all that the build needs is on this machine ({what})"))
    });
    let counted = listed.map(|tree| {
        let crates: std::collections::BTreeSet<_> = tree.lines().filter_map(|line| line.split(" (").next()).collect();
        let where_from =
            if patient.workspace.root().join("vendor").is_dir() { "in vendor" } else { "in Cargo's store" };
        format!(
            "{} packages, all {where_from}: no network is needed",
            crates.iter().filter(|line| !line.is_empty()).count()
        )
    });
    Finding { name, matters, found: counted.map_err(|seen| Missing { seen, costs, cure }) }
}

fn disk(patient: &Patient) -> Vec<Finding> {
    // The folder itself may be still to come.
    let there = patient.target.ancestors().find(|dir| dir.is_dir()).unwrap_or(patient.workspace.root());
    // What lies there is built already, and needs no room again.
    let room = free(there).map(|free| free.saturating_add(size(&patient.target)));
    let found = match room {
        None => Ok(format!("not known; a build takes {}", gigabytes(BUILD))),
        Some(free) if free >= BUILD => {
            Ok(format!("{} free or built already; a build takes {}", gigabytes(free), gigabytes(BUILD)))
        }
        Some(free) => Err(Missing {
            seen: format!(
                "{} free or built already where target is; a build takes {}",
                gigabytes(free),
                gigabytes(BUILD)
            ),
            costs: "The build may stop half-way.",
            cure: "Make room, or set CARGO_TARGET_DIR to another disk.",
        }),
    };
    vec![Finding { name: "disk", matters: Needed, found }]
}

/// How many bytes lie in a folder. What cannot be looked at counts nothing.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().filter_map(|entry| {
        let about = entry.metadata().ok()?;
        Some(if about.is_dir() { size(&entry.path()) } else { about.len() })
    });
    sizes.sum()
}

#[cfg(unix)]
fn free(dir: &Path) -> Option<u64> {
    let said = rustix::fs::statvfs(dir).ok()?;
    Some(said.f_bavail.saturating_mul(said.f_frsize))
}

/// The standard library cannot tell.
#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

fn loopback(_: &Patient) -> Vec<Finding> {
    let missing = |error: std::io::Error| Missing {
        seen: format!("two bytes over 127.0.0.1 did not come back: {error}"),
        costs: "Without it neither the book nor any example works.",
        cure: "Bring the loopback interface up (`ip link set lo up` on Linux), and let a firewall pass 127.0.0.1.",
    };
    let found = there_and_back().map(|()| "two bytes went there and came back".to_owned()).map_err(missing);
    vec![Finding { name: "loopback", matters: Needed, found }]
}

fn there_and_back() -> std::io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut near = TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
    // The connection stands, so this does not wait.
    let (mut far, _) = listener.accept()?;
    let mut bytes = [0; 2];
    for stream in [&near, &far] {
        stream.set_read_timeout(Some(PATIENCE))?;
    }
    near.write_all(b"go")?;
    far.read_exact(&mut bytes)?;
    far.write_all(&bytes)?;
    near.read_exact(&mut bytes)
}

fn port(_: &Patient) -> Vec<Finding> {
    let last = FIRST_PORT + MORE_PORTS;
    let found = match first_free(FIRST_PORT..=last) {
        Some(FIRST_PORT) => Ok(format!("{FIRST_PORT} is free")),
        Some(port) => Ok(format!("{FIRST_PORT} is in use; the book will be at {port}")),
        None => Err(Missing {
            seen: format!("{FIRST_PORT} to {last} on 127.0.0.1 are all in use"),
            costs: "The book cannot be served without a port of your choice.",
            cure: "`cargo lab serve --port 0` takes any that is free.",
        }),
    };
    vec![Finding { name: "port", matters: Needed, found }]
}

fn first_free(mut ports: impl Iterator<Item = u16>) -> Option<u16> {
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_passed_over() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("its number").port();
        // Port 0 stands for a next port that is free for certain.
        assert_eq!(first_free([port, 0].into_iter()), Some(0));
        assert_eq!(first_free([port].into_iter()), None);
    }

    #[test]
    fn a_version_is_two_numbers_of_the_second_word() {
        assert_eq!(version("rustc 1.95.0 (abc 2026-01-01)"), Some((1, 95)));
        assert_eq!(version("cargo 1.100.0-nightly"), Some((1, 100)));
        assert!(version("rustc 1.100.0") > version("rustc 1.95.0"), "numbers, and no text");
        assert_eq!(version("rustc"), None);
    }

    #[test]
    fn the_loopback_of_this_machine_carries_two_bytes() {
        there_and_back().expect("the tests of this repository need it as well");
    }
}
