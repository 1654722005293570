//! Each kind of fault is planted in a tiny book, and the lab must find it and say where.

use crate::support::TinyBook;

/// Plants a fault and expects `lab ARGS` to fail with all of `expected` in what it says.
fn planted(args: &[&str], plant: impl FnOnce(&TinyBook), expected: &[&str]) {
    let book = TinyBook::new();
    plant(&book);
    let (ok, said) = book.lab(args);
    assert!(!ok, "the lab did not notice:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
    for wanted in expected {
        assert!(said.contains(wanted), "expected {wanted:?} in:\n{said}");
    }
}

const BUILD: &[&str] = &["build"];
const LOOK: &[&str] = &["check", "--without-runs"];
const CHECK: &[&str] = &["check"];

fn add_to_two(text: &str) -> impl FnOnce(&TinyBook) {
    move |book| book.append("book/src/two.md", text)
}

#[test]
fn a_book_in_which_everything_is_so_passes_and_says_what_was_looked_at() {
    let book = TinyBook::new();
    let (ok, said) = book.lab(CHECK);
    assert!(ok, "{said}");
    for what in ["summary entries", "chapters", "listings", "outputs", "recordings run again", "links", "pages weighed"]
    {
        assert!(said.contains(&format!("ok    {what}")), "{said}");
    }
}

#[test]
fn record_writes_what_check_expects_and_how_it_came_about() {
    let book = TinyBook::new();
    let before = ["tiny.out", "tiny.trace.json"].map(|file| book.read(&format!("book/recordings/{file}")));
    for file in ["tiny.out", "tiny.trace.json", "tiny.meta.toml"] {
        std::fs::remove_file(book.path().join("book/recordings").join(file)).unwrap();
    }
    let (ok, said) = book.lab(&["record", "tiny"]);
    assert!(ok, "{said}");
    assert_eq!(said, "recorded tiny: 2 lines, 5 events\n");
    let after = ["tiny.out", "tiny.trace.json"].map(|file| book.read(&format!("book/recordings/{file}")));
    assert_eq!(before, after);
    let meta = book.read("book/recordings/tiny.meta.toml");
    assert!(meta.starts_with("command = \"cargo run --example tiny\"\n"), "{meta}");
    assert!(meta.contains("\nrustc = \"rustc 1."), "{meta}");
}

#[test]
fn recording_what_the_index_does_not_list_is_an_error() {
    planted(&["record", "big"], |_| {}, &["no example `big` in book/recordings/index.toml; it lists: tiny"]);
}

#[test]
fn a_missing_file_fails_the_build() {
    planted(
        BUILD,
        add_to_two("\n{{#include examples/examples/gone.rs:print}}\n"),
        &["error: book/src/two.md:9: `{{#include examples/examples/gone.rs:print}}`: cannot read"],
    );
}

#[test]
fn a_missing_anchor_fails_the_build_and_names_those_there_are() {
    planted(
        BUILD,
        add_to_two("\n{{#include examples/examples/tiny.rs:prnt}}\n"),
        &["book/src/two.md:9: ", "no anchor `prnt` in `examples/examples/tiny.rs`; it has `print`"],
    );
}

#[test]
fn an_empty_anchor_fails_the_build() {
    let plant = |book: &TinyBook| {
        book.write("examples/src/lib.rs", "// ANCHOR: hollow\n// ANCHOR_END: hollow\n");
        book.append("book/src/two.md", "\n{{#include examples/src/lib.rs:hollow}}\n");
    };
    planted(BUILD, plant, &["book/src/two.md:9: ", "the anchor `hollow` in `examples/src/lib.rs` is empty"]);
}

#[test]
fn rust_typed_by_hand_fails_the_build() {
    planted(BUILD, add_to_two("\n```rust\nfn a() {}\n```\n"), &["book/src/two.md:9: Rust written by hand"]);
}

#[test]
fn output_typed_by_hand_fails_the_build() {
    planted(BUILD, add_to_two("\n```text\n3\n```\n"), &["book/src/two.md:9: output written by hand"]);
    planted(BUILD, add_to_two("\n```console\n$ a\n3\n```\n"), &["book/src/two.md:11: `3` is output written by hand"]);
}

#[test]
fn an_unknown_directive_fails_the_build() {
    planted(BUILD, add_to_two("\n{{#playground a.rs}}\n"), &["book/src/two.md:9: ", "is no directive of this book"]);
}

#[test]
fn an_output_without_a_recording_fails_the_build() {
    planted(
        BUILD,
        add_to_two("\n{{#output big}}\n"),
        &["book/src/two.md:9: ", "no recording `big` in book/recordings/index.toml; it lists: tiny"],
    );
    let unrecorded = |book: &TinyBook| std::fs::remove_file(book.path().join("book/recordings/tiny.out")).unwrap();
    planted(BUILD, unrecorded, &["book/src/one.md:7: ", "`cargo lab record tiny` makes it"]);
}

#[test]
fn a_key_that_is_no_option_fails_the_build() {
    planted(
        BUILD,
        |book| book.edit("book/questions/q.toml", "value = \"3\"", "value = \"4\""),
        &["book/src/one.md:9: ", "the key says `3`, and no option has that value"],
    );
}

#[test]
fn a_question_that_breaks_a_rule_fails_the_build() {
    let third = "[[question.option]]\nvalue = \"13\"\nexplanation.en = \"Two each.\"\n";
    planted(
        BUILD,
        |book| book.edit("book/questions/q.toml", third, ""),
        &["book/questions/q.toml: question `alive`: has 2 options; there must be 3 to 5"],
    );
}

#[test]
fn too_few_questions_at_the_end_of_a_chapter_fail_the_build() {
    planted(BUILD, add_to_two("\n{{#check alive}}\n"), &["two.md:9: ", "a chapter ends with 3 to 5 questions, not 1"]);
}

#[test]
fn a_question_asked_twice_or_by_nobody_or_without_an_answer_is_found() {
    planted(
        LOOK,
        add_to_two("\n{{#predict alive}}\n"),
        &["FAIL  questions and keys", "two.md:9: asks `alive` a second time, after book/src/one.md:9"],
    );
    planted(
        LOOK,
        |book| book.edit("book/src/one.md", "{{#predict alive}}", "Nothing."),
        &["book/questions: no chapter asks `alive`"],
    );
    planted(
        LOOK,
        |book| book.edit("book/src/answers.md", "{{#answers}}", "None."),
        &["book/src: questions are asked, and no page has `{{#answers}}`"],
    );
}

#[test]
fn a_stated_answer_that_nothing_shows_fails_the_build() {
    let key = "{ recording = \"tiny\", line = \"answer\" }";
    let stated = |because: &str| format!("{{ value = \"3\", because = \"{because}\" }}");
    planted(
        BUILD,
        |book| book.edit("book/questions/q.toml", key, &stated("RL-Z9")),
        &["one.md:9: ", "`RL-Z9` is neither an exit nor a recording with one of its lines"],
    );
    planted(
        BUILD,
        |book| book.edit("book/questions/q.toml", key, &stated("tiny: answer: 4")),
        &["one.md:9: ", "book/recordings/tiny.out has no line `answer: 4`"],
    );
}

#[test]
fn a_picture_of_a_request_that_the_trace_does_not_have_fails_the_build() {
    planted(
        BUILD,
        |book| book.edit("book/pictures.toml", "request = 1", "request = 3"),
        &["book/src/one.md:13: ", "the trace has 2 requests, so there is no request 3 to draw"],
    );
}

#[test]
fn a_picture_that_shows_another_number_than_the_output_fails_the_build() {
    let one_task_less = |book: &TinyBook| {
        let started = r#""event":"TaskStarted","name":"write_loop""#;
        book.edit("book/recordings/tiny.trace.json", started, r#""event":"WroteHeaders""#);
    };
    let expected = ["book/src/one.md:11: ", "the trace ends with 2 alive, and the output says `answer: 3`"];
    planted(BUILD, one_task_less, &expected);
}

#[test]
fn what_mdbook_only_warns_about_fails_the_build() {
    planted(BUILD, add_to_two("\n<div>\n\nnever closed\n"), &["mdBook warns: unclosed HTML tag `<div>`"]);
}

#[test]
fn all_faults_are_told_at_once() {
    planted(
        BUILD,
        add_to_two("\n{{#output big}}\n\n```rust\n```\n"),
        &["two.md:9: ", "two.md:11: ", "2 faults in the book"],
    );
}

#[test]
fn a_recording_that_the_example_no_longer_gives_is_found() {
    planted(
        CHECK,
        |book| book.edit("examples/examples/tiny.rs", "answer: 3", "answer: 13"),
        &[
            "FAIL  recordings run again",
            "book/recordings/tiny.out: `cargo run --example tiny` gives something else now",
            "  - answer: 3\n  + answer: 13",
        ],
    );
}

/// The tiny example with a line that a race decides, which was recorded with `5 / 2`.
fn race(book: &TinyBook, ends: &str) {
    let print = format!("println!(\"close   {ends} *\");\n    // ANCHOR_END: print");
    book.edit("examples/examples/tiny.rs", "// ANCHOR_END: print", &print);
    book.append("book/recordings/index.toml", "races = [\"3 / 1\", \"5 / 2\"]\n");
    book.append("book/recordings/tiny.out", "close   5 / 2 *\n");
}

#[test]
fn a_race_may_end_in_every_declared_way_and_keeps_the_recorded_one() {
    let book = TinyBook::new();
    race(&book, "3 / 1");
    let (ok, said) = book.lab(CHECK);
    assert!(ok, "{said}");
    let before = book.read("book/recordings/tiny.out");
    let (ok, said) = book.lab(&["record"]);
    assert!(ok, "{said}");
    assert_eq!(book.read("book/recordings/tiny.out"), before);
}

#[test]
fn a_race_that_ends_in_another_way_is_found_and_not_recorded() {
    let expected = ["`tiny`: the race of the line `close   7 / 3 *` ended in none of the declared ways: 3 / 1, 5 / 2"];
    planted(CHECK, |book| race(book, "7 / 3"), &expected);
    planted(&["record"], |book| race(book, "7 / 3"), &expected);
}

#[test]
fn a_table_whose_figures_are_not_gos_fails_the_build() {
    let figures = r#"{"ours": {"recording": "tiny", "columns": {"Kill": "1"}}, "versions": {"1": ""}, "rows": {"close":
        {"what": "Close", "ours": "close", "1": {"settled": {"1": 10}, "connections": {"6": 10}}}}}"#;
    let plant = |book: &TinyBook| {
        book.write("book/data/go_measured.json", figures);
        book.append("book/recordings/tiny.out", "   Kill\nclose   3 / 1\n");
        book.append("book/src/two.md", "\n{{#matrix}}\n\n{{#cell close Drain}}\n");
    };
    let refused = "`close` is 3 / 1 under Kill, and never was in Go 1";
    planted(BUILD, plant, &["two.md:9: ", refused, "two.md:11: ", "no column `Drain`"]);
}

#[test]
fn a_trace_and_a_picture_that_the_example_no_longer_gives_are_found() {
    planted(
        CHECK,
        |book| book.edit("examples/examples/tiny.rs", r#""what":"GET""#, r#""what":"POST""#),
        &[
            "FAIL  recordings run again",
            "book/recordings/tiny.trace.json: ",
            "FAIL  pictures drawn again",
            "`lanes`: looks different now",
            "  - caller → write_loop: writech: GET\n  + caller → write_loop: writech: POST",
        ],
    );
}

#[test]
fn an_example_that_fails_or_does_not_compile_is_told_with_its_complaint() {
    planted(
        CHECK,
        |book| {
            book.edit("examples/examples/tiny.rs", "// ANCHOR_END: print", "// ANCHOR_END: print\nlet _: u8 = \"no\";")
        },
        &["the examples do not compile", "mismatched types"],
    );
    planted(
        CHECK,
        |book| {
            book.edit(
                "examples/examples/tiny.rs",
                "// ANCHOR_END: print",
                "// ANCHOR_END: print\nstd::process::exit(3);",
            )
        },
        &["`cargo run --example tiny` ended with exit status: 3"],
    );
}

#[test]
fn a_summary_link_to_nothing_and_a_chapter_that_nobody_links_are_found() {
    planted(
        LOOK,
        |book| book.append("book/src/SUMMARY.md", "\n[Four](four.md)\n"),
        &["book/src/SUMMARY.md:9: links to `four.md`, which is not there"],
    );
    planted(
        LOOK,
        |book| book.write("book/src/five.md", "# Five\n"),
        &["book/src/five.md: is in no link of SUMMARY.md"],
    );
}

#[test]
fn a_recording_file_that_belongs_to_nothing_is_found() {
    planted(
        LOOK,
        |book| book.write("book/recordings/old.out", "1\n"),
        &["book/recordings/old.out: belongs to no recording"],
    );
}

#[test]
fn a_dead_link_and_a_dead_anchor_are_found() {
    planted(LOOK, add_to_two("\n[a](gone.md)\n"), &["built page two.html: the link `gone.html` is dead"]);
    planted(
        LOOK,
        add_to_two("\n[a](one.md#gone)\n"),
        &["two.html: the link `one.html#gone` is dead: one.html has no id"],
    );
}

#[test]
fn a_link_that_only_a_server_understands_is_found() {
    planted(
        LOOK,
        add_to_two("\n<a href=\"/one.html\">one</a>\n"),
        &["built page two.html: the link `/one.html` is dead when the book is opened from disk"],
    );
}

#[test]
fn a_misspelled_word_is_found_with_or_without_a_list_of_words() {
    planted(
        LOOK,
        add_to_two("\nWe recieve it.\n"),
        &["FAIL  words spelled", "book/src/two.md:9: `recieve` is a known misspelling of receive"],
    );
    let unlisted = |book: &TinyBook| {
        assert!(book.lab(&["words", "--write"]).0);
        book.append("book/src/two.md", "\nA frobnicator.\n");
    };
    planted(LOOK, unlisted, &["book/src/two.md:9: `frobnicator` is not in book/words.txt"]);
    planted(&["words", "--write"], add_to_two("\nWe recieve it.\n"), &["two.md:9: `recieve` is a known misspelling"]);
}

#[test]
fn the_list_of_words_is_made_from_the_book() {
    let book = TinyBook::new();
    book.write("book/words.txt", "old\n");
    let (ok, said) = book.lab(&["words"]);
    assert!(ok && said.contains("+ printed\n") && said.contains("- old\n"), "{said}");
    assert!(book.lab(&["words", "--write"]).0);
    assert!(book.read("book/words.txt").lines().any(|word| word == "printed"));
    let (ok, said) = book.lab(LOOK);
    assert!(ok, "{said}");
}

#[test]
fn a_thing_called_by_another_name_is_found() {
    let plant = |book: &TinyBook| {
        book.write("book/terms.toml", "term = [{ wrong = \"read loop\", right = \"read_loop\" }]\n");
        book.append("book/src/two.md", "\nHere the read\nloop waits.\n");
    };
    planted(LOOK, plant, &["book/src/two.md:9: `read loop` is called `read_loop` in this book"]);
}

#[test]
fn an_exit_without_an_entry_or_a_test_is_found() {
    let plant = |book: &TinyBook| {
        book.write("crates/httptrace/tests/all.rs", "Exit::IdleServerClosed");
    };
    let book = TinyBook::new();
    plant(&book);
    let (ok, said) = book.lab(LOOK);
    assert!(!ok && said.contains("FAIL  exits"), "{said}");
    assert!(said.contains("built page exits.html: has no entry for the exit RL-I1\n"), "{said}");
    assert!(said.contains("crates: no recorded trace and no test takes the exit RL-I2\n"), "{said}");
    assert!(!said.contains("takes the exit RL-I1\n"), "{said}");
}

#[test]
fn a_script_that_asks_a_server_is_found() {
    let plant = |book: &TinyBook| {
        book.write("book/theme/x.js", "fetch('more.json');\n");
        book.append("book/book.toml", "additional-js = [\"theme/x.js\"]\n");
    };
    planted(LOOK, plant, &["built file theme/x-", "`fetch(` in a script"]);
    let twice = |book: &TinyBook| {
        book.write("book/theme/x.js", "fetch(\"/run/\" + a); fetch('/run/b');\n");
        book.append("book/book.toml", "additional-js = [\"theme/x.js\"]\n");
    };
    planted(LOOK, twice, &["built file theme/x-", "`fetch(` in a script"]);
    planted(BUILD, add_to_two("\n<script>1</script>\n"), &["book/src/two.md:9: <script> in a chapter"]);
}

#[test]
fn a_thing_fetched_from_another_host_is_found_and_a_link_to_one_is_not() {
    planted(
        LOOK,
        add_to_two("\n[fine](https://go.dev)\n\n![a](https://example.com/a.png)\n"),
        &["built page two.html: `https://example.com/a.png` is fetched from another host"],
    );
}

#[test]
fn a_page_that_is_too_heavy_is_found() {
    let heavy = "word ".repeat(200_000);
    planted(LOOK, add_to_two(&format!("\n{heavy}\n")), &["built page two.html: weighs ", "700000 are allowed"]);
}

/// Plants a fault in a book with a Go tree and expects to be told of it.
fn planted_beside_go(args: &[&str], plant: impl FnOnce(&TinyBook), expected: &[&str]) {
    let book = TinyBook::with_go();
    plant(&book);
    let (ok, said) = book.lab(args);
    assert!(!ok, "the lab did not notice:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
    for wanted in expected {
        assert!(said.contains(wanted), "expected {wanted:?} in:\n{said}");
    }
}

#[test]
fn a_go_line_that_names_nothing_in_the_table_is_found() {
    let unknown = |book: &TinyBook| book.edit("crates/tiny/src/lib.rs", ").dialConn", ").dialKonn");
    let expected = [
        "crates/tiny/src/lib.rs:5: `Go: (*T).dialKonn` of transport.go is not in book/data/go_symbols.toml",
        "go_symbols.toml: `(*T).dialConn` of net/http/transport.go is named by no documentation",
    ];
    planted_beside_go(LOOK, unknown, &expected);
    planted_beside_go(BUILD, unknown, &expected);
    let prose = |book: &TinyBook| book.edit("crates/tiny/src/lib.rs", "(*T).dialConn", "a thing of it");
    planted_beside_go(LOOK, prose, &["crates/tiny/src/lib.rs:5: `Go: a thing of it` of transport.go is not in"]);
}

#[test]
fn lines_in_the_table_that_are_none_are_found() {
    let plant = |book: &TinyBook| book.edit("book/data/go_symbols.toml", "\"3-7\"", "\"7-3\"");
    planted_beside_go(LOOK, plant, &["book/data/go_symbols.toml: `(*T).dialConn`: `7-3` are no lines (1.27.3)"]);
}

#[test]
fn a_walk_that_is_not_in_the_list_fails_the_build() {
    let plant = |book: &TinyBook| book.append("book/src/two.md", "\n{{#walk spwan}}\n");
    planted_beside_go(BUILD, plant, &["`{{#walk spwan}}`: no walk `spwan` in book/data/go_places.toml; it has: spawn"]);
}

#[test]
fn a_walk_whose_anchor_is_gone_or_that_is_silent_about_a_version_is_found() {
    let anchor = |book: &TinyBook| book.edit("book/data/go_places.toml", "lib.rs:spawn", "lib.rs:spwan");
    planted_beside_go(LOOK, anchor, &["book/data/go_places.toml: `spawn`: no anchor `spwan`"]);
    let silent = |book: &TinyBook| book.edit("book/data/go_places.toml", "go.\"1.12.7\" = { lines = \"-\" }\n", "");
    planted_beside_go(LOOK, silent, &["book/data/go_places.toml: `spawn`: says nothing of Go 1.12.7"]);
}

#[test]
fn lines_and_hashes_that_a_go_tree_denies_are_found() {
    const TREE: &[&str] = &["check", "--without-runs", "--go-tree", "go"];
    let changed = |book: &TinyBook| book.edit("go/src/net/http/transport.go", "go b()", "go c()");
    planted_beside_go(TREE, changed, &["`spawn`, Go 1.27.3: the hash of lines 5-6 is "]);
    let moved = |book: &TinyBook| book.edit("go/src/net/http/transport.go", "\tfirst()\n", "\n\n\n\n}\n\nfunc g() {\n");
    let expected = [
        "`spawn`, Go 1.27.3: the hash of lines 5-6 is ",
        "go_symbols.toml: `(*T).dialConn` of net/http/transport.go is at 3-8 in Go 1.27.3, not at 3-7",
    ];
    planted_beside_go(TREE, moved, &expected);
    let outside = |book: &TinyBook| book.edit("book/data/go_places.toml", "5-6", "6-8");
    planted_beside_go(TREE, outside, &["`spawn`, Go 1.27.3: lines 6-8 are not inside (*T).dialConn"]);
    let other = |book: &TinyBook| book.write("go/VERSION", "go1.26.0\n");
    planted_beside_go(TREE, other, &["go_places.toml: no walk has lines of Go 1.26.0"]);
    let unhashed = |book: &TinyBook| book.edit("book/data/go_places.toml", ", hash = ", "} # ");
    planted_beside_go(TREE, unhashed, &["`spawn`, Go 1.27.3: no hash is given; that of lines 5-6 is "]);
}

#[test]
fn a_page_that_the_documentation_does_not_have_is_found() {
    let plant = |book: &TinyBook| book.write("doc/tiny/index.html", "<p>");
    let expected =
        ["crates/tiny/src/lib.rs:6: the documentation has no page tiny/fn.dial_conn.html for tiny::dial_conn"];
    planted_beside_go(&["check", "--without-runs", "--docs", "doc"], plant, &expected);
}

#[test]
fn a_file_an_example_or_an_item_that_is_not_there_is_found_by_its_name() {
    let text = "\nRun `cargo run --example gone` or `cargo lab run book/scenarios/gone.toml`.\n\n\
                ```console\n$ cargo run --example lost\n```\n\n\
                `cargo run --example NAME`, `book/scenarios/NAME.toml` and `examples/examples/tiny.rs:print` are fine.\n";
    planted(
        LOOK,
        add_to_two(text),
        &[
            "book/src/two.md:9: `cargo run --example gone`: there is no example `gone`",
            "book/src/two.md:9: `cargo lab run book/scenarios/gone.toml`: there is no book/scenarios/gone.toml",
            "book/src/two.md:12: `$ cargo run --example lost`: there is no example `lost`",
            "3 faults in the book",
        ],
    );
}

#[test]
fn an_item_that_does_not_stand_at_its_link_is_found() {
    let book = TinyBook::with_go();
    book.append("book/src/two.md", "\n[`tiny::dial_conn`](two.md#go-transport-t-dialconn)\n");
    assert!(book.lab(LOOK).0, "{}", book.lab(LOOK).1);
    book.edit("book/src/SUMMARY.md", "[Three]()", "[Dictionary](dictionary.md)");
    book.edit("book/src/two.md", "{{#dictionary}}", "");
    book.edit("book/src/two.md", "two.md#go-transport", "dictionary.md#go-transport");
    book.write("book/src/dictionary.md", "# Dictionary\n\n{{#dictionary}}\n");
    assert!(book.lab(LOOK).0, "{}", book.lab(LOOK).1);
    book.edit("book/src/two.md", "tiny::dial_conn", "tiny::dial");
    let (ok, said) = book.lab(LOOK);
    assert!(!ok, "the lab did not notice:\n{said}");
    assert!(said.contains("`tiny::dial` does not stand at dictionary.md#go-transport-t-dialconn"), "{said}");
}

#[test]
fn an_output_that_does_not_say_where_it_comes_from_is_found() {
    let plant = |book: &TinyBook| {
        book.append("book/src/two.md", "\n{{#outputs}}\n");
        book.write(
            "book/recordings/tiny.meta.toml",
            "command = \"cargo run --example other\"\nrustc = \"r\"\nversion = \"0\"\n",
        );
    };
    planted(LOOK, plant, &["tiny.meta.toml names other commands than", "`cargo lab record tiny` makes it anew"]);
    let plant = |book: &TinyBook| {
        assert!(book.lab(&["record", "tiny"]).0);
        book.write("book/data/a.toml", "a = 1\n");
        book.append("book/src/two.md", "\n{{#figure a.toml a}}\n\n{{#outputs}}\n");
    };
    planted(LOOK, plant, &["`{{#outputs}}`: book/data/a.toml does not say where it comes from"]);
}
