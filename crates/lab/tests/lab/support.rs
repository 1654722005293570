//! A tiny repository with a book, a recording and an example that needs no other crate.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const EXAMPLE: &str = r##"//! Prints a number; on request writes the trace of two requests.
fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--trace") {
        std::fs::write(&args[at + 1], TRACE).expect("the trace is written");
    }
    // ANCHOR: print
    println!("asked 127.0.0.1:{}", std::process::id() % 60000);
    println!("answer: 3");
    // ANCHOR_END: print
}

const TRACE: &str = r#"TRACE"#;
"##;

pub(crate) const TRACE: &str = r#"{"at_us":0,"task":"caller","event":"Call","step":"get"}
{"at_us":1,"task":"dial","conn":1,"event":"TaskStarted","name":"read_loop"}
{"at_us":1,"task":"dial","conn":1,"event":"TaskStarted","name":"write_loop"}
{"at_us":2,"task":"caller","conn":1,"event":"Sent","channel":"writech","what":"GET"}
{"at_us":3,"task":"caller","event":"Call","step":"get"}
"#;

const CHAPTER: &str = "# One

Code: see [two](two.md#there).

{{#include examples/examples/tiny.rs:print}}

{{#output tiny}}

{{#predict alive}}

{{#picture strip}}

{{#picture lanes}}

It printed {{#value tiny answer}}.
";

const QUESTIONS: &str = r#"
[[question]]
id = "alive"
text.en = "How many?"
key = { recording = "tiny", line = "answer" }
[[question.option]]
value = "3"
explanation.en = "One connection."
[[question.option]]
value = "5"
explanation.en = "One each."
[[question.option]]
value = "13"
explanation.en = "Two each."
"#;

const PICTURES: &str = r#"
[[picture]]
name = "strip"
kind = "census_strip"
recording = "tiny"
title = "Alive"
agrees_with = "answer"
[[picture]]
name = "lanes"
kind = "swim_lanes"
recording = "tiny"
request = 1
title = "One request"
"#;

/// A Go tree's file, invented for these tests.
const GO: &str = "package http

func (t *T) dialConn() {
\tfirst()
\tgo a()
\tgo b()
}
";

const PLACES: &str = r#"
[[walk]]
name = "spawn"
rust = "crates/tiny/src/lib.rs:spawn"
file = "net/http/transport.go"
func = "(*T).dialConn"
go."1.12.7" = { lines = "-" }
go."1.27.3" = { lines = "5-6", hash = "HASH" }
"#;

const CRATE: &str = "//! A crate.

/// Starts both.
///
/// Go: transport.go (*T).dialConn
pub fn dial_conn() {
    // ANCHOR: spawn
    let both = 2;
    // ANCHOR_END: spawn
    drop(both);
}
";

/// A repository in a temporary directory; it is gone when the value is.
pub(crate) struct TinyBook {
    dir: TempDir,
}

impl TinyBook {
    /// A book in which everything is so.
    pub(crate) fn new() -> Self {
        let book = TinyBook { dir: tempfile::tempdir().expect("a directory") };
        book.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"examples\"]\n");
        book.write("examples/Cargo.toml", "[package]\nname = \"examples\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        book.write("examples/src/lib.rs", "");
        book.write("examples/examples/tiny.rs", &EXAMPLE.replace("TRACE\"#", &format!("{TRACE}\"#")));
        book.write("book/book.toml", "[book]\ntitle = \"Tiny\"\n[build]\nbuild-dir = \"html\"\ncreate-missing = false\nuse-default-preprocessors = false\n[output.html]\nsite-url = \"/\"\n");
        book.write(
            "book/src/SUMMARY.md",
            "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n- [Three]()\n\n[Answers](answers.md)\n",
        );
        book.write("book/src/answers.md", "# Answers\n\n{{#answers}}\n");
        book.write("book/src/one.md", CHAPTER);
        book.write("book/src/two.md", "# Two\n\n## There\n\n```console\n$ cargo run\n```\n");
        book.write("book/pictures.toml", PICTURES);
        book.write("book/questions/q.toml", QUESTIONS);
        book.write("book/recordings/index.toml", "[[recording]]\nname = \"tiny\"\ntrace = true\n");
        book.write("book/recordings/tiny.out", "asked 127.0.0.1:PORT\nanswer: 3\n");
        book.write("book/recordings/tiny.meta.toml", "");
        book.write("book/recordings/tiny.trace.json", TRACE);
        book
    }

    /// The same with a Go tree in `go`, a crate with a twin of its one function, and a page that walks there.
    pub(crate) fn with_go() -> Self {
        let book = TinyBook::new();
        book.write("go/VERSION", "go1.27.3\n");
        book.write("go/src/net/http/transport.go", GO);
        book.write("crates/tiny/src/lib.rs", CRATE);
        let hash = lab::walk::hash(["\tgo a()", "\tgo b()"].into_iter());
        book.write("book/data/go_places.toml", &PLACES.replace("HASH", &hash));
        book.append("book/src/two.md", "\n{{#walk spawn}}\n\n{{#dictionary}}\n");
        let (ok, said) = book.lab(&["symbols", "--go-tree", "go", "--version", "1.27.3"]);
        assert!(ok, "{said}");
        book
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).expect("readable")
    }

    /// Replaces `from`, which must be there, so that a fault is planted for certain.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// The built lab, to be started in this repository.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        // The examples of the tiny repository are built inside it.
        command.env_remove("CARGO_TARGET_DIR");
        command
    }

    /// Runs the lab to its end: whether it succeeded, and all it said.
    pub(crate) fn lab(&self, args: &[&str]) -> (bool, String) {
        let output = self.command(args).output().expect("the lab starts");
        (output.status.success(), said(&output))
    }
}

/// What a program said on both channels.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
