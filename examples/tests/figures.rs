//! The figures of `book/data/testing.json` that can be counted here.

use std::fs;
use std::path::Path;

fn count(folder: &str, extension: Option<&str>) -> u64 {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let names = entries.map(|entry| entry.expect("the folder can be read").path());
    names.filter(|name| extension.is_none_or(|wanted| name.extension().is_some_and(|has| has == wanted))).count() as u64
}

#[test]
fn what_the_lab_on_testing_counts_is_there() {
    let said: serde_json::Value = serde_json::from_str(include_str!("../../book/data/testing.json")).expect("JSON");
    let figure = |name: &str| said[name].as_u64().unwrap_or_else(|| panic!("{name} is a number"));
    assert_eq!(count("crates/persistconn/fuzz/fuzz_targets", Some("rs")), figure("fuzz_targets"));
    let found = count("book/scenarios/found", Some("toml"));
    assert!(found >= figure("found_at_least"), "{found} scenarios were found at random");
    let corpus: u64 = ["chunked_body", "response_head", "trailers"]
        .map(|target| count(&format!("crates/persistconn/fuzz/corpus/{target}"), None))
        .iter()
        .sum();
    assert!(corpus >= figure("corpus_at_least"), "{corpus} inputs");
}
