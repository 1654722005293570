//! The loops still read like Go's, arm for arm: each `select!` of the port against `book/data/select_arms.toml`.
//!
//! A select that is not in the list fails the test, and so does an arm that is another one, stands in another place, or is
//! not explained before the select. An arm is Go's of some versions, or the list says why Go has none.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    select: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// The file under `crates/`.
    file: String,
    /// The function that it stands in.
    function: String,
    /// Where Go has it, or why it has none.
    go: Option<String>,
    differs: Option<String>,
    arm: Vec<Arm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    /// What is waited for, as it stands in the source.
    waits_for: String,
    /// Go's arm, and the versions that have it.
    go: Option<String>,
    #[serde(default)]
    versions: Vec<String>,
    /// Why Go has no such arm.
    differs: Option<String>,
    /// What is lost when another arm wins, and why that may be. Without it nothing is.
    dropped: Option<String>,
}

/// One `select!` as it stands in the source.
#[derive(Debug)]
struct Found {
    file: String,
    function: String,
    line: usize,
    arms: Vec<String>,
    /// How many points the comment before it has.
    explained: usize,
    /// The comment says of an arm that dropping it loses something.
    told_to_lose: bool,
}

/// How the comments say that an arm which does not win loses something.
const LOSES: [&str; 4] = ["Not cancel-safe", "ropping", "is dropped", "is gone"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate of the house").to_owned()
}

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn all_selects() -> Vec<Found> {
    let mut files = Vec::new();
    for name in ["body_signal", "persistconn", "transport", "client"] {
        rust_files(&crates().join(name).join("src"), &mut files);
    }
    files.iter().flat_map(|file| selects_in(file)).collect()
}

fn selects_in(path: &Path) -> Vec<Found> {
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let file = path.strip_prefix(crates()).unwrap().to_str().unwrap().replace('\\', "/");
    let opens = |line: &str| line.contains("select! {") && !line.trim_start().starts_with("//");
    let places = lines.iter().enumerate().filter(|(_, line)| opens(line)).map(|(at, _)| at);
    places
        .map(|at| {
            let function =
                lines[..at].iter().rev().find_map(|line| function_name(line)).expect("it stands in a function");
            let before = lines[..at].iter().rev().take_while(|line| !line.trim_start().is_empty());
            let comment: Vec<&str> =
                before.map(|line| line.trim_start()).filter(|line| line.starts_with("//")).collect();
            let explained = comment.iter().filter(|line| line.starts_with("// - ")).count();
            let told_to_lose = comment.iter().any(|line| LOSES.iter().any(|word| line.contains(word)));
            Found { file: file.clone(), function, line: at + 1, arms: arms(&lines[at + 1..]), explained, told_to_lose }
        })
        .collect()
}

fn function_name(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("fn ")?;
    let is_item = before.trim().is_empty() || before.trim_start().starts_with("pub") || before.trim() == "async";
    let name: String = rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    (is_item && !name.is_empty()).then_some(name)
}

/// What is waited for in the arms of a select whose body begins with `lines`.
fn arms(lines: &[&str]) -> Vec<String> {
    let (mut depth, mut arms) = (0, Vec::new());
    for line in lines {
        let code = line.split(" // ").next().unwrap_or(line).trim();
        if depth == 0 && code.starts_with('}') {
            return arms;
        }
        if depth == 0
            && let Some((head, _body)) = code.split_once(" => ")
        {
            let (_pattern, waits_for) = head.split_once(" = ").expect("pattern = future => body");
            arms.push(waits_for.split(", if ").next().unwrap_or(waits_for).to_owned());
        }
        depth += code.matches(['{', '(', '[']).count() as i64 - code.matches(['}', ')', ']']).count() as i64;
    }
    panic!("a select without an end");
}

fn list() -> List {
    let path = crates().join("../book/data/select_arms.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_select_has_the_arms_of_the_list_in_its_order() {
    let mut listed: Vec<Listed> = list().select;
    for found in all_selects() {
        let Found { file, function, line, .. } = &found;
        let at = listed.iter().position(|one| (&one.file, &one.function) == (file, function));
        let at = at.unwrap_or_else(|| panic!("{file}:{line}: this select is not in the list: {found:#?}"));
        // In the order of the source, where a function has more than one.
        let wanted: Vec<String> = listed.remove(at).arm.into_iter().map(|arm| arm.waits_for).collect();
        assert_eq!(found.arms, wanted, "{file}:{line}, in {function}");
    }
    let left: Vec<_> = listed.iter().map(|one| (&one.file, &one.function)).collect();
    assert!(left.is_empty(), "in the list and not in the source: {left:?}");
}

#[test]
fn every_select_is_explained_before_it_begins() {
    for Found { file, line, arms, explained, .. } in all_selects() {
        assert!(explained > 0, "{file}:{line}: no list of its arms before it");
        assert!(explained <= arms.len(), "{file}:{line}: {explained} points for {} arms", arms.len());
    }
}

#[test]
fn every_arm_is_gos_or_has_a_reason() {
    for Listed { file, function, go, differs, arm } in list().select {
        assert!(go.is_some() != differs.is_some(), "{file} {function}: Go's place, or why there is none");
        for arm in arm {
            let what = format!("{file} {function}: {}", arm.waits_for);
            assert!(arm.go.is_some() != arm.differs.is_some(), "{what}: Go's arm, or why there is none");
            assert_eq!(arm.go.is_some(), !arm.versions.is_empty(), "{what}: the versions that have it");
            for version in &arm.versions {
                assert!(["1.12.7", "1.19.8", "1.27.3"].contains(&version.as_str()), "{what}: {version}");
            }
        }
    }
}

/// What is lost when another arm wins, as the book shows it: `book/data/select_dropped.md`.
#[test]
fn the_page_of_what_is_dropped_is_written_from_the_list() {
    let list = list().select;
    let arms: Vec<(&Listed, &Arm)> = list.iter().flat_map(|one| one.arm.iter().map(move |arm| (one, arm))).collect();
    let losing: Vec<_> = arms.iter().filter_map(|(one, arm)| Some((one, arm, arm.dropped.as_ref()?))).collect();
    let mut page = format!(
        "<!-- Written from select_arms.toml by the test `select_arms` of client. -->\n\n\
         The port has {} selects with {} arms. In {} of the arms what is waited for stays when another arm wins. These are \
         the other {}:\n\n| arm | file | what is dropped |\n|---|---|---|\n",
        list.len(),
        arms.len(),
        arms.len() - losing.len(),
        losing.len(),
    );
    for (one, arm, dropped) in losing {
        let name = arm.waits_for.split('(').next().unwrap_or(&arm.waits_for).trim_start_matches("&mut ");
        page.push_str(&format!("| `{name}` | `{}` | {dropped} |\n", one.file));
    }
    let path = crates().join("../book/data/select_dropped.md");
    if std::env::var_os("WRITE").is_some() {
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == page,
        "book/data/select_dropped.md is out of date: run `WRITE=1 cargo test -p client --test select_arms`"
    );
}

#[test]
fn what_a_losing_arm_costs_is_said_before_the_select_and_nowhere_else() {
    let mut listed: Vec<Listed> = list().select;
    for Found { file, function, line, told_to_lose, .. } in all_selects() {
        let at = listed.iter().position(|one| one.file == file && one.function == function);
        let one = listed.remove(at.unwrap_or_else(|| panic!("{file}:{line}: this select is not in the list")));
        let loses = one.arm.iter().any(|arm| arm.dropped.is_some());
        assert_eq!(told_to_lose, loses, "{file}:{line}: the comment and the list do not say the same");
    }
}

/// The select of the article: four arms in its Go, three in today's.
#[test]
fn the_body_select_has_the_articles_four_arms() {
    let list = list();
    let body = list.select.iter().find(|one| one.function == "serve").expect("the body select");
    let of = |version: &str| body.arm.iter().filter(|arm| arm.versions.iter().any(|has| has == version)).count();
    assert_eq!((of("1.12.7"), of("1.19.8"), of("1.27.3")), (4, 4, 3));
}

/// For whoever has to bring the list up to date: `PRINT=1 cargo test -p client --test select_arms -- --nocapture`.
#[test]
fn the_selects_can_be_printed() {
    let selects = all_selects();
    assert!(selects.len() >= 8, "the port has that many at least");
    if std::env::var_os("PRINT").is_some() {
        println!("{selects:#?}");
    }
}
