//! `cargo lab commands`: what the texts tell a reader to type is typed, in a clean clone.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::support::{TinyBook, said};

const LAB: &str = env!("CARGO_BIN_EXE_lab");
const README: &str = "# Tiny\n\n```console\n$ cargo run --example tiny\n$ echo hello 127.0.0.1:40001\nhello 127.0.0.1:1\n\
                      $ cat note\n```\n\n| command | what |\n|---|---|\n| `test -e note` | looks |\n| `LAB serve --port 0` | serves |\n\
                      | `false --really` | fails |\n\nSee `cargo test --workspace` and `cargo fuzz run a`.\n";
const CLASSES: &str = "[[command]]\npattern = \"* serve *\"\nclass = \"serves\"\nwhy = \"for ever\"\n\
                       [[command]]\npattern = \"false *\"\nclass = \"refuses\"\nsays = \"\"\nwhy = \"must fail\"\n\
                       [[command]]\npattern = \"cargo test --workspace\"\nclass = \"elsewhere\"\npart = \"tests\"\nwhy = \"long\"\n\
                       [[command]]\npattern = \"cargo fuzz run *\"\nclass = \"by hand\"\nwhy = \"an extra part\"\n";
const CI: &str = "#!/bin/sh\npart() {\n    x\n}\npart \"tests\" cargo test --quiet --workspace\n";

/// A committed book in which every printed command does what the text says.
fn book() -> TinyBook {
    let book = TinyBook::new();
    book.write("README.md", &README.replace("LAB", LAB));
    book.write("note", "a note\n");
    book.write("book/commands.toml", CLASSES);
    book.write(".ci/run", CI);
    book.write(".gitignore", "/target\n");
    book.write("book/src/two.md", "# Two\n\n## There\n\nNothing to type.\n");
    git(&book, &["init", "--quiet"]);
    commit(&book);
    book
}

fn git(book: &TinyBook, args: &[&str]) {
    let settings = ["-c", "user.name=tiny", "-c", "user.email=tiny@localhost", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(settings).args(args).current_dir(book.path()).output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn commit(book: &TinyBook) {
    git(book, &["add", "--all"]);
    git(book, &["commit", "--quiet", "--message", "tiny"]);
}

/// The commands with `only` in them are run after `plant` is committed, and what was said holds all of `expected`.
fn planted(only: &str, plant: impl FnOnce(&TinyBook), expected: &[&str]) {
    let book = book();
    plant(&book);
    commit(&book);
    let (ok, said) = book.lab(&["commands", "--run", "--only", only]);
    assert!(!ok, "the lab did not notice:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
    for wanted in expected {
        assert!(said.contains(wanted), "expected {wanted:?} in:\n{said}");
    }
}

fn listed(plant: impl FnOnce(&TinyBook), expected: &str) {
    let book = book();
    plant(&book);
    for args in [&["commands"][..], &["check", "--without-runs"]] {
        let (ok, said) = book.lab(args);
        assert!(!ok && said.contains(expected), "expected {expected:?} in:\n{said}");
    }
}

#[test]
fn each_command_is_listed_with_its_places_and_what_is_done_about_it() {
    let book = book();
    let (ok, said) = book.lab(&["commands"]);
    assert!(ok, "{said}");
    for line in [
        "runs                                  cargo run --example tiny\n                                      README.md:4 and 2 more\n",
        "part \"tests\"                          cargo test --workspace\n",
        "by hand                               cargo fuzz run a\n                                      README.md:16\n",
        "refuses                               false --really\n",
        // Four of the places are captions: the output's, the question's, and those of two pictures.
        "9 commands at 12 places: 7 run in a clean clone, 1 in other parts of .ci/run, 1 by hand\n",
    ] {
        assert!(said.contains(line), "expected {line:?} in:\n{said}");
    }
}

#[cfg(unix)]
#[test]
fn commands_that_do_what_the_text_says_pass_and_leave_the_repository_alone() {
    let book = book();
    let (ok, said) = book.lab(&["commands", "--run"]);
    assert!(ok, "{said}");
    assert_eq!(said.matches("ok  ").count(), 7, "{said}");
    assert!(book.path().join("target/commands/debug").is_dir(), "the clone is built into the repository's target");
    git(&book, &["diff", "--exit-code"]);
    assert!(!book.path().join("FILE").exists(), "what a command leaves behind is left in the clone");
}

#[cfg(unix)]
#[test]
fn a_command_that_prints_something_else_than_the_text_is_found() {
    planted(
        "echo",
        |book| book.edit("README.md", "hello 127.0.0.1:1\n", "bye\n"),
        &[
            "error: README.md:5: `echo hello 127.0.0.1:40001`: prints something else",
            "  - bye",
            "  + hello 127.0.0.1:PORT",
        ],
    );
    planted(
        "tiny",
        |book| book.edit("book/recordings/tiny.out", "answer: 3", "answer: 13"),
        &["error: README.md:4: `cargo run --example tiny`: prints something else", "  - answer: 13", "  + answer: 3"],
    );
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_is_found_with_what_it_said() {
    planted(
        "cat",
        |book| book.edit("README.md", "$ cat note", "$ cat notes"),
        &["error: README.md:7: `cat notes`: ended with exit status: 1\n    cat: ", "1 fault in the book"],
    );
}

#[cfg(unix)]
#[test]
fn what_is_not_committed_is_not_in_the_clone() {
    let book = book();
    book.edit("README.md", "$ cat note", "$ cat other");
    commit(&book);
    book.write("other", "here, and only here\n");
    let (ok, said) = book.lab(&["commands", "--run", "--only", "cat"]);
    assert!(!ok && said.contains("`cat other`: ended with exit status: 1"), "{said}");
    assert!(said.starts_with("There are changes that are not committed. A clone does not have them.\n"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_command_that_must_fail_and_does_not_is_found() {
    let really = |says: &'static str, command: &'static str| {
        move |book: &TinyBook| {
            book.edit("README.md", "false --really", command);
            book.edit("book/commands.toml", "\"false *\"", "\"* --really\"");
            book.edit("book/commands.toml", "says = \"\"", &format!("says = \"{says}\""));
        }
    };
    planted("really", really("", "true --really"), &["`true --really`: ended well, and it must fail"]);
    planted(
        "really",
        really("no such book", "false --really"),
        &["`false --really`: failed without saying \"no such book\""],
    );
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_serve_is_found() {
    planted(
        "serve",
        |book| book.edit("README.md", "serve --port 0", "serve --port none"),
        &["serve --port none`: did not say where it listens\n", "invalid value 'none'"],
    );
}

#[cfg(unix)]
#[test]
fn a_command_that_changes_a_file_of_the_repository_is_found() {
    planted(
        "echo",
        |book| book.edit("README.md", "$ cat note", "$ echo 1 > note"),
        &["error: README.md: the printed commands change files:\n     M note"],
    );
}

#[test]
fn a_class_of_no_command_and_a_command_of_two_classes_are_found() {
    listed(
        |book| book.edit("book/commands.toml", "cargo fuzz run *", "cargo fuzz list"),
        "error: book/commands.toml: no command is printed that matches `cargo fuzz list`",
    );
    listed(
        |book| book.edit("book/commands.toml", "cargo fuzz run *", "cargo * *"),
        "error: book/commands.toml: `cargo test --workspace` matches both `cargo test --workspace` and `cargo * *`",
    );
}

#[test]
fn a_part_that_does_not_run_the_command_is_found() {
    listed(
        |book| book.edit(".ci/run", "--workspace", "--package examples"),
        "error: README.md:16: `cargo test --workspace`: the part \"tests\" of .ci/run does not run `cargo test --workspace`",
    );
    listed(
        |book| book.edit("book/commands.toml", "part = \"tests\"", "part = \"test\""),
        "error: README.md:16: `cargo test --workspace`: .ci/run has no part \"test\"; it has \"tests\"",
    );
}

#[test]
fn one_command_with_two_outputs_is_found() {
    listed(
        |book| book.append("README.md", "\n```console\n$ echo hello 127.0.0.1:40001\nhello\n```\n"),
        "error: README.md:19: `echo hello 127.0.0.1:40001` has another output here than at README.md:5",
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_all_it_has_started() {
    let book = book();
    // The pipe is closed when everybody who holds it has ended.
    book.edit("README.md", "$ cat note", "$ echo begun > /dev/fd/3; sleep 600");
    commit(&book);
    let command = book.command(&["commands", "--run", "--only", "sleep"]);
    let pipe = book.path().join("target/pipe");
    std::fs::create_dir_all(book.path().join("target")).expect("a folder");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("exec 3>target/pipe; exec \"$@\"")
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    shell.current_dir(book.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = shell.spawn().expect("the lab starts");
    let mut heard = BufReader::new(File::open(&pipe).expect("the pipe"));
    let mut line = String::new();
    heard.read_line(&mut line).expect("a line");
    assert_eq!(line, "begun\n");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert!(said(&output).contains("`echo begun > /dev/fd/3; sleep 600`: was stopped"), "{}", said(&output));
    // Returns only when nobody holds the other end.
    heard.read_line(&mut line).expect("the end");
}

#[test]
fn the_commands_of_one_page_can_be_tried_in_a_folder_that_is_no_clone() {
    let book = book();
    std::fs::remove_dir_all(book.path().join(".git")).expect("removed");
    book.write("book/src/two.md", "# Two\n\n## There\n\n```sh\ncat note > seen\n```\n");
    let (ok, said) = book.lab(&["commands", "--run", "--here", "--page", "book/src/two.md"]);
    assert!(ok, "{said}");
    assert_eq!(book.read("seen"), "a note\n", "it was run here");
    assert!(said.contains("1 commands at 1 places"), "nothing of other pages is run:\n{said}");
    let (ok, said) = book.lab(&["commands", "--run", "--here", "--page", "book/src/six.md"]);
    assert!(!ok && said.contains("no such command is printed anywhere"), "{said}");
}
