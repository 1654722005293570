//! Go's names in the documentation of the crates, and where Go has them.
//!
//! A ported item says its twin in its documentation: `Go: transport.go (*persistConn).readLoop`. Where that stands in
//! each version of Go is kept in `book/data/go_symbols.toml`, which `cargo lab symbols` writes from a Go tree.
//!
//! # Layout
//!
//! - [`item`]: the items of a Rust file with their documentation
//! - [`mention`]: the names that a documentation gives
//! - [`table`]: their lines per version, as `book/data/go_symbols.toml` has them
//! - [`find`]: the names looked up in a Go tree

pub mod find;
pub mod item;
pub mod mention;
pub mod table;

use std::path::Path;

use crate::error::{Error, Fault};
use crate::symbols::item::{Item, items, module_path, test_modules, types};
use crate::symbols::mention::{Mention, mentions};
use crate::symbols::table::{Symbol, Table};
use crate::workspace::Workspace;

/// An item of this repository whose documentation names something of Go's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Twin {
    /// The item.
    pub item: Item,
    /// What it names.
    pub mention: Mention,
}

/// Every twin of the crates, in the order of files and lines. The lab's own documentation speaks of twins and has none.
///
/// # Errors
///
/// When a file cannot be read.
pub fn twins(workspace: &Workspace) -> Result<Vec<Twin>, Error> {
    let mut found = Vec::new();
    for (name, krate) in crates(workspace)? {
        let mut files = Vec::new();
        rust_files(&krate.join("src"), &mut files)?;
        files.sort();
        let mut texts = Vec::new();
        for file in &files {
            texts.push((workspace.name_of(file), Error::read(file)?));
        }
        let types: Vec<_> = texts.iter().flat_map(|(file, text)| types(&name, file, text)).collect();
        let tests: Vec<_> = texts.iter().flat_map(|(file, text)| test_modules(&name, file, text)).collect();
        for (file, text) in &texts {
            let module = module_path(&name, file);
            // What only tests use has no page, and is nobody's twin.
            if tests.iter().any(|test| module == *test || module.starts_with(&format!("{test}::"))) {
                continue;
            }
            for item in items(&name, file, text, &types) {
                for mention in mentions(&item) {
                    found.push(Twin { item: item.clone(), mention });
                }
            }
        }
    }
    Ok(found)
}

/// The crates with a `src`, by name.
fn crates(workspace: &Workspace) -> Result<Vec<(String, std::path::PathBuf)>, Error> {
    let dir = workspace.root().join("crates");
    let mut found = Vec::new();
    if dir.is_dir() {
        let failed = || Error::io(format!("cannot read {}", dir.display()));
        for entry in std::fs::read_dir(&dir).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name != "lab" && path.join("src").is_dir() {
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn rust_files(dir: &Path, files: &mut Vec<std::path::PathBuf>) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot read {}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// A name of Go's and all items whose documentation gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The name.
    pub symbol: Symbol,
    /// Its twins.
    pub twins: Vec<Twin>,
}

/// Each symbol of the table with its twins, in the table's order. What has no partner is a fault.
///
/// # Errors
///
/// When the crates or the table cannot be read.
pub fn paired(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<Vec<Pair>, Error> {
    let table = Table::load(workspace)?;
    let pair = |symbol: &Symbol| Pair { symbol: symbol.clone(), twins: Vec::new() };
    let mut pairs: Vec<Pair> = table.symbols.iter().map(pair).collect();
    for twin in twins(workspace)? {
        match table.get(&twin.mention) {
            Ok(at) => pairs[at].twins.push(twin),
            Err(what) => faults.push(Fault::at(&twin.item.file, twin.mention.line, what)),
        }
    }
    let name = workspace.name_of(&table::path(workspace));
    for Pair { symbol, .. } in pairs.iter().filter(|pair| pair.twins.is_empty()) {
        let what = format!(
            "`{}` of {} is named by no documentation; `cargo lab symbols` takes it out, or a `Go:` line is missing",
            symbol.name, symbol.file
        );
        faults.push(Fault::in_file(&name, what));
    }
    Ok(pairs)
}

/// Whether the documentation at `docs` has the page of every twin. Returns how many were looked for.
///
/// # Errors
///
/// When the crates cannot be read.
pub fn pages(workspace: &Workspace, docs: &Path, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let twins = twins(workspace)?;
    for twin in &twins {
        let page = twin.item.page();
        let (file, id) = page.split_once('#').unwrap_or((&page, ""));
        let there = std::fs::read_to_string(docs.join(file))
            .is_ok_and(|html| id.is_empty() || html.contains(&format!("id=\"{id}\"")));
        if !there {
            let what = format!("the documentation has no page {page} for {}", twin.item.path);
            faults.push(Fault::at(&twin.item.file, twin.item.line, what));
        }
    }
    Ok(twins.len())
}
