//! The commands that run scenarios.

use std::path::{Path, PathBuf};

use scenario::{Policy, Scenario, show};

use crate::error::Error;
use crate::picture::lanes::Lanes;

/// What `cargo lab run` is asked for.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The scenarios.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What becomes of a body that is closed early: go1.12 closes the connection, go1.27 drains it. Without it, go1.27,
    /// unless the scenario is meant for the other one only.
    #[arg(long, value_name = "POLICY")]
    policy: Option<Policy>,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
    /// Draw the run of one scenario as swim lanes, into this file.
    #[arg(long, value_name = "OUT.svg")]
    svg: Option<PathBuf>,
}

/// Runs the scenarios one after the other. `tell` gets what each is to print.
///
/// # Errors
///
/// [`Error::Scenarios`] with all that went wrong; the others are run nevertheless.
pub fn run(options: &Run, tell: impl Fn(&str)) -> Result<(), Error> {
    if options.svg.is_some() && options.files.len() > 1 {
        return Err(Error::Scenarios(vec!["--svg draws one scenario; name one file".to_owned()]));
    }
    let mut wrong = Vec::new();
    for file in &options.files {
        if let Err(what) = one(options, file, &tell) {
            wrong.push(what);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Scenarios(wrong)) }
}

fn one(options: &Run, file: &Path, tell: impl Fn(&str)) -> Result<(), String> {
    let scenario = Scenario::read(file).map_err(|error| error.to_string())?;
    let policy = options.policy.unwrap_or_else(|| default_policy(&scenario));
    let run = scenario::run(&scenario, policy).map_err(|error| error.to_string())?;
    if let Some(path) = &options.svg {
        let page = drawn(&scenario, policy, &run);
        std::fs::write(path, page).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    match options.json {
        true => tell(&serde_json::to_string_pretty(&run.outcome).map_err(|error| error.to_string())?),
        false => tell(&show::run(&scenario, policy, &run)),
    }
    Ok(())
}

/// Today's Go, where the scenario is meant for it.
pub fn default_policy(scenario: &Scenario) -> Policy {
    scenario.policies.last().copied().unwrap_or(Policy::Go1_27)
}

/// What the classes of a drawing look like where no book is around it.
const STYLE: &str = "svg{background:#fff}text{font:9px sans-serif;fill:#222}.strong{font-weight:bold}.faint{fill:#888}\
                     .lane{stroke:#ccc}.wire{stroke:#246}.event,.head{fill:#246}";

/// How wide a drawing is as a file of its own, in pixels.
const WIDTH: f64 = 720.0;

/// The run as a file of its own: the book's drawing, with the little style that it needs, and with the origins' names in
/// the place of their addresses.
fn drawn(scenario: &Scenario, policy: Policy, run: &scenario::Run) -> String {
    let title = format!("{} ({policy}): {}", scenario.name, scenario.about);
    let mut svg = Lanes::of_all(&run.trace).draw(&title).svg;
    for (name, addr) in &run.addrs {
        svg = svg.replace(addr, name);
    }
    match svg.split_once('>') {
        Some((open, rest)) => {
            // Without a height a viewer makes a long drawing fit its window, and nobody can read it.
            let height =
                size(open).map_or_else(String::new, |(wide, high)| format!(" height=\"{}\"", WIDTH * high / wide));
            format!(
                "{open} xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\"{height}><style>{STYLE}</style>{rest}"
            )
        }
        None => svg,
    }
}

/// Width and height of the drawing, in its own units.
fn size(open: &str) -> Option<(f64, f64)> {
    let numbers = open.split_once("viewBox=\"0 0 ")?.1.split_once('"')?.0;
    let (wide, high) = numbers.split_once(' ')?;
    Some((wide.parse().ok()?, high.parse().ok()?))
}
