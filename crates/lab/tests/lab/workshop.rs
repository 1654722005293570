//! `cargo lab schedule`, the guides behind it, and the instructor's page.

use crate::support::TinyBook;

const LOOK: &[&str] = &["check", "--without-runs"];

const GUIDE: &str = r#"
minutes = { alone = 30, half_day = HALF, full_day = FULL }
stuck = ["At the beginning."]
cut = ["Half a day, 20 minutes: all of it.", "Leave out first: the NAME picture."]
further = "What about [two](two.md)?"

[[prompt]]
ask = """How many?

And why?"""
listen_for = "Three."
[[prompt]]
ask = "Why `3`?"
listen_for = "One connection."
[[prompt]]
ask = "What is left?"
listen_for = "Nothing."
"#;

const MORE: &str = r#"
[[wrong]]
question = "alive"
answer = "13"
tempts = "Two for each."
[[demo]]
command = "cargo run --example tiny"
recording = "tiny"
show = "The last line."
"#;

const PLANS: &str = r#"
[[plan]]
name = "half_day"
title = "Half a day"
begins = "0:00"
target = 60
teaching = 50
item = [
    { title = "Doctor", minutes = 10 },
    { page = "one", note = "aloud" },
    { break = "Break", minutes = 10 },
    { page = "two" },
]
late = [
    { of = "one", saves = 10, what = "The picture." },
    { of = "two", saves = 20, what = "All." },
]

[[plan]]
name = "full_day"
title = "A full day"
begins = "9:30"
target = 60
teaching = 60
item = [{ one_of = ["one", "two"], title = "One of both" }, { title = "Talk", minutes = 15 }]
"#;

/// A book with two pages that are taught, and a page for the instructor.
fn book() -> TinyBook {
    let book = TinyBook::new();
    let guide = |name: &str, full: &str| GUIDE.replace("HALF", "20").replace("FULL", full).replace("NAME", name);
    book.write("book/guide/one.toml", &(guide("first", "45") + MORE));
    book.write("book/guide/two.toml", &guide("second", "30"));
    book.write("book/workshops.toml", PLANS);
    book.edit("book/src/one.md", "# One\n", "# One\n\n{{#minutes}}\n");
    book.edit("book/src/two.md", "# Two\n", "# Two\n\n{{#minutes}}\n");
    book.edit("book/src/SUMMARY.md", "[Answers]", "[Guide](guide.md)\n\n[Answers]");
    book.write("book/src/guide.md", "# Guide\n\n{{#plan half_day}}\n\n{{#guides}}\n");
    // What the page of outputs would have an anchor for.
    book.write("book/src/outputs.md", "# Outputs\n\n<a id=\"recording-tiny\"></a>\n");
    book.edit("book/src/SUMMARY.md", "[Answers]", "[Outputs](outputs.md)\n\n[Answers]");
    book
}

/// Plants a fault and expects both the schedule and the check to fail with all of `expected`.
fn planted(plant: impl FnOnce(&TinyBook), expected: &[&str]) {
    let book = book();
    plant(&book);
    for args in [&["schedule"][..], LOOK] {
        let (ok, said) = book.lab(args);
        assert!(!ok, "the lab did not notice:\n{said}");
        for wanted in expected {
            assert!(said.contains(wanted), "expected {wanted:?} in:\n{said}");
        }
    }
}

/// Plants a fault in a guide and expects the check to fail with `expected`.
fn misguided(from: &str, to: &str, expected: &str) {
    let book = book();
    book.edit("book/guide/one.toml", from, to);
    let (ok, said) = book.lab(LOOK);
    assert!(!ok && said.contains(expected), "expected {expected:?} in:\n{said}");
}

#[test]
fn a_workshop_is_printed_with_its_clock_and_its_sums() {
    let (ok, said) = book().lab(&["schedule", "half-day"]);
    assert!(ok, "{said}");
    assert_eq!(
        said,
        "Half a day, 0:00 to 1:00\n\
         \x20 0:00   10  Doctor\n\
         \x20 0:10   20  One     demo only; aloud\n\
         \x20 0:30   10  Break\n\
         \x20 0:40   20  Two     demo only\n\
         60 minutes (planned: 60), 50 of them teaching (planned: 50), 10 breaks\n"
    );
}

#[test]
fn without_a_name_both_are_printed_and_a_choice_takes_as_long_as_its_longest_page() {
    let (ok, said) = book().lab(&["schedule"]);
    assert!(ok, "{said}");
    assert!(said.contains("Half a day, ") && said.contains("A full day, 9:30 to 10:30\n"), "{said}");
    assert!(said.contains("  9:30   45  One of both  one of one, two\n 10:15   15  Talk\n"), "{said}");
}

#[test]
fn five_minutes_too_many_pass_and_six_do_not() {
    let lenient = book();
    lenient.edit("book/workshops.toml", "title = \"Doctor\", minutes = 10", "title = \"Doctor\", minutes = 15");
    let (ok, said) = lenient.lab(&["schedule"]);
    assert!(ok, "{said}");
    planted(
        |book| book.edit("book/workshops.toml", "title = \"Doctor\", minutes = 10", "title = \"Doctor\", minutes = 16"),
        &[
            "half_day: 66 minutes in all are 6 over the 60 that are planned; what could go first:\n\
             \x20   one (20 minutes): Leave out first: the first picture.\n\
             \x20   two (20 minutes): Leave out first: the second picture.",
            "half_day: 56 minutes of teaching are 6 over the 50 that are planned",
        ],
    );
}

#[test]
fn a_plan_and_the_guides_agree_on_what_is_taught() {
    planted(
        |book| book.edit("book/guide/two.toml", "half_day = 20", "half_day = 0"),
        &["half_day: book/guide/two.toml has 0 minutes for half_day, and yet the plan lists the page"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "    { page = \"two\" },\n", ""),
        &["half_day: book/guide/two.toml has 20 minutes for it, and the plan does not list the page"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "{ page = \"two\" }", "{ page = \"one\" }"),
        &["half_day: `one` comes twice"],
    );
}

#[test]
fn what_a_plan_names_must_be_there() {
    planted(
        |book| book.edit("book/workshops.toml", "{ page = \"two\" }", "{ page = \"answers\", exercise = \"none\" }"),
        &["`answers` has no book/guide/answers.toml", "half_day: `answers`: no exercise `none`"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "{ page = \"two\" }", "{ page = \"six\" }"),
        &["half_day: there is no page `six` in SUMMARY.md"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "of = \"two\", saves = 20", "of = \"six\", saves = 20"),
        &["half_day: `late` cuts `six`, which the plan does not list"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "of = \"two\", saves = 20", "of = \"two\", saves = 21"),
        &["half_day: `late` saves 21 minutes of `two`, which has 20"],
    );
    planted(
        |book| book.edit("book/workshops.toml", "begins = \"0:00\"", "begins = \"0:60\""),
        &["book/workshops.toml: ", "`0:60` is no time"],
    );
}

#[test]
fn an_exercise_that_takes_the_whole_slot_is_refused() {
    planted(
        |book| {
            let about = "title = \"E\"\nchapter = \"two\"\nmisconception = \"m\"\nminutes = 20\nhints = [\"a\", \"b\", \"c\"]\n";
            book.write("book/exercises/e/exercise.toml", about);
            book.edit("book/workshops.toml", "{ page = \"two\" }", "{ page = \"two\", exercise = \"e\" }");
        },
        &["half_day: `two` has 20 minutes, and its exercise `e` takes 20 of them"],
    );
}

#[test]
fn when_it_is_late_the_list_is_cut_from_where_one_is() {
    let book = book();
    let (ok, said) = book.lab(&["schedule", "half-day", "--late", "15"]);
    assert!(ok, "{said}");
    assert!(said.contains("     10  one: The picture.\n     20  two: All.\n"), "{said}");
    assert!(said.contains("  0:25   10  One     10 minutes shorter\n"), "{said}");
    assert!(!said.contains("Two"), "a page that is cut to nothing is left out:\n{said}");
    assert!(said.ends_with("30 minutes are saved.\n"), "{said}");
    let (ok, said) = book.lab(&["schedule", "half-day", "--late", "25", "--at", "two"]);
    assert!(ok, "{said}");
    assert!(!said.contains("one: "), "what is over cannot be cut:\n{said}");
    assert!(said.ends_with("20 minutes are saved; it ends 5 minutes late.\n"), "{said}");
    let (ok, said) = book.lab(&["schedule", "half-day", "--late", "5", "--at", "six"]);
    assert!(!ok && said.contains("half_day: `six` is not in the plan"), "{said}");
}

#[test]
fn the_instructors_page_has_plan_and_guides_and_its_commands_are_found() {
    let book = book();
    let (ok, said) = book.lab(&["build", "--dest", "html"]);
    assert!(ok, "{said}");
    let page = book.read("html/guide.html");
    for shown in [
        "<td style=\"text-align: right\">0:10</td>",
        "<a href=\"one.html\">One</a>",
        "30 minutes alone, 20 in the half day, 45 in the full day",
        "And why?",
        "<a href=\"one.html#q-alive\">How many?</a>",
        "<li><strong>13</strong>. Two for each.</li>",
        "<a href=\"outputs.html#recording-tiny\">Recorded</a>",
        "Leave out first: the first picture.",
    ] {
        assert!(page.contains(shown), "expected {shown:?} in:\n{page}");
    }
    assert!(book.read("html/one.html").contains("<em>30 minutes</em> (20 in the half day, 45 in the full day)"));
    let (ok, said) = book.lab(&["commands"]);
    assert!(ok, "{said}");
    assert!(said.contains("cargo run --example tiny\n"), "{said}");
    let (ok, said) = book.lab(LOOK);
    assert!(ok, "{said}");
    for what in ["ok    guides                    2", "ok    items of workshops        6"] {
        assert!(said.contains(what), "expected {what:?} in:\n{said}");
    }
}

#[test]
fn a_guide_names_what_is_there() {
    misguided("question = \"alive\"", "question = \"dead\"", "book/guide/one.toml: no question `dead`");
    misguided(
        "answer = \"13\"",
        "answer = \"14\"",
        "book/guide/one.toml: `alive` has no option `14`; it has: 3, 5, 13",
    );
    misguided("answer = \"13\"", "answer = \"3\"", "book/guide/one.toml: `3` is the right answer to `alive`");
    misguided("recording = \"tiny\"", "recording = \"big\"", "book/guide/one.toml: no recording `big`");
    misguided(
        "command = \"cargo run --example tiny\"",
        "command = \"cargo run\"",
        "book/guide/one.toml: `tiny` stands in for `cargo run`, and was made by `cargo run --example tiny`",
    );
    misguided(
        "cut = [\"Half a day, 20 minutes: all of it.\", ",
        "further2 = [",
        "book/guide/one.toml: TOML parse error",
    );
}

#[test]
fn a_guide_has_three_prompts() {
    let book = book();
    book.append("book/guide/two.toml", "[[prompt]]\nask = \"More?\"\nlisten_for = \"Yes.\"\n");
    let (ok, said) = book.lab(LOOK);
    assert!(!ok && said.contains("book/guide/two.toml: has 4 prompts; there must be 3"), "{said}");
}

#[test]
fn a_page_that_is_taught_shows_its_minutes_and_a_chapter_has_a_guide() {
    let bare = book();
    bare.edit("book/src/two.md", "{{#minutes}}", "");
    let (ok, said) = bare.lab(LOOK);
    assert!(!ok && said.contains("book/src/two.md: has a guide, and no `{{#minutes}}` under its title"), "{said}");

    let chapter = book();
    chapter.write("book/src/ch01_three.md", "# Three\n");
    chapter.edit("book/src/SUMMARY.md", "[Three]()", "[Three](ch01_three.md)");
    let (ok, said) = chapter.lab(LOOK);
    let wanted = "book/src/ch01_three.md: is a chapter, and there is no book/guide/ch01_three.toml";
    assert!(!ok && said.contains(wanted), "{said}");

    let lost = book();
    lost.write("book/guide/six.toml", &lost.read("book/guide/two.toml"));
    let (ok, said) = lost.lab(LOOK);
    assert!(!ok && said.contains("book/guide/six.toml: there is no page six.md in SUMMARY.md"), "{said}");
}
