//! The schema and the book's reference are made from the parser's own list of keys.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;

use scenario::keys::{Place, places};
use scenario::{Scenario, schema};
use serde_json::Value;

fn book(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../book").join(path)
}

/// The file is what the code makes of the list.
fn is_up_to_date(path: &str, text: &str) {
    let file = book(path);
    if env::var_os("WRITE").is_some() {
        fs::write(&file, text).expect("it can be written");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "book/{path} is out of date: run `WRITE=1 cargo test -p scenario --test reference`");
}

#[test]
fn the_schema_is_published_as_it_is() {
    let text = serde_json::to_string_pretty(&schema::schema()).expect("plain JSON") + "\n";
    is_up_to_date("scenarios/schema.json", &text);
}

#[test]
fn the_reference_is_published_as_it_is() {
    let head = "<!-- Written from the parser's list of keys by the test `reference` of scenario. -->\n\n";
    is_up_to_date("data/scenario_keys.md", &(head.to_owned() + &schema::reference()));
}

/// Every object of the schema that has properties, with their names.
fn tables(value: &Value, found: &mut BTreeSet<BTreeSet<String>>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.insert(properties.keys().cloned().collect());
            }
            fields.values().for_each(|value| tables(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| tables(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_schema_has_the_keys_that_the_parser_knows_and_no_others() {
    let names = |place: &Place| -> BTreeSet<String> { place.keys.iter().map(|key| key.name.to_owned()).collect() };
    let known: BTreeSet<BTreeSet<String>> = places().map(names).collect();
    let mut published = BTreeSet::new();
    let text = fs::read_to_string(book("scenarios/schema.json")).expect("the schema is there");
    tables(&serde_json::from_str(&text).expect("it is JSON"), &mut published);
    assert_eq!(published, known);
}

/// A key that is listed and that the parser never asks for would be taken and do nothing.
#[test]
fn every_key_that_is_listed_is_understood() {
    let text = include_str!("all_keys.toml");
    let scenario = Scenario::parse("all_keys.toml", text).unwrap_or_else(|broken| panic!("{broken}"));
    assert!(scenario.caller.steps.len() > 20);
    let missing: Vec<String> = places()
        .flat_map(|place| place.keys.iter().map(move |key| (place.name, key.name)))
        .filter(|(_, key)| !text.contains(&format!("{key} = ")) && !text.contains(&format!("[{key}")))
        .map(|(place, key)| format!("{key} of {place}"))
        .collect();
    assert!(missing.is_empty(), "tests/all_keys.toml lacks {missing:?}");
    // What the keys say has arrived where it belongs.
    let said = format!("{scenario:?}");
    for value in ["7001", "7002", "7003", "7004", "7005", "7006", "7007", "7008", "7009", "7010", "7011", "7012"] {
        assert!(said.contains(value), "{value} is nowhere in the scenario");
    }
}
