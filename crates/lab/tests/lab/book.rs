//! The book of this repository itself.

use std::process::Command;

use httptrace::Exit;
use lab::build::build;
use lab::check::tags::tags;
use lab::recording::Recordings;
use lab::workspace::Workspace;

#[test]
fn the_book_of_this_repository_builds_from_any_directory_inside() {
    let dest = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["build", "--dest"])
        .arg(dest.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the lab starts");
    assert!(output.status.success(), "{}", crate::support::said(&output));
    assert!(dest.path().join("index.html").is_file());
}

#[test]
fn the_page_of_exits_has_every_id_exactly_once() {
    let dest = tempfile::tempdir().expect("a directory");
    let workspace = Workspace::find().expect("the lab's own repository");
    build(&workspace, dest.path()).expect("the book builds");
    let page = std::fs::read_to_string(dest.path().join("exits.html")).expect("the page is there");
    let tags = tags(&page);
    let exits = tags.iter().filter(|tag| tag.get("class") == Some("exit"));
    let listed: Vec<_> = exits.map(|tag| tag.get("id").expect("an entry has an anchor").to_owned()).collect();
    let all: Vec<_> = Exit::ALL.iter().map(|exit| exit.id().to_ascii_lowercase()).collect();
    assert_eq!(listed, all);
    for exit in Exit::ALL {
        let anchor = exit.id().to_ascii_lowercase();
        // A second element of that name would catch the links.
        assert_eq!(tags.iter().filter(|tag| tag.get("id") == Some(&anchor)).count(), 1, "{anchor}");
        assert_eq!(page.matches(&format!("<code>{}</code></a> ", exit.id())).count(), 1, "{exit}");
    }
}

#[test]
fn a_name_is_in_the_dictionary_and_in_the_index_of_the_search() {
    let dest = tempfile::tempdir().expect("a directory");
    let workspace = Workspace::find().expect("the lab's own repository");
    build(&workspace, dest.path()).expect("the book builds");
    let read = |name: &str| std::fs::read_to_string(dest.path().join(name)).expect("the file is there");
    let dictionary = read("dictionary.html");
    let tags = tags(&dictionary);
    let id = "go-transport-transport-tryputidleconn";
    assert_eq!(tags.iter().filter(|tag| tag.get("id") == Some(id)).count(), 1);
    assert!(dictionary.contains("<code>transport::pool::Pool::try_put_idle_conn</code>"));
    let index = read(lab::search::FILE);
    // Go's spelling and Rust's are this one word.
    assert!(index.contains("\"try_put_idle_conn\":["));
    assert!(index.contains(&format!("\"{id}\"")));
}

#[test]
fn the_page_of_outputs_has_every_recording_with_its_command_and_its_pages() {
    let dest = tempfile::tempdir().expect("a directory");
    let workspace = Workspace::find().expect("the lab's own repository");
    build(&workspace, dest.path()).expect("the book builds");
    let page = std::fs::read_to_string(dest.path().join("outputs.html")).expect("the page is there");
    let tags = tags(&page);
    for recording in Recordings::load(&workspace).expect("an index").list() {
        let id = format!("recording-{}", recording.name);
        assert_eq!(tags.iter().filter(|tag| tag.get("id") == Some(&id)).count(), 1, "{id}");
        assert!(page.contains(&format!("<code>{}</code>", recording.command())), "{id}");
    }
    let from = page.find("id=\"recording-ch01_puzzle\"").expect("the puzzle's entry");
    let entry = &page[from..];
    let entry = &entry[..entry.find("</dl>").expect("its end")];
    assert!(entry.contains("<a href=\"ch01_six_requests.html\">Six requests, no Close</a>"), "{entry}");
    assert!(!entry.contains("ch07_five_conditions.html"), "{entry}");
}
