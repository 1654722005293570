//! The lab as a preprocessor of mdBook: in-process for its own builds, and over stdin and stdout for
//! whoever runs plain `mdbook serve book`. Both put the chapters through the same [`Expander`].

use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;

use mdbook_preprocessor::book::{Book, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext, parse_input};

use crate::error::{Error, Faults};
use crate::expand::{Expander, Used};
use crate::workspace::Workspace;

/// The renderers that can show what the lab puts into chapters, which is HTML among Markdown.
const RENDERERS: [&str; 1] = ["html"];

/// The preprocessor `lab` of book.toml.
#[derive(Debug)]
pub struct Lab {
    workspace: Workspace,
    used: Rc<Cell<Used>>,
}

impl Lab {
    /// A preprocessor for the book of this repository.
    pub fn new(workspace: Workspace) -> Self {
        Self::counting(workspace, Rc::default())
    }

    /// The same, and `used` says afterwards what was put in place.
    pub fn counting(workspace: Workspace, used: Rc<Cell<Used>>) -> Self {
        Lab { workspace, used }
    }

    /// Whether its output makes sense to this renderer.
    pub fn supports(renderer: &str) -> bool {
        RENDERERS.contains(&renderer)
    }

    fn expand(&self, mut book: Book) -> Result<Book, Error> {
        let mut expander = Expander::load(&self.workspace)?;
        book.for_each_chapter_mut(|chapter| expander.survey(&self.file(chapter), &chapter.name, &chapter.content));
        let (mut used, mut faults) = (Used::default(), Vec::new());
        book.for_each_chapter_mut(|chapter| {
            let file = self.file(chapter);
            chapter.content = expander.chapter(&file, &chapter.content, &mut used, &mut faults);
        });
        self.used.set(used);
        Faults::none(faults)?;
        Ok(book)
    }

    /// The chapter's file as messages name it.
    fn file(&self, chapter: &Chapter) -> String {
        let path = chapter.source_path.as_deref().unwrap_or(chapter.name.as_ref());
        self.workspace.name_of(&self.workspace.src().join(path))
    }
}

impl Preprocessor for Lab {
    fn name(&self) -> &str {
        "lab"
    }

    fn run(&self, _: &PreprocessorContext, book: Book) -> mdbook_preprocessor::errors::Result<Book> {
        Ok(self.expand(book)?)
    }

    fn supports_renderer(&self, renderer: &str) -> mdbook_preprocessor::errors::Result<bool> {
        Ok(Self::supports(renderer))
    }
}

/// Speaks mdBook's protocol: reads context and book as JSON from `input`, writes the book to `output`.
///
/// # Errors
///
/// When the input is not mdBook's, or the book has faults.
pub fn speak(workspace: &Workspace, input: impl Read, mut output: impl Write) -> Result<(), Error> {
    let (_, book) = parse_input(input)
        .map_err(|error| Error::Mdbook(format!("expected mdBook's context and book as JSON on stdin: {error:#}")))?;
    let book = Lab::new(workspace.clone()).expand(book)?;
    let json = serde_json::to_vec(&book).expect("a book has only plain fields");
    output.write_all(&json).map_err(Error::io("cannot write the book to stdout"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_renderers_that_take_html_are_supported() {
        assert!(Lab::supports("html"));
        assert!(!Lab::supports("epub"));
    }

    #[test]
    fn what_is_not_mdbooks_input_is_told_so() {
        let workspace = Workspace::find().expect("the lab's own repository");
        let error = speak(&workspace, &b"not json"[..], Vec::new()).unwrap_err();
        assert!(error.to_string().contains("expected mdBook's context and book"), "{error}");
    }
}
