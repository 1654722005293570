//! How to see an exit: the scenario that takes it, or the test that does.

use std::fs;

use httptrace::exit::Exit;
use scenario::Scenario;
use serde::Deserialize;

use crate::html;
use crate::workspace::Workspace;

/// Where the scenarios lie, one per exit; each is called by its id.
pub const FOLDER: &str = "book/scenarios/exits";
/// The exits that have none.
pub const NOT_OVER_SOCKETS: &str = "book/data/not_over_sockets.toml";

/// What shows an exit.
#[derive(Debug)]
pub enum Shown {
    /// A scenario: its path from the repository's root, its question and its text.
    Scenario {
        /// Where it lies.
        path: String,
        /// What it asks.
        about: String,
        /// The whole file.
        text: String,
    },
    /// A test with a schedule of its own.
    Test(OnlyTested),
}

/// An exit that sockets cannot be made to take.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnlyTested {
    /// The exit.
    pub id: Exit,
    /// Why no scenario takes it.
    pub why: String,
    /// The file with the test.
    pub file: String,
    /// The name of the case in it.
    pub test: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    exit: Vec<OnlyTested>,
}

/// What shows each exit, in the order of [`Exit::ALL`].
///
/// # Errors
///
/// When an exit has neither a scenario nor a test, or both; when a scenario does not name the exit that it is called by, or
/// is called by none; when a test is not there.
pub fn all(workspace: &Workspace) -> Result<Vec<Shown>, String> {
    let tested = tested(workspace)?;
    stray(workspace)?;
    Exit::ALL
        .iter()
        .map(|exit| {
            let scenario = scenario(workspace, *exit)?;
            let mut tests = tested.iter().filter(|test| test.id == *exit);
            match (scenario, tests.next(), tests.next()) {
                (Some(scenario), None, _) => Ok(scenario),
                (None, Some(test), None) => Ok(Shown::Test(test.clone())),
                (None, None, _) => Err(format!("{exit} has no {FOLDER}/{exit}.toml, and is not in {NOT_OVER_SOCKETS}")),
                (Some(_), Some(_), _) => Err(format!("{exit} has a scenario, and is in {NOT_OVER_SOCKETS} as well")),
                (None, Some(_), Some(_)) => Err(format!("{exit} is in {NOT_OVER_SOCKETS} twice")),
            }
        })
        .collect()
}

/// The exits without a scenario. Their tests are there.
fn tested(workspace: &Workspace) -> Result<Vec<OnlyTested>, String> {
    let list: List =
        toml::from_str(&read(workspace, NOT_OVER_SOCKETS)?).map_err(|error| format!("{NOT_OVER_SOCKETS}: {error}"))?;
    for OnlyTested { id, file, test, .. } in &list.exit {
        if !read(workspace, file)?.contains(&format!("\"{test}\"")) {
            return Err(format!("{NOT_OVER_SOCKETS}: {id}: {file} has no test \"{test}\""));
        }
    }
    Ok(list.exit)
}

fn scenario(workspace: &Workspace, exit: Exit) -> Result<Option<Shown>, String> {
    let path = format!("{FOLDER}/{exit}.toml");
    if !workspace.root().join(&path).is_file() {
        return Ok(None);
    }
    let text = read(workspace, &path)?;
    let scenario = Scenario::parse(&path, &text).map_err(|error| error.to_string())?;
    if !scenario.exits.contains(&exit) {
        return Err(format!("{path}: its `exits` do not name {exit}"));
    }
    Ok(Some(Shown::Scenario { path, about: scenario.about, text }))
}

/// A scenario of that folder that is called by no exit.
fn stray(workspace: &Workspace) -> Result<(), String> {
    let unread = |error| format!("cannot read {FOLDER}: {error}");
    for entry in fs::read_dir(workspace.root().join(FOLDER)).map_err(unread)? {
        let name = entry.map_err(unread)?.file_name().to_string_lossy().into_owned();
        let stem = name.strip_suffix(".go.json").or_else(|| name.strip_suffix(".toml"));
        if !Exit::ALL.iter().any(|exit| stem == Some(exit.id())) {
            return Err(format!("{FOLDER}/{name}: no exit is called like this"));
        }
    }
    Ok(())
}

fn read(workspace: &Workspace, path: &str) -> Result<String, String> {
    fs::read_to_string(workspace.root().join(path)).map_err(|error| format!("cannot read {path}: {error}"))
}

impl Shown {
    /// The last rows of an exit's entry, without an empty line: Markdown takes it for the end of the HTML.
    pub(super) fn html(&self) -> String {
        match self {
            Shown::Scenario { path, about, text } => {
                let text = html::escape(text.trim_end()).replace('\n', "&#10;");
                format!(
                    "<details><summary>{}</summary>\n<p><code>cargo lab run {path}</code></p>\n\
                     <pre><code class=\"language-toml\">{text}</code></pre>\n</details>\n",
                    html::inline(about),
                )
            }
            Shown::Test(OnlyTested { why, file, test, .. }) => format!(
                "<p class=\"tested\">No scenario takes it for certain: {}. A test does: “{}” in <code>{file}</code>.</p>\n",
                html::inline(why),
                html::inline(test),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "about = \"Is it?\"\nexits = [\"RL-B1\"]\n\n[origin.a]\nreply = { status = 204 }\n\n[caller]\nsteps = [{ send = \"r\", get = \"a/\" }]\n";

    /// A repository in which every exit has a scenario, but for those of the list.
    fn repository(list: &str, without: &[Exit]) -> (tempfile::TempDir, Workspace) {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write("tests.rs", "name: \"it leaves\",");
        write(NOT_OVER_SOCKETS, list);
        for exit in Exit::ALL.iter().filter(|exit| !without.contains(exit)) {
            write(&format!("{FOLDER}/{exit}.toml"), &ONE.replace("RL-B1", exit.id()));
        }
        let workspace = Workspace::around(dir.path()).unwrap();
        (dir, workspace)
    }

    const LISTED: &str = "[[exit]]\nid = \"RL-B1\"\nwhy = \"so\"\nfile = \"tests.rs\"\ntest = \"it leaves\"\n";

    #[test]
    fn each_exit_has_a_scenario_or_a_test() {
        let (_dir, workspace) = repository(LISTED, &[Exit::BodyEofKept]);
        let all = all(&workspace).unwrap();
        assert_eq!(all.len(), Exit::ALL.len());
        assert_eq!(all.iter().filter(|shown| matches!(shown, Shown::Test(_))).count(), 1);
    }

    #[test]
    fn what_is_missing_or_there_twice_is_told() {
        let wrong = |list: &str, without: &[Exit]| all(&repository(list, without).1).unwrap_err();
        let kept = [Exit::BodyEofKept];
        assert_eq!(
            wrong("exit = []", &kept),
            format!("RL-B1 has no {FOLDER}/RL-B1.toml, and is not in {NOT_OVER_SOCKETS}")
        );
        assert_eq!(wrong(LISTED, &[]), format!("RL-B1 has a scenario, and is in {NOT_OVER_SOCKETS} as well"));
        assert_eq!(wrong(&LISTED.repeat(2), &kept), format!("RL-B1 is in {NOT_OVER_SOCKETS} twice"));
        assert_eq!(
            wrong(&LISTED.replace("it leaves", "it stays"), &kept),
            format!("{NOT_OVER_SOCKETS}: RL-B1: tests.rs has no test \"it stays\"")
        );
        assert!(wrong(&LISTED.replace("RL-B1", "RL-B99"), &kept).contains("no exit has the id \"RL-B99\""));
    }

    #[test]
    fn a_scenario_is_called_by_an_exit_that_it_names() {
        let (dir, workspace) = repository("exit = []", &[]);
        let path = dir.path().join(FOLDER).join("RL-B1.toml");
        fs::write(&path, ONE.replace("RL-B1", "RL-B2")).unwrap();
        assert_eq!(all(&workspace).unwrap_err(), format!("{FOLDER}/RL-B1.toml: its `exits` do not name RL-B1"));
        fs::rename(&path, path.with_file_name("closes.toml")).unwrap();
        assert_eq!(all(&workspace).unwrap_err(), format!("{FOLDER}/closes.toml: no exit is called like this"));
    }

    #[test]
    fn the_file_stands_in_the_page_without_an_empty_line() {
        let (_dir, workspace) = repository("exit = []", &[]);
        let shown = scenario(&workspace, Exit::BodyEofKept).unwrap().unwrap().html();
        assert!(shown.contains("<code>cargo lab run book/scenarios/exits/RL-B1.toml</code>"), "{shown}");
        assert!(shown.contains("[&quot;RL-B1&quot;]&#10;&#10;[origin.a]"), "{shown}");
        assert!(!shown.contains("\n\n"), "{shown}");
    }
}
