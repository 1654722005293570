//! `lab go` and `lab diff`, with a Go that is made up: a script that "builds" another one, whose outcome is always the same.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::support::TinyBook;

const ONE_GET: &str = "about = \"One GET?\"\npolicy = [\"go1.27\"]\n[origin.a]\nreply = { bytes = 10 }\n\
                       [caller]\nsteps = [{ send = \"r\", get = \"a/\" }, { read = \"r\" }]\n";

/// Says that nothing was sent, and that two goroutines are left.
const MADE_UP: &str = r#"#!/bin/sh
case $1 in
version) echo "go version go1.27.9 made/up" ;;
build) cat > "$3" <<'END'
#!/bin/sh
echo '{"outcome":{"counts":{"end":{"alive":2,"read_loop":1,"write_loop":0,"other":0}}}}'
exec cat > /dev/null
END
chmod +x "$3" ;;
esac
"#;

/// A book with a scenario, and a program `go`.
fn book() -> (TinyBook, PathBuf) {
    let book = TinyBook::new();
    book.write("book/scenarios/one.toml", ONE_GET);
    book.write("go", MADE_UP);
    let go = book.path().join("go");
    std::fs::set_permissions(&go, std::fs::Permissions::from_mode(0o755)).expect("one's own file");
    (book, go)
}

fn lab(book: &TinyBook, args: &[&str]) -> (bool, String) {
    let (ok, said) = book.lab(args);
    assert!(!said.contains("panicked"), "{said}");
    (ok, said)
}

#[test]
fn what_go_does_is_printed_for_a_person_and_as_json() {
    let (book, go) = book();
    let go = go.to_str().expect("a plain path");
    let (ok, said) = lab(&book, &["go", "book/scenarios/one.toml", "--go", go]);
    assert!(ok && said.starts_with("one (go1.27.9): One GET?\n"), "{said}");
    assert!(said.contains("end: 2 = 1 caller + 1 read_loop"), "{said}");
    let (ok, said) = lab(&book, &["go", "book/scenarios/one.toml", "--go", go, "--json"]);
    let outcome: serde_json::Value = serde_json::from_str(&said).expect("JSON and nothing else");
    assert!(ok);
    assert_eq!(outcome["counts"]["end"]["alive"], 2);
}

#[test]
fn a_difference_from_go_itself_is_a_table_and_a_failure() {
    let (book, go) = book();
    let go = go.to_str().expect("a plain path");
    let (ok, said) = lab(&book, &["diff", "--live", "--policy", "go1.27", "--go", go]);
    assert!(!ok, "{said}");
    assert!(said.contains("0 of 1 comparisons agree; 0 differences declared in them\n"), "{said}");
    assert!(
        said.contains("error: one (go1.27): ") && said.contains("(10 runs of go1.27.9, 5 runs of this port)"),
        "{said}"
    );
    let row = said.lines().find(|line| line.contains("counts.end.alive")).expect("a row for it");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["counts.end.alive", "2", "3"]);
    let lacking = said.lines().find(|line| line.trim_start().starts_with("requests")).expect("a row for it");
    assert!(lacking.contains("(not there)") && lacking.contains("fields)"), "{said}");
}

#[test]
fn a_policy_that_the_named_go_is_no_model_of_is_skipped_and_that_is_said() {
    let (book, go) = book();
    let (_, said) = lab(&book, &["diff", "--live", "--go", go.to_str().expect("a plain path")]);
    assert!(said.starts_with("SKIPPED: no Go of version 1.19 to 1.22, for the policy go1.12: "), "{said}");
}

#[test]
fn what_is_recorded_is_compared_with_later_without_any_go() {
    let (book, go) = book();
    book.append(
        "book/scenarios/one.toml",
        "[[differs]]\nfield = \"counts.end.alive\"\ngo = 2\nport = 3\nwhy = \"to see what is left of the table\"\n",
    );
    let args = ["diff", "--record", "--runs", "2", "--policy", "go1.27", "--go", go.to_str().expect("a plain path")];
    lab(&book, &args);
    let recording: serde_json::Value = serde_json::from_str(&book.read("book/scenarios/one.go.json")).expect("JSON");
    assert_eq!(recording["recorded"][0]["go"], "go1.27.9");
    assert_eq!(recording["recorded"][0]["outcomes"][0]["times"], 2);
    std::fs::remove_file(&go).expect("it is there");
    let (ok, said) = lab(&book, &["diff"]);
    assert!(!ok && said.contains("(2 runs of go1.27.9, 5 runs of this port)"), "{said}");
    assert!(!said.contains("counts.end.alive"), "it is declared:\n{said}");
    assert!(said.contains("1 difference declared"), "{said}");
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let (book, _) = book();
    let fails = |args: &[&str], wanted: &str| {
        let (ok, said) = lab(&book, args);
        assert!(!ok && said.contains(wanted), "expected {wanted:?} in:\n{said}");
    };
    fails(&["diff"], "nothing is recorded for the policy go1.27; `cargo lab diff --record` does that");
    fails(&["diff", "--live", "--go", "/nowhere/go"], "error: /nowhere/go is no Go toolchain: ");
    fails(&["go", "book/scenarios/one.toml", "--go", "Cargo.toml"], "is no Go toolchain: ");
    fails(&["diff", "book/src"], "error: no scenario (*.toml) in book/src");
    fails(&["diff", "book/scenarios/two.toml"], "cannot read book/scenarios/two.toml: ");
    fails(&["diff", "--policy", "go1.20"], "there are go1.12 and go1.27");
}
