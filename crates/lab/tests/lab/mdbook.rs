//! Plain mdBook talks to the lab over stdin and stdout, as `book/book.toml` tells it to.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::{TinyBook, said};
use lab::workspace::Workspace;
use mdbook_driver::MDBook;
use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::config::Config;

/// Sends one chapter through `lab preprocess`, started where mdBook starts it.
fn preprocess(chapter: &str) -> Output {
    let tiny = TinyBook::new();
    let root = tiny.path().join("book");
    let context = PreprocessorContext::new(root.clone(), Config::default(), "html".to_owned());
    let chapter = Chapter::new("Two", chapter.to_owned(), "two.md", Vec::new());
    let book = Book::new_with_items(vec![BookItem::Chapter(chapter)]);
    let input = serde_json::to_vec(&(context, book)).expect("plain fields");
    let mut child = tiny
        .command(&["preprocess"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the lab starts");
    child.stdin.take().expect("piped").write_all(&input).expect("it listens");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_chapter_comes_back_with_everything_in_place_and_nothing_else_on_stdout() {
    let output = preprocess("# Two\n\n{{#output tiny}}\n");
    assert!(output.status.success(), "{}", said(&output));
    let book: Book = serde_json::from_slice(&output.stdout).expect("a book");
    let chapter = book.chapters().next().expect("a chapter");
    assert!(chapter.content.contains("```text\nasked 127.0.0.1:PORT\nanswer: 3\n```"), "{}", chapter.content);
}

#[test]
fn a_fault_is_told_on_stderr_and_by_the_exit_code() {
    let output = preprocess("# Two\n\n{{#output big}}\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("book/src/two.md:3: `{{#output big}}`: no recording `big`"), "{}", said(&output));
}

#[test]
fn html_is_supported_and_what_the_lab_does_not_know_is_not() {
    let tiny = TinyBook::new();
    assert!(tiny.lab(&["preprocess", "supports", "html"]).0);
    assert!(!tiny.lab(&["preprocess", "supports", "epub"]).0);
}

#[test]
fn a_book_that_declares_the_lab_is_built_by_plain_mdbook() {
    let tiny = TinyBook::new();
    let command = format!("command = {:?}", format!("{} preprocess", env!("CARGO_BIN_EXE_lab")));
    tiny.append("book/book.toml", &format!("\n[preprocessor.lab]\n{command}\n"));
    let mdbook = MDBook::load(tiny.path().join("book")).expect("mdBook takes the book");
    mdbook.build().expect("mdBook builds the book");
    assert!(tiny.read("book/html/one.html").contains("<svg"), "the picture is in the page");
}

#[test]
fn the_book_of_this_repository_declares_the_lab() {
    let root = Workspace::around(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the lab's own repository");
    let config = Config::from_disk(root.book().join("book.toml")).expect("a book.toml");
    let command: Option<String> = config.get("preprocessor.lab.command").expect("a text");
    assert_eq!(command.as_deref(), Some("cargo run --quiet --package lab -- preprocess"));
}
