//! Differences that are meant in many scenarios at once: `differences.toml` beside them.
//!
//! It has the same `[[differs]]` as a scenario, and the key `scenario`: a name, in which a `*` stands for anything. With
//! `like = true` a `*` in the texts of `go` and `port` does that too.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use crate::compare::Declared;
use crate::parse::Broken;
use crate::scenario::Difference;

/// The file's name. It is no scenario.
pub const FILE: &str = "differences.toml";

/// A difference that holds for more than one scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Shared {
    /// For which, by name.
    pub scenario: String,
    /// The difference.
    pub declared: Declared,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    differs: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    scenario: String,
    field: String,
    go: Option<Value>,
    port: Option<Value>,
    policy: Option<crate::scenario::Policy>,
    #[serde(default)]
    race: bool,
    #[serde(default)]
    like: bool,
    why: String,
}

/// Reads the file of a folder; where there is none, there are no such differences.
///
/// # Errors
///
/// When it cannot be read, or says what nobody understands.
pub fn read(folder: &Path) -> Result<Vec<Shared>, Broken> {
    let path = folder.join(FILE);
    let file = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => parse(&file, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Broken { file, line: 1, what: format!("cannot be read: {error}") }),
    }
}

fn parse(file: &str, text: &str) -> Result<Vec<Shared>, Broken> {
    let line_of = |at: usize| 1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
    let read: File = toml::from_str(text).map_err(|error| Broken {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_of(span.start)),
        what: error.message().to_owned(),
    })?;
    let shared = |entry: Spanned<Entry>| {
        let line = line_of(entry.span().start);
        let Entry { scenario, field, go, port, policy, race, like, why } = entry.into_inner();
        let difference = Difference { line, field, go, like, port, policy, race, why };
        Shared { scenario, declared: Declared { difference, file: file.to_owned() } }
    };
    Ok(read.differs.into_iter().map(shared).collect())
}

impl Shared {
    /// Whether it holds for the scenario of this name.
    pub fn is_for(&self, name: &str) -> bool {
        like(&self.scenario, name)
    }
}

/// Whether a name is of this pattern, in which a `*` stands for anything.
pub(crate) fn like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| like(after, rest))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::Policy;

    #[test]
    fn an_entry_is_a_difference_with_the_scenarios_it_is_for() {
        let text = "# Texts\n\n[[differs]]\nscenario = \"timeout_*\"\nfield = \"requests.*.sent.error\"\ngo = \"old\"\n\
            port = \"new\"\npolicy = \"go1.12\"\nwhy = \"the text is 1.27's\"\n";
        let shared = parse("differences.toml", text).unwrap();
        let Declared { difference, file } = &shared[0].declared;
        assert_eq!((file.as_str(), difference.line), ("differences.toml", 3));
        assert_eq!((&difference.go, &difference.port), (&Some(json!("old")), &Some(json!("new"))));
        assert_eq!(difference.policy, Some(Policy::Go1_12));
        assert!(shared[0].is_for("timeout_headers") && !shared[0].is_for("a_timeout_headers"));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let text = "[[differs]]\nscenario = \"*\"\nfeild = \"counts.end.alive\"\nwhy = \"so\"\n";
        let broken = parse("differences.toml", text).unwrap_err();
        assert_eq!(broken.line, 3, "{broken}");
        assert!(broken.what.contains("feild"), "{broken}");
    }

    #[test]
    fn a_folder_without_the_file_has_no_such_differences() {
        assert_eq!(read(Path::new("/nowhere")).unwrap(), []);
    }

    #[test]
    fn a_star_in_a_scenarios_name_stands_for_anything() {
        assert!(like("*", "") && like("*", "a") && like("a*c", "abc") && like("a*c", "ac") && like("*b*", "abc"));
        assert!(!like("a*c", "abd") && !like("a", "ab"));
    }
}
