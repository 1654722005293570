//! Finds the commands in a text.
//!
//! A command is: a line after `$ ` in a `console` block, a line of an `sh` block, every code in the first column of a
//! table whose first heading is "command", and any other code that begins like one.

use std::ops::Range;

use mdbook_markdown::pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

/// What code begins with that is a command wherever it stands.
const PROGRAMS: [&str; 3] = ["cargo", "mdbook", "rustup"];
/// The heading of a column of commands.
const HEADING: &str = "command";

/// A line of a file, from 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file, relative to the root of the repository.
    pub file: String,
    /// The line in it, as its author sees it.
    pub line: usize,
}

/// A command at one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    /// As it is typed into a shell.
    pub command: String,
    /// Where it stands.
    pub place: Place,
    /// The lines after it in its block, where there are any.
    pub output: Option<String>,
}

/// The commands in Markdown. Each item of `lines` is a line's number in `file` and what is shown for it, which may be
/// many lines.
pub fn markdown(file: &str, lines: impl Iterator<Item = (usize, String)>) -> Vec<Printed> {
    let (mut text, mut starts) = (String::new(), Vec::new());
    for (number, shown) in lines {
        starts.push((text.len(), number));
        text.push_str(&shown);
        text.push('\n');
    }
    let line_of = |offset: usize| starts[starts.partition_point(|(start, _)| *start <= offset).saturating_sub(1)].1;
    let mut found = Finder { found: Vec::new(), column: Column::default(), block: None };
    for (event, range) in new_cmark_parser(&text, &MarkdownOptions::default()).into_offset_iter() {
        found.event(event, range);
    }
    let printed = |(command, offset, output): Found| Printed {
        command,
        place: Place { file: file.to_owned(), line: line_of(offset) },
        output,
    };
    found.found.into_iter().map(printed).collect()
}

/// A command, where it begins in the text, and the output after it.
type Found = (String, usize, Option<String>);

/// Where in a table the parser is.
#[derive(Clone, Copy, Default)]
struct Column {
    in_head: bool,
    /// From 0.
    number: usize,
    of_commands: bool,
}

struct Finder {
    found: Vec<Found>,
    column: Column,
    /// The language of the code block that the parser is in.
    block: Option<String>,
}

impl Finder {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::TableHead) => self.column = Column { in_head: true, ..Column::default() },
            Event::End(TagEnd::TableHead) => self.column.in_head = false,
            Event::Start(Tag::TableRow) => self.column.number = 0,
            Event::End(TagEnd::TableCell) => self.column.number += 1,
            Event::End(TagEnd::Table) => self.column = Column::default(),
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',', '\t']).next().unwrap_or(""),
                    CodeBlockKind::Indented => "",
                };
                self.block = Some(language.to_owned());
            }
            Event::End(TagEnd::CodeBlock) => self.block = None,
            Event::Text(shown) => match self.block.as_deref() {
                Some("console") => self.console(&shown, range.start),
                Some("sh") => self.shell(&shown, range.start),
                Some("text") => {}
                // The comments of a listing.
                Some(_) => self.between(&shown, "`", "`", range.start),
                None if self.column.in_head && self.column.number == 0 => {
                    self.column.of_commands = shown.trim().eq_ignore_ascii_case(HEADING);
                }
                None => {}
            },
            Event::Code(code) => self.code(&code, range.start),
            Event::Html(html) | Event::InlineHtml(html) => self.between(&html, "<code>", "</code>", range.start),
            _ => {}
        }
    }

    /// Code in prose.
    fn code(&mut self, code: &str, at: usize) {
        let in_column = self.column.of_commands && self.column.number == 0 && !self.column.in_head;
        if begins_like_a_command(code) || (in_column && code.contains(' ')) {
            self.found.push((code.split_whitespace().collect::<Vec<_>>().join(" "), at, None));
        }
    }

    /// Code in a text that the parser leaves alone.
    fn between(&mut self, text: &str, open: &str, close: &str, at: usize) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((code, after)) = after.split_once(close) else { return };
            if !code.contains('\n') {
                let code = unescape(code);
                if begins_like_a_command(&code) {
                    self.found.push((code, at + (text.len() - after.len()), None));
                }
            }
            rest = after;
        }
    }

    fn console(&mut self, shown: &str, at: usize) {
        let mut offset = at;
        let mut continued = false;
        for line in shown.lines() {
            let text = line.trim_end();
            if continued {
                if let Some((command, _, _)) = self.found.last_mut() {
                    command.truncate(command.trim_end_matches('\\').trim_end().len());
                    command.push(' ');
                    command.push_str(text.trim_start());
                }
                continued = text.ends_with('\\');
            } else if let Some(command) = text.strip_prefix("$ ") {
                self.found.push((command.to_owned(), offset, None));
                continued = text.ends_with('\\');
            } else if let Some((_, _, output)) = self.found.last_mut().filter(|(_, begin, _)| *begin >= at) {
                let output = output.get_or_insert_default();
                output.push_str(text);
                output.push('\n');
            }
            offset += line.len() + 1;
        }
        for (_, _, output) in self.found.iter_mut().filter(|(_, begin, _)| *begin >= at) {
            // Empty lines between two commands are no output.
            *output = output.take().filter(|lines| !lines.trim().is_empty());
        }
    }

    fn shell(&mut self, shown: &str, at: usize) {
        let mut offset = at;
        for line in shown.lines() {
            if !line.trim().is_empty() && !line.starts_with('#') {
                self.found.push((line.trim().to_owned(), offset, None));
            }
            offset += line.len() + 1;
        }
    }
}

/// `cargo lab check`, `.ci/run`, `CI_SEEDS=1 cargo test`; not `cargo` alone, which is a program's name.
fn begins_like_a_command(code: &str) -> bool {
    let mut words = code.split_whitespace().skip_while(|word| is_assignment(word));
    let program = words.next().unwrap_or("");
    program.strip_prefix(".ci/").is_some_and(|name| !name.is_empty())
        || (PROGRAMS.contains(&program) && words.next().is_some())
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<(usize, String, Option<String>)> {
        let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.to_owned()));
        markdown("a.md", lines).into_iter().map(|found| (found.place.line, found.command, found.output)).collect()
    }

    fn only(text: &str) -> Vec<String> {
        commands(text).into_iter().map(|(_, command, _)| command).collect()
    }

    #[test]
    fn a_console_block_holds_commands_and_what_they_print() {
        let text = "# A\n\n```console\n$ cargo run\n$ ls \\\n    -l\na\n\nb\n$ pwd\n\n```\n";
        assert_eq!(
            commands(text),
            [
                (4, "cargo run".to_owned(), None),
                (5, "ls -l".to_owned(), Some("a\n\nb\n".to_owned())),
                (10, "pwd".to_owned(), None)
            ]
        );
    }

    #[test]
    fn output_before_the_first_command_of_a_block_belongs_to_no_other_block() {
        let found = commands("```console\n$ a\n```\n\n```console\nb\n```\n");
        assert_eq!(found, [(2, "a".to_owned(), None)]);
    }

    #[test]
    fn an_sh_block_holds_commands_without_a_mark() {
        assert_eq!(commands("```sh\n# a\ngo version\n```\n"), [(3, "go version".to_owned(), None)]);
    }

    #[test]
    fn code_in_prose_is_a_command_when_it_begins_like_one() {
        let text = "`cargo lab check`, `A_1=x..y cargo  test`, `.ci/run`, not `cargo`, `.ci/`, `ls`, `a=b cargo test`.";
        assert_eq!(only(text), ["cargo lab check", "A_1=x..y cargo test", ".ci/run"]);
    }

    #[test]
    fn in_a_column_of_commands_every_code_of_two_words_is_one() {
        let table = "| command | what |\n|---|---|\n| `make all` | `ls -l`, `cargo run` |\n| a | b |\n| `x --y` | |\n";
        assert_eq!(only(table), ["make all", "cargo run", "x --y"]);
        assert!(only("| change | what |\n|---|---|\n| `make all` | |\n").is_empty());
    }

    #[test]
    fn captions_and_the_comments_of_listings_hold_commands_too() {
        let text = "<figure>\n<figcaption><code>cargo run -- a &lt; b</code></figcaption>\n\n```rust\n/// `cargo doc --open`\n/// `x`\n```\n\n```text\n`cargo run -- no`\n```\n";
        assert_eq!(only(text), ["cargo run -- a < b", "cargo doc --open"]);
    }

    #[test]
    fn what_a_directive_shows_stands_at_its_line() {
        let lines = [(1, "a".to_owned()), (2, "x\n\n```console\n$ b\n```".to_owned()), (3, "`cargo c`".to_owned())];
        let found = markdown("a.md", lines.into_iter());
        assert_eq!(found.iter().map(|found| found.place.line).collect::<Vec<_>>(), [2, 3]);
    }
}
