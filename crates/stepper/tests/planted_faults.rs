//! Does the schedule search find anything? Five faults are planted in a copy of the port, one is switched on at a time,
//! and the search must catch each of them. Without one it must pass.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A way to break a client.
struct Fault {
    name: &'static str,
    /// What goes wrong.
    what: &'static str,
    edits: &'static [Edit],
}

/// Text that stands exactly once in a file, and what takes its place. `PLANTED` becomes the condition that this fault is
/// switched on.
struct Edit {
    file: &'static str,
    original: &'static str,
    faulty: &'static str,
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "eof_before_put",
        what: "the end of a body is shown before read_loop has asked the pool",
        edits: &[Edit {
            file: "body_signal/src/body.rs",
            original: "ready!(lender.handover().poll_acked(cx));",
            faulty: "if !PLANTED { ready!(lender.handover().poll_acked(cx)); }",
        }],
    },
    Fault {
        name: "anothers_response",
        what: "responses are delivered to the connection, so that its next caller may take one that is not its own",
        edits: &[
            Edit {
                file: "persistconn/src/shared.rs",
                original: "    socket: Mutex<Socket>,",
                faulty: "    socket: Mutex<Socket>,\n    pub(crate) resc: Mutex<Option<Result<Box<crate::response::Response>, Error>>>,",
            },
            Edit {
                file: "persistconn/src/shared.rs",
                original: "flushes, written, socket })",
                faulty: "flushes, written, socket, resc: Mutex::default() })",
            },
            Edit {
                file: "persistconn/src/exchange.rs",
                original: "            state.response = Some(response);",
                faulty: "            if PLANTED { *self.exchange.shared.resc.lock() = Some(response); } else { state.response = Some(response); }",
            },
            Edit {
                file: "persistconn/src/exchange.rs",
                original: "            let Some(response) = state.response.take() else {",
                faulty: "            let taken = if PLANTED { self.shared.resc.lock().take() } else { state.response.take() };\n            let Some(response) = taken else {",
            },
        ],
    },
    Fault {
        name: "lost_ack",
        what: "an early close is not acknowledged before the drain, and waits for the peer",
        edits: &[Edit {
            file: "persistconn/src/read_loop.rs",
            original: "else { return false };\n        self.ack(lent);",
            faulty: "else { return false };\n        if !PLANTED { self.ack(lent); }",
        }],
    },
    Fault {
        name: "leaked_place",
        what: "a place under MaxConnsPerHost that nobody waits for is never given back",
        edits: &[Edit {
            file: "transport/src/pool.rs",
            original: "        host.conns -= 1;",
            faulty: "        if !PLANTED { host.conns -= 1; }",
        }],
    },
    Fault {
        name: "silent_closech",
        what: "closing a connection wakes nobody who waits for closech",
        edits: &[Edit {
            file: "persistconn/src/shared.rs",
            original: "let wakers = [socket.reader.take(), socket.write_loop.take(), socket.read_loop.take()];",
            faulty: "let wakers = if PLANTED { [socket.reader.take(), None, None] } else { [socket.reader.take(), socket.write_loop.take(), socket.read_loop.take()] };",
        }],
    },
];

/// The environment variable that switches one on.
const SWITCH: &str = "PLANTED_FAULT";

/// The search's test, by its name.
const SEARCH: &str = "no_schedule_loses_a_byte_a_task_a_place_or_a_connection";

/// Longer than any run takes, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn the_search_catches_each_of_five_planted_faults() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/stepper lies in a workspace");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted_faults");
    copy_house(house, &scratch);
    let begun = Instant::now();
    say("builds the search with all faults in place, none of them switched on");
    let search = build(&scratch);
    say(&format!("built in {:.0?}", begun.elapsed()));

    let (passes, output) = run(&search, None);
    assert!(passes, "without a fault the search must pass, and says:\n{output}");
    say("nothing planted: passes");
    for fault in FAULTS {
        let (passes, output) = run(&search, Some(fault.name));
        assert!(!passes, "the search does not see that {} ({})", fault.what, fault.name);
        let caught = Caught::parse(&output);
        let caught =
            caught.unwrap_or_else(|| panic!("{}: no seed is named in what the search says:\n{output}", fault.name));
        say(&format!("{}: caught by seed {} of those from 0: {}", fault.name, caught.seed, caught.finding));
    }
}

/// Progress; the test's own output would be kept until it ends.
fn say(line: &str) {
    // Nobody to tell is no reason to fail.
    let _unheard = writeln!(std::io::stderr(), "planted faults: {line}");
}

/// The crates of the house, with the faults in them, as a workspace of its own.
fn copy_house(house: &Path, scratch: &Path) {
    // What a run before this one left and the house no longer has would be built too. Its target directory stays.
    remove_dir(&scratch.join("crates"));
    for entry in read_dir(&house.join("crates")) {
        let name = entry.file_name().expect("an entry has a name");
        copy(&entry, &scratch.join("crates").join(name));
    }
    let manifest = read(&house.join("Cargo.toml"));
    let lines = manifest.lines().filter(|line| !line.starts_with("default-members"));
    let reduced = lines.map(|line| if line.starts_with("members =") { "members = [\"crates/*\"]" } else { line });
    write(&scratch.join("Cargo.toml"), &reduced.collect::<Vec<_>>().join("\n"));
    write(&scratch.join("Cargo.lock"), &read(&house.join("Cargo.lock")));
    for fault in FAULTS {
        for edit in fault.edits {
            plant(fault, edit, &scratch.join("crates").join(edit.file));
        }
    }
}

fn plant(fault: &Fault, edit: &Edit, file: &Path) {
    let text = read(file);
    let places = text.matches(edit.original).count();
    assert!(
        places == 1,
        "the fault {} has lost its place: {:?} stands {places} times in {}",
        fault.name,
        edit.original,
        edit.file
    );
    let condition = format!("(std::env::var({SWITCH:?}).as_deref() == Ok({:?}))", fault.name);
    write(file, &text.replace(edit.original, &edit.faulty.replace("PLANTED", &condition)));
}

/// Builds the search and returns its executable.
fn build(scratch: &Path) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "test",
            "--offline",
            "--no-run",
            "--message-format=json-render-diagnostics",
            "--package=stepper",
            "--test=search",
        ])
        .arg("--target-dir")
        .arg(scratch.join("target"))
        .current_dir(scratch)
        // Six short runs are not worth debug information, nor warnings about lines that no person reads.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo runs, as it runs this test");
    assert!(output.status.success(), "the copy does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8(output.stdout).expect("cargo writes JSON");
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    artifacts
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .next_back()
        .expect("cargo names the test's executable")
}

/// Runs the search with this fault switched on. Whether it passes, and what it says.
fn run(search: &Path, fault: Option<&str>) -> (bool, String) {
    let mut command = Command::new(search);
    command.args([SEARCH, "--exact", "--nocapture"]).env_remove("SEARCH_SEEDS").env("RUST_BACKTRACE", "0");
    match fault {
        Some(fault) => command.env(SWITCH, fault),
        None => command.env_remove(SWITCH),
    };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the search starts");
    let (send, over) = mpsc::channel();
    for pipe in [child.stdout.take().map(boxed), child.stderr.take().map(boxed)] {
        let (mut pipe, send) = (pipe.expect("it is piped"), send.clone());
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = pipe.read_to_end(&mut text);
            // After the patience is over nobody listens.
            let _unheard = send.send(read.map(|_| String::from_utf8_lossy(&text).into_owned()));
        });
    }
    let until = Instant::now() + PATIENCE;
    let mut said = String::new();
    for _ in 0..2 {
        match over.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(text) => said.push_str(&text.expect("a pipe can be read")),
            Err(_) => {
                let _over_already = child.kill();
                child.wait().expect("it is a child of this test");
                panic!("with the fault {fault:?} the search hangs");
            }
        }
    }
    let status = child.wait().expect("it is a child of this test");
    (status.success(), said)
}

fn boxed(pipe: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(pipe)
}

/// The first failing seed, and the first thing that was wrong.
struct Caught {
    seed: u64,
    finding: String,
}

impl Caught {
    fn parse(output: &str) -> Option<Self> {
        let mut lines = output.lines().skip_while(|line| !(line.starts_with("seed ") && line.contains(" fails, ")));
        let seed = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        Some(Caught { seed, finding: lines.next()?.trim().to_owned() })
    }
}

/// Copies manifests and sources.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in read_dir(from) {
            copy(&entry, &to.join(entry.file_name().expect("an entry has a name")));
        }
    } else if from.extension() == Some(OsStr::new("rs")) || from.ends_with("Cargo.toml") {
        write(to, &read(from));
    }
}

fn read_dir(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|entry| entry.unwrap_or_else(|error| panic!("{}: {error}", path.display())).path()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("a file lies in a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn remove_dir(path: &Path) {
    if path.exists() {
        fs::remove_dir_all(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
