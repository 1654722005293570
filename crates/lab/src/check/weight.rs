//! No page makes its reader wait: what a browser loads for it stays within a budget.

use std::collections::BTreeSet;
use std::path::Path;

use crate::check::tags::tags;
use crate::error::{Error, Fault};
use crate::search;

/// What one page and all it loads at once may weigh, in bytes, before any compression.
pub const PAGE_BUDGET: u64 = 700_000;

/// What the index of the search may weigh, which a page loads when somebody searches, in bytes before any compression.
pub const INDEX_BUDGET: u64 = 1_500_000;

/// Weighs every page under `dest`. Returns their number. The page for printing is all pages in one and
/// has no budget; the index of the search has one of its own.
///
/// # Errors
///
/// When the built book cannot be read.
pub fn check(dest: &Path, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let mut pages = Vec::new();
    collect(dest, &mut pages)?;
    pages.sort();
    let mut count = 0;
    for page in pages {
        let name = page.strip_prefix(dest).unwrap_or(&page).to_string_lossy().into_owned();
        if name == "print.html" {
            continue;
        }
        count += 1;
        let html = Error::read(&page)?;
        let base = page.parent().unwrap_or(dest);
        let loaded: BTreeSet<String> = tags(&html)
            .iter()
            .filter_map(|tag| match tag.name.as_str() {
                "script" | "img" => tag.get("src"),
                "link" if tag.get("rel") == Some("stylesheet") => tag.get("href"),
                _ => None,
            })
            .map(str::to_owned)
            .collect();
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |data| data.len());
        let total = html.len() as u64 + loaded.iter().map(|path| size(&base.join(path))).sum::<u64>();
        if total > PAGE_BUDGET {
            let what = format!("weighs {total} bytes with what it loads; {PAGE_BUDGET} are allowed");
            faults.push(Fault::in_file(format!("built page {name}"), what));
        }
    }
    let index = std::fs::metadata(dest.join(search::FILE)).map_or(0, |data| data.len());
    if index > INDEX_BUDGET {
        let what = format!("weighs {index} bytes; {INDEX_BUDGET} are allowed");
        faults.push(Fault::in_file(format!("built file {}", search::FILE), what));
    }
    Ok(count)
}

fn collect(dir: &Path, pages: &mut Vec<std::path::PathBuf>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            pages.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_weighed_with_what_it_loads() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("light.html", "<p>");
        write("heavy.html", "<script src=big.js></script>");
        write("big.js", &" ".repeat(PAGE_BUDGET as usize));
        let mut faults = Vec::new();
        assert_eq!(check(dir.path(), &mut faults).unwrap(), 2);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().starts_with("built page heavy.html: weighs 700028 bytes"), "{}", faults[0]);
    }

    #[test]
    fn the_index_of_the_search_has_a_budget_of_its_own() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(search::FILE), " ".repeat(INDEX_BUDGET as usize + 1)).expect("written");
        let mut faults = Vec::new();
        check(dir.path(), &mut faults).unwrap();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().starts_with("built file search-index.js: weighs 1500001 bytes"), "{}", faults[0]);
    }
}
