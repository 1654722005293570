//! Go's places, names and lines beside ours, with a Go tree that was invented for these tests.

use crate::support::TinyBook;

#[test]
fn everything_agrees_with_the_tree_that_it_was_taken_from() {
    let book = TinyBook::with_go();
    let (ok, said) = book.lab(&["check", "--without-runs", "--go-tree", "go"]);
    assert!(ok, "{said}");
    for what in ["walks", "names of Go's", "walks in a Go tree", "names in a Go tree"] {
        assert!(said.lines().any(|line| line.starts_with(&format!("ok    {what:<22}    1"))), "{what} in {said}");
    }
}

#[test]
fn symbols_writes_the_lines_of_one_version_and_leaves_the_others() {
    let book = TinyBook::with_go();
    let written = book.read("book/data/go_symbols.toml");
    let entry = "[[symbol]]\nname = \"(*T).dialConn\"\nfile = \"net/http/transport.go\"\nlines.\"1.27.3\" = \"3-7\"\n";
    assert!(written.ends_with(entry), "{written}");
    book.edit("go/src/net/http/transport.go", "package http\n", "package http\n\n// One.\n");
    let (ok, said) = book.lab(&["symbols", "--go-tree", "1.9=go"]);
    assert!(ok, "{said}");
    assert_eq!(said, "1 names, 0 of them not in Go 1.9\n");
    let lines = "lines.\"1.9\" = \"5-9\"\nlines.\"1.27.3\" = \"3-7\"\n";
    assert!(book.read("book/data/go_symbols.toml").ends_with(lines), "{}", book.read("book/data/go_symbols.toml"));
}

#[test]
fn symbols_does_not_take_one_version_for_another() {
    let book = TinyBook::with_go();
    let (ok, said) = book.lab(&["symbols", "--go-tree", "go", "--version", "1.19.8"]);
    assert!(!ok);
    assert_eq!(said, "error: `go` is Go 1.27.3, not 1.19.8\n");
}

#[test]
fn the_dictionary_leads_from_gos_name_to_ours_and_to_where_the_book_walks_there() {
    let book = TinyBook::with_go();
    book.write("book/scenarios/six.toml", "about = \"dialConn, six times\"\n");
    let (ok, said) = book.lab(&["build"]);
    assert!(ok, "{said}");
    let page = book.read("book/html/two.html");
    for wanted in [
        "id=\"go-transport-t-dialconn\"",
        "<code>tiny::dial_conn</code>",
        "crates/tiny/src/lib.rs line 6, page tiny/fn.dial_conn.html",
        "<dd><a href=\"two.html#walk-spawn\">Two</a></dd>",
        "<dd><code>six</code></dd>",
        "1.27.3: <a href=\"https://github.com/golang/go/blob/go1.27.3/src/net/http/transport.go#L3-L7\">3–7</a>",
    ] {
        assert!(page.contains(wanted), "{wanted} in {page}");
    }
    let index = book.read("book/html/search-index.js");
    assert!(index.contains("\"dial_conn\":["), "the search does not know it: {index}");
}
