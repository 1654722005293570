//! The book in one file, to take along: unpacked, it opens from disk.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::build::{build, title};
use crate::error::Error;
use crate::workspace::Workspace;

/// The page that answers for missing ones. Its links start at the root of a server, and a folder has none.
const NOT_FOR_DISK: &str = "404.html";

/// A book in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zipped {
    /// The file.
    pub path: PathBuf,
    /// The one folder in it.
    pub folder: String,
    /// How many files lie in that.
    pub files: usize,
}

/// Where `lab build --zip` puts the file when no other place is named.
///
/// # Errors
///
/// When book.toml cannot be read.
pub fn default_file(workspace: &Workspace) -> Result<PathBuf, Error> {
    Ok(workspace.book().join(format!("{}.zip", slug(&title(workspace)?))))
}

/// Builds the book and packs it into `file`. The same book gives the same bytes: no times, and names in order.
///
/// # Errors
///
/// What [`build`] finds; and when `file` cannot be written.
pub fn pack(workspace: &Workspace, file: &Path) -> Result<Zipped, Error> {
    let dest = tempfile::tempdir().map_err(Error::io("cannot make a temporary directory"))?;
    build(workspace, dest.path())?;
    let folder = slug(&title(workspace)?);
    let mut names = Vec::new();
    collect(dest.path(), "", &mut names)?;
    names.retain(|name| name != NOT_FOR_DISK);
    names.sort();
    let failed = || format!("cannot write {}", file.display());
    let out = File::create(file).map_err(Error::io(failed()))?;
    let mut zip = ZipWriter::new(out);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o644);
    for name in &names {
        let bytes = std::fs::read(dest.path().join(name)).map_err(Error::io(format!("cannot read {name}")))?;
        let began = zip.start_file(format!("{folder}/{name}"), options).map_err(std::io::Error::from);
        began.and_then(|()| zip.write_all(&bytes)).map_err(Error::io(failed()))?;
    }
    zip.finish().map_err(std::io::Error::from).map_err(Error::io(failed()))?;
    Ok(Zipped { path: file.to_path_buf(), folder, files: names.len() })
}

/// The book's title as a name for files: `why-three`.
pub(crate) fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    if slug.is_empty() { "book".to_owned() } else { slug }
}

fn collect(dir: &Path, prefix: &str, names: &mut Vec<String>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() { collect(&path, &format!("{name}/"), names)? } else { names.push(name) }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_name_that_every_system_takes() {
        assert_eq!(slug("Why Three?"), "why-three");
        assert_eq!(slug("为什么"), "book");
    }
}
