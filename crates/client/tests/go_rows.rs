//! The list of Go's own tests, and which test here asserts each of them: `book/data/go_tests.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// How many of Go's tests ask something of an HTTP/1 client.
const ROWS: usize = 219;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    row: Vec<Row>,
}

/// One of Go's tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// In Go's `net/http`.
    file: String,
    /// In Go 1.27.3.
    line: u32,
    go: String,
    capability: String,
    /// The test here that asserts every clause.
    test: Option<String>,
    /// What is missing.
    waits: Option<String>,
    /// The test here that asserts what is not missing.
    part: Option<String>,
}

impl Row {
    /// What is wrong with it, if something is.
    fn fault(&self, told_again: &BTreeSet<(String, String)>) -> Option<String> {
        let Row { go, test, waits, part, .. } = self;
        if test.is_some() == waits.is_some() {
            return Some(format!("{go} has not exactly one of `test` and `waits`"));
        }
        if test.is_some() && part.is_some() {
            return Some(format!("{go} has a `test`, so it has no `part`"));
        }
        let named = test.as_ref().or(part.as_ref())?;
        let found = told_again.contains(&(go.clone(), named.clone()));
        (!found).then(|| format!("{go}: no test `{named}` with the line `/// Go: {go}`"))
    }
}

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn list() -> Vec<Row> {
    let text = fs::read_to_string(house().join("book/data/go_tests.toml")).expect("the list is there");
    toml::from_str::<List>(&text).expect("the list can be read").row
}

/// All Rust files below `dir`.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory of the house").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() && entry.file_name().is_some_and(|name| name != "target") {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Each of Go's tests that a doc line names, and the test below that line: `client::go::body::its_name`.
fn told_again() -> BTreeSet<(String, String)> {
    let crates = house().join("crates");
    let mut files = Vec::new();
    sources(&crates, &mut files);
    let mut all = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("sources are text");
        let module = module_of(file.strip_prefix(&crates).expect("it was found there"));
        let mut twins = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(test) = line.strip_prefix("/// Go: Test") {
                twins.push(format!("Test{test}"));
            } else if let Some(rest) = line.strip_prefix("fn ") {
                let name = rest.split('(').next().unwrap_or(rest);
                all.extend(twins.drain(..).map(|twin| (twin, format!("{module}::{name}"))));
            } else if !line.starts_with("///") && !line.starts_with("#[") {
                assert!(twins.is_empty(), "{}: {twins:?} stand above no test", file.display());
            }
        }
    }
    all
}

/// `client/tests/go/body.rs` is `client::go::body`.
fn module_of(file: &Path) -> String {
    let stem = file.with_extension("");
    let words = stem.iter().map(|word| word.to_str().expect("file names are text"));
    let mut words: Vec<&str> = words.enumerate().filter(|(at, _)| *at != 1).map(|(_, word)| word).collect();
    words.retain(|word| *word != "mod");
    words.join("::")
}

#[test]
fn each_of_gos_tests_is_told_again_or_says_what_it_waits_for() {
    let (rows, told_again) = (list(), told_again());
    let faults: Vec<String> = rows.iter().filter_map(|row| row.fault(&told_again)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(rows.len(), ROWS);
    let distinct: BTreeSet<_> = rows.iter().map(|row| (&row.file, &row.go)).collect();
    assert_eq!(distinct.len(), ROWS, "a row stands twice");
}

#[test]
fn each_test_that_names_one_of_gos_names_one_that_there_is() {
    let rows = list();
    let known: BTreeSet<&str> = rows.iter().map(|row| &*row.go).collect();
    for (go, test) in told_again() {
        assert!(known.contains(&*go), "`{test}` names {go}, which is none of Go's tests in the list");
    }
}

/// The list as a table a capability, what waits at the end of each.
fn page(rows: &[Row]) -> String {
    let mut capabilities: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        capabilities.entry(&row.capability).or_default().push(row);
    }
    let covered = rows.iter().filter(|row| row.test.is_some()).count();
    let mut page = String::new();
    let mut say = |line: String| writeln!(page, "{line}").expect("writing into a string cannot fail");
    say("# Go's own tests, told again".to_owned());
    say(String::new());
    say(format!(
        "What Go 1.27.3 asks of its HTTP/1 client in {ROWS} tests, and which test here asserts it:\n{covered} are told again, {} wait.",
        rows.len() - covered
    ));
    say("This page is written from `go_tests.toml`.".to_owned());
    for (capability, rows) in capabilities {
        let covered = rows.iter().filter(|row| row.test.is_some()).count();
        say(format!("\n## {capability}: {covered} of {}\n", rows.len()));
        say("| Go | here |\n|---|---|".to_owned());
        let (done, waiting): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.test.is_some());
        for row in done.into_iter().chain(waiting) {
            let here = match (&row.test, &row.waits, &row.part) {
                (Some(test), ..) => format!("`{test}`"),
                (None, waits, None) => format!("waits: {}", waits.as_deref().unwrap_or_default()),
                (None, waits, Some(part)) => {
                    format!("waits: {}; the rest is `{part}`", waits.as_deref().unwrap_or_default())
                }
            };
            say(format!("| `{}` ({}:{}) | {here} |", row.go, row.file, row.line));
        }
    }
    page
}

#[test]
fn the_page_is_written_from_the_list() {
    let (path, page) = (house().join("book/data/go_tests.md"), page(&list()));
    if env::var_os("WRITE").is_some() {
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "book/data/go_tests.md is out of date: run `WRITE=1 cargo test -p client --test go_rows`");
}
