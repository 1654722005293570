//! A tree of Go's sources on the reader's machine, as far as the lab looks into one.
//!
//! Nothing of it is kept: the lab tells where something stands, and shows lines only in the book that it serves.
//!
//! # Layout
//!
//! - [`decl`]: what a Go file declares, and on which lines

pub mod decl;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::gotree::decl::{Decl, declarations};

/// A directory with a `src` in which `net/http` lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoTree {
    src: PathBuf,
    version: String,
}

impl GoTree {
    /// Opens `given`: a directory, or `VERSION=DIRECTORY` for one that does not say its version itself.
    ///
    /// # Errors
    ///
    /// What is missing there, in a sentence.
    pub fn open(given: &str) -> Result<Self, String> {
        let (said, dir) = match given.split_once('=') {
            Some((version, dir)) if version.starts_with(|c: char| c.is_ascii_digit()) => (Some(version), dir),
            Some(_) | None => (None, given),
        };
        let src = Path::new(dir).join("src");
        if !src.join("net/http/transport.go").is_file() {
            return Err(format!("`{dir}` is no Go tree: it has no src/net/http/transport.go"));
        }
        let version = match said {
            Some(version) => version.to_owned(),
            None => written_version(Path::new(dir)).ok_or_else(|| {
                format!("`{dir}` does not say which Go it is (its file VERSION); VERSION={dir} tells the lab")
            })?,
        };
        Ok(GoTree { src, version })
    }

    /// The tree that the environment names: `GOROOT`, or else that of the `go` on the path. `None` where there is
    /// neither.
    pub fn of_the_environment() -> Option<Self> {
        if let Some(root) = std::env::var_os("GOROOT") {
            return Self::open(root.to_str()?).ok();
        }
        // A go.mod nearby must not make it fetch another Go.
        let output = Command::new("go").args(["env", "GOROOT"]).env("GOTOOLCHAIN", "local").output().ok()?;
        Self::open(String::from_utf8(output.stdout).ok()?.trim()).ok()
    }

    /// Its version: `1.27.3`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The text of a file, its path from `src`.
    pub fn read(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.src.join(file)).ok()
    }

    /// What one file declares.
    pub fn declarations(&self, file: &str) -> Vec<Decl> {
        self.read(file).map(|text| declarations(&text)).unwrap_or_default()
    }

    /// The files of a package without its tests, sorted; none where there is no such directory.
    pub fn files(&self, package: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.src.join(package)) else { return Vec::new() };
        let mut files: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".go") && !name.ends_with("_test.go"))
            .map(|name| format!("{package}/{name}"))
            .collect();
        files.sort();
        files
    }
}

/// `1.27.3` from a file VERSION that begins with `go1.27.3`.
fn written_version(dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(dir.join("VERSION")).ok()?;
    let version = text.split_whitespace().next()?.strip_prefix("go")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_says_its_version_or_is_told_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().to_str().expect("a path in UTF-8");
        assert!(GoTree::open(path).unwrap_err().contains("is no Go tree"));
        std::fs::create_dir_all(dir.path().join("src/net/http")).unwrap();
        std::fs::write(dir.path().join("src/net/http/transport.go"), "package http\n").unwrap();
        assert!(GoTree::open(path).unwrap_err().contains("does not say which Go it is"));
        assert_eq!(GoTree::open(&format!("1.12.7={path}")).unwrap().version(), "1.12.7");
        std::fs::write(dir.path().join("VERSION"), "go1.27.3\ntime 2026-01-01\n").unwrap();
        let tree = GoTree::open(path).unwrap();
        assert_eq!(tree.version(), "1.27.3");
        assert_eq!(tree.files("net/http"), ["net/http/transport.go"]);
        assert_eq!(tree.read("net/http/gone.go"), None);
    }
}
