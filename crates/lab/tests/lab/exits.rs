//! The page of exits and the scenarios behind it.

use std::process::Command;

use httptrace::Exit;
use lab::exits;
use lab::exits::shown::{Shown, all};
use lab::workspace::Workspace;

use crate::support::said;

fn house() -> Workspace {
    Workspace::find().expect("the lab's own repository")
}

#[test]
fn every_entry_has_a_command_or_names_the_test_that_shows_it() {
    let list = exits::list(&house()).expect("each exit is shown");
    for (exit, shown) in Exit::ALL.iter().zip(all(&house()).expect("each exit is shown")) {
        let anchor = format!("id=\"{}\"", exit.id().to_ascii_lowercase());
        let (_before, entry) = list.split_once(&anchor).expect("it has an entry");
        let (entry, _after) = entry.split_once("\n</div>\n\n").expect("the entry ends");
        let wanted = match shown {
            Shown::Scenario { .. } => format!("<code>cargo lab run book/scenarios/exits/{exit}.toml</code>"),
            Shown::Test(only) => format!("in <code>{}</code>", only.file),
        };
        assert!(entry.contains(&wanted), "{exit}: {entry}");
    }
}

#[test]
fn every_command_of_the_page_takes_its_exit() {
    let list = exits::list(&house()).expect("each exit is shown");
    let commands = list.split("<code>cargo lab run ").skip(1);
    let files: Vec<&str> = commands.map(|rest| rest.split('<').next().expect("a file")).collect();
    assert!(files.len() * 10 > Exit::ALL.len() * 9, "only {} exits have a scenario", files.len());
    // `lab run` fails when a run does not take what its `exits` name.
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("run")
        .args(&files)
        .current_dir(house().root())
        .output()
        .expect("the lab starts");
    assert!(output.status.success(), "{}", said(&output));
    let told = String::from_utf8_lossy(&output.stdout);
    let took: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("  exits: ")).collect();
    assert_eq!(took.len(), files.len(), "{told}");
    for (file, took) in files.iter().zip(took) {
        let id = file.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")).expect("a name");
        assert!(took.split(", ").any(|exit| exit.split(' ').next() == Some(id)), "{file}: {took}");
    }
}
