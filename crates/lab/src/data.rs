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

/// What `book/data/NAME` says of where it comes from: the comment at its head, or what a JSON file has under `source`.
///
/// # Errors
///
/// When it says nothing, or cannot be read.
pub fn source(workspace: &Workspace, name: &str) -> Result<String, String> {
    let text = read(workspace, name)?;
    let said = if name.ends_with(".json") {
        let root: Value = serde_json::from_str(&text).map_err(|error| format!("book/data/{name}: {error}"))?;
        root.get("source").and_then(Value::as_str).map(str::to_owned)
    } else if let Some(rest) = text.strip_prefix("<!--") {
        rest.split_once("-->").map(|(comment, _)| comment.to_owned())
    } else {
        let comment = text.lines().map_while(|line| line.strip_prefix('#'));
        Some(comment.map(str::trim).collect::<Vec<_>>().join(" "))
    };
    let said = said.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    match said.is_empty() {
        true => Err(format!("book/data/{name} does not say where it comes from")),
        false => Ok(said),
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
        write("book/data/b.toml", "# Measured by\n#\n#     some command\n#\n# on a day.\na = 1\n# no more\n");
        write("book/data/a.json", r#"{"source": "Real Go.", "small": {"ratio": 1.25, "many": 1234567}}"#);
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
        assert!(fault("c.toml", "a").starts_with("book/data/c.toml: "));
    }

    #[test]
    fn a_table_comes_without_the_comment_at_its_head() {
        let (_dir, workspace) = workspace();
        assert_eq!(table(&workspace, "a.md").as_deref(), Ok("| a |\n|---|\n| 1 |"));
        assert_eq!(table(&workspace, "a.toml").unwrap_err(), "a.toml is no Markdown file");
    }

    #[test]
    fn a_file_says_where_it_comes_from() {
        let (_dir, workspace) = workspace();
        assert_eq!(source(&workspace, "a.md").as_deref(), Ok("Written by a test."));
        assert_eq!(source(&workspace, "a.json").as_deref(), Ok("Real Go."));
        assert_eq!(source(&workspace, "b.toml").as_deref(), Ok("Measured by some command on a day."));
        assert_eq!(source(&workspace, "a.toml").unwrap_err(), "book/data/a.toml does not say where it comes from");
    }
}
