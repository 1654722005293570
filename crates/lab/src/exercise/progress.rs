//! What the reader has done, in a local file that git ignores.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::workspace::Workspace;

/// What was done about one exercise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// How often it was checked.
    pub checks: u32,
    /// How many hints were shown.
    pub hints: usize,
    /// Whether a check has passed.
    pub solved: bool,
}

/// The file's content, by the names of the exercises.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    exercises: BTreeMap<String, Done>,
}

/// What was done about all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    path: PathBuf,
    content: Content,
}

impl Progress {
    /// Reads `.lab/exercises.json`. Without that file nothing was done yet.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be understood. It is left as it is.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.desk().join("exercises.json");
        let content = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Error::Exercise(format!(
                    "{} is not what the lab wrote: {error}; mend it, or delete it to begin anew (it holds counts only; \
                     your code is where it was)",
                    workspace.name_of(&path)
                ))
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => Content::default(),
            Err(error) => return Err(Error::io(format!("cannot read {}", path.display()))(error)),
        };
        Ok(Progress { path, content })
    }

    /// What was done about the exercise called `name`.
    pub fn of(&self, name: &str) -> Done {
        self.content.exercises.get(name).copied().unwrap_or_default()
    }

    /// Notes what was done, and keeps it. The file is replaced in one step, so that it is never half written.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn note(&mut self, name: &str, done: Done) -> Result<(), Error> {
        if done == Done::default() {
            self.content.exercises.remove(name);
        } else {
            self.content.exercises.insert(name.to_owned(), done);
        }
        let failed = || Error::io(format!("cannot write {}", self.path.display()));
        let dir = self.path.parent().expect("the path was joined from a directory and a name");
        std::fs::create_dir_all(dir).map_err(failed())?;
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed())?;
        serde_json::to_writer_pretty(&mut file, &self.content).map_err(|error| failed()(error.into()))?;
        file.write_all(b"\n").map_err(failed())?;
        file.persist(&self.path).map_err(|error| failed()(error.error))?;
        Ok(())
    }
}
