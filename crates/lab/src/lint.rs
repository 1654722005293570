//! What a chapter may not contain: code and output that nobody ran.
//!
//! Rust comes from `{{#include}}`, output from `{{#output}}`. A fence written by hand may hold commands
//! (`console` with lines that start with `$ `, or `sh`) or settings (`toml`, `json`). Go's own lines
//! are not shown; the book names the place and links to it.

use mdbook_markdown::pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

use crate::error::Fault;

/// Everything in the chapter `text`, as it stands in `file`, that was typed where it must be produced.
pub fn lint(file: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut console: Option<usize> = None;
    let line_of = |offset: usize| text[..offset].matches('\n').count() + 1;
    for (event, range) in new_cmark_parser(text, &MarkdownOptions::default()).into_offset_iter() {
        let line = line_of(range.start);
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                faults.push(Fault::at(file, line, "an indented code block; use a fence that names its language"));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let language = info.split([' ', ',', '\t']).next().unwrap_or("");
                console = (language == "console").then_some(line);
                if let Some(what) = verdict(language) {
                    faults.push(Fault::at(file, line, what));
                }
            }
            Event::Text(shown) if console.is_some() => {
                let typed = output_in_console(&shown);
                faults.extend(typed.map(|(i, what)| Fault::at(file, line + i, what)));
            }
            Event::End(TagEnd::CodeBlock) => console = None,
            Event::Html(html) | Event::InlineHtml(html) if html.to_ascii_lowercase().contains("<pre") => {
                faults.push(Fault::at(
                    file,
                    line,
                    "<pre> written by hand; use a fence, `{{#include}}` or `{{#output}}`",
                ));
            }
            Event::Html(html) | Event::InlineHtml(html) if html.to_ascii_lowercase().contains("<script") => {
                faults.push(Fault::at(file, line, "<script> in a chapter; scripts of the book lie in book/theme"));
            }
            _ => {}
        }
    }
    faults
}

/// Why a fence in this language is not allowed, if it is not.
fn verdict(language: &str) -> Option<String> {
    match language {
        "console" | "sh" | "toml" | "json" => None,
        "rust" | "rs" | "Rust" => {
            Some("Rust written by hand; use `{{#include PATH:ANCHOR}}`, which takes it from a compiled file".to_owned())
        }
        "go" => {
            Some("Go's lines are not in this repository; name function, file and version, and link to them".to_owned())
        }
        "" | "text" | "txt" | "output" => {
            Some("output written by hand; use `{{#output EXAMPLE}}`, which takes it from a recording".to_owned())
        }
        other => Some(format!("a fence in `{other}`; allowed are console, sh, toml and json")),
    }
}

/// The first line of a console block that is neither a command nor the rest of one.
fn output_in_console(shown: &str) -> Option<(usize, String)> {
    let mut continued = false;
    for (i, line) in shown.lines().enumerate() {
        let is_command = continued || line.starts_with("$ ") || line.trim().is_empty();
        if !is_command {
            let what = format!("`{line}` is output written by hand; a console block holds commands, each after `$ `");
            return Some((i, what));
        }
        continued = line.ends_with('\\');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        lint("c.md", text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rust_written_by_hand_is_refused_with_its_line() {
        let faults = faults("# A\n\n```rust,ignore\nfn main() {}\n```\n");
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("c.md:3: Rust written by hand"), "{}", faults[0]);
    }

    #[test]
    fn output_written_by_hand_is_refused_in_every_dress() {
        for block in ["```text\n3\n```", "```\n3\n```", "    3\n", "```console\n$ run\n3\n```", "<pre>3</pre>\n"] {
            assert_eq!(faults(&format!("A.\n\n{block}\n")).len(), 1, "{block}");
        }
        assert!(faults("```console\n$ run\n3\n```\n")[0].starts_with("c.md:3: `3` is output"));
    }

    #[test]
    fn a_script_in_a_chapter_is_refused() {
        assert!(faults("A.\n\n<script src=\"x.js\"></script>\n")[0].starts_with("c.md:3: <script> in a chapter"));
    }

    #[test]
    fn go_code_is_refused() {
        assert!(faults("```go\nfunc main() {}\n```\n")[0].contains("Go's lines are not in this repository"));
    }

    #[test]
    fn commands_and_settings_are_welcome() {
        let text =
            "```console\n$ cargo run \\\n  --example a\n$ ls\n```\n\n```toml\na = 1\n```\n\n- `code` in a list\n";
        assert_eq!(faults(text), Vec::<String>::new());
    }
}
