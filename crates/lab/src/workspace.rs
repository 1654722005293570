//! Where things lie in the repository.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The repository, known by its root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The repository around the current directory, or else the one that the lab was compiled in.
    ///
    /// # Errors
    ///
    /// [`Error::NoWorkspace`] when there is neither.
    pub fn find() -> Result<Self, Error> {
        let here = std::env::current_dir().map_err(Error::io("cannot tell the current directory"))?;
        let compiled_in = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::around(&here).or_else(|| Self::around(compiled_in)).ok_or(Error::NoWorkspace(here))
    }

    /// The repository around `start`: the nearest directory upwards with a workspace and a book.
    pub fn around(start: &Path) -> Option<Self> {
        let root = start.ancestors().find(|dir| is_root(dir))?;
        Some(Workspace { root: root.to_path_buf() })
    }

    /// The directory with the workspace's Cargo.toml.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory with book.toml.
    pub fn book(&self) -> PathBuf {
        self.root.join("book")
    }

    /// The directory with the chapters and SUMMARY.md.
    pub fn src(&self) -> PathBuf {
        self.root.join("book/src")
    }

    /// The directory with what examples printed.
    pub fn recordings(&self) -> PathBuf {
        self.root.join("book/recordings")
    }

    /// The directory with the prediction questions.
    pub fn questions(&self) -> PathBuf {
        self.root.join("book/questions")
    }

    /// The directory with what an instructor needs to know, a file for each page that can be taught.
    pub fn guide(&self) -> PathBuf {
        self.root.join("book/guide")
    }

    /// The directory with the exercises, a workspace of its own.
    pub fn exercises(&self) -> PathBuf {
        self.root.join("book/exercises")
    }

    /// The directory with programs that must not compile, a workspace of its own.
    pub fn gallery(&self) -> PathBuf {
        self.root.join("book/gallery")
    }

    /// The directory for what the reader has done; git ignores it.
    pub fn desk(&self) -> PathBuf {
        self.root.join(".lab")
    }

    /// The list of pictures.
    pub fn pictures(&self) -> PathBuf {
        self.root.join("book/pictures.toml")
    }

    /// The names that the book uses for things, and those that it does not.
    pub fn terms(&self) -> PathBuf {
        self.root.join("book/terms.toml")
    }

    /// Every word of the book.
    pub fn words(&self) -> PathBuf {
        self.root.join("book/words.txt")
    }

    /// What real Go did.
    pub fn measured(&self) -> PathBuf {
        self.root.join("book/data/go_measured.json")
    }

    /// The scenarios and what real Go did with them; a book may have none yet.
    pub fn scenarios(&self) -> PathBuf {
        self.root.join("book/scenarios")
    }

    /// The directory that cargo builds into, and so may the lab.
    pub fn made(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), |dir| self.root.join(dir))
    }

    /// `path` as it is written in messages: from the root, with forward slashes.
    pub fn name_of(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }
}

fn is_root(dir: &Path) -> bool {
    let declares = std::fs::read_to_string(dir.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"));
    declares && dir.join("book/book.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_any_directory_inside() {
        let dir = tempfile::tempdir().expect("a directory");
        let inner = dir.path().join("crates/deep/src");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::create_dir_all(dir.path().join("book")).unwrap();
        std::fs::write(dir.path().join("crates/deep/Cargo.toml"), "[package]\n").unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "[workspace]\n").unwrap();
        assert_eq!(Workspace::around(&inner), None, "a workspace without a book is some other project");
        std::fs::write(dir.path().join("book/book.toml"), "").unwrap();
        let found = Workspace::around(&inner).expect("the root");
        assert_eq!(found.root(), dir.path());
        assert_eq!(found.name_of(&found.src().join("a.md")), "book/src/a.md");
    }
}
