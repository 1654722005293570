//! The feature table: what stands here for each item of Go's client, in `book/data/features.toml`, and whether it does.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use httptrace::Exit;
use serde::Deserialize;
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Type, UseTree, Visibility};

/// How many items of Go's the table has.
const ROWS: usize = 199;

/// The crates that a request passes through.
const CRATES: [&str; 5] = ["client", "transport", "persistconn", "body_signal", "httptrace"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    row: Vec<Row>,
}

/// An item of Go's client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    section: String,
    go: String,
    /// What it does, in Go 1.27.3.
    behaviour: String,
    /// The paths of what stands for it here, with commas between; empty if nothing does.
    ours: String,
    #[serde(default)]
    differs: String,
    /// The reason of a difference or of a gap.
    #[serde(default)]
    why: String,
    /// It should be here and is not.
    #[serde(default)]
    missing: bool,
}

impl Row {
    fn ours(&self) -> impl Iterator<Item = &str> {
        self.ours.split(", ").filter(|path| !path.is_empty())
    }

    /// What is wrong with it, if something is.
    fn fault(&self) -> Option<&'static str> {
        let Row { section: _, go, behaviour, ours, differs, why, missing } = self;
        let sentences = [behaviour, differs, why];
        if *missing {
            Some("is missing")
        } else if why.is_empty() != (differs.is_empty() && !ours.is_empty()) {
            Some("needs a reason exactly where something differs or nothing stands for it")
        } else if behaviour.is_empty() || sentences.iter().any(|text| !text.is_empty() && !text.ends_with('.')) {
            Some("is not told in sentences")
        } else if sentences.into_iter().chain([go]).any(|text| text.contains(['|', '\n'])) {
            Some("does not fit into a table")
        } else {
            None
        }
    }
}

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn list() -> Vec<Row> {
    let text = fs::read_to_string(house().join("book/data/features.toml")).expect("the list is there");
    toml::from_str::<List>(&text).expect("the list can be read").row
}

/// The sources of all crates, as far as names go.
struct Sources {
    roots: BTreeMap<&'static str, Module>,
    /// By crate and type: what its own `impl` blocks give it that is public. They may stand in any module.
    methods: BTreeMap<(&'static str, String), Vec<Name>>,
}

#[derive(Default)]
struct Module {
    documented: bool,
    public: bool,
    modules: BTreeMap<String, Module>,
    /// What is public and no module.
    items: Vec<(Name, Kind)>,
    /// Names that come from elsewhere, with the whole path of each.
    uses: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Other,
}

/// A public name, and below a type those of its fields, variants or functions.
struct Name {
    name: String,
    documented: bool,
    members: Vec<Name>,
}

impl Name {
    fn new(name: &syn::Ident, attributes: &[Attribute]) -> Self {
        Name { name: name.to_string(), documented: is_documented(attributes), members: Vec::new() }
    }
}

/// The ways out are declared by a macro, which hides them from whoever reads the source; but they can be asked.
fn exits() -> Name {
    let variant =
        |exit: &Exit| Name { name: format!("{exit:?}"), documented: !exit.explain().is_empty(), members: Vec::new() };
    Name { name: "Exit".to_owned(), documented: true, members: Exit::ALL.iter().map(variant).collect() }
}

/// `#[doc(alias = …)]` is no documentation.
fn is_documented(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc") && attribute.meta.require_name_value().is_ok())
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl Sources {
    fn read() -> Self {
        let mut sources = Sources { roots: BTreeMap::new(), methods: BTreeMap::new() };
        for name in CRATES {
            let dir = house().join("crates").join(name).join("src");
            let root = sources.read_file(name, &dir.join("lib.rs"), &dir);
            sources.roots.insert(name, root);
        }
        sources
    }

    /// `below`: where the modules of this file lie.
    fn read_file(&mut self, of: &'static str, file: &Path, below: &Path) -> Module {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut module = Module { documented: is_documented(&parsed.attrs), ..Module::default() };
        for item in &parsed.items {
            self.read_item(of, &mut module, item, below);
        }
        module
    }

    fn read_item(&mut self, of: &'static str, module: &mut Module, item: &Item, below: &Path) {
        let mut add = |visibility: &Visibility, name: Name, kind: Kind| {
            if is_public(visibility) {
                module.items.push((name, kind));
            }
        };
        match item {
            // Those of tests have their lines here, and are passed over.
            Item::Mod(inner) if inner.content.is_none() => {
                let name = inner.ident.to_string();
                let files = [below.join(format!("{name}.rs")), below.join(&name).join("mod.rs")];
                let file = files.iter().find(|file| file.exists()).expect("a module has a file");
                let mut read = self.read_file(of, file, &below.join(&name));
                read.public = is_public(&inner.vis);
                read.documented |= is_documented(&inner.attrs);
                module.modules.insert(name, read);
            }
            Item::Fn(item) => add(&item.vis, Name::new(&item.sig.ident, &item.attrs), Kind::Function),
            Item::Const(item) => add(&item.vis, Name::new(&item.ident, &item.attrs), Kind::Other),
            Item::Type(item) => add(&item.vis, Name::new(&item.ident, &item.attrs), Kind::Other),
            Item::Struct(item) => {
                let mut name = Name::new(&item.ident, &item.attrs);
                if let Fields::Named(fields) = &item.fields {
                    let fields = fields.named.iter().filter(|field| is_public(&field.vis));
                    name.members =
                        fields.filter_map(|field| Some(Name::new(field.ident.as_ref()?, &field.attrs))).collect();
                }
                add(&item.vis, name, Kind::Other);
            }
            Item::Enum(item) => {
                let mut name = Name::new(&item.ident, &item.attrs);
                name.members = item.variants.iter().map(|variant| Name::new(&variant.ident, &variant.attrs)).collect();
                add(&item.vis, name, Kind::Other);
            }
            Item::Trait(item) => {
                let mut name = Name::new(&item.ident, &item.attrs);
                name.members.extend(item.items.iter().filter_map(|item| match item {
                    TraitItem::Fn(item) => Some(Name::new(&item.sig.ident, &item.attrs)),
                    _ => None,
                }));
                add(&item.vis, name, Kind::Other);
            }
            Item::Impl(item) if item.trait_.is_none() => {
                let Type::Path(path) = &*item.self_ty else { return };
                let Some(of_type) = path.path.segments.last() else { return };
                let methods = self.methods.entry((of, of_type.ident.to_string())).or_default();
                methods.extend(item.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(item) => is_public(&item.vis).then(|| Name::new(&item.sig.ident, &item.attrs)),
                    ImplItem::Const(item) => is_public(&item.vis).then(|| Name::new(&item.ident, &item.attrs)),
                    _ => None,
                }));
            }
            Item::Macro(item) if item.mac.path.is_ident("exits") => module.items.push((exits(), Kind::Other)),
            Item::Use(item) if is_public(&item.vis) => read_use(&item.tree, &mut Vec::new(), &mut module.uses),
            _ => {}
        }
    }

    /// Whether `path` leads to something that is public, and documented too. With `()` at its end that is a function.
    fn fault(&self, path: &str) -> Option<String> {
        let (names, function) = path.strip_suffix("()").map_or((path, false), |names| (names, true));
        let names: Vec<&str> = names.split("::").collect();
        match self.look_in_crate(&names, function) {
            Some(true) => None,
            Some(false) => Some(format!("`{path}` has no documentation")),
            None => Some(format!("there is no public `{path}`")),
        }
    }

    fn look_in_crate(&self, names: &[&str], function: bool) -> Option<bool> {
        let (first, rest) = names.split_first()?;
        let of = CRATES.into_iter().find(|of| of == first)?;
        self.look(of, &self.roots[of], rest, function, false)
    }

    /// Whether what the names lead to is documented, if they lead anywhere. A re-export may lead through modules that are
    /// not public.
    fn look(
        &self,
        of: &'static str,
        module: &Module,
        names: &[&str],
        function: bool,
        reexported: bool,
    ) -> Option<bool> {
        let (first, rest) = names.split_first()?;
        let inner = module.modules.get(*first).filter(|inner| inner.public || reexported);
        if let Some(inner) = inner {
            let found = if rest.is_empty() {
                (!function).then_some(inner.documented)
            } else {
                self.look(of, inner, rest, function, reexported)
            };
            if found.is_some() {
                return found;
            }
        }
        let here =
            module.items.iter().filter(|(item, kind)| item.name == **first && (!function || *kind == Kind::Function));
        for (item, _) in here {
            let found = match rest {
                [] => Some(item.documented),
                [member] => {
                    let methods = self.methods.get(&(of, item.name.clone()));
                    let mut members = item.members.iter().chain(methods.into_iter().flatten());
                    members.find(|found| found.name == **member).map(|found| item.documented && found.documented)
                }
                _ => None,
            };
            if found.is_some() {
                return found;
            }
        }
        module.uses.iter().filter(|(name, _)| name == first).find_map(|(_, path)| {
            let path: Vec<&str> = path.iter().map(String::as_str).chain(rest.iter().copied()).collect();
            if module.modules.contains_key(path[0]) {
                self.look(of, module, &path, function, true)
            } else {
                self.look_in_crate(&path, function)
            }
        })
    }

    /// The names of a type's public fields.
    fn fields(&self, of: &str, in_module: &str, of_type: &str) -> Vec<&str> {
        let items = &self.roots[of].modules[in_module].items;
        let (item, _) = items.iter().find(|(item, _)| item.name == of_type).expect("the type is there");
        item.members.iter().map(|field| &*field.name).collect()
    }
}

fn read_use(tree: &UseTree, path: &mut Vec<String>, uses: &mut Vec<(String, Vec<String>)>) {
    let mut add = |last: &syn::Ident, name: &syn::Ident| {
        let whole = path.iter().cloned().chain([last.to_string()]).filter(|part| part != "self");
        uses.push((name.to_string(), whole.collect()));
    };
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            read_use(&inner.tree, path, uses);
            path.pop();
        }
        UseTree::Name(last) => add(&last.ident, &last.ident),
        UseTree::Rename(last) => add(&last.ident, &last.rename),
        UseTree::Group(group) => group.items.iter().for_each(|tree| read_use(tree, path, uses)),
        UseTree::Glob(_) => panic!("this house names what it re-exports"),
    }
}

#[test]
fn each_item_of_gos_has_one_that_is_public_and_documented_or_a_reason() {
    let (rows, sources) = (list(), Sources::read());
    let of_row = |row: &Row| row.fault().map(|fault| format!("{}: {} {fault}", row.section, row.go));
    let mut faults: Vec<String> = rows.iter().filter_map(of_row).collect();
    let paths = rows.iter().flat_map(|row| row.ours().map(move |path| (&row.go, path)));
    faults.extend(paths.filter_map(|(go, path)| Some(format!("{go}: {}", sources.fault(path)?))));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_item_stands_twice_and_none_is_lost() {
    let rows = list();
    let distinct: BTreeSet<_> = rows.iter().map(|row| (&row.section, &row.go)).collect();
    assert_eq!((rows.len(), distinct.len()), (ROWS, ROWS));
}

/// Whoever adds a setting, or something that a request says or a response tells, has to say what Go has in its place.
#[test]
fn all_that_can_be_set_or_said_or_told_stands_in_the_table() {
    let (rows, sources) = (list(), Sources::read());
    let named: BTreeSet<&str> = rows.iter().flat_map(Row::ours).collect();
    for (of, in_module, of_type) in [
        ("transport", "config", "Config"),
        ("persistconn", "request", "Request"),
        ("persistconn", "response", "Response"),
    ] {
        for field in sources.fields(of, in_module, of_type) {
            let path = format!("{of}::{of_type}::{field}");
            // Go has a runtime already, and nobody whom it could tell everything.
            let not_gos = ["transport::Config::rt", "transport::Config::trace"];
            assert!(named.contains(&*path) || not_gos.contains(&&*path), "no row names `{path}`");
        }
    }
}

#[test]
fn what_is_not_there_or_not_public_or_not_documented_is_found_out() {
    let sources = Sources::read();
    for path in [
        "transport::Config::proxy",
        "client::Config::proxy",
        "client::ProxyRules::proxy_for",
        "client::Error",
        "client::location()",
        "client::location",
        "persistconn::Cookie::parse_cookie",
        "persistconn::EarlyClose::GO_1_27",
        "client::CookieJar::cookies",
        "httptrace::Exit::Idle408",
    ] {
        assert_eq!(sources.fault(path), None);
    }
    for path in [
        "nobody::Config",
        "transport::Config::no_such_setting",
        "transport::pool::PoolCensus",
        "transport::Client",
        "client::Client::jar",
        "client::redirect()",
        "client::redirect::redirect_behavior",
        "client::CookieJar::cookies::more",
    ] {
        assert_eq!(sources.fault(path), Some(format!("there is no public `{path}`")));
    }
}

/// The list as a table a section.
fn page(rows: &[Row]) -> String {
    let mut page = String::from("<!-- Written from features.toml by the test `feature_table` of client. -->\n");
    let mut say = |line: String| writeln!(page, "{line}").expect("writing into a string cannot fail");
    let differ = rows.iter().filter(|row| !row.ours.is_empty() && !row.differs.is_empty()).count();
    let not_here = rows.iter().filter(|row| row.ours.is_empty()).count();
    let as_in_go = rows.len() - differ - not_here;
    say(format!(
        "\nOf {} items {as_in_go} are as in Go, {differ} differ in some way, {not_here} are not here.",
        rows.len()
    ));
    for of_section in rows.chunk_by(|one, next| one.section == next.section) {
        say(format!("\n## {}\n\n<div class=\"features\">\n", of_section[0].section));
        say("| Go | here | what it does | what differs, and why |\n|---|---|---|---|".to_owned());
        for row in of_section {
            // Every second piece stood between backticks.
            let pieces = row.go.split('`').enumerate();
            let go: String =
                pieces.map(|(at, text)| if at % 2 == 1 { breakable(text, ".") } else { text.into() }).collect();
            let ours: Vec<String> = row.ours().map(|path| breakable(path, "::")).collect();
            let ours = if ours.is_empty() { "–".to_owned() } else { ours.join("<br>") };
            let differs = [&*row.differs, &*row.why].join(" ");
            say(format!("| {go} | {ours} | {} | {} |", row.behaviour, differs.trim()));
        }
        say("\n</div>".to_owned());
    }
    page
}

/// A path as code that may go on in the next line behind each `separator`.
fn breakable(path: &str, separator: &str) -> String {
    format!("<code>{}</code>", path.replace(separator, &format!("{separator}<wbr>")))
}

#[test]
fn the_page_is_written_from_the_list() {
    let (path, page) = (house().join("book/data/features.md"), page(&list()));
    if env::var_os("WRITE").is_some() {
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "book/data/features.md is out of date: run `WRITE=1 cargo test -p client --test feature_table`"
    );
}
