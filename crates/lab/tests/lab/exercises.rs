//! `cargo lab exercise`, with a small exercise that needs no other crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::workspace::Workspace;

use crate::support::TinyBook;

const UNSOLVED: &str =
    "//! Doubles.\n\n/// Twice `x`.\npub fn double(x: u32) -> u32 {\n    let _ = x;\n    todo!()\n}\n";
const SOLUTION: &str = "//! Doubles.\n\n/// Twice `x`.\npub fn double(x: u32) -> u32 {\n    x * 2\n}\n";
const SQUARE: &str = "//! Squares.\n\n/// Not twice `x`.\npub fn double(x: u32) -> u32 {\n    x * x\n}\n";
const ENDLESS: &str =
    "//! Waits.\n\n/// Never.\npub fn double(_: u32) -> u32 {\n    loop {\n        std::thread::park();\n    }\n}\n";
const TESTS: &str = r#"use ch01_double::double;

#[test]
fn three_doubled_is_six() {
    assert_eq!(double(3), 6, "doubling is not squaring");
}
"#;
const ABOUT: &str = r#"title = "Twice `x`"
chapter = 1
minutes = 2
misconception = "To double is to square."
task = "Make it < 7."
seconds = 2
hints = ["Add.", "Add x.", "Add x to x."]

[[wrong]]
name = "square"
why = "It squares."
says = "doubling is not squaring"

[[wrong]]
name = "endless"
why = "It waits."
says = "did not end within 2 s"
"#;
const SOURCE: &str = "book/exercises/ch01_double/src/lib.rs";

/// A book with the exercise `ch01_double`, and a second one if asked for.
fn book(names: &[&str]) -> TinyBook {
    let book = TinyBook::new();
    book.write("book/exercises/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"ch*\"]\n");
    for name in names {
        let write = |path: &str, text: &str| {
            book.write(&format!("book/exercises/{name}/{path}"), &text.replace("ch01_double", name));
        };
        write("Cargo.toml", "[package]\nname = \"ch01_double\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write("exercise.toml", ABOUT);
        write("src/lib.rs", UNSOLVED);
        write("tests/exercise.rs", TESTS);
        write("solution/lib.rs", SOLUTION);
        write("wrong/square.rs", SQUARE);
        write("wrong/endless.rs", ENDLESS);
    }
    book
}

fn exercise(book: &TinyBook, args: &[&str]) -> (bool, String) {
    let (ok, said) = book.lab(&[&["exercise"], args].concat());
    assert!(!said.contains("lab/src"), "the lab panicked: {said}");
    (ok, said)
}

/// What a command says that must succeed.
fn well(book: &TinyBook, args: &[&str]) -> String {
    let (ok, said) = exercise(book, args);
    assert!(ok, "{said}");
    said
}

/// What a command says that must fail.
fn refused(book: &TinyBook, args: &[&str]) -> String {
    let (ok, said) = exercise(book, args);
    assert!(!ok, "{said}");
    said
}

#[test]
fn a_reader_is_led_from_the_first_exercise_to_the_last() {
    let book = book(&["ch01_double", "ch02_more"]);
    let list = well(&book, &["list"]);
    assert!(list.contains("open      ch01_double    2 min  Twice `x`\n"), "{list}");
    assert!(list.ends_with("0 of 2 solved\n"), "{list}");
    let next = well(&book, &["next"]);
    assert!(next.starts_with("ch01_double: Twice `x` (2 minutes)\n\nMake it < 7.\n"), "{next}");
    assert!(next.contains(SOURCE), "{next}");

    let failing = refused(&book, &["check"]);
    assert!(failing.contains("not yet implemented"), "{failing}");
    assert!(failing.contains("error: ch01_double is not solved: a test fails\nhints left: 3 of 3"), "{failing}");
    assert!(well(&book, &["list"]).contains("begun     ch01_double"));

    book.write(SOURCE, SQUARE);
    assert!(refused(&book, &["check"]).contains("doubling is not squaring"));
    book.write(SOURCE, SOLUTION);
    let passing = well(&book, &["check", "ch01_double"]);
    assert!(passing.starts_with("ch01_double is solved.\nNext is ch02_more"), "{passing}");
    assert!(well(&book, &["list"]).contains("solved    ch01_double"));
    assert!(well(&book, &["next"]).starts_with("ch02_more"));

    book.write("book/exercises/ch02_more/src/lib.rs", SOLUTION);
    assert!(well(&book, &["check"]).contains("ch02_more is solved.\nAll exercises are solved."));
    assert!(well(&book, &[]).ends_with("2 of 2 solved\n"), "without a command it lists");
    assert!(refused(&book, &["hint"]).contains("all exercises are solved; name one"));
}

#[test]
fn code_that_does_not_compile_and_tests_that_hang_are_told_apart() {
    let book = book(&["ch01_double"]);
    book.write(SOURCE, "pub fn double(x: u32) -> u32 { y }\n");
    let said = refused(&book, &["check"]);
    assert!(said.contains("cannot find value `y`"), "{said}");
    assert!(said.contains("ch01_double is not solved: the code does not compile"), "{said}");
    book.write(SOURCE, ENDLESS);
    let said = refused(&book, &["check"]);
    assert!(said.contains("the tests did not end within 2 s, and were ended"), "{said}");
}

#[test]
fn hints_come_one_at_a_time_and_the_solution_after_the_third() {
    let book = book(&["ch01_double"]);
    let early = refused(&book, &["solution"]);
    assert!(early.contains("not all hints were shown (left: 3)"), "{early}");
    assert!(!early.contains("x * 2"), "{early}");
    for (i, hint) in ["Add.", "Add x.", "Add x to x."].iter().enumerate() {
        assert_eq!(well(&book, &["hint"]), format!("ch01_double, hint {} of 3: {hint}\n", i + 1));
    }
    let again = well(&book, &["hint"]);
    assert!(again.contains("hint 1 of 3: Add.\n") && again.contains("There are no more."), "{again}");
    assert_eq!(well(&book, &["solution"]), SOLUTION);
}

#[test]
fn a_solution_that_is_written_leaves_the_readers_file_alone() {
    let book = book(&["ch01_double"]);
    book.write(SOURCE, SQUARE);
    let said = well(&book, &["solution", "ch01_double", "--anyway", "--write"]);
    assert!(said.contains("The solution is in .lab/solutions/ch01_double-1.rs"), "{said}");
    assert_eq!(book.read(".lab/solutions/ch01_double-1.rs"), SOLUTION);
    assert_eq!(book.read(SOURCE), SQUARE);
}

#[test]
fn a_mistake_is_shown_with_what_the_tests_say_and_leaves_the_readers_file_alone() {
    let book = book(&["ch01_double"]);
    assert_eq!(well(&book, &["wrong", "ch01_double"]), "square: It squares.\nendless: It waits.\n");
    let said = well(&book, &["wrong", "ch01_double", "square"]);
    assert!(said.contains("doubling is not squaring"), "{said}");
    assert!(said.ends_with("book/exercises/ch01_double/wrong/square.rs: It squares.\n"), "{said}");
    let said = well(&book, &["wrong", "ch01_double", "endless"]);
    assert!(said.contains("The tests did not end within 2 s, and were ended.\n"), "{said}");
    assert_eq!(book.read(SOURCE), UNSOLVED);
    assert!(well(&book, &["list"]).starts_with("open "), "nothing of it counts as a check of the reader's");
    let said = refused(&book, &["wrong", "ch01_double", "thrice"]);
    assert!(said.contains("ch01_double has no mistake `thrice`; it has: square, endless"), "{said}");
}

#[test]
fn a_reset_puts_the_unsolved_code_back_and_keeps_every_attempt() {
    let book = book(&["ch01_double"]);
    well(&book, &["next"]);
    for attempt in [SQUARE, ENDLESS] {
        book.write(SOURCE, attempt);
        well(&book, &["hint"]);
        let said = well(&book, &["reset", "ch01_double"]);
        assert!(said.contains("your attempt is in .lab/attempts/ch01_double-"), "{said}");
        assert_eq!(book.read(SOURCE), UNSOLVED);
    }
    assert_eq!(book.read(".lab/attempts/ch01_double-1.rs"), SQUARE);
    assert_eq!(book.read(".lab/attempts/ch01_double-2.rs"), ENDLESS);
    assert!(well(&book, &["list"]).contains("open      ch01_double"), "hints and checks are forgotten");
    assert!(well(&book, &["reset", "ch01_double"]).contains("is unsolved already"));
}

/// Does nothing where there is no git.
#[test]
fn a_reset_knows_the_committed_code_without_having_seen_it() {
    let book = book(&["ch01_double"]);
    let git = |args: &[&str]| {
        let name = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        Command::new("git").args(name).args(args).current_dir(book.path()).output()
    };
    if git(&["init", "--quiet"]).is_err() {
        return;
    }
    for args in [&["add", "."][..], &["commit", "--quiet", "-m", "a"]] {
        let output = git(args).expect("git has just started");
        assert!(output.status.success(), "{}", crate::support::said(&output));
    }
    // Before any command of the lab.
    book.write(SOURCE, SQUARE);
    well(&book, &["reset", "ch01_double"]);
    assert_eq!(book.read(SOURCE), UNSOLVED);
    assert_eq!(book.read(".lab/attempts/ch01_double-1.rs"), SQUARE);
}

#[test]
fn a_broken_progress_file_is_told_and_left_as_it_is() {
    let book = book(&["ch01_double"]);
    for broken in ["{", r#"{"exercises": {"ch01_double": {"checks": -1}}}"#] {
        book.write(".lab/exercises.json", broken);
        for args in [&["list"][..], &["hint"], &["check"]] {
            let said = refused(&book, args);
            assert!(said.contains("error: .lab/exercises.json is not what the lab wrote: "), "{said}");
            assert!(said.contains("delete it to begin anew"), "{said}");
        }
        assert_eq!(book.read(".lab/exercises.json"), broken);
    }
}

/// Otherwise what the root has downloaded and built is downloaded and built a second time.
#[test]
fn the_exercises_of_this_book_are_built_from_what_the_root_is_built_from() {
    let root = Workspace::around(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the lab's own repository");
    let packages = |path: PathBuf| -> BTreeSet<(String, String)> {
        let lock: toml::Table = std::fs::read_to_string(path).expect("a lock file").parse().expect("TOML");
        let packages = lock["package"].as_array().expect("a list").iter();
        let text = |package: &toml::Value, key: &str| package[key].as_str().expect("a text").to_owned();
        packages
            .filter(|package| package.get("source").is_some())
            .map(|package| (text(package, "name"), text(package, "version")))
            .collect()
    };
    let (ours, roots) = (packages(root.exercises().join("Cargo.lock")), packages(root.root().join("Cargo.lock")));
    let strange: Vec<_> = ours.difference(&roots).collect();
    assert!(
        strange.is_empty(),
        "not in the root's Cargo.lock: {strange:?}; copy that file over book/exercises/Cargo.lock"
    );
    assert!(!ours.is_empty());
}

#[test]
fn an_unknown_exercise_is_an_error_that_names_those_there_are() {
    let book = book(&["ch01_double"]);
    for command in ["check", "hint", "reset", "solution", "prove"] {
        let said = refused(&book, &[command, "ch01_triple"]);
        assert!(said.contains("no exercise `ch01_triple` in book/exercises/; there are: ch01_double"), "{said}");
    }
}

#[test]
fn a_proof_does_not_look_at_what_the_reader_has_done() {
    let book = book(&["ch01_double"]);
    well(&book, &["list"]);
    book.write(SOURCE, SOLUTION);
    let proved = well(&book, &["prove"]);
    assert!(proved.contains("exercises proved: 1; variants of their code: 4\n"), "{proved}");
    assert!(
        proved.contains(&format!("{SOURCE} has been changed; what was proved is the file as it was before.")),
        "{proved}"
    );
    assert_eq!(book.read(SOURCE), SOLUTION);
}

#[test]
fn every_fault_of_an_exercise_is_found_without_a_run() {
    let book = book(&["ch01_double"]);
    let dir = "book/exercises/ch01_double";
    book.edit(&format!("{dir}/exercise.toml"), "\"Add x.\", ", "");
    book.edit(&format!("{dir}/exercise.toml"), "why = \"It waits.\"", "why = \"\"");
    book.edit(&format!("{dir}/exercise.toml"), "name = \"endless\"", "name = \"patient\"");
    book.write(&format!("{dir}/notes.txt"), "");
    book.edit(&format!("{dir}/solution/lib.rs"), "x * 2", "todo!()");
    let said = refused(&book, &["prove"]);
    for fault in [
        "exercise.toml: has 2 hints; expected 3",
        "exercise.toml: has an empty text in `why`",
        "wrong/patient.rs: is not there",
        "wrong/endless.rs: is no part of an exercise",
        "notes.txt: is no part of an exercise",
        "solution/lib.rs:5: is a solution with something left to do",
    ] {
        assert!(said.contains(&format!("error: {dir}/{fault}")), "expected {fault:?} in:\n{said}");
    }
    book.edit(&format!("{dir}/exercise.toml"), "title", "titel");
    assert!(refused(&book, &["list"]).contains(&format!("error: {dir}/exercise.toml: ")));
}

#[test]
fn every_variant_that_does_not_do_as_it_must_is_found() {
    let book = book(&["ch01_double"]);
    let dir = "book/exercises/ch01_double";
    book.write(SOURCE, &SOLUTION.replace("x * 2", "x + x"));
    book.write(&format!("{dir}/solution/lib.rs"), SQUARE);
    book.edit(&format!("{dir}/exercise.toml"), "says = \"doubling is not", "says = \"doubling is no");
    book.write(&format!("{dir}/wrong/endless.rs"), SOLUTION);
    let said = refused(&book, &["prove"]);
    for fault in [
        "src/lib.rs: passes the tests; it is not solved, so it must compile and fail",
        "solution/lib.rs: fails the tests; it is the solution, so it must pass",
        "wrong/square.rs: fails the tests; it is a typical mistake, so it must be rejected with the words \"doubling is no squ",
        "wrong/endless.rs: passes the tests; it is a typical mistake",
    ] {
        assert!(said.contains(&format!("error: {dir}/{fault}")), "expected {fault:?} in:\n{said}");
    }
    assert!(said.contains("doubling is not squaring"), "what was printed is shown:\n{said}");

    // What is mended is built anew, and what was not touched is not forgotten.
    book.write(SOURCE, UNSOLVED);
    book.write(&format!("{dir}/solution/lib.rs"), "pub fn double(x: u32) -> u32 { y }\n");
    let said = refused(&book, &["prove"]);
    assert!(said.contains(&format!("error: {dir}/solution/lib.rs: does not compile; it is the solution")), "{said}");
    assert!(!said.contains("src/lib.rs: passes"), "{said}");
    assert!(said.contains("wrong/endless.rs: passes the tests"), "{said}");
}

#[test]
fn a_chapter_shows_the_task_the_code_and_the_commands() {
    let book = book(&["ch01_double"]);
    book.append("book/src/two.md", "\n## Exercise\n\n{{#exercise ch01_double}}\n");
    let (ok, said) = book.lab(&["build"]);
    assert!(ok, "{said}");
    let page = book.read("book/html/two.html");
    let section = page.split("<section class=\"exercise\">").nth(1).expect("the exercise is on the page");
    let section = section.split("</section>").next().expect("and it ends");
    for shown in [
        "<strong>Twice <code>x</code></strong> <span>2 minutes</span> <code>ch01_double</code>",
        "<p>Make it &lt; 7.</p>",
        "book/exercises/ch01_double/src/lib.rs</code>, lines 1–7",
        "cargo lab exercise check ch01_double",
        "cargo lab exercise hint ch01_double",
    ] {
        assert!(section.contains(shown), "expected {shown:?} in:\n{section}");
    }
    assert!(!section.contains("To double is to square"), "the misconception would give it away");
}

#[test]
fn a_chapter_that_asks_for_a_missing_exercise_fails_the_build() {
    let book = book(&["ch01_double"]);
    book.append("book/src/two.md", "\n{{#exercise ch01_triple}}\n");
    let (ok, said) = book.lab(&["build"]);
    assert!(!ok, "{said}");
    assert!(said.contains("book/src/two.md:9: `{{#exercise ch01_triple}}`: no exercise `ch01_triple`"), "{said}");
}

#[test]
fn a_check_of_the_book_proves_its_exercises() {
    let book = book(&["ch01_double"]);
    let (ok, said) = book.lab(&["check"]);
    assert!(ok && said.contains("ok    exercises proved          4"), "{said}");
    book.write("book/exercises/ch01_double/wrong/square.rs", SOLUTION);
    let (ok, said) = book.lab(&["check"]);
    assert!(!ok && said.contains("FAIL  exercises proved"), "{said}");
    assert!(said.contains("ch01_double/wrong/square.rs: passes the tests; it is a typical mistake"), "{said}");
}
