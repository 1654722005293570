//! The rows that were measured with real Go, each as a scenario: `book/scenarios/rows` against `book/data/go_rows.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use scenario::recording::{Flat, Recording};
use scenario::scenario::Difference;
use scenario::{Policy, Scenario, run};
use serde::Deserialize;
use serde_json::Value;

/// How often a scenario runs before what it gives counts: under load a pause may be too short.
const TRIES: usize = 5;
/// How many scenarios run at a time.
const AT_ONCE: usize = 4;

#[derive(Deserialize)]
struct Figures {
    /// Rows without a scenario, each with its reason.
    out: BTreeMap<String, String>,
    rows: BTreeMap<String, Row>,
}

#[derive(Deserialize)]
struct Row {
    what: String,
    /// By version.
    #[serde(flatten)]
    go: BTreeMap<String, Cell>,
}

/// What was measured, and how often.
#[derive(Deserialize)]
struct Cell {
    settled: BTreeMap<String, usize>,
    connections: BTreeMap<String, usize>,
    /// Settled and connections of more runs: `5/2`.
    #[serde(default)]
    more: BTreeMap<String, usize>,
}

/// Tasks or goroutines at the end, and connections accepted: of two origins, `3+3`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Figure {
    settled: String,
    connections: String,
}

impl Cell {
    /// Where a race decides, both figures must have come in one run.
    fn has(&self, Figure { settled, connections }: &Figure) -> bool {
        match self.more.is_empty() {
            true => self.settled.contains_key(settled) && self.connections.contains_key(connections),
            false => self.more.contains_key(&format!("{settled}/{connections}")),
        }
    }
}

impl Figure {
    fn of(outcome: &Flat) -> Self {
        let accepted =
            outcome.iter().filter(|(field, _)| field.starts_with("origins.") && field.ends_with(".accepted"));
        Figure {
            settled: outcome["counts.end.alive"].to_string(),
            connections: accepted.map(|(_, count)| count.to_string()).collect::<Vec<_>>().join("+"),
        }
    }

    /// What Go is to have, where the scenario declares that this port has another number of tasks.
    fn in_go(self, scenario: &Scenario, policy: Policy) -> Self {
        let port = self.settled.parse::<usize>().ok().map(Value::from);
        let is_it = |differs: &&Difference| {
            differs.field == "counts.end.alive"
                && differs.port == port
                && differs.policy.is_none_or(|only| only == policy)
        };
        match scenario.differs.iter().find(is_it).and_then(|differs| differs.go.as_ref()) {
            Some(go) => Figure { settled: go.to_string(), ..self },
            None => self,
        }
    }
}

fn book(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../book").join(path)
}

fn figures() -> Figures {
    let text = std::fs::read_to_string(book("data/go_rows.json")).expect("the figures can be read");
    serde_json::from_str(&text).expect("the figures are as they are described here")
}

/// The row's scenario, and where it lies.
fn scenario_of(row: &str) -> (PathBuf, Scenario) {
    let path = book(&format!("scenarios/rows/{row}.toml"));
    let scenario = Scenario::read(&path).unwrap_or_else(|error| panic!("{error}"));
    (path, scenario)
}

#[test]
fn each_row_that_was_measured_has_its_scenario_and_each_scenario_its_row() {
    let figures = figures();
    let files = std::fs::read_dir(book("scenarios/rows")).expect("the folder can be read");
    let paths = files
        .map(|file| file.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let there: BTreeSet<String> =
        paths.map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect();
    assert_eq!(there, figures.rows.keys().cloned().collect());
    for name in &there {
        assert_eq!(scenario_of(name).1.row.as_deref(), Some(name.as_str()));
        assert!(!figures.rows[name].what.is_empty(), "{name}");
    }
    assert!(figures.out.keys().all(|name| !there.contains(name) && name.contains("h2")), "only HTTP/2 is out");
}

#[test]
fn the_figures_that_are_printed_in_the_book_are_these() {
    let text = std::fs::read_to_string(book("data/go_measured.json")).expect("the book's figures can be read");
    let printed: Value = serde_json::from_str(&text).expect("JSON");
    let mut compared = 0;
    for (name, row) in figures().rows {
        for (version, cell) in row.go {
            assert_eq!(cell.settled.values().sum::<usize>(), 10, "{name} {version}: a cell is ten runs");
            assert_eq!(cell.connections.values().sum::<usize>(), 10, "{name} {version}: a cell is ten runs");
            let races = cell.settled.len() > 1 || cell.connections.len() > 1;
            assert!(!races || !cell.more.is_empty(), "{name} {version}: ten runs are few for a race");
            let printed = &printed["rows"][&name][&version];
            if printed.is_object() {
                assert_eq!(printed["settled"], serde_json::to_value(&cell.settled).expect("a map"), "{name} {version}");
                assert_eq!(
                    printed["connections"],
                    serde_json::to_value(&cell.connections).expect("a map"),
                    "{name} {version}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "only {compared} cells are in both");
}

#[test]
fn what_is_recorded_of_go_is_what_was_measured() {
    for (name, row) in &figures().rows {
        let (path, scenario) = scenario_of(name);
        let recording = Recording::read(&Recording::path(&path)).unwrap_or_else(|error| panic!("{error}"));
        let policies: Vec<Policy> = recording.entries.iter().map(|entry| entry.policy).collect();
        assert_eq!(policies, scenario.policies, "{name}: what is recorded");
        for entry in &recording.entries {
            let version = entry.go.trim_start_matches("go");
            let cell = row.go.get(version).unwrap_or_else(|| panic!("{name}: nothing was measured with Go {version}"));
            for outcome in entry.seen.outcomes() {
                let figure = Figure::of(outcome);
                assert!(cell.has(&figure), "{name}: Go {version} gave {figure:?}, which was never measured");
            }
        }
    }
}

#[test]
fn this_port_leaves_what_go_left() {
    let figures = figures();
    let models = [(Policy::Go1_12, "1.12.7"), (Policy::Go1_27, "1.27.3")];
    let rows = Mutex::new(figures.rows.iter());
    let faults = Mutex::new(Vec::new());
    let next = || rows.lock().expect("no thread panics with it").next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, row)) = next() {
                    let (_, scenario) = scenario_of(name);
                    for (policy, version) in models.iter().filter(|(policy, _)| scenario.policies.contains(policy)) {
                        if let Err(last) = agrees(&scenario, *policy, &row.go[*version]) {
                            let what =
                                format!("{name}: this port gives {last:?} under {policy}, and Go {version} never did");
                            faults.lock().expect("no thread panics with it").push(what);
                        }
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no thread has panicked");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Runs it until Go has given the same, some times at most.
///
/// # Errors
///
/// What the last run gave.
fn agrees(scenario: &Scenario, policy: Policy, cell: &Cell) -> Result<(), Figure> {
    let mut tries = 0;
    loop {
        let outcome = run(scenario, policy).unwrap_or_else(|error| panic!("{error}")).outcome;
        let figure = Figure::of(&outcome.flatten()).in_go(scenario, policy);
        tries += 1;
        match cell.has(&figure) {
            true => return Ok(()),
            false if tries == TRIES => return Err(figure),
            false => {}
        }
    }
}
