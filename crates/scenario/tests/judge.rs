//! Scenarios compared with what is recorded of Go. No Go is needed: the recordings are made from the port's own outcomes.

use std::fs;
use std::path::{Path, PathBuf};

use scenario::collection::{Collection, CollectionError};
use scenario::go::Search;
use scenario::judge::{Case, Wanted, judge};
use scenario::recording::{Fresh, Recorded, Recording, Seen, fingerprint};
use scenario::{Outcome, Policy, Scenario, run};

const ONE_GET: &str = "about = \"One GET?\"\n[origin.a]\nreply = { bytes = 10 }\n\
                       [caller]\nsteps = [{ send = \"r\", get = \"a/\" }, { read = \"r\" }]\n";

/// A folder with scenarios and recordings.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("it lies in this folder")).expect("a folder of one's own");
        fs::write(&path, text).expect("a file of one's own");
        path
    }

    /// A scenario, and a recording of what this port does in it, changed as if Go had done otherwise.
    fn scenario(&self, name: &str, text: &str, change: impl Fn(&mut Outcome)) {
        let path = self.write(&format!("{name}.toml"), text);
        let scenario = Scenario::read(&path).expect("it can be read");
        let entry = |policy| {
            let mut outcome = run(&scenario, policy).expect("it runs").outcome;
            change(&mut outcome);
            let mut seen = Seen::default();
            seen.add(&outcome);
            (outcome, Recorded { go: "go1.99".to_owned(), policy, seen })
        };
        let (outcomes, entries): (Vec<_>, Vec<_>) = scenario.policies.iter().copied().map(entry).unzip();
        let fresh = Fresh {
            first: outcomes[0].clone(),
            recording: Recording { scenario: Some(fingerprint(&path).expect("it is there")), entries },
        };
        fresh.write(&Recording::path(&path)).expect("a file of one's own");
    }

    fn judged(&self) -> (Collection, Vec<Case>) {
        let collection = Collection::read(&[self.path().to_owned()]).expect("everything can be read");
        let wanted = Wanted {
            live: false,
            record: 0,
            policies: Policy::ALL.into(),
            search: Search::new(&[]),
            folder: self.path().to_owned(),
            at_once: 4,
        };
        let mut told = 0;
        let cases = judge(&collection, &wanted, |_| told += 1);
        assert_eq!(told, cases.len(), "each case is told");
        (collection, cases)
    }
}

fn two_alive(outcome: &mut Outcome) {
    outcome.counts.get_mut("end").expect("it is always there").alive = 2;
}

fn fine(case: &Case) -> bool {
    case.verdict.as_ref().expect("it was compared").is_fine()
}

#[test]
fn a_port_that_does_what_is_recorded_agrees_under_each_policy() {
    let folder = Folder::new();
    folder.scenario("one", ONE_GET, |_| {});
    folder.scenario("two", ONE_GET, |_| {});
    let (_, cases) = folder.judged();
    let names: Vec<_> = cases.iter().map(|case| (case.name.as_str(), case.policy)).collect();
    let both = |name| Policy::ALL.map(|policy| (name, policy));
    assert_eq!(names, [both("one"), both("two")].concat());
    assert!(cases.iter().all(fine));
}

#[test]
fn a_field_that_go_never_had_like_that_is_a_difference_even_after_more_runs() {
    let folder = Folder::new();
    folder.scenario("one", ONE_GET, two_alive);
    let (_, cases) = folder.judged();
    for case in &cases {
        let verdict = case.verdict.as_ref().expect("it was compared");
        assert!(!verdict.is_fine());
        assert_eq!(verdict.runs.len(), 5, "a race would have been given its chance");
        let fields: Vec<_> = verdict.last().unexplained().map(|row| row.field.as_str()).collect();
        assert_eq!(fields, ["counts.end.alive"]);
    }
}

#[test]
fn what_was_recorded_of_a_scenario_that_has_changed_since_is_not_compared_with() {
    let folder = Folder::new();
    folder.scenario("one", ONE_GET, |_| {});
    folder.write("one.toml", &format!("# Told otherwise.\n{ONE_GET}"));
    let (_, cases) = folder.judged();
    assert!(cases.iter().all(fine), "only what happens counts");
    folder.write("one.toml", &ONE_GET.replace("[caller]", "[transport]\nDisableKeepAlives = true\n\n[caller]"));
    let (_, cases) = folder.judged();
    for case in &cases {
        let error = case.verdict.as_ref().expect_err("it is stale").to_string();
        assert!(error.contains("has changed since it was recorded"), "{error}");
    }
}

#[test]
fn a_declared_difference_is_no_fault_and_is_counted() {
    let folder = Folder::new();
    let declared =
        format!("{ONE_GET}[[differs]]\nfield = \"counts.end.alive\"\ngo = 2\nport = 3\nwhy = \"to see it counted\"\n");
    folder.scenario("one", &declared, two_alive);
    let (_, cases) = folder.judged();
    assert!(cases.iter().all(fine));
    assert_eq!(cases[0].verdict.as_ref().expect("it was compared").used, 1);
}

#[test]
fn a_declared_difference_that_does_not_show_is_a_fault_unless_a_race_decides() {
    let folder = Folder::new();
    let declared =
        format!("{ONE_GET}[[differs]]\nfield = \"counts.end.alive\"\ngo = 2\nport = 3\nwhy = \"it was so once\"\n");
    folder.scenario("stale", &declared, |_| {});
    folder.scenario("race", &format!("{declared}race = true\n"), |_| {});
    let (_, cases) = folder.judged();
    for case in &cases {
        let stale = &case.verdict.as_ref().expect("it was compared").stale;
        assert_eq!(stale.len(), usize::from(case.name == "stale"), "{}", case.name);
        assert_eq!(fine(case), case.name == "race");
    }
}

#[test]
fn a_difference_of_one_policy_need_not_show_under_the_other() {
    let folder = Folder::new();
    let declared =
        "[[differs]]\nfield = \"counts.end.alive\"\ngo = 2\nport = 3\npolicy = \"go1.27\"\nwhy = \"as meant\"\n";
    let text = format!("policy = [\"go1.12\"]\n{ONE_GET}{declared}");
    folder.scenario("one", &text, |_| {});
    let (_, cases) = folder.judged();
    assert_eq!(cases.len(), 1);
    assert!(fine(&cases[0]));
}

#[test]
fn a_shared_difference_counts_in_every_scenario_that_it_is_for_and_has_to_show_in_one() {
    let folder = Folder::new();
    let shared = |scenario: &str| {
        format!(
            "[[differs]]\nscenario = \"{scenario}\"\nfield = \"counts.*.alive\"\ngo = 2\nport = 3\nwhy = \"for all\"\n\n"
        )
    };
    folder.write("differences.toml", &(shared("one_*") + &shared("nothing_*")));
    folder.scenario("one_a", ONE_GET, two_alive);
    folder.scenario("one_b", ONE_GET, |_| {});
    let (collection, cases) = folder.judged();
    assert!(cases.iter().all(fine), "it need not show in each");
    let stale: Vec<_> = collection.stale(&cases).iter().map(|shared| shared.scenario.as_str()).collect();
    assert_eq!(stale, ["nothing_*"]);
}

#[test]
fn the_folders_in_a_folder_belong_to_it_and_share_its_differences() {
    let folder = Folder::new();
    let shared = "[[differs]]\nscenario = \"*\"\nfield = \"counts.*.alive\"\ngo = 2\nport = 3\nwhy = \"for all\"\n";
    folder.write("differences.toml", shared);
    folder.scenario("rows/one", ONE_GET, two_alive);
    folder.scenario("two", ONE_GET, |_| {});
    let (collection, cases) = folder.judged();
    let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["two", "two", "one", "one"]);
    assert!(cases.iter().all(fine));
    assert!(collection.stale(&cases).is_empty());
}

#[test]
fn what_is_not_recorded_is_told_with_the_command_that_records_it() {
    let folder = Folder::new();
    folder.write("one.toml", ONE_GET);
    let (_, cases) = folder.judged();
    let error = cases[0].verdict.as_ref().unwrap_err().to_string();
    assert!(
        error.ends_with("nothing is recorded for the policy go1.12; `cargo lab diff --record` does that, and `--live` needs no recording"),
        "{error}"
    );
}

#[test]
fn a_broken_recording_and_a_folder_without_scenarios_are_told_of() {
    let folder = Folder::new();
    let empty = Collection::read(&[folder.path().to_owned()]).unwrap_err();
    assert!(matches!(empty, CollectionError::Empty(_)), "{empty}");
    folder.write("one.toml", ONE_GET);
    folder.write("one.go.json", "{");
    let (_, cases) = folder.judged();
    let error = cases[0].verdict.as_ref().unwrap_err().to_string();
    assert!(error.contains("one.go.json") && error.contains("make it anew"), "{error}");
}
