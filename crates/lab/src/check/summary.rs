//! SUMMARY.md and the chapters name each other.

use std::collections::BTreeSet;
use std::path::Path;

use mdbook_markdown::pulldown_cmark::{Event, Tag};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

use crate::error::{Error, Fault};
use crate::workspace::Workspace;

/// The page that answers for missing ones; it is no chapter.
const NOT_A_CHAPTER: [&str; 2] = ["SUMMARY.md", "404.md"];

/// Every link of SUMMARY.md has its file, and every Markdown file is linked. Returns the number of
/// entries, drafts among them.
///
/// # Errors
///
/// When SUMMARY.md or the directory cannot be read.
pub fn check(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let src = workspace.src();
    let summary = src.join("SUMMARY.md");
    let name = workspace.name_of(&summary);
    let text = Error::read(&summary)?;
    let mut linked = BTreeSet::new();
    let mut count = 0;
    for (event, range) in new_cmark_parser(&text, &MarkdownOptions::default()).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
        count += 1;
        if dest_url.is_empty() {
            continue;
        }
        let line = text[..range.start].matches('\n').count() + 1;
        if !src.join(&*dest_url).is_file() {
            faults.push(Fault::at(&name, line, format!("links to `{dest_url}`, which is not there")));
        }
        if !linked.insert(dest_url.to_string()) {
            faults.push(Fault::at(&name, line, format!("links to `{dest_url}` a second time")));
        }
    }
    for file in chapters(workspace)?.difference(&linked) {
        faults.push(Fault::in_file(format!("book/src/{file}"), "is in no link of SUMMARY.md, so nobody can read it"));
    }
    Ok(count)
}

/// The Markdown files that are chapters, by name.
///
/// # Errors
///
/// When the directory cannot be read.
pub fn chapters(workspace: &Workspace) -> Result<BTreeSet<String>, Error> {
    let mut files = BTreeSet::new();
    collect(&workspace.src(), "", &mut files)?;
    files.retain(|file| !NOT_A_CHAPTER.contains(&file.as_str()));
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, files: &mut BTreeSet<String>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if name.ends_with(".md") {
            files.insert(format!("{prefix}{name}"));
        }
    }
    Ok(())
}
