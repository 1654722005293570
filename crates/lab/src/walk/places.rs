//! The list of walks held against a Go tree: what `cargo lab check --go-tree` does.

use crate::error::{Error, Fault};
use crate::gotree::GoTree;
use crate::walk::shown::{inside_function, place_of_function};
use crate::walk::{Walks, hash};
use crate::workspace::Workspace;

/// Every walk's lines and hash of the tree's version. Returns how many were looked at.
///
/// # Errors
///
/// When the list cannot be read.
pub fn check(workspace: &Workspace, tree: &GoTree, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let version = tree.version();
    let mut count = 0;
    let walks = Walks::load(workspace)?;
    for walk in walks.list() {
        let Some(region) = walk.go.get(version) else { continue };
        count += 1;
        let mut fault = |what: String| {
            faults.push(Fault::in_file("book/data/go_places.toml", format!("`{}`, Go {version}: {what}", walk.name)));
        };
        let Some((first, last)) = region.range() else {
            if place_of_function(walk, tree).is_some() {
                fault(format!("the list says that there are no such lines, and there is a {}", walk.func));
            }
            continue;
        };
        if !inside_function(walk, tree, first, last) {
            fault(format!("lines {} are not inside {} of {}", region.lines, walk.func, walk.file));
            continue;
        }
        let text = tree.read(&walk.file).unwrap_or_default();
        let real = hash(text.lines().skip(first - 1).take(last + 1 - first));
        match &region.hash {
            Some(written) if *written == real => {}
            Some(written) => fault(format!("the hash of lines {} is {real}, not {written}", region.lines)),
            None => fault(format!("no hash is given; that of lines {} is {real}", region.lines)),
        }
    }
    if count == 0 && !walks.list().is_empty() {
        let what = format!("no walk has lines of Go {version}, so this tree says nothing about them");
        faults.push(Fault::in_file("book/data/go_places.toml", what));
    }
    Ok(count)
}
