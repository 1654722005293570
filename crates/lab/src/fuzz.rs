//! The command that compares this port with real Go in random scenarios.

use std::path::PathBuf;

use scenario::compare::Declared;
use scenario::fuzz::hunt::{Found, Hunt, Live, hunt};
use scenario::fuzz::name;
use scenario::go::{self, Search};
use scenario::{Policy, differences};

use crate::error::Error;
use crate::workspace::Workspace;

/// How many scenarios run at a time. They mostly wait.
const AT_ONCE: usize = 4;
/// After how many scenarios something is said.
const MILESTONE: u64 = 100;

/// `lab fuzz`
#[derive(Debug, clap::Args)]
pub struct Fuzz {
    /// The number of the first scenario. The same number is always the same scenario.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many scenarios: S, S + 1, and so on.
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u64,
    /// go1.12 compares with an old Go, go1.27 with today's.
    #[arg(long, value_name = "POLICY", default_value_t = Policy::Go1_27)]
    policy: Policy,
    /// The program `go`. Without it: the variable GO, PATH, /usr/lib/go-*/bin.
    #[arg(long = "go", value_name = "PATH")]
    go: Vec<PathBuf>,
    /// Go on after a difference.
    #[arg(long)]
    keep_going: bool,
    /// Print the scenarios, and run nothing.
    #[arg(long)]
    print: bool,
    /// Where what differs is kept; without it, target/lab/fuzz.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Makes scenarios up, plays each with this port and with Go, and keeps the smallest form of those that differ.
///
/// # Errors
///
/// When there is no Go, and when the two differ in what nobody declared.
pub fn fuzz(workspace: &Workspace, options: &Fuzz, say: impl Fn(&str)) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Scenarios(vec![error.to_string()]);
    let numbers = options.seed..options.seed.saturating_add(options.count);
    if options.print {
        numbers.for_each(|number| say(&scenario::fuzz::draft(number, options.policy).toml()));
        return Ok(());
    }
    let toolchain = Search::new(&options.go).for_policy(options.policy).map_err(|error| failed(&error))?;
    let program = go::build(&toolchain, &workspace.made().join("lab")).map_err(|error| failed(&error))?;
    let shared = differences::read(&workspace.scenarios()).map_err(|error| failed(&error))?;
    let declared: Vec<Declared> =
        shared.into_iter().filter(|shared| shared.is_for(&name(options.seed))).map(|shared| shared.declared).collect();
    let out = options.out.clone().unwrap_or_else(|| workspace.made().join("lab").join("fuzz"));
    std::fs::create_dir_all(&out).map_err(Error::io(format!("cannot make {}", out.display())))?;

    let mut faults = Vec::new();
    let live = Live { program, policy: options.policy };
    let wanted = Hunt { numbers, declared: &declared, at_once: AT_ONCE, stop: !options.keep_going };
    let hunted = hunt(&live, &wanted, |compared, found| {
        if let Some(found) = found {
            match keep(&out, options.policy, found) {
                Ok(path) => say(&format!("{} differs:\n{}  {}", found.number, found.what, path.display())),
                Err(fault) => faults.push(fault),
            }
        }
        if compared % MILESTONE == 0 {
            say(&format!("{compared} of {}", options.count));
        }
    });
    faults.extend(hunted.failed.iter().map(|(number, why)| format!("{}: {why}", name(*number))));
    let go = &toolchain.version;
    say(&format!("{} random scenarios compared with {go}; {} differ", hunted.compared, hunted.found.len()));
    faults.extend(hunted.found.iter().map(|found| format!("{} differs", name(found.number))));
    if faults.is_empty() { Ok(()) } else { Err(Error::Scenarios(faults)) }
}

fn keep(out: &std::path::Path, policy: Policy, found: &Found) -> Result<PathBuf, String> {
    let path = out.join(format!("{}.toml", name(found.number)));
    std::fs::write(&path, found.file(policy)).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}
