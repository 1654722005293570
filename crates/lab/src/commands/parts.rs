//! What the parts of `.ci/run` run.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::workspace::Workspace;

/// Where the parts lie.
const FILE: &str = ".ci/run";

/// Each part's name and the words of everything it runs.
#[derive(Clone, Debug, Default)]
pub struct Parts(BTreeMap<String, Vec<String>>);

impl Parts {
    /// Reads `.ci/run`, and the scripts beside it that its parts start. Without it there are no parts.
    ///
    /// # Errors
    ///
    /// When a script cannot be read.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.root().join(FILE);
        if !path.is_file() {
            return Ok(Parts::default());
        }
        let mut parts = Self::parse(&Error::read(&path)?);
        for words in parts.0.values_mut() {
            let scripts: Vec<String> = words.iter().filter(|word| word.starts_with(".ci/")).cloned().collect();
            for script in scripts {
                words.extend(self::words(&Error::read(&workspace.root().join(script))?));
            }
        }
        Ok(parts)
    }

    fn parse(text: &str) -> Self {
        let text = text.replace("\\\n", " ");
        let mut functions: BTreeMap<&str, String> = BTreeMap::new();
        let mut inside = None;
        let mut parts = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, _)) = line.split_once("() {").filter(|(name, _)| !name.contains(' ')) {
                inside = Some(name);
            } else if line == "}" {
                inside = None;
            } else if let Some(name) = inside {
                let body = functions.entry(name).or_default();
                body.push_str(line);
                body.push('\n');
            } else if let Some((name, command)) = line.strip_prefix("part \"").and_then(|rest| rest.split_once('"')) {
                let body = functions.get(command.trim()).map_or(command, String::as_str);
                parts.insert(name.to_owned(), words(body));
            }
        }
        Parts(parts)
    }

    /// Looks whether the part runs this command. Short and long names of an option are the same, and it is no
    /// difference whether Cargo is quiet.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn runs(&self, part: &str, command: &str) -> Result<(), String> {
        let Some(all) = self.0.get(part) else {
            let names: Vec<_> = self.0.keys().map(|name| format!("\"{name}\"")).collect();
            return Err(format!("{FILE} has no part \"{part}\"; it has {}", names.join(", ")));
        };
        let wanted = words(command);
        match all.windows(wanted.len().max(1)).any(|words| words == wanted) {
            true => Ok(()),
            false => Err(format!("the part \"{part}\" of {FILE} does not run `{command}`")),
        }
    }
}

/// The words of a script without its comments, options by their long names.
fn words(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let long = |word: &str| match word {
        "-p" => "--package".to_owned(),
        "-q" => "--quiet".to_owned(),
        other => other.to_owned(),
    };
    lines.flat_map(str::split_whitespace).map(long).filter(|word| word != "--quiet").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "part() {\n    x\n}\nreal() {\n    # cargo fuzz run\n    A=1 cargo test -p a -- --b\n}\n\
                          part \"long\" env X=1 \\\n    cargo bench --quiet -p c\npart \"real\" real\n";

    #[test]
    fn a_part_runs_its_command_or_what_its_function_holds() {
        let parts = Parts::parse(SCRIPT);
        assert_eq!(parts.runs("long", "cargo bench --package c"), Ok(()));
        assert_eq!(parts.runs("real", "A=1 cargo test -p a"), Ok(()));
    }

    #[test]
    fn what_a_part_does_not_run_is_told() {
        let parts = Parts::parse(SCRIPT);
        let refused = |part, command| parts.runs(part, command).expect_err("not run");
        assert_eq!(refused("real", "cargo test -p b"), "the part \"real\" of .ci/run does not run `cargo test -p b`");
        assert!(refused("real", "cargo fuzz run").contains("does not run"), "a comment runs nothing");
        assert_eq!(refused("short", "x"), ".ci/run has no part \"short\"; it has \"long\", \"real\"");
    }
}
