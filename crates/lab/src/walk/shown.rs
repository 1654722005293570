//! Go's lines from the reader's own tree, for the book that is served on the reader's machine.
//!
//! Lines are shown as those of the book only when their hash says that they are. Of a tree of another version the same
//! lines are looked for by that hash, wherever they have moved; when they are not there the function is shown as it is,
//! found by its name, and the reader is told.

use crate::gotree::GoTree;
use crate::html;
use crate::walk::{VERSIONS, Walk, Walks, hash, in_words};

/// What a tree has for a walk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// These lines, and what to say about them.
    Lines {
        /// The first line, from 1.
        first: usize,
        /// The last one.
        last: usize,
        /// What makes them the right ones, or why they are not.
        note: String,
    },
    /// Nothing, and why.
    Nothing(String),
}

/// Looks for the lines of `walk` in `tree`.
pub fn find(walk: &Walk, tree: &GoTree) -> Found {
    let version = tree.version();
    let Some(text) = tree.read(&walk.file) else {
        return Found::Nothing(format!("Your Go {version} has no {}.", walk.file));
    };
    let lines: Vec<&str> = text.lines().collect();
    if let Some(region) = walk.go.get(version) {
        let Some((first, last)) = region.range() else {
            return Found::Nothing(String::new());
        };
        let real = lines.get(first - 1..last).map(|lines| hash(lines.iter().copied()));
        match (&region.hash, real) {
            (Some(wanted), Some(real)) if *wanted == real => {
                return Found::Lines { first, last, note: format!("{} of your Go {version}", in_words(first, last)) };
            }
            (None, Some(_)) if inside_function(walk, tree, first, last) => {
                let note = format!("{} of your Go {version}, by their numbers only", in_words(first, last));
                return Found::Lines { first, last, note };
            }
            (Some(_) | None, _) => {
                let why = format!("Your tree says that it is Go {version}, but these lines differ.");
                return function(walk, tree, &why);
            }
        }
    }
    for (known, region) in walk.known() {
        let (Some(wanted), Some((first, last))) = (&region.hash, region.range()) else { continue };
        let height = last - first + 1;
        let same = (0..(lines.len() + 1).saturating_sub(height))
            .find(|at| hash(lines[*at..at + height].iter().copied()) == *wanted);
        if let Some(at) = same {
            let (first, last) = (at + 1, at + height);
            let note = format!("{} of your Go {version}, the same as in {known}", in_words(first, last));
            return Found::Lines { first, last, note };
        }
    }
    function(walk, tree, &format!("Your tree is Go {version}: these lines differ."))
}

/// The whole function, found by its name.
fn function(walk: &Walk, tree: &GoTree, why: &str) -> Found {
    match place_of_function(walk, tree) {
        Some((first, last)) => {
            let note = format!("{why} The whole function there: {}", in_words(first, last));
            Found::Lines { first, last, note }
        }
        None => Found::Nothing(format!("{why} It has no {} in {}.", walk.func, walk.file)),
    }
}

/// Where the tree has the function of a walk.
pub fn place_of_function(walk: &Walk, tree: &GoTree) -> Option<(usize, usize)> {
    let decls = tree.declarations(&walk.file);
    decls.iter().find(|decl| decl.name == walk.func && decl.within.is_none()).map(|decl| (decl.first, decl.last))
}

/// Whether the tree has these lines inside the function of the walk.
pub fn inside_function(walk: &Walk, tree: &GoTree, first: usize, last: usize) -> bool {
    place_of_function(walk, tree).is_some_and(|(from, to)| from <= first && last <= to)
}

/// Fills the places that a built page keeps for Go's lines. A page without any comes back as it is.
pub fn fill(page: &str, walks: &Walks, trees: &[GoTree]) -> String {
    const MARK: &str = "<div data-go-lines=\"";
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find(MARK) {
        let (before, after) = rest.split_at(at + MARK.len());
        out.push_str(before);
        let Some((which, after)) = after.split_once("\">") else { return out + after };
        out.push_str(which);
        out.push_str("\">");
        let (name, version) = which.split_once(' ').unwrap_or((which, ""));
        if let Ok(walk) = walks.get(name) {
            for tree in trees {
                let own = VERSIONS.contains(&tree.version());
                match (own, version) {
                    (true, version) if version == tree.version() => out.push_str(&lines(walk, tree)),
                    (false, "other") => {
                        let said = html::escape(tree.version());
                        let lines = lines(walk, tree);
                        out.push_str(&format!("<div class=\"walk-version\" data-version=\"{said}\">{lines}</div>"));
                    }
                    (true | false, _) => {}
                }
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn lines(walk: &Walk, tree: &GoTree) -> String {
    match find(walk, tree) {
        Found::Nothing(why) if why.is_empty() => String::new(),
        Found::Nothing(why) => format!("<p class=\"walk-note\">{}</p>", html::escape(&why)),
        Found::Lines { first, last, note } => {
            let text = tree.read(&walk.file).unwrap_or_default();
            let lines: Vec<&str> = text.lines().skip(first - 1).take(last + 1 - first).collect();
            let filled = lines.iter().filter(|line| !line.trim().is_empty());
            let margin = filled.map(|line| line.len() - line.trim_start_matches('\t').len()).min().unwrap_or(0);
            let code: String =
                lines.iter().map(|line| line.get(margin..).unwrap_or("").replace('\t', "    ") + "\n").collect();
            format!(
                "<figure class=\"listing go-lines\"><figcaption>{}</figcaption>\
                 <pre><code class=\"language-go\">{}</code></pre></figure>",
                html::escape(&note),
                html::escape(&code)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::Region;

    const FILE: &str = "package http\n\nfunc (t *T) f() {\n\tfirst()\n\tgo a()\n\tgo b()\n}\n";

    struct Fixture {
        dir: tempfile::TempDir,
    }

    impl Fixture {
        fn tree(version: &str, text: &str) -> (Self, GoTree) {
            let dir = tempfile::tempdir().expect("a directory");
            std::fs::create_dir_all(dir.path().join("src/net/http")).expect("a folder");
            std::fs::write(dir.path().join("src/net/http/transport.go"), text).expect("written");
            let given = format!("{version}={}", dir.path().display());
            let tree = GoTree::open(&given).expect("a tree");
            (Fixture { dir }, tree)
        }
    }

    fn walks() -> Walks {
        let hash = hash(["\tgo a()", "\tgo b()"].into_iter());
        let region = |lines: &str, hash: Option<&String>| Region { lines: lines.to_owned(), hash: hash.cloned() };
        let go = [("1.12.7".into(), region("5-6", None)), ("1.27.3".into(), region("5-6", Some(&hash)))];
        let walk = Walk {
            name: "spawn".into(),
            rust: "a.rs:x".into(),
            file: "net/http/transport.go".into(),
            func: "(*T).f".into(),
            go: go.into(),
        };
        Walks { list: vec![walk] }
    }

    fn found(version: &str, text: &str) -> (String, String) {
        let (fixture, tree) = Fixture::tree(version, text);
        let walks = walks();
        let page = "<div data-go-lines=\"spawn 1.12.7\"></div><div data-go-lines=\"spawn 1.27.3\"></div>\
                    <div data-go-lines=\"spawn other\"></div>";
        let filled = fill(page, &walks, std::slice::from_ref(&tree));
        let note = match find(&walks.list()[0], &tree) {
            Found::Lines { note, .. } => note,
            Found::Nothing(why) => why,
        };
        drop(fixture.dir);
        (note, filled)
    }

    #[test]
    fn the_lines_of_a_tree_of_the_right_version_are_shown_in_its_place() {
        let (note, page) = found("1.27.3", FILE);
        assert_eq!(note, "lines 5–6 of your Go 1.27.3");
        let shown = "<code class=\"language-go\">go a()\ngo b()\n</code>";
        assert!(
            page.contains(&format!(
                "<div data-go-lines=\"spawn 1.27.3\"><figure class=\"listing go-lines\">\
            <figcaption>{note}</figcaption><pre>{shown}"
            )),
            "{page}"
        );
        assert_eq!(page.matches("<pre>").count(), 1, "{page}");
    }

    #[test]
    fn lines_without_a_hash_are_shown_as_such() {
        assert_eq!(found("1.12.7", FILE).0, "lines 5–6 of your Go 1.12.7, by their numbers only");
        let moved = FILE.replace("package http\n", "package http\n\n\n\n\n\n");
        assert!(found("1.12.7", &moved).0.starts_with("Your tree says that it is Go 1.12.7, but these lines differ."));
    }

    #[test]
    fn a_changed_line_is_never_shown_as_the_books() {
        let (note, page) = found("1.27.3", &FILE.replace("go b", "go c"));
        let whole = "The whole function there: lines 3–7";
        assert_eq!(note, format!("Your tree says that it is Go 1.27.3, but these lines differ. {whole}"));
        assert!(page.contains("func (t *T) f() {"), "{page}");
        let (note, page) = found("1.27.1", &FILE.replace("go b", "go c"));
        assert_eq!(note, format!("Your tree is Go 1.27.1: these lines differ. {whole}"));
        assert!(page.contains("<div class=\"walk-version\" data-version=\"1.27.1\"><figure"), "{page}");
    }

    #[test]
    fn lines_that_have_moved_are_found_in_another_version() {
        let (note, page) = found("1.27.1", &FILE.replace("package http\n", "package http\n\nvar x int\n"));
        assert_eq!(note, "lines 7–8 of your Go 1.27.1, the same as in 1.27.3");
        assert!(page.contains("go a()\ngo b()\n</code>"), "{page}");
    }

    #[test]
    fn a_function_that_is_not_there_is_told() {
        let (note, page) = found("1.9", "package http\n");
        assert_eq!(note, "Your tree is Go 1.9: these lines differ. It has no (*T).f in net/http/transport.go.");
        assert!(!page.contains("<pre>"), "{page}");
    }
}
