//! The scenarios that a command is about, with the differences that are meant in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compare::Declared;
use crate::differences::{self, Shared};
use crate::judge::Case;
use crate::parse::{Broken, ReadError};
use crate::scenario::Scenario;

/// A scenario's file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says.
    pub scenario: Scenario,
    /// The differences that are meant: its own, and those that are shared.
    pub declared: Vec<Declared>,
}

/// Every scenario that was named.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The scenarios, by path.
    pub entries: Vec<Entry>,
    /// The shared differences of folders that were named as a whole: each has to be used.
    pub shared: Vec<Shared>,
}

/// Why scenarios cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// A scenario cannot be read or understood.
    #[error(transparent)]
    Scenario(#[from] ReadError),
    /// The shared differences cannot be.
    #[error(transparent)]
    Differences(#[from] Broken),
    /// A folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The refusal.
        source: std::io::Error,
    },
    /// A folder has no scenario in it.
    #[error("no scenario (*.toml) in {}", .0.display())]
    Empty(PathBuf),
}

impl Collection {
    /// Reads files, and every scenario of folders and of the folders in them. In a scenario count its own differences, and
    /// the shared ones of its folder and of the folder above.
    ///
    /// # Errors
    ///
    /// When one cannot be read or understood.
    pub fn read(paths: &[PathBuf]) -> Result<Self, CollectionError> {
        let mut collection = Collection::default();
        for path in paths {
            if path.is_dir() {
                let before = collection.entries.len();
                collection.add_folder(path)?;
                if collection.entries.len() == before {
                    return Err(CollectionError::Empty(path.to_owned()));
                }
            } else {
                collection.add(path)?;
            }
        }
        Ok(collection)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), CollectionError> {
        self.shared.extend(differences::read(folder)?);
        let unread = |source| CollectionError::Folder { path: folder.to_owned(), source };
        let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(unread)?.collect();
        let mut paths: Vec<PathBuf> = entries.map_err(unread)?.into_iter().map(|entry| entry.path()).collect();
        // What lies in a folder itself comes before what lies deeper.
        paths.sort_by_key(|path| (path.is_dir(), path.clone()));
        for path in paths {
            if path.is_dir() {
                self.add_folder(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "toml") && !path.ends_with(differences::FILE) {
                self.add(&path)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) -> Result<(), CollectionError> {
        let file = path.display().to_string();
        let scenario = Scenario::read(path)?;
        let own =
            scenario.differs.iter().map(|difference| Declared { difference: difference.clone(), file: file.clone() });
        let mut declared: Vec<Declared> = own.collect();
        for folder in path.ancestors().skip(1).take(2) {
            let shared = differences::read(folder)?.into_iter().filter(|shared| shared.is_for(&scenario.name));
            declared.extend(shared.map(|shared| shared.declared));
        }
        self.entries.push(Entry { path: path.to_owned(), scenario, declared });
        Ok(())
    }

    /// The shared differences that no case of a whole collection has used, and that would have had the chance.
    pub fn stale<'a>(&'a self, cases: &[Case]) -> Vec<&'a Shared> {
        let verdicts = || cases.iter().filter_map(|case| case.verdict.as_ref().ok());
        let used: BTreeSet<&(String, usize)> = verdicts().flat_map(|verdict| &verdict.shared).collect();
        let had_a_chance = |shared: &Shared| {
            let policy = shared.declared.difference.policy;
            policy.is_none_or(|only| cases.iter().any(|case| case.policy == only))
        };
        let is_used = |shared: &Shared| used.contains(&(shared.declared.file.clone(), shared.declared.difference.line));
        let must = |shared: &&Shared| !shared.declared.difference.race && had_a_chance(shared) && !is_used(shared);
        self.shared.iter().filter(must).collect()
    }
}
