//! The names of the documentation looked up in a Go tree: what `cargo lab symbols` does.

use std::collections::BTreeMap;

use crate::error::{Error, Fault, Faults};
use crate::gotree::GoTree;
use crate::gotree::decl::Decl;
use crate::symbols::mention::Mention;
use crate::symbols::table::{ABSENT, Symbol, Table, fit};
use crate::symbols::twins;
use crate::workspace::Workspace;

/// Where a name without a place is looked for first, by where the documentation is.
const HOMES: [(&str, &str); 5] = [
    ("crates/transport/src/tls", "crypto/tls"),
    ("crates/client/src/jar", "net/http/cookiejar"),
    ("crates/client/src/url_check", "net/url"),
    ("crates/transport/src/dialer", "net"),
    ("crates/transport/src/proxy/", "vendor/golang.org/x/net/http/httpproxy"),
];

/// And after that, in this order.
const PACKAGES: [&str; 6] =
    ["net/http", "net/http/internal", "net/http/httptrace", "net/http/cookiejar", "net/url", "net"];

/// The files of net/http whose names come before those of its other files.
const FIRST: [&str; 7] =
    ["transport.go", "client.go", "request.go", "response.go", "transfer.go", "cookie.go", "header.go"];

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Names in the table.
    pub symbols: usize,
    /// Those that this version does not have.
    pub absent: usize,
}

/// Looks up every name in `tree` and writes the lines of its version into the table. Names that no documentation gives
/// any more leave the table.
///
/// # Errors
///
/// [`Error::Faults`] with the names that are neither in the tree nor in the table. The table is written all the same.
pub fn write(workspace: &Workspace, tree: &GoTree) -> Result<Written, Error> {
    let mut shelf = Shelf { tree, files: BTreeMap::new() };
    let mut table = Table::load(workspace)?;
    let (mut used, mut faults) = (Vec::new(), Vec::new());
    for twin in twins(workspace)? {
        // What the table has stays, so that a version without a name does not put another one of that name in its place.
        let key = match table.get(&twin.mention) {
            Ok(at) => {
                let symbol = &table.symbols[at];
                (symbol.file.clone(), symbol.name.clone(), symbol.within.clone())
            }
            Err(_) => match shelf.find(&twin.mention, &twin.item.file) {
                Some((file, decl)) => (file, decl.name, decl.within),
                None => {
                    let what = format!("`Go: {}` is not in the tree of Go {}", twin.mention.name, tree.version());
                    faults.push(Fault::at(&twin.item.file, twin.mention.line, what));
                    continue;
                }
            },
        };
        if !used.contains(&key) {
            used.push(key);
        }
    }
    let mut absent = 0;
    let mut symbols = Vec::new();
    for (file, name, within) in used {
        let before =
            table.symbols.iter().find(|symbol| symbol.file == file && symbol.name == name && symbol.within == within);
        let mut lines = before.map(|symbol| symbol.lines.clone()).unwrap_or_default();
        let here = shelf.lines(&file, &name, within.as_deref());
        absent += usize::from(here.is_none());
        lines.insert(tree.version().to_owned(), here.unwrap_or_else(|| ABSENT.to_owned()));
        symbols.push(Symbol { name, file, within, lines });
    }
    table.symbols = symbols;
    table.write(workspace)?;
    Faults::none(faults)?;
    Ok(Written { symbols: table.symbols.len(), absent })
}

/// Every entry whose lines in the tree are others than the table says. Returns how many were looked at.
///
/// # Errors
///
/// When the table cannot be read.
pub fn check(workspace: &Workspace, tree: &GoTree, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let mut shelf = Shelf { tree, files: BTreeMap::new() };
    let mut count = 0;
    for symbol in Table::load(workspace)?.symbols {
        let Some(written) = symbol.lines.get(tree.version()) else { continue };
        count += 1;
        let real = shelf.lines(&symbol.file, &symbol.name, symbol.within.as_deref());
        let real = real.as_deref().unwrap_or(ABSENT);
        // Of a version that nobody had a tree of, only the first lines are known.
        let begins = !written.contains('-') && real.split('-').next() == Some(written.as_str());
        if written != real && !begins {
            let what =
                format!("`{}` of {} is at {real} in Go {}, not at {written}", symbol.name, symbol.file, tree.version());
            faults.push(Fault::in_file("book/data/go_symbols.toml", what));
        }
    }
    Ok(count)
}

/// The files of a tree that were looked into.
struct Shelf<'a> {
    tree: &'a GoTree,
    files: BTreeMap<String, Vec<Decl>>,
}

impl Shelf<'_> {
    fn declarations(&mut self, file: &str) -> &[Decl] {
        let tree = self.tree;
        self.files.entry(file.to_owned()).or_insert_with(|| tree.declarations(file))
    }

    /// The best place for a name that documentation in `rust_file` gives.
    fn find(&mut self, mention: &Mention, rust_file: &str) -> Option<(String, Decl)> {
        let mut places: Vec<Vec<String>> = Vec::new();
        match mention.place.as_deref() {
            Some(file) if file.ends_with(".go") => {
                places.push(vec![format!("net/http/{file}")]);
                places.push(vec![file.to_owned()]);
                places.push(vec![format!("net/http/internal/{file}")]);
                let package = file.rsplit_once('/').map_or("net/http", |(package, _)| package);
                places.push(self.package(package));
            }
            Some(package) => {
                places.push(self.package(package));
                places.push(self.package(&format!("vendor/{package}")));
                places.push(self.package(&format!("net/http/{package}")));
            }
            None => {
                let home = HOMES.iter().find(|(prefix, _)| rust_file.starts_with(prefix)).map(|(_, package)| *package);
                places.extend(home.into_iter().chain(PACKAGES).map(|package| self.package(package)));
            }
        }
        places.iter().find_map(|files| self.best(files, &mention.name))
    }

    /// The files of a package, those that matter most first.
    fn package(&self, package: &str) -> Vec<String> {
        let mut files = self.tree.files(package);
        let rank =
            |file: &String| FIRST.iter().position(|first| file == &format!("net/http/{first}")).unwrap_or(FIRST.len());
        files.retain(|file| !file.ends_with("/h2_bundle.go"));
        files.sort_by_key(rank);
        files
    }

    /// The same name first, then a part of a name in transport.go or a local one there, then such names of other files; of
    /// equals the first.
    fn best(&mut self, files: &[String], name: &str) -> Option<(String, Decl)> {
        let mut best: Option<(u8, String, Decl)> = None;
        for file in files {
            for decl in self.declarations(file) {
                let Some(fit) = fit(&decl.name, name) else { continue };
                let rank = match (fit, &decl.within, file.ends_with("/transport.go")) {
                    (0 | 1, None, _) => fit,
                    (_, None, true) => 2,
                    (_, Some(_), true) => 3,
                    (_, None, false) => 4,
                    (_, Some(_), false) => 5,
                };
                if best.as_ref().is_none_or(|(before, _, _)| rank < *before) {
                    best = Some((rank, file.clone(), decl.clone()));
                }
            }
        }
        best.map(|(_, file, decl)| (file, decl))
    }

    /// The lines of exactly this name, in its file or in another one of its package.
    fn lines(&mut self, file: &str, name: &str, within: Option<&str>) -> Option<String> {
        let package = file.rsplit_once('/').map_or("", |(package, _)| package).to_owned();
        let others = self.package(&package);
        for there in std::iter::once(file.to_owned()).chain(others) {
            let found =
                self.declarations(&there).iter().find(|decl| decl.name == name && decl.within.as_deref() == within);
            if let Some(Decl { first, last, .. }) = found {
                let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
                return Some(if there == file { lines } else { format!("{there}:{lines}") });
            }
        }
        None
    }
}
