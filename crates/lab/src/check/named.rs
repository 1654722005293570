//! What chapters name of this repository is there: files by their path, examples by their command, items by their entry
//! in the dictionary.
//!
//! Links are looked at in the built book. This is about what stands in code spans and console blocks, where a reader
//! copies it from: `cargo run --example NAME`, `book/scenarios/NAME.toml`. A part of a path in capitals, as in these
//! two, stands for something and is not looked for. And a Rust path that links to an entry of the dictionary must be
//! what stands there.

use mdbook_markdown::pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

use crate::dictionary;
use crate::error::{Error, Fault};
use crate::pages;
use crate::symbols::{Pair, paired};
use crate::workspace::Workspace;

/// The folders at the root whose files a chapter names.
const FOLDERS: [&str; 5] = ["book/", "crates/", "examples/", "benches/", ".ci/"];
/// Where the lab writes and git does not look.
const MADE: &str = "book/html";
/// The words that stand for a part of a path.
const STANDS_FOR: [&str; 4] = ["NAME", "DIR", "FILE", "ID"];

/// How a link to an entry of the dictionary begins.
const DICTIONARY: &str = "dictionary.md#";

/// Looks at every code span and console block of every chapter. Returns how many names were found.
///
/// # Errors
///
/// When a chapter cannot be read.
pub fn check(workspace: &Workspace, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let mut count = 0;
    let mut pairs = None;
    for page in pages::read(workspace)? {
        let mut in_console = false;
        let mut entry = None;
        for (event, range) in new_cmark_parser(&page.text, &MarkdownOptions::default()).into_offset_iter() {
            let code = match event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    entry = dest_url.strip_prefix(DICTIONARY).map(str::to_owned);
                    continue;
                }
                Event::End(TagEnd::Link) => {
                    entry = None;
                    continue;
                }
                Event::Code(code) => code,
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    in_console = matches!(&*language, "console" | "sh");
                    continue;
                }
                Event::End(TagEnd::CodeBlock) => {
                    in_console = false;
                    continue;
                }
                Event::Text(text) if in_console => text,
                _ => continue,
            };
            let line = page.text[..range.start].matches('\n').count() + 1;
            if let (Some(id), true) = (&entry, code.contains("::")) {
                count += 1;
                if pairs.is_none() {
                    // Names without a partner are told elsewhere.
                    pairs = Some(paired(workspace, &mut Vec::new())?);
                }
                let pairs = pairs.as_deref().unwrap_or_default();
                if !stands_in(pairs, id, &code) {
                    faults.push(Fault::at(&page.file, line, format!("`{code}` does not stand at {DICTIONARY}{id}")));
                }
            }
            for (i, shown) in code.lines().enumerate() {
                let (found, missing) = names(workspace, shown);
                count += found;
                faults.extend(missing.into_iter().map(|what| Fault::at(&page.file, line + i, what)));
            }
        }
    }
    Ok(count)
}

/// Whether the dictionary's entry `id` has the item at this path.
fn stands_in(pairs: &[Pair], id: &str, path: &str) -> bool {
    let entry = pairs.iter().find(|pair| dictionary::id(&pair.symbol) == id);
    entry.is_some_and(|pair| pair.twins.iter().any(|twin| twin.item.path == path))
}

/// How many names stand in one line of code, and what is wrong with them.
fn names(workspace: &Workspace, code: &str) -> (usize, Vec<String>) {
    let (mut count, mut missing) = (0, Vec::new());
    let mut after_example = false;
    for word in code.split_whitespace() {
        if std::mem::replace(&mut after_example, word == "--example") {
            count += 1;
            let there = [format!("examples/{word}.rs"), format!("examples/examples/{word}.rs")]
                .iter()
                .any(|path| workspace.root().join(path).is_file());
            if !there && !STANDS_FOR.contains(&word) {
                missing.push(format!("`{code}`: there is no example `{word}`"));
            }
        }
        let path = word.split(':').next().unwrap_or(word);
        let stands_for = path.split(['/', '.']).any(|part| STANDS_FOR.contains(&part));
        if FOLDERS.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(MADE) && !stands_for {
            count += 1;
            if !workspace.root().join(path).exists() {
                missing.push(format!("`{code}`: there is no {path} in this repository"));
            }
        }
    }
    (count, missing)
}
