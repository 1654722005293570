//! `book/data/go_symbols.toml`: where each name of Go's stands in each version.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::symbols::mention::Mention;
use crate::workspace::Workspace;

/// What the table says of a version that does not have the name.
pub const ABSENT: &str = "-";

/// A name of Go's.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbol {
    /// The name: `(*Client).do`, `Client.Timeout`, `eofc`.
    pub name: String,
    /// The file, from `src`: `net/http/client.go`.
    pub file: String,
    /// The function that a local variable belongs to.
    pub within: Option<String>,
    /// Per version the lines, `609-763` or `47`, with a file before them where it is another one
    /// (`net/http/roundtrip.go:29-31`); [`ABSENT`] where that version has no such name. A version that was not looked at
    /// is missing.
    #[serde(default)]
    pub lines: BTreeMap<String, String>,
}

impl Symbol {
    /// The file and the lines of a version: `None` where it is not known, or known not to be there.
    pub fn place(&self, version: &str) -> Option<(&str, &str)> {
        let lines = self.lines.get(version).filter(|lines| *lines != ABSENT)?;
        Some(lines.split_once(':').unwrap_or((&self.file, lines)))
    }

    fn package(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(package, _)| package)
    }

    /// How well it fits a mention: 0 exactly, then less, `None` not at all.
    pub fn fits(&self, mention: &Mention) -> Option<u8> {
        let here = match &mention.place {
            None => true,
            Some(file) if file.ends_with(".go") => ends_with_path(&self.file, file),
            Some(package) => ends_with_path(self.package(), package),
        };
        if here { fit(&self.name, &mention.name) } else { None }
    }
}

fn ends_with_path(whole: &str, end: &str) -> bool {
    whole.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// How well the full name `whole` fits the name `said`: 0 is the same, 1 is the same without `(*…)`, 2 is the last part of it.
pub fn fit(whole: &str, said: &str) -> Option<u8> {
    let plain = |name: &str| name.replace(['(', ')', '*'], "");
    if whole == said {
        Some(0)
    } else if plain(whole) == plain(said) {
        Some(1)
    } else if !said.contains('.') && plain(whole).rsplit_once('.').is_some_and(|(_, last)| last == said) {
        Some(2)
    } else {
        None
    }
}

/// The whole table.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its entries, by file and name.
    #[serde(rename = "symbol", default)]
    pub symbols: Vec<Symbol>,
}

/// Where the table lies.
pub fn path(workspace: &Workspace) -> PathBuf {
    workspace.book().join("data/go_symbols.toml")
}

impl Table {
    /// Reads the table; an empty one where there is no file.
    ///
    /// # Errors
    ///
    /// [`Error::Faults`] when it is not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = path(workspace);
        if !path.is_file() {
            return Ok(Table::default());
        }
        let name = workspace.name_of(&path);
        let table: Table = toml::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(&name, error.to_string())]))?;
        for symbol in &table.symbols {
            for (version, lines) in &symbol.lines {
                let range = lines.rsplit_once(':').map_or(lines.as_str(), |(_, range)| range);
                if lines != ABSENT && range_of(range).is_none() {
                    let what = format!("`{}`: `{lines}` are no lines ({version})", symbol.name);
                    return Err(Faults(vec![Fault::in_file(&name, what)]).into());
                }
            }
        }
        Ok(table)
    }

    /// The index of the one entry that fits best.
    ///
    /// # Errors
    ///
    /// A sentence when there is none, or more than one.
    pub fn get(&self, mention: &Mention) -> Result<usize, String> {
        let fits: Vec<(usize, u8)> =
            self.symbols.iter().enumerate().filter_map(|(i, symbol)| Some((i, symbol.fits(mention)?))).collect();
        let Some(best) = fits.iter().map(|(_, fit)| *fit).min() else {
            let place = mention.place.as_ref().map_or(String::new(), |place| format!(" of {place}"));
            return Err(format!(
                "`Go: {}`{place} is not in book/data/go_symbols.toml; `cargo lab symbols --go-tree DIR` looks it up",
                mention.name
            ));
        };
        let mut best = fits.iter().filter(|(_, fit)| *fit == best).map(|(i, _)| *i);
        match (best.next(), best.next()) {
            (Some(one), None) => Ok(one),
            (Some(one), Some(other)) => Err(format!(
                "`Go: {}` may be `{}` of {} or `{}` of {}; give the file before the name",
                mention.name,
                self.symbols[one].name,
                self.symbols[one].file,
                self.symbols[other].name,
                self.symbols[other].file
            )),
            (None, _) => unreachable!("a minimum has an owner"),
        }
    }

    /// Writes the table, sorted.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&mut self, workspace: &Workspace) -> Result<(), Error> {
        self.symbols.sort_by(|a, b| (&a.file, &a.name, &a.within).cmp(&(&b.file, &b.name, &b.within)));
        let mut out = HEAD.to_owned();
        for symbol in &self.symbols {
            out.push_str(&format!("\n[[symbol]]\nname = {:?}\nfile = {:?}\n", symbol.name, symbol.file));
            if let Some(within) = &symbol.within {
                out.push_str(&format!("within = {within:?}\n"));
            }
            let mut versions: Vec<_> = symbol.lines.iter().collect();
            versions.sort_by_key(|(version, _)| numbers(version));
            for (version, lines) in versions {
                out.push_str(&format!("lines.{version:?} = {lines:?}\n"));
            }
        }
        Error::write(&path(workspace), &out)
    }
}

const HEAD: &str = "\
# Where the names of Go that the documentation of the crates gives stand in Go's sources: file, and lines per version.
# `-`: that version has no such name. `cargo lab symbols --go-tree DIR` writes the lines of that tree's version and leaves
# the others. Those of 1.12.7 are where a name begins, taken from a reading of that version: no tree of it was looked into.
";

/// `1.27.3` as numbers, so that 1.9 comes before 1.12.
pub fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// The first and the last line of `609-763` or `47`.
pub fn range_of(lines: &str) -> Option<(usize, usize)> {
    let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[(&str, &str)]) -> Table {
        let symbol = |(file, name): &(&str, &str)| Symbol {
            name: (*name).to_owned(),
            file: (*file).to_owned(),
            within: None,
            lines: BTreeMap::new(),
        };
        Table { symbols: names.iter().map(symbol).collect() }
    }

    fn mention(place: Option<&str>, name: &str) -> Mention {
        Mention { place: place.map(str::to_owned), name: name.to_owned(), line: 1 }
    }

    #[test]
    fn the_best_fit_wins_and_two_of_them_are_told() {
        let table = table(&[
            ("net/http/client.go", "(*Client).do"),
            ("net/http/client.go", "Client.do"),
            ("net/http/client.go", "Get"),
            ("net/http/client.go", "(*Client).Get"),
            ("net/url/url.go", "Parse"),
        ]);
        assert_eq!(table.get(&mention(Some("client.go"), "Get")), Ok(2));
        assert_eq!(table.get(&mention(None, "(*Client).do")), Ok(0));
        assert_eq!(table.get(&mention(Some("net/url"), "Parse")), Ok(4));
        assert!(
            table.get(&mention(Some("net/http"), "Parse")).unwrap_err().contains("is not in book/data/go_symbols.toml")
        );
        assert!(table.get(&mention(None, "do")).unwrap_err().contains("give the file before the name"));
    }

    #[test]
    fn lines_are_one_or_a_range() {
        assert_eq!(range_of("47"), Some((47, 47)));
        assert_eq!(range_of("609-763"), Some((609, 763)));
        for text in ["", "-", "0", "9-8", "a"] {
            assert_eq!(range_of(text), None, "{text:?}");
        }
    }
}
