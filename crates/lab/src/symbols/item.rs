//! The items of a Rust file with their documentation.
//!
//! This is no parser. It relies on `rustfmt`: what an item belongs to is what stands above it at the left margin.

/// What an item is, as far as its page in the documentation depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A module, told by its `//!`.
    Module,
    /// A function outside of any type.
    Function,
    /// A struct.
    Struct,
    /// An enum.
    Enum,
    /// A trait.
    Trait,
    /// A type's other name.
    Alias,
    /// A constant.
    Constant,
    /// A static.
    Static,
    /// A function of a type.
    Method,
    /// A function that a trait only asks for.
    RequiredMethod,
    /// A field of a struct.
    Field,
    /// A variant of an enum.
    Variant,
}

/// An item with its documentation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its path: `persistconn::read_loop::ReadLoop`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The type that a method, field or variant belongs to, by its path, and what that is.
    pub owner: Option<(String, Kind)>,
    /// The file, from the root of the repository.
    pub file: String,
    /// The line of its declaration, from 1.
    pub line: usize,
    /// Its last line.
    pub last: usize,
    /// The lines of its documentation with their numbers.
    pub docs: Vec<(usize, String)>,
}

impl Item {
    /// Its page in the documentation that `cargo doc` makes, from the directory `doc`.
    pub fn page(&self) -> String {
        let (module, name) = self.path.rsplit_once("::").unwrap_or((&self.path, ""));
        let dir = |path: &str| path.replace("::", "/");
        let plain = |kind: &str| format!("{}/{kind}.{name}.html", dir(module));
        let member = |part: &str| {
            let (module, owner) = module.rsplit_once("::").unwrap_or((module, ""));
            let kind = match self.owner.as_ref().map(|(_, kind)| *kind) {
                Some(Kind::Enum) => "enum",
                Some(Kind::Trait) => "trait",
                Some(Kind::Alias) => "type",
                // No member belongs to one of the others.
                Some(
                    Kind::Struct
                    | Kind::Module
                    | Kind::Function
                    | Kind::Constant
                    | Kind::Static
                    | Kind::Method
                    | Kind::RequiredMethod
                    | Kind::Field
                    | Kind::Variant,
                )
                | None => "struct",
            };
            format!("{}/{kind}.{owner}.html#{part}.{name}", dir(module))
        };
        match self.kind {
            Kind::Module => format!("{}/index.html", dir(&self.path)),
            Kind::Function => plain("fn"),
            Kind::Struct => plain("struct"),
            Kind::Enum => plain("enum"),
            Kind::Trait => plain("trait"),
            Kind::Alias => plain("type"),
            Kind::Constant => plain("constant"),
            Kind::Static => plain("static"),
            Kind::Method => member("method"),
            Kind::RequiredMethod => member("tymethod"),
            Kind::Field => member("structfield"),
            Kind::Variant => member("variant"),
        }
    }
}

/// Every item of `text` that has documentation, up to the tests at its end. `types` are those of the whole crate, by path:
/// a type may have functions in another file than its own.
pub fn items(krate: &str, file: &str, text: &str, types: &[(String, Kind)]) -> Vec<Item> {
    let module = module_path(krate, file);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .iter()
        .position(|line| *line == "#[cfg(test)]")
        .filter(|at| lines.get(at + 1).is_some_and(|line| line.starts_with("mod ") && line.ends_with('{')))
        .unwrap_or(lines.len());
    let mut found = Vec::new();
    let inner: Vec<_> = numbered(&lines[..end], "//!");
    if !inner.is_empty() {
        let (path, last) = (module.clone(), lines.len());
        found.push(Item { path, kind: Kind::Module, owner: None, file: file.to_owned(), line: 1, last, docs: inner });
    }
    let mut docs: Vec<(usize, String)> = Vec::new();
    let mut owner: Option<(String, Kind)> = None;
    let mut attribute = false;
    for (i, line) in lines[..end].iter().enumerate() {
        let (depth, code) = (line.len() - line.trim_start().len(), line.trim());
        if attribute {
            attribute = !code.ends_with(']');
        } else if let Some(doc) = code.strip_prefix("///") {
            docs.push((i + 1, doc.trim().to_owned()));
        } else if code.starts_with("#[") {
            attribute = !code.ends_with(']');
        } else if code.starts_with("//") {
            // A comment or a marker between documentation and item belongs to neither.
        } else if code.is_empty() {
            docs.clear();
        } else {
            let opener = (depth == 0).then(|| opened(code, &module, types)).flatten();
            let declared = declared(code, depth, owner.as_ref());
            if let (Some((kind, name)), false) = (declared, docs.is_empty()) {
                let inside = matches!(kind, Kind::Method | Kind::RequiredMethod | Kind::Field | Kind::Variant);
                let owner = owner.clone().filter(|_| inside);
                let path = match &owner {
                    Some((owner, _)) => format!("{owner}::{name}"),
                    None => format!("{module}::{name}"),
                };
                let (line, last) = (i + 1, last_line(&lines, i));
                let docs = std::mem::take(&mut docs);
                found.push(Item { path, kind, owner, file: file.to_owned(), line, last, docs });
            }
            docs.clear();
            if opener.is_some() {
                owner = opener;
            }
        }
    }
    found
}

fn numbered(lines: &[&str], mark: &str) -> Vec<(usize, String)> {
    let docs = lines.iter().enumerate().filter_map(|(i, line)| Some((i + 1, line.strip_prefix(mark)?)));
    docs.map(|(line, text)| (line, text.trim().to_owned())).collect()
}

/// `crates/a/src/b/c.rs` is `a::b::c`.
pub fn module_path(krate: &str, file: &str) -> String {
    let inside = file.split_once("/src/").map_or(file, |(_, inside)| inside).trim_end_matches(".rs");
    let parts = inside.split('/').filter(|part| !["lib", "main", "mod"].contains(part));
    [krate].into_iter().chain(parts).collect::<Vec<_>>().join("::")
}

/// A line without what may stand before the word that counts.
fn bare(code: &str) -> &str {
    let mut rest = code;
    loop {
        let before = rest;
        for word in ["pub ", "async ", "unsafe ", "default "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if let Some(inside) = rest.strip_prefix("pub(") {
            rest = inside.split_once(") ").map_or(rest, |(_, after)| after);
        }
        if rest == before {
            return rest;
        }
    }
}

fn ident(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

const TYPES: [(&str, Kind); 4] =
    [("struct ", Kind::Struct), ("enum ", Kind::Enum), ("trait ", Kind::Trait), ("type ", Kind::Alias)];

/// The types that a file declares at its margin, by path.
pub fn types(krate: &str, file: &str, text: &str) -> Vec<(String, Kind)> {
    let module = module_path(krate, file);
    let named = |line: &str| TYPES.iter().find_map(|(word, kind)| Some((ident(bare(line).strip_prefix(word)?), *kind)));
    text.lines().filter_map(named).map(|(name, kind)| (format!("{module}::{name}"), kind)).collect()
}

/// The modules that a file declares for tests only, by path.
pub fn test_modules(krate: &str, file: &str, text: &str) -> Vec<String> {
    let module = module_path(krate, file);
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names = pairs.filter_map(|pair| bare(pair[1]).strip_prefix("mod ")?.strip_suffix(';'));
    names.map(|name| format!("{module}::{name}")).collect()
}

/// The type whose members follow, if this line at the margin opens one.
fn opened(code: &str, module: &str, types: &[(String, Kind)]) -> Option<(String, Kind)> {
    let code = bare(code);
    for (word, kind) in TYPES {
        if let Some(rest) = code.strip_prefix(word) {
            return Some((format!("{module}::{}", ident(rest)), kind));
        }
    }
    let rest = code.strip_prefix("impl")?;
    let rest = rest.split_once(" for ").map_or_else(|| after_generics(rest), |(_, name)| name.trim());
    let name = ident(rest.rsplit_once("::").map_or(rest, |(_, name)| name));
    let here = format!("{module}::{name}");
    let known = |wanted: &dyn Fn(&str) -> bool| types.iter().find(|(path, _)| wanted(path)).cloned();
    let elsewhere = format!("::{name}");
    known(&|path| path == here).or_else(|| known(&|path| path.ends_with(&elsewhere))).or(Some((here, Kind::Struct)))
}

/// `<T: Into<U>> Name<T>` without its first angle brackets.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ' ' if depth == 0 => return text[at..].trim_start(),
            _ => {}
        }
    }
    text
}

fn declared(code: &str, depth: usize, owner: Option<&(String, Kind)>) -> Option<(Kind, String)> {
    let text = bare(code);
    let member = depth == 4 && owner.is_some();
    if let Some(rest) = text.strip_prefix("const fn ").or_else(|| text.strip_prefix("fn ")) {
        let required = matches!(owner, Some((_, Kind::Trait))) && code.ends_with(';');
        let kind = match (member, required) {
            (true, true) => Kind::RequiredMethod,
            (true, false) => Kind::Method,
            (false, _) => Kind::Function,
        };
        return Some((kind, ident(rest)));
    }
    if depth == 0 {
        let words = TYPES.iter().copied().chain([("const ", Kind::Constant), ("static ", Kind::Static)]);
        return words.into_iter().find_map(|(word, kind)| Some((kind, ident(text.strip_prefix(word)?))));
    }
    let (_, kind) = owner.filter(|_| member)?;
    let name = ident(text);
    let is_field = *kind == Kind::Struct && !name.is_empty() && text[name.len()..].starts_with(':');
    let is_variant = *kind == Kind::Enum && name.starts_with(|c: char| c.is_ascii_uppercase());
    if is_field { Some((Kind::Field, name)) } else { is_variant.then_some((Kind::Variant, name)) }
}

/// Where what begins on line `at` ends: the next line of the same depth that closes, or the line itself.
fn last_line(lines: &[&str], at: usize) -> usize {
    let margin = lines[at].len() - lines[at].trim_start().len();
    let code = lines[at].trim_end();
    if code.ends_with([';', ',', '}']) {
        return at + 1;
    }
    let closes = |line: &str| {
        let depth = line.len() - line.trim_start().len();
        depth == margin && line.trim_start().starts_with(['}', ')']) && !line.trim_end().ends_with('{')
    };
    (at + 1..lines.len()).find(|i| closes(lines[*i])).map_or(at + 1, |i| i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE_NAME: &str = "crates/k/src/m.rs";
    const FILE: &str = "\
//! A module.

/// A.
#[doc(alias = \"a\")]
#[derive(
    Debug,
)]
// ANCHOR: x
pub(crate) struct A {
    /// Its b.
    pub b: u8,
}

/// E.
pub enum E {
    /// V.
    V(u8),
}

impl<T: Into<U>> Do<T> for E {
    /// Does it.
    pub(crate) async fn does(
        &self,
    ) -> u8 {
        1
    }
}

/// T.
pub trait T {
    /// Asked for.
    fn asked(&self) -> u8;
}

/// F.
pub const fn f() {}

/// Lost.

const NOT: u8 = 1;

#[cfg(test)]
mod tests {
    /// Hidden.
    fn hidden() {}
}
";

    #[test]
    fn each_item_has_its_path_its_page_and_its_lines() {
        let found: Vec<_> = items("k", FILE_NAME, FILE, &types("k", FILE_NAME, FILE))
            .into_iter()
            .map(|item| (item.path.clone(), item.page(), item.line, item.last))
            .collect();
        let expected = [
            ("k::m", "k/m/index.html", 1, 46),
            ("k::m::A", "k/m/struct.A.html", 9, 12),
            ("k::m::A::b", "k/m/struct.A.html#structfield.b", 11, 11),
            ("k::m::E", "k/m/enum.E.html", 15, 18),
            ("k::m::E::V", "k/m/enum.E.html#variant.V", 17, 17),
            ("k::m::E::does", "k/m/enum.E.html#method.does", 22, 26),
            ("k::m::T", "k/m/trait.T.html", 30, 33),
            ("k::m::T::asked", "k/m/trait.T.html#tymethod.asked", 32, 32),
            ("k::m::f", "k/m/fn.f.html", 36, 36),
        ];
        let expected = expected.map(|(path, page, line, last)| (path.to_owned(), page.to_owned(), line, last));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_function_belongs_to_its_type_even_in_another_file() {
        let types = types("k", "crates/k/src/a.rs", "pub enum A {\n}\n");
        let text = "impl A {\n    /// Does it.\n    pub fn does() {}\n}\n";
        let found = items("k", "crates/k/src/b.rs", text, &types);
        assert_eq!(
            (found[0].path.as_str(), found[0].page().as_str()),
            ("k::a::A::does", "k/a/enum.A.html#method.does")
        );
    }

    #[test]
    fn modules_for_tests_only_are_told() {
        let text = "#[cfg(test)]\nmod tests;\nmod code;\n#[cfg(test)]\npub(crate) mod tables;\n";
        assert_eq!(test_modules("k", "crates/k/src/lib.rs", text), ["k::tests", "k::tables"]);
    }

    #[test]
    fn the_file_tells_the_module() {
        assert_eq!(module_path("a", "crates/a/src/lib.rs"), "a");
        assert_eq!(module_path("a", "crates/a/src/b/c.rs"), "a::b::c");
    }
}
