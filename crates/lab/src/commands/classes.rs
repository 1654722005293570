//! `book/commands.toml`: the printed commands that are not simply run.

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::workspace::Workspace;

/// Where the classes lie.
const FILE: &str = "book/commands.toml";

/// What is done about a command instead of running it and asking for exit code 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum How {
    /// It does not end by itself: it is started, asked for a page as soon as it says where it listens, and stopped.
    Serves {
        /// What is started in its place.
        run: Option<String>,
    },
    /// It must fail.
    Refuses {
        /// What it must say.
        says: String,
    },
    /// A part of `.ci/run` runs it.
    Elsewhere {
        /// The part's name.
        part: String,
        /// The part's command, where it is not the printed one.
        by: Option<String>,
    },
    /// Nothing runs it; who changes what it needs must.
    ByHand,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// The command; `*` stands for anything.
    pub pattern: String,
    /// What is done about it.
    pub how: How,
    /// The reason.
    pub why: String,
}

/// An entry as it is written. `class` says which of the other fields it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pattern: String,
    class: String,
    why: String,
    run: Option<String>,
    says: Option<String>,
    part: Option<String>,
    by: Option<String>,
}

impl TryFrom<Entry> for Class {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let Entry { pattern, class, why, run, says, part, by } = entry;
        let how = match (class.as_str(), run, says, part, by) {
            ("serves", run, None, None, None) => How::Serves { run },
            ("refuses", None, Some(says), None, None) => How::Refuses { says },
            ("elsewhere", None, None, Some(part), by) => How::Elsewhere { part, by },
            ("by hand", None, None, None, None) => How::ByHand,
            _ => {
                return Err(format!(
                    "`{pattern}`: a class is \"serves\" (with or without `run`), \"refuses\" with `says`, \"elsewhere\" \
                     with `part` (and `by`), or \"by hand\""
                ));
            }
        };
        match why.trim().is_empty() {
            true => Err(format!("`{pattern}` has no reason in `why`")),
            false => Ok(Class { pattern, how, why }),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    command: Vec<Entry>,
}

/// All entries.
#[derive(Clone, Debug, Default)]
pub struct Classes(Vec<Class>);

impl Classes {
    /// Reads `book/commands.toml`. Without it, every command is simply run.
    ///
    /// # Errors
    ///
    /// When it is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.root().join(FILE);
        if !path.is_file() {
            return Ok(Classes::default());
        }
        Self::parse(&Error::read(&path)?).map_err(|what| Faults(vec![Fault::in_file(FILE, what)]).into())
    }

    fn parse(text: &str) -> Result<Self, String> {
        let list: List = toml::from_str(text).map_err(|error| error.to_string())?;
        list.command.into_iter().map(Class::try_from).collect::<Result<_, _>>().map(Classes)
    }

    /// The first class of a command.
    pub fn of(&self, command: &str) -> Option<&Class> {
        self.0.iter().find(|class| matches(&class.pattern, command))
    }

    /// Looks for classes that are of no command, and for commands of two classes.
    pub fn check(&self, commands: &[&str], faults: &mut Vec<Fault>) {
        for (i, class) in self.0.iter().enumerate() {
            let mut its = commands.iter().filter(|command| matches(&class.pattern, command)).peekable();
            if its.peek().is_none() {
                faults.push(Fault::in_file(FILE, format!("no command is printed that matches `{}`", class.pattern)));
            }
            for command in its {
                if let Some(before) = self.0[..i].iter().find(|before| matches(&before.pattern, command)) {
                    let (a, b) = (&before.pattern, &class.pattern);
                    faults.push(Fault::in_file(FILE, format!("`{command}` matches both `{a}` and `{b}`")));
                }
            }
        }
    }
}

/// Whether `text` is as `pattern` says, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, whether) in [
            ("cargo run", "cargo run", true),
            ("cargo run", "cargo run -q", false),
            ("cargo run*", "cargo run -q", true),
            ("* check *", "cargo lab check a", true),
            ("* check *", "cargo lab check", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), whether, "{pattern} {text}");
        }
    }

    #[test]
    fn a_class_has_the_fields_of_its_kind_and_a_reason() {
        let parse = |fields: &str| Classes::parse(&format!("[[command]]\npattern = \"a\"\n{fields}"));
        let good = parse("class = \"elsewhere\"\npart = \"tests\"\nwhy = \"long\"\n").expect("a class");
        assert_eq!(good.of("a").expect("it").how, How::Elsewhere { part: "tests".to_owned(), by: None });
        for bad in [
            "class = \"elsewhere\"\nwhy = \"long\"\n",
            "class = \"refuses\"\nwhy = \"long\"\n",
            "class = \"by hand\"\npart = \"tests\"\nwhy = \"long\"\n",
            "class = \"somehow\"\nwhy = \"long\"\n",
            "class = \"by hand\"\nwhy = \" \"\n",
            "class = \"by hand\"\n",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
