//! What only some things want: a browser, git, tar, Go, the WebAssembly target and Node.

use crate::doctor::Matters::Optional;
use crate::doctor::{Finding, Missing, Patient};

/// All looks of this module.
pub const LOOKS: &[fn(&Patient) -> Vec<Finding>] = &[browser, git, tar, go, wasm, node];

/// What opens a page, where the system has no program of its own for that.
const BROWSERS: [&str; 7] =
    ["xdg-open", "firefox", "chromium", "chromium-browser", "google-chrome", "microsoft-edge", "brave-browser"];

fn finding(name: &'static str, found: Result<String, String>, costs: &'static str, cure: &'static str) -> Vec<Finding> {
    let found = found.map_err(|seen| Missing { seen, costs, cure });
    vec![Finding { name, matters: Optional, found }]
}

/// The answer of a program of the path, or that there is none.
fn asked(patient: &Patient, program: &str, args: &[&str]) -> Result<String, String> {
    let path = patient.program(program).ok_or_else(|| format!("there is no {program} on the path"))?;
    let said = patient.ask(&path, args, patient.workspace.root())?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

fn browser(patient: &Patient) -> Vec<Finding> {
    let found = match std::env::consts::OS {
        "macos" | "windows" => Ok("the system's".to_owned()),
        _ => BROWSERS
            .iter()
            .find_map(|name| patient.program(name))
            .map(|path| path.display().to_string())
            .ok_or_else(|| "none is on the path".to_owned()),
    };
    finding(
        "browser",
        found,
        "Without one the book can be read elsewhere only; examples and exercises work.",
        "Install one, or open the pages of `cargo lab build` on another machine.",
    )
}

fn git(patient: &Patient) -> Vec<Finding> {
    finding(
        "git",
        asked(patient, "git", &["--version"]),
        "Without it `cargo lab bundle` and `cargo lab commands --run` do not work.",
        "Install git.",
    )
}

fn tar(patient: &Patient) -> Vec<Finding> {
    finding(
        "tar",
        asked(patient, "tar", &["--version"]),
        "Without it a bundle can neither be made nor unpacked.",
        "Install tar; today's Windows and macOS have it.",
    )
}

fn go(patient: &Patient) -> Vec<Finding> {
    finding(
        "Go",
        asked(patient, "go", &["version"]),
        "Without it the book links to Go's lines instead of showing them, and `cargo lab go` cannot ask Go.",
        "Install Go 1.27, or give its sources to `cargo lab serve --go-tree DIR`.",
    )
}

fn wasm(patient: &Patient) -> Vec<Finding> {
    let found = asked(patient, "rustc", &["--print", "sysroot"]).and_then(|root| {
        let lib = std::path::Path::new(&root).join("lib/rustlib/wasm32-unknown-unknown/lib");
        match lib.is_dir() {
            true => Ok("the target is installed".to_owned()),
            false => Err("the target wasm32-unknown-unknown is not installed".to_owned()),
        }
    });
    finding(
        "WebAssembly",
        found,
        "Without it `.ci/wasm` has to install one.",
        "`rustup target add wasm32-unknown-unknown`",
    )
}

fn node(patient: &Patient) -> Vec<Finding> {
    finding(
        "Node",
        asked(patient, "node", &["--version"]),
        "Without it `.ci/wasm` has to install one.",
        "Install Node.",
    )
}
