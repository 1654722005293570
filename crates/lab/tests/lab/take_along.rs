//! The book in one file, and on paper.

use std::fs::File;

use crate::support::TinyBook;
use lab::check::links;
use lab::check::tags::tags;
use zip::ZipArchive;

/// A book with a picture's words to unfold, packed by the lab into `tiny.zip`.
fn packed() -> TinyBook {
    let book = TinyBook::new();
    let (ok, said) = book.lab(&["build", "--zip", "tiny.zip"]);
    assert!(ok, "{said}");
    assert!(said.contains("tiny.zip") && said.contains("tiny/index.html"), "{said}");
    book
}

#[test]
fn the_file_has_one_folder_with_an_index_and_every_link_in_it_works_from_disk() {
    let book = packed();
    let file = File::open(book.path().join("tiny.zip")).expect("the file is there");
    let mut zip = ZipArchive::new(file).expect("a zip file");
    let names: Vec<String> = zip.file_names().map(|name| name.expect("a readable name").into_owned()).collect();
    assert!(names.iter().all(|name| name.starts_with("tiny/")), "{names:?}");
    assert!(names.iter().any(|name| name == "tiny/index.html"), "{names:?}");
    let unpacked = tempfile::tempdir().expect("a directory");
    zip.extract(unpacked.path()).expect("unpacked");
    let mut faults = Vec::new();
    assert!(links::check(&unpacked.path().join("tiny"), &mut faults).expect("readable") > 20);
    assert_eq!(faults, []);
}

#[test]
fn the_same_book_gives_the_same_bytes() {
    let book = packed();
    let first = std::fs::read(book.path().join("tiny.zip")).expect("readable");
    assert!(book.lab(&["build", "--zip", "again.zip"]).0);
    assert!(first == std::fs::read(book.path().join("again.zip")).expect("readable"));
}

#[test]
fn without_a_name_the_file_is_called_like_the_book_and_lies_beside_it() {
    let book = TinyBook::new();
    let (ok, said) = book.lab(&["build", "--zip"]);
    assert!(ok, "{said}");
    assert!(book.path().join("book/tiny.zip").is_file(), "{said}");
}

#[test]
fn on_paper_everything_that_unfolds_is_open() {
    let book = TinyBook::new();
    let (ok, said) = book.lab(&["build", "--dest", "html"]);
    assert!(ok, "{said}");
    let open = |page: &str| {
        let tags = tags(&book.read(page));
        let details: Vec<_> =
            tags.iter().filter(|tag| tag.name == "details").map(|tag| tag.get("open").is_some()).collect();
        assert!(!details.is_empty());
        details.into_iter().all(|open| open)
    };
    assert!(open("html/print.html"));
    assert!(!open("html/one.html"), "on a screen the reader unfolds it");
}
