//! What lies in `book/data`: tables that a program has written, and figures by their names.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::workspace::Workspace;

/// The Markdown of `book/data/NAME`, without the comment at its head that says who writes it.
///
/// # Errors
///
/// What is wrong with the name or the file.
pub fn table(workspace: &Workspace, name: &str) -> Result<String, String> {
    if !name.ends_with(".md") {
        return Err(format!("{name} is no Markdown file"));
    }
    let text = read(workspace, name)?;
    let shown = match text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")) {
        Some((_comment, shown)) => shown,
        None => &text,
    };
    Ok(shown.trim().to_owned())
}

/// The figure that lies at `path` (names with dots between) in `book/data/NAME`, a TOML or a JSON file.
///
/// # Errors
///
/// What is wrong with the name, the file or the path.
pub fn figure(workspace: &Workspace, name: &str, path: &str) -> Result<String, String> {
    let text = read(workspace, name)?;
    let root: Value = match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("toml") => toml::from_str(&text).map_err(|error| format!("book/data/{name}: {error}"))?,
        Some("json") => serde_json::from_str(&text).map_err(|error| format!("book/data/{name}: {error}"))?,
        _ => return Err(format!("{name} is neither TOML nor JSON")),
    };
    let found = path.split('.').try_fold(&root, |value, key| value.get(key));
    match found {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(grouped(&number.to_string())),
        Some(_) => Err(format!("{path} in book/data/{name} is no single figure")),
        None => Err(format!("book/data/{name} has no {path}")),
    }
}

fn read(workspace: &Workspace, name: &str) -> Result<String, String> {
    if name.contains(['/', '\\']) {
        return Err(format!("{name} is not directly in book/data"));
    }
    let path = workspace.book().join("data").join(name);
    fs::read_to_string(&path).map_err(|error| format!("book/data/{name}: {error}"))
}

/// 13190 is read more easily as 13,190.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    if whole.len() < 5 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    match fraction {
        Some(fraction) => format!("{out}.{fraction}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> (tempfile::TempDir, Workspace) {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("book/data")).expect("a folder");
        let write = |path: &str, text: &str| fs::write(dir.path().join(path), text).expect("written");
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write("book/data/a.toml", "[small]\ncount = 13190\nname = \"x\"\nlist = [1]\n");
        write("book/data/a.json", r#"{"small": {"ratio": 1.25, "many": 1234567}}"#);
        write("book/data/a.md", "<!-- Written by a test. -->\n\n| a |\n|---|\n| 1 |\n");
        let workspace = Workspace::around(dir.path()).expect("a workspace");
        (dir, workspace)
    }

    #[test]
    fn a_figure_is_found_by_its_path() {
        let (_dir, workspace) = workspace();
        assert_eq!(figure(&workspace, "a.toml", "small.count").as_deref(), Ok("13,190"));
        assert_eq!(figure(&workspace, "a.toml", "small.name").as_deref(), Ok("x"));
        assert_eq!(figure(&workspace, "a.json", "small.ratio").as_deref(), Ok("1.25"));
        assert_eq!(figure(&workspace, "a.json", "small.many").as_deref(), Ok("1,234,567"));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let (_dir, workspace) = workspace();
        let fault = |name, path| figure(&workspace, name, path).unwrap_err();
        assert_eq!(fault("a.toml", "small.size"), "book/data/a.toml has no small.size");
        assert_eq!(fault("a.toml", "small.list"), "small.list in book/data/a.toml is no single figure");
        assert_eq!(fault("../book.toml", "a"), "../book.toml is not directly in book/data");
        assert!(fault("b.toml", "a").starts_with("book/data/b.toml: "));
    }

    #[test]
    fn a_table_comes_without_the_comment_at_its_head() {
        let (_dir, workspace) = workspace();
        assert_eq!(table(&workspace, "a.md").as_deref(), Ok("| a |\n|---|\n| 1 |"));
        assert_eq!(table(&workspace, "a.toml").unwrap_err(), "a.toml is no Markdown file");
    }
}
