//! `cargo lab bundle`: what it packs. `.ci/bundle` builds from the real one without a network.

use std::process::Command;

use crate::support::TinyBook;

/// A committed book with a page for the classroom.
fn book() -> TinyBook {
    let book = TinyBook::new();
    book.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"examples\"\nversion = \"0.1.0\"\n");
    book.write("book/classroom.md", "# Begin\n\n```console\n$ cargo run --example tiny\n```\n");
    book.write(".gitignore", "/target\n*.tar.gz\n");
    git(&book, &["init", "--quiet"]);
    git(&book, &["add", "--all"]);
    git(&book, &["commit", "--quiet", "--message", "tiny"]);
    book
}

fn git(book: &TinyBook, args: &[&str]) {
    let settings = ["-c", "user.name=tiny", "-c", "user.email=tiny@localhost", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(settings).args(args).current_dir(book.path()).output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The bundle, unpacked.
fn unpacked(book: &TinyBook, file: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let file = book.path().join(file);
    let status = Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(dir.path()).status().expect("tar");
    assert!(status.success());
    dir
}

#[test]
fn a_bundle_has_the_sources_the_pages_and_a_first_page() {
    let book = book();
    book.write("target/heavy", "not for the room");
    let (ok, said) = book.lab(&["bundle", "tiny.tar.gz"]);
    assert!(ok, "{said}");
    assert!(!said.contains("not as in the last commit"), "{said}");
    let room = unpacked(&book, "tiny.tar.gz");
    let there = |path: &str| room.path().join("tiny").join(path).is_file();
    for path in ["Cargo.toml", "examples/examples/tiny.rs", "book/src/one.md", "book/html/index.html", "CLASSROOM.md"] {
        assert!(there(path), "{path} is not in the bundle");
    }
    assert!(!there("target/heavy"));
    let settings = std::fs::read_to_string(room.path().join("tiny/.cargo/config.toml")).expect("readable");
    assert!(settings.contains("[net]\noffline = true\n"), "{settings}");
}

#[test]
fn what_is_not_committed_comes_along_and_is_told() {
    let book = book();
    book.append("book/classroom.md", "\nRoom 3.\n");
    book.write("note.txt", "new\n");
    let (ok, said) = book.lab(&["bundle"]);
    assert!(ok, "{said}");
    assert!(said.contains("2 files are not as in the last commit. The bundle has them as they are now.\n"), "{said}");
    let room = unpacked(&book, "target/tiny.tar.gz");
    assert!(room.path().join("tiny/note.txt").is_file());
    let page = std::fs::read_to_string(room.path().join("tiny/CLASSROOM.md")).expect("readable");
    assert!(page.ends_with("\nRoom 3.\n"), "{page}");
}

#[test]
fn what_is_no_clone_is_not_packed() {
    let book = TinyBook::new();
    let (ok, said) = book.lab(&["bundle"]);
    assert!(!ok && said.contains("error: cannot make the bundle: "), "{said}");
    // Neither is a folder in a clone of something else.
    let outer = TinyBook::new();
    git(&outer, &["init", "--quiet"]);
    for (from, to) in [("Cargo.toml", "in/Cargo.toml"), ("book/book.toml", "in/book/book.toml")] {
        outer.write(to, &outer.read(from));
    }
    let output = outer.command(&["bundle"]).current_dir(outer.path().join("in")).output().expect("the lab starts");
    let said = crate::support::said(&output);
    assert!(!output.status.success() && said.contains("is no clone, so git does not know its files"), "{said}");
}
