//! The fuzz targets' corpus, as a plain test: every input keeps what the targets assert, and together they come to the
//! places that matter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use persistconn::fuzzing;

/// Runs `target` on all of its inputs, and returns what came of each.
fn run<T>(name: &str, target: impl Fn(&[u8]) -> Result<T, String>) -> BTreeMap<String, Result<T, String>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = fs::read_dir(&corpus).unwrap_or_else(|error| panic!("{}: {error}", corpus.display()));
    files
        .map(|file| {
            let file = file.expect("a directory can be listed");
            let (input, wire) =
                (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).expect("a file"));
            // Said only when the test fails: which input was the last.
            println!("{name}/{input}");
            (input, target(&wire))
        })
        .collect()
}

#[track_caller]
fn each_text_is_reached<T>(outcomes: &BTreeMap<String, Result<T, String>>, texts: &[&str]) {
    for text in texts {
        let reached = outcomes.values().any(|outcome| outcome.as_ref().is_err_and(|error| error.starts_with(text)));
        assert!(reached, "no input of the corpus is refused with {text:?}");
    }
    assert!(outcomes.values().filter(|outcome| outcome.is_ok()).count() >= 10, "the corpus has too few good inputs");
}

#[test]
fn response_heads_read_the_same_however_they_are_cut() {
    let outcomes = run("response_head", fuzzing::response_head);
    let texts = [
        "unexpected EOF",
        "malformed HTTP response",
        "malformed HTTP version",
        "malformed HTTP status code",
        "malformed MIME header: missing colon",
        "malformed MIME header line",
        "malformed MIME header initial line",
        "unsupported transfer encoding",
        "too many transfer encodings",
        "http: message cannot contain multiple Content-Length headers",
        "bad Content-Length",
        "invalid empty Content-Length",
        "bad trailer key",
        "net/http: server response headers exceeded",
    ];
    each_text_is_reached(&outcomes, &texts);
    let interim = outcomes["interim"].as_ref().expect("a final response follows");
    assert!(interim.contains("interim: [100, 103]"), "{interim}");
}

#[test]
fn chunked_bodies_read_the_same_however_they_are_cut() {
    let outcomes = run("chunked_body", fuzzing::chunked_body);
    let texts = [
        "unexpected EOF",
        "invalid byte in chunk length",
        "empty hex number for chunk length",
        "http chunk length too large",
        "chunked line ends with bare LF",
        "invalid CR in chunked line",
        "malformed chunked encoding",
        "header line too long",
        "chunked encoding contains too much non-data",
        "http: unexpected EOF reading trailer",
        "http: suspiciously long trailer after chunked body",
    ];
    each_text_is_reached(&outcomes, &texts);
    assert_eq!(outcomes["two_chunks"].as_deref(), Ok(&b"hello, world"[..]));
    assert_eq!(outcomes["data_like_framing"].as_deref(), Ok(&b"0\r\n\r\n0"[..]));
}

#[test]
fn trailers_read_the_same_however_they_are_cut() {
    let outcomes = run("trailers", fuzzing::trailers);
    let texts = [
        "http: unexpected EOF reading trailer",
        "http: suspiciously long trailer after chunked body",
        "malformed MIME header: missing colon",
        "malformed MIME header line",
        "malformed MIME header initial line",
    ];
    each_text_is_reached(&outcomes, &texts);
    assert_eq!(outcomes["two"], Ok(2));
    assert!(outcomes["at_the_limit"].is_ok() && outcomes["beyond_the_limit"].is_err());
}
