//! The commands that need real Go, or what is recorded of it: `lab go` and `lab diff`.

use std::path::PathBuf;

use scenario::collection::Collection;
use scenario::go::{self, Search, Toolchain};
use scenario::judge::{Case, JudgeError, Verdict, Wanted, judge, play};
use scenario::table::table;
use scenario::{Policy, show};

use crate::error::Error;
use crate::workspace::Workspace;

/// How many scenarios run at a time. They mostly wait, and must not wait for a processor.
const AT_ONCE: usize = 4;
/// How many runs of Go are recorded when nobody says.
const RUNS: usize = 10;

/// `lab go`
#[derive(Debug, clap::Args)]
pub struct Go {
    /// The scenarios.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take a Go that is the model of this policy, go1.12 or go1.27. Without it: the first Go that is found.
    #[arg(long, value_name = "POLICY")]
    policy: Option<Policy>,
    #[command(flatten)]
    which: Which,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// `lab diff`
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// Scenarios, and folders with scenarios. Without any, book/scenarios.
    #[arg(value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The policy for bodies that are closed early, go1.12 or go1.27. Without it: those that the scenario is meant for.
    #[arg(long, value_name = "POLICY")]
    policy: Option<Policy>,
    #[command(flatten)]
    which: Which,
    /// Compare with Go itself, not with what is recorded of it.
    #[arg(long)]
    live: bool,
    /// Run Go and keep what it does beside the scenario, then compare.
    #[arg(long)]
    record: bool,
    /// How often Go runs for a recording.
    #[arg(long, value_name = "N", requires = "record", default_value_t = RUNS)]
    runs: usize,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The program `go`; can be there more than once. Without it: the variable GO, PATH, /usr/lib/go-*/bin.
    #[arg(long = "go", value_name = "PATH")]
    go: Vec<PathBuf>,
}

impl Which {
    fn search(&self) -> Search {
        Search::new(&self.go)
    }
}

/// Plays scenarios with real Go.
///
/// # Errors
///
/// When there is no Go, or a scenario cannot be read or played. The others are played all the same.
pub fn go(workspace: &Workspace, options: &Go, say: impl Fn(&str)) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Scenarios(vec![error.to_string()]);
    let collection = Collection::read(&options.files).map_err(|error| failed(&error))?;
    let toolchain = toolchain(options).map_err(|error| failed(&error))?;
    let program = go::build(&toolchain, &workspace.made().join("lab")).map_err(|error| failed(&error))?;
    let mut faults = Vec::new();
    for entry in &collection.entries {
        // Go does what it does: the policy matters only to the port.
        match play(&program, &entry.scenario, toolchain.policy().unwrap_or(Policy::Go1_27)) {
            Ok(outcome) if options.json => {
                say(&serde_json::to_string_pretty(&outcome).expect("an outcome has only plain fields"));
            }
            Ok(outcome) => {
                let text = show::outcome(&entry.scenario, &outcome);
                say(&format!("{} ({}): {}\n{text}", entry.scenario.name, toolchain.version, entry.scenario.about));
            }
            Err(error) => faults.push(format!("{}: {error}", entry.path.display())),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Scenarios(faults)) }
}

fn toolchain(options: &Go) -> Result<Toolchain, go::GoError> {
    match options.policy {
        Some(policy) => options.which.search().for_policy(policy),
        None => options.which.search().any(),
    }
}

/// Compares this port with Go, and prints a table for each scenario in which they differ.
///
/// # Errors
///
/// When a scenario cannot be compared, differs in what nobody declared, or declares what does not show.
pub fn diff(workspace: &Workspace, options: &Diff, say: impl Fn(&str)) -> Result<(), Error> {
    let paths = if options.paths.is_empty() { vec![collection_of(workspace)] } else { options.paths.clone() };
    let collection = Collection::read(&paths).map_err(|error| Error::Scenarios(vec![error.to_string()]))?;
    let wanted = Wanted {
        live: options.live,
        record: if options.record { options.runs } else { 0 },
        policies: policies(options, &say)?,
        search: options.which.search(),
        folder: workspace.made().join("lab"),
        at_once: AT_ONCE,
    };
    let mut faults = Vec::new();
    let cases = judge(&collection, &wanted, |case| match told(case) {
        Ok(text) => say(&text),
        Err(fault) => faults.push(fault),
    });
    for shared in collection.stale(&cases) {
        let difference = &shared.declared.difference;
        faults.push(format!(
            "{}:{}: `{}` is declared for `{}` and shows in none of them; take it out",
            shared.declared.file, difference.line, difference.field, shared.scenario
        ));
    }
    say(&summary(&cases));
    if faults.is_empty() { Ok(()) } else { Err(Error::Scenarios(faults)) }
}

/// The folder of the book's scenarios, in short when the command is given at the root.
fn collection_of(workspace: &Workspace) -> PathBuf {
    let folder = workspace.scenarios();
    let here = std::env::current_dir().unwrap_or_default();
    // In the folder itself nothing would be left of its name.
    let inside = folder.strip_prefix(here).ok().filter(|rest| !rest.as_os_str().is_empty());
    inside.map_or_else(|| folder.clone(), PathBuf::from)
}

/// The policies to compare under. Where Go itself is wanted, one that there is no Go for is left out, and that is said.
fn policies(options: &Diff, say: impl Fn(&str)) -> Result<Vec<Policy>, Error> {
    let wanted: Vec<Policy> = options.policy.map_or(Policy::ALL.to_vec(), |only| vec![only]);
    if !options.live && !options.record {
        return Ok(wanted);
    }
    let search = options.which.search();
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for policy in wanted {
        match search.for_policy(policy) {
            Ok(_go) => there.push(policy),
            Err(error) => missing.push(error.to_string()),
        }
    }
    if there.is_empty() {
        return Err(Error::Scenarios(missing));
    }
    missing.iter().for_each(|what| say(&format!("SKIPPED: {what}")));
    Ok(there)
}

/// What is said of a case that is fine, or the fault of one that is not.
fn told(case: &Case) -> Result<String, String> {
    let name = format!("{} ({})", case.name, case.policy);
    let verdict = case.verdict.as_ref().map_err(|error: &JudgeError| format!("{name}: {error}"))?;
    if verdict.is_fine() {
        return Ok(fine(&name, verdict));
    }
    let mut text = Vec::new();
    let rows: Vec<_> = verdict.last().unexplained().collect();
    if !rows.is_empty() {
        let count =
            if rows.len() == 1 { "1 field differs".to_owned() } else { format!("{} fields differ", rows.len()) };
        let runs = format!("{} of {}, {} of this port", times(verdict.go_runs), verdict.go, times(verdict.runs.len()));
        text.push(format!("{name}: {count} ({runs})\n{}", table(&rows).trim_end()));
    }
    for declared in &verdict.stale {
        let difference = &declared.difference;
        text.push(format!(
            "{name}: {}:{}: `{}` is declared to differ and does not; take it out, or say `race = true`",
            declared.file, difference.line, difference.field
        ));
    }
    Err(text.join("\n"))
}

fn fine(name: &str, verdict: &Verdict) -> String {
    let mut text = format!("{name}: as {}, {} fields", verdict.go, verdict.last().fields);
    if verdict.used > 0 {
        text.push_str(&format!(", {} declared", differences(verdict.used)));
    }
    if let [first, _, ..] = &verdict.runs[..] {
        // Not a fault, but worth a look when it is always there.
        let rows: Vec<_> = first.unexplained().collect();
        let runs = times(verdict.runs.len());
        text.push_str(&format!("; only after {runs}. The first one:\n{}", table(&rows).trim_end()));
    }
    text
}

fn summary(cases: &[Case]) -> String {
    let fine = |case: &&Case| case.verdict.as_ref().is_ok_and(Verdict::is_fine);
    let used: usize = cases.iter().filter_map(|case| case.verdict.as_ref().ok()).map(|verdict| verdict.used).sum();
    let agree = cases.iter().filter(fine).count();
    let all = cases.len();
    format!("{agree} of {all} comparisons agree; {} declared in them", differences(used))
}

fn differences(count: usize) -> String {
    if count == 1 { "1 difference".to_owned() } else { format!("{count} differences") }
}

fn times(count: usize) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}
