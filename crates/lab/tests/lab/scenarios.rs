//! Scenarios from the command line, and every command that the page on them prints.

use std::path::PathBuf;
use std::process::{Command, Output};

use lab::recording::Recordings;
use lab::workspace::Workspace;

use crate::support::said;

fn house() -> Workspace {
    Workspace::find().expect("the lab's own repository")
}

fn lab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab")).args(args).current_dir(house().root()).output().expect("the lab starts")
}

/// The page on scenarios.
fn page() -> String {
    std::fs::read_to_string(house().src().join("scenarios.md")).expect("the page is there")
}

#[test]
fn every_output_on_the_page_is_what_its_command_prints_today() {
    let recordings = Recordings::load(&house()).expect("the recordings");
    let page = page();
    let shown: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("{{#output ")?.strip_suffix("}}")).collect();
    assert!(shown.len() >= 4, "{shown:?}");
    for name in shown {
        let recording = recordings.get(name).expect("a recording");
        let words = recording.lab().expect("the page runs the lab");
        let output = lab(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{name}: {}", said(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), recordings.output(name).unwrap(), "{name}");
    }
}

#[test]
fn every_command_on_the_page_that_needs_no_go_does_what_it_says() {
    let dir = tempfile::tempdir().expect("a directory");
    let drawing = dir.path().join("lanes.svg");
    let mut run = 0;
    for line in page().lines().filter_map(|line| line.strip_prefix("$ ")) {
        let words = line.strip_prefix("cargo lab ").expect("the page runs nothing but the lab");
        // What needs real Go is tried in `with_go`.
        if words.starts_with("go ") || words.contains("--live") || words.contains("--record") {
            continue;
        }
        let words = words.replace("lanes.svg", &drawing.to_string_lossy());
        let output = lab(&words.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{line}: {}", said(&output));
        if words.contains("--json") {
            let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(outcome["requests"]["r"]["steps"][1]["read"]["error"], "unexpected EOF");
        }
        run += 1;
    }
    assert!(run >= 2, "{run} commands");
    let svg = std::fs::read_to_string(drawing).expect("the drawing is there");
    for lane in ["caller", "pool", "read_loop", "write_loop", "origin"] {
        assert!(svg.contains(&format!(">{lane}</text>")), "no lane {lane}");
    }
    assert!(svg.starts_with("<svg ") && svg.contains("xmlns="), "a file of its own");
    assert!(svg.contains(" height="), "as long as it is, not squeezed into a window");
    assert!(svg.contains(">wants a</text>") && !svg.contains("127.0.0.1"), "origins have names, not ports");
}

#[test]
fn every_scenario_on_the_page_is_included_from_its_file() {
    let page = page();
    assert_eq!(page.matches("{{#include book/scenarios/").count(), 3);
    assert!(!page.contains("```toml"), "a scenario is typed by hand");
}

#[test]
fn a_file_that_is_broken_is_told_and_the_others_are_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let broken = dir.path().join("broken.toml");
    std::fs::write(&broken, "about = \"?\"\n[origin.a]\nreplay = { bytes = 3 }\n").unwrap();
    let good = PathBuf::from("book/scenarios/puzzle.toml");
    let output = lab(&["run", &broken.to_string_lossy(), &good.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = format!("error: {}:3: an origin has no key `replay` (did you mean `reply`?)", broken.display());
    assert!(stderr.starts_with(&expected), "{stderr}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("puzzle (go1.27)"));
}

#[test]
fn a_run_that_hangs_is_ended_at_its_limit_with_the_state_of_things() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("hangs.toml");
    let text = "about = \"?\"\nlimit = \"100ms\"\n[origin.a]\nconns = [[\"hold\"]]\n[caller]\nsteps = [{ send = \"r\", get = \"a/\" }]\n";
    std::fs::write(&file, text).unwrap();
    let output = lab(&["run", &file.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = "error: hangs: not over after 100ms\n  0 of 1 steps are done; waiting: line 6: send r (GET a/)\n";
    assert!(stderr.starts_with(expected), "{stderr}");
}

#[test]
fn one_drawing_is_of_one_scenario() {
    let file = "book/scenarios/puzzle.toml";
    let output = lab(&["run", file, file, "--svg", "never-written.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!house().root().join("never-written.svg").exists());
}
