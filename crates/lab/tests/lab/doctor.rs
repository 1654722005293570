//! `cargo lab doctor` on machines that lack something.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::support::{TinyBook, said};

/// A book whose crates are all here: it has none but its own.
fn book() -> TinyBook {
    let book = TinyBook::new();
    book.edit("Cargo.toml", "[workspace]\n", "[workspace]\npackage.rust-version = \"1.95\"\n");
    book.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"examples\"\nversion = \"0.1.0\"\n");
    book
}

/// Asks the doctor with this as `PATH`, and with no Cargo that has started it.
fn ask(book: &TinyBook, path: impl Into<OsString>) -> (bool, String) {
    let output = command(book, path).output().expect("the lab starts");
    (output.status.success(), said(&output))
}

fn command(book: &TinyBook, path: impl Into<OsString>) -> Command {
    let mut command = book.command(&["doctor"]);
    command.env("PATH", path.into()).env_remove("CARGO").env_remove("RUSTC");
    command
}

/// This machine's path with `dir` before it.
fn before(dir: &Path) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = [dir.to_owned()].into_iter().chain(std::env::split_paths(&rest));
    std::env::join_paths(all).expect("a path")
}

/// Whether nothing that is needed is missing. The disk may be full wherever these tests run.
fn healthy(ok: bool, said: &str) -> bool {
    ok || (said.contains("MISSING  disk ") && said.ends_with("error: one thing that is needed is missing\n"))
}

#[cfg(unix)]
fn program(book: &TinyBook, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = format!("bin/{name}");
    book.write(&path, &format!("#!/bin/sh\n{script}\n"));
    let path = book.path().join(path);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
}

#[test]
fn on_the_machine_that_runs_these_tests_nothing_that_is_needed_is_missing() {
    let (ok, said) = ask(&book(), std::env::var_os("PATH").expect("a path"));
    assert!(healthy(ok, &said), "{said}");
    for name in ["rustc", "cargo", "linker", "crates", "loopback", "port"] {
        assert!(said.lines().any(|line| line.starts_with(&format!("there    {name} "))), "{name}:\n{said}");
    }
    assert_eq!(ok, said.contains("All that is needed is there; "), "{said}");
}

#[test]
fn on_a_machine_without_any_program_all_is_told_and_the_exit_code_says_so() {
    let book = book();
    let (ok, said) = ask(&book, book.path().join("bin"));
    assert!(!ok, "{said}");
    assert!(said.contains("MISSING  rustc       there is no rustc on the path\n"), "{said}");
    assert!(said.contains("MISSING  linker "), "{said}");
    assert!(said.contains("without  git         there is no git on the path\n"), "{said}");
    assert!(said.contains("there    loopback "), "{said}");
    assert!(said.contains("Install Rust"), "what to do about it:\n{said}");
    assert!(said.ends_with(" things that are needed are missing\n"), "{said}");
}

#[test]
#[cfg(unix)]
fn an_old_compiler_is_told_with_the_version_that_is_needed() {
    let book = book();
    program(&book, "rustc", "echo 'rustc 1.94.1 (0 2026-01-01)'");
    let (ok, said) = ask(&book, before(&book.path().join("bin")));
    assert!(!ok, "{said}");
    assert!(
        said.contains("MISSING  rustc       rustc 1.94.1 (0 2026-01-01) is too old: 1.95 or later is needed\n"),
        "{said}"
    );
}

#[test]
#[cfg(unix)]
fn a_compiler_that_cannot_link_is_found_out() {
    let book = book();
    let path = std::env::var("PATH").expect("a path");
    program(&book, "rustc", &format!("case $1 in --edition) exit 1;; *) PATH='{path}' exec rustc \"$@\";; esac"));
    let (ok, said) = ask(&book, before(&book.path().join("bin")));
    assert!(!ok, "{said}");
    assert!(said.contains("MISSING  linker      rustc ended with exit status: 1\n"), "{said}");
}

#[test]
#[cfg(unix)]
fn what_only_some_pages_want_may_be_missing() {
    let book = book();
    program(&book, "go", "exit 1");
    program(&book, "node", "echo v1.2.3; echo more");
    let (ok, said) = ask(&book, before(&book.path().join("bin")));
    assert!(healthy(ok, &said), "{said}");
    assert!(said.contains("without  Go          go ended with exit status: 1\n"), "{said}");
    assert!(said.contains("there    Node        v1.2.3\n"), "{said}");
}

#[test]
fn crates_that_are_not_on_this_machine_are_told() {
    let book = book();
    book.append("examples/Cargo.toml", "[dependencies]\nabsent = \"1\"\n");
    let store = tempfile::tempdir().expect("a directory");
    let mut command = command(&book, std::env::var_os("PATH").expect("a path"));
    let output = command.env("CARGO_HOME", store.path()).output().expect("the lab starts");
    let said = said(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("MISSING  crates      not all that the build needs is on this machine"), "{said}");
    assert!(said.contains("without  all crates "), "{said}");
}

#[test]
fn all_that_a_workshop_builds_is_built_ahead() {
    let book = book();
    let mut command = command(&book, std::env::var_os("PATH").expect("a path"));
    let output = command.arg("--prepare").output().expect("the lab starts");
    let said = said(&output);
    if said.contains("MISSING  disk ") {
        return;
    }
    assert!(output.status.success(), "{said}");
    assert!(said.contains("built    examples    the lab and the chapters' programs, in "), "{said}");
    assert!(said.contains("All is built, in "), "{said}");
    let target = book.path().join("target/debug/examples");
    assert!(target.join(format!("tiny{}", std::env::consts::EXE_SUFFIX)).is_file(), "{said}");
}

#[test]
fn what_was_built_by_hand_is_not_built_again_by_the_lab() {
    let book = book();
    book.write(
        "examples/build.rs",
        r#"fn main() {
    println!("cargo::rerun-if-env-changed=CARGO_PKG_NAME");
    use std::io::Write as _;
    let log = std::fs::File::options().append(true).create(true).open("built.log");
    log.and_then(|mut log| log.write_all(b"built\n")).expect("a line is written");
}
"#,
    );
    let mut by_hand = Command::new(std::env::var_os("CARGO").expect("Cargo runs this test"));
    by_hand.args(["build", "--offline", "--examples"]).current_dir(book.path());
    // The Cargo that runs this test has set both.
    by_hand.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_PKG_NAME");
    assert!(by_hand.output().expect("Cargo starts").status.success());
    // `cargo lab` is told the lab's name.
    let output = book.command(&["doctor", "--prepare"]).env("CARGO_PKG_NAME", "lab").output().expect("the lab starts");
    let said = said(&output);
    if said.contains("MISSING  disk ") {
        return;
    }
    assert!(output.status.success(), "{said}");
    assert_eq!(book.read("examples/built.log"), "built\n", "{said}");
}

#[test]
fn what_cannot_be_built_ahead_is_told_and_the_exit_code_says_so() {
    let book = book();
    book.append("examples/examples/tiny.rs", "fn more() { absent() }\n");
    let mut command = command(&book, std::env::var_os("PATH").expect("a path"));
    let output = command.arg("--prepare").output().expect("the lab starts");
    let said = said(&output);
    if said.contains("MISSING  disk ") {
        return;
    }
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("MISSING  examples    the lab and the chapters' programs, in "), "{said}");
    assert!(said.ends_with("error: not everything is built: `cargo build --bins --examples` failed\n"), "{said}");
}
