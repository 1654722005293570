//! The port meets its runtime through one door: the trait `httptrace::Runtime`, and its tokio side in `tokio_rt.rs`.
//!
//! A clock, a task or a socket from anywhere else would be one that the stepper cannot hold still, the census does not
//! count, and a web page does not have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of the port, from the bottom up.
const PORT: [&str; 5] = ["httptrace", "body_signal", "persistconn", "transport", "client"];

/// The one file that may.
const DOOR: &str = "httptrace/src/tokio_rt.rs";

/// What no other file of the port may name.
const WORLD: [&str; 16] = [
    "Instant",
    "SystemTime",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "tokio::runtime",
    "tokio::spawn",
    "tokio::task",
    "tokio::time",
    "spawn_blocking",
    "std::thread",
    "std::fs",
    "std::env",
    "TcpStream",
    "UdpSocket",
    // One import a line, so that the words above are found.
    "tokio::{",
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it lies among the other crates").to_owned()
}

/// The Rust files below `dir`, but for those that are compiled for tests only.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let (mut files, mut tests) = (Vec::new(), BTreeSet::new());
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.expect("a directory can be listed").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            tests.extend(test_modules(&fs::read_to_string(&path).expect("a source file")));
            files.push(path);
        }
    }
    files.retain(|file| {
        file.parent() != Some(dir) || !tests.contains(&*file.file_stem().expect("a name").to_string_lossy())
    });
    files
}

/// The modules that `text` has in other files for its tests only: `#[cfg(test)]`, then `mod name;`.
fn test_modules(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]");
    tests.filter_map(|pair| Some(pair[1].trim().strip_prefix("mod ")?.strip_suffix(';')?.to_owned())).collect()
}

/// The lines that name something of the world: without comments, and without the tests at the end of a file.
fn worldly<'a>(text: &'a str) -> impl Iterator<Item = (usize, &'a str, &'static str)> + 'a {
    let lines: Vec<&str> = text.lines().collect();
    let tests_begin = |at: usize| {
        lines[at].trim() == "#[cfg(test)]"
            && lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with("mod tests {"))
    };
    let end = (0..lines.len()).find(|&at| tests_begin(at)).unwrap_or(lines.len());
    lines.into_iter().take(end).enumerate().filter_map(|(at, line)| {
        let code = line.split("//").next().unwrap_or_default();
        WORLD.into_iter().find(|word| code.contains(word)).map(|word| (at + 1, line, word))
    })
}

#[test]
fn no_file_of_the_port_but_one_takes_time_tasks_or_sockets_from_elsewhere() {
    let (mut looked_at, mut found) = (0, Vec::new());
    for member in PORT {
        for file in sources(&crates().join(member).join("src")) {
            if file.ends_with(DOOR) {
                continue;
            }
            looked_at += 1;
            let text = fs::read_to_string(&file).expect("a source file");
            found.extend(worldly(&text).map(|(at, line, _)| format!("{}:{at}: {}", file.display(), line.trim())));
        }
    }
    assert!(looked_at > 30, "only {looked_at} files were found");
    assert!(found.is_empty(), "not through the door:\n{}", found.join("\n"));
}

/// Whoever looks for these words must find them where they are.
#[test]
fn the_door_itself_takes_all_three() {
    let text = fs::read_to_string(crates().join(DOOR)).expect("the tokio side of the seam");
    let words: BTreeSet<&str> = worldly(&text).map(|(_, _, word)| word).collect();
    for word in ["Instant", "tokio::net", "tokio::time"] {
        assert!(words.contains(word), "{DOOR} does not name {word}: {words:?}");
    }
}

/// The features are the door's lock: without `net` there is no timer, no runtime and no socket to be had.
#[test]
fn without_sockets_no_crate_asks_tokio_for_a_clock_a_runtime_or_a_socket() {
    let args = ["tree", "--offline", "--no-default-features", "--edges", "features,no-dev", "--prefix", "none"];
    let tree = Command::new(env!("CARGO")).args(args).args(["--package", "client", "--package", "stepper"]).output();
    let tree = tree.expect("cargo runs this test, so it can be run");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("names of crates");
    assert!(tree.contains(r#"tokio feature "sync""#), "{tree}");
    for feature in ["fs", "net", "process", "rt", "rt-multi-thread", "time", "full"] {
        let asked_for = format!(r#"tokio feature "{feature}""#);
        assert!(!tree.contains(&asked_for), "{asked_for}, in:\n{tree}");
    }
}
