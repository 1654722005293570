//! The page for printing: paper has nothing to press, so what can be opened is open.

use std::path::Path;

use crate::error::Error;

/// The page that mdBook makes of all chapters.
pub const PRINT_PAGE: &str = "print.html";

/// Opens every `<details>` of the page for printing under `dest`, if the book has one.
///
/// # Errors
///
/// When the page cannot be read or written.
pub fn prepare(dest: &Path) -> Result<(), Error> {
    let path = dest.join(PRINT_PAGE);
    if !path.exists() {
        return Ok(());
    }
    Error::write(&path, &opened(&Error::read(&path)?))
}

/// `html` with the attribute `open` in every tag `<details>` that lacks it.
fn opened(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("<details") {
        let (before, tag) = rest.split_at(at + "<details".len());
        out.push_str(before);
        let attributes = tag.split('>').next().unwrap_or("");
        // `<details-panel>` is another element.
        let is_details = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
        if is_details && !attributes.split_whitespace().any(|word| word == "open" || word.starts_with("open=")) {
            out.push_str(" open");
        }
        rest = tag;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_details_is_open_and_open_once() {
        let html = "<details>a</details><details class=\"x\">b</details><details open>c</details><details-panel>";
        let expected =
            "<details open>a</details><details open class=\"x\">b</details><details open>c</details><details-panel>";
        assert_eq!(opened(html), expected);
        assert_eq!(opened(expected), expected);
    }
}
