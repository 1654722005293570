//! All that a classroom without a network needs, in one archive: the sources, the crates that they stand on, the built
//! book, and a page that says how to begin.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{build, title};
use crate::error::Error;
use crate::record::{cargo, tail};
use crate::workspace::Workspace;
use crate::zipped::slug;

/// The page that says how to begin: here, and in the archive.
pub const CLASSROOM: &str = "book/classroom.md";
const FIRST_PAGE: &str = "CLASSROOM.md";
/// The folder of the crates in the archive.
const VENDOR: &str = "vendor";
/// The file of Cargo's settings, here and in the archive.
const SETTINGS: &str = ".cargo/config.toml";
/// Crates that only hold libraries for Windows' other linker, GNU's, or for its 32 bits: a third of all bytes.
const NOT_FOR_CLASSROOMS: [&str; 3] = ["winapi-i686-", "winapi-x86_64-pc-windows-gnu", "windows_i686_"];
/// What of them is left out.
const LIBRARIES: [&str; 2] = ["a", "lib"];

/// An archive that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// The file.
    pub path: PathBuf,
    /// The one folder in it.
    pub folder: String,
    /// The crates in it that are not ours.
    pub crates: usize,
    /// How big the file is, in bytes.
    pub size: u64,
}

/// Where the archive goes when no other place is named.
///
/// # Errors
///
/// When book.toml cannot be read.
pub fn default_file(workspace: &Workspace) -> Result<PathBuf, Error> {
    Ok(workspace.made().join(format!("{}.tar.gz", slug(&title(workspace)?))))
}

/// Makes the archive of the files that git knows, as they are now. `tell` hears of what takes long, and of changes that
/// are not committed.
///
/// # Errors
///
/// When this is no clone, git, Cargo or tar is missing or refuses, or the book has faults.
pub fn bundle(workspace: &Workspace, file: &Path, mut tell: impl FnMut(&str)) -> Result<Bundle, Error> {
    let made = workspace.made();
    std::fs::create_dir_all(&made).map_err(Error::io(format!("cannot make {}", made.display())))?;
    // Beside what Cargo builds: a folder for temporary files may be small.
    let scratch = tempfile::tempdir_in(&made).map_err(Error::io("cannot make a temporary directory"))?;
    let folder = slug(&title(workspace)?);
    let root = scratch.path().join(&folder);
    let changed = sources(workspace, &root)?;
    if changed > 0 {
        tell(&format!("{changed} files are not as in the last commit. The bundle has them as they are now."));
    }
    tell("Cargo collects the crates …");
    let crates = vendor(&root)?;
    let copy = Workspace::around(&root).ok_or_else(|| Error::Bundle("the sources have no book".to_owned()))?;
    tell("The book is built …");
    build(&copy, &copy.book().join("html"))?;
    std::fs::copy(copy.root().join(CLASSROOM), root.join(FIRST_PAGE))
        .map_err(Error::io(format!("cannot copy {CLASSROOM}")))?;
    tell("All is packed …");
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent).map_err(Error::io(format!("cannot make {}", parent.display())))?;
    }
    let archive = [OsStr::new("-czf"), file.as_os_str(), OsStr::new("-C"), scratch.path().as_os_str(), folder.as_ref()];
    run(Command::new("tar").args(archive), "tar")?;
    let size = std::fs::metadata(file).map_err(Error::io(format!("cannot read {}", file.display())))?.len();
    Ok(Bundle { path: file.to_path_buf(), folder, crates, size })
}

/// Copies every file that git tracks or would track. Returns how many are not as in the last commit.
fn sources(workspace: &Workspace, to: &Path) -> Result<usize, Error> {
    let git = |args: &[&str]| run(Command::new("git").args(args).current_dir(workspace.root()), "git");
    // A folder may lie in a clone of something else.
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    if !same(Path::new(top.trim_end()), workspace.root()) {
        return Err(Error::Bundle(format!(
            "{} is no clone, so git does not know its files",
            workspace.root().display()
        )));
    }
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (workspace.root().join(name), to.join(name));
        // One that was removed and not yet forgotten.
        if !from.is_file() {
            continue;
        }
        let copied = to.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::copy(&from, &to));
        copied.map_err(Error::io(format!("cannot copy {name}")))?;
    }
    Ok(git(&["status", "--porcelain"])?.lines().count())
}

/// Puts the crates of both workspaces into a folder, and has Cargo take them from there. Returns how many there are.
fn vendor(root: &Path) -> Result<usize, Error> {
    let mut args = vec!["vendor", "--locked", "--versioned-dirs"];
    if root.join("book/exercises/Cargo.toml").is_file() {
        args.extend(["--sync", "book/exercises/Cargo.toml"]);
    }
    args.push(VENDOR);
    let collect = |more: &[&str]| {
        let mut command = cargo();
        command.args(&args).args(more).current_dir(root);
        run(&mut command, "cargo")
    };
    // What Cargo has already fetched is enough, mostly; then no network is asked.
    let settings = collect(&["--offline"]).or_else(|_| collect(&[]))?;
    let path = root.join(SETTINGS);
    let ours = if path.is_file() { Error::read(&path)? } else { String::new() };
    std::fs::create_dir_all(root.join(".cargo")).map_err(Error::io("cannot make a folder"))?;
    let theirs = "# This is a bundle: all crates lie here, and Cargo asks no network.";
    Error::write(&path, &format!("{ours}\n{theirs}\n{}\n[net]\noffline = true\n", settings.trim()))?;
    let dir = root.join(VENDOR);
    let mut count = 0;
    if !dir.is_dir() {
        return Ok(count);
    }
    for entry in std::fs::read_dir(&dir).map_err(Error::io(format!("cannot read {}", dir.display())))? {
        let entry = entry.map_err(Error::io(format!("cannot read {}", dir.display())))?;
        count += 1;
        let name = entry.file_name().to_string_lossy().into_owned();
        if NOT_FOR_CLASSROOMS.iter().any(|begin| name.starts_with(begin)) {
            lighten(&entry.path())?;
        }
    }
    Ok(count)
}

/// Takes the libraries out of a crate, and out of the list by which Cargo looks whether it is whole.
fn lighten(dir: &Path) -> Result<(), Error> {
    let list = dir.join(".cargo-checksum.json");
    let mut sums: serde_json::Value = serde_json::from_str(&Error::read(&list)?)
        .map_err(|error| Error::Bundle(format!("{}: {error}", list.display())))?;
    let Some(files) = sums.get_mut("files").and_then(serde_json::Value::as_object_mut) else { return Ok(()) };
    let is_library =
        |name: &str| Path::new(name).extension().is_some_and(|end| LIBRARIES.iter().any(|wanted| end == *wanted));
    let heavy: Vec<String> = files.keys().filter(|name| is_library(name)).cloned().collect();
    for name in heavy {
        files.remove(&name);
        let path = dir.join(&name);
        std::fs::remove_file(&path).map_err(Error::io(format!("cannot remove {}", path.display())))?;
    }
    Error::write(&list, &sums.to_string())
}

fn run(command: &mut Command, name: &str) -> Result<String, Error> {
    let output = command.output().map_err(|error| Error::Bundle(format!("{name} cannot be started: {error}")))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => {
            let said = tail(&String::from_utf8_lossy(&output.stderr));
            Err(Error::Bundle(format!("{name} ended with {}\n{said}", output.status)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_gone_from_the_folder_and_from_the_list() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("libx.a", "heavy");
        write("build.rs", "light");
        write(".cargo-checksum.json", r#"{"files":{"build.rs":"1","libx.a":"2"},"package":"3"}"#);
        lighten(dir.path()).expect("lighter");
        assert!(!dir.path().join("libx.a").exists() && dir.path().join("build.rs").exists());
        let list = Error::read(&dir.path().join(".cargo-checksum.json")).expect("readable");
        assert_eq!(list, r#"{"files":{"build.rs":"1"},"package":"3"}"#);
    }
}
