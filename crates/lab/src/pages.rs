//! The chapters as they are written, in the order of SUMMARY.md.

use mdbook_markdown::pulldown_cmark::{Event, Tag};
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

use crate::error::Error;
use crate::html;
use crate::workspace::Workspace;

/// A chapter that has a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Its file, from the root of the repository: `book/src/preface.md`.
    pub file: String,
    /// The page that is built of it: `preface.html`.
    pub html: String,
    /// Its first heading.
    pub title: String,
    /// All of it, with its directives.
    pub text: String,
}

impl Page {
    /// What it is called in plans and guides: `ch01_six_requests`.
    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file).trim_end_matches(".md")
    }

    /// A link to the page, as HTML.
    pub fn link(&self) -> String {
        format!("<a href=\"{}\">{}</a>", html::escape(&self.html), html::inline(&self.title))
    }

    /// The words of each directive, in their order. What only shows the braces is none.
    pub fn directives(&self) -> Vec<Vec<&str>> {
        let mut found = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once("{{#") {
            rest = after;
            if before.ends_with('\\') {
                continue;
            }
            // One without an end is refused when the chapter is built.
            if let Some((inner, after)) = after.split_once("}}") {
                found.push(inner.split_whitespace().collect());
                rest = after;
            }
        }
        found
    }
}

/// Every chapter of SUMMARY.md that has a file. A book without SUMMARY.md has none.
///
/// # Errors
///
/// When a file cannot be read.
pub fn read(workspace: &Workspace) -> Result<Vec<Page>, Error> {
    let summary = workspace.src().join("SUMMARY.md");
    if !summary.is_file() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for event in new_cmark_parser(&Error::read(&summary)?, &MarkdownOptions::default()) {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
        let path = workspace.src().join(&*dest_url);
        if !path.is_file() {
            continue;
        }
        let text = Error::read(&path)?;
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(&dest_url).to_owned();
        let html = format!("{}.html", dest_url.trim_end_matches(".md"));
        found.push(Page { file: workspace.name_of(&path), html, title, text });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_in_lines_and_on_lines_of_their_own() {
        let text = "a {{#value x one two}} b\n\\{{#value}} {{#cell r 1.12.7}}\n\n{{#exits}}\n{{#open\n".to_owned();
        let page = Page { file: String::new(), html: String::new(), title: String::new(), text };
        assert_eq!(page.directives(), [vec!["value", "x", "one", "two"], vec!["cell", "r", "1.12.7"], vec!["exits"]]);
    }
}
