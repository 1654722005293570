//! The same list of keys as a JSON schema, for editors, and as tables, for the book.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::keys::{BODY, CALLER, CLIENT, DIFFERS, EXPECT, FILE, INTERIM, Key, Kind, ORIGIN, PIECE, Place, REPLY};
use crate::keys::{SERVER_STEPS, SERVER_WORDS, STEPS, TRANSPORT, places};

/// A time as it is written.
const TIME: &str = "^[0-9]+(\\.[0-9]+)?(us|µs|ms|s|m)$";

/// The schema of a scenario (JSON Schema 2020-12).
pub fn schema() -> Value {
    let mut defs: Map<String, Value> =
        places().filter(|place| place.name != FILE.name).map(|place| (slug(place), table(place))).collect();
    defs.insert("step".to_owned(), one_of(STEPS));
    let words: Vec<&str> = SERVER_WORDS.iter().map(|(word, _)| *word).collect();
    defs.insert("server_step".to_owned(), json!({ "anyOf": [{ "enum": words }, one_of(SERVER_STEPS)] }));
    let Value::Object(mut schema) = table(&FILE) else { unreachable!("a table is an object") };
    schema.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    schema.insert("title".to_owned(), "A scenario".into());
    schema.insert("$defs".to_owned(), Value::Object(defs));
    Value::Object(schema)
}

fn slug(place: &Place) -> String {
    let words = place.name.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let words: Vec<&str> =
        words.filter(|word| !word.is_empty() && !matches!(*word, "a" | "an" | "of" | "the")).collect();
    words.join("_")
}

fn table(place: &Place) -> Value {
    let properties: Map<String, Value> = place.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let needed: &[&str] = match place.name {
        name if name == FILE.name => &["about", "origin", "caller"],
        name if name == CALLER.name => &["steps"],
        name if name == DIFFERS.name => &["field", "why"],
        name if name == INTERIM.name => &["status"],
        _ => &[],
    };
    if !needed.is_empty() {
        table["required"] = json!(needed);
    }
    table
}

/// A table that does one thing: one of these, by its verb.
fn one_of(verbs: &[(&'static str, Place)]) -> Value {
    let by_verb =
        verbs.iter().map(|(verb, place)| json!({ "required": [verb], "$ref": format!("#/$defs/{}", slug(place)) }));
    json!({ "anyOf": by_verb.collect::<Vec<Value>>() })
}

fn property(key: &Key) -> Value {
    let mut property = kind(&key.kind);
    // What stands beside a reference is read since 2019.
    property["description"] = key.what.into();
    property
}

fn kind(of: &Kind) -> Value {
    let named = |place: &Place| json!({ "$ref": format!("#/$defs/{}", slug(place)) });
    match of {
        Kind::Text => json!({ "type": "string" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
        Kind::Number => json!({ "type": "integer" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Time => json!({ "type": "string", "pattern": TIME }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Fields => json!({
            "type": "object",
            "additionalProperties": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] }
        }),
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(kind).collect::<Vec<Value>>() }),
        Kind::Table(place) => named(place),
        Kind::Named(place) => json!({ "type": "object", "additionalProperties": named(place) }),
        Kind::Tables(place) => json!({ "type": "array", "items": named(place) }),
        Kind::TextsAndTables(place) => {
            json!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, named(place)] } })
        }
        Kind::Steps => json!({ "type": "array", "items": { "$ref": "#/$defs/step" } }),
        Kind::ServerSteps => json!({ "type": "array", "items": { "$ref": "#/$defs/server_step" } }),
        Kind::Scripts => {
            json!({ "type": "array", "items": { "type": "array", "items": { "$ref": "#/$defs/server_step" } } })
        }
        Kind::Value => json!({ "type": ["string", "integer", "boolean"] }),
    }
}

/// What may stand behind a key, in a word or two.
fn in_words(of: &Kind) -> String {
    match of {
        Kind::Text => "text".to_owned(),
        Kind::Count => "count".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Flag => "`true`".to_owned(),
        Kind::Time => "time".to_owned(),
        Kind::Texts => "list of texts".to_owned(),
        Kind::Fields => "header fields".to_owned(),
        Kind::Either(kinds) => kinds.iter().map(in_words).collect::<Vec<_>>().join(" or "),
        Kind::Table(place) => format!("table: {}", place.name),
        Kind::Named(place) => format!("tables by name, each {}", place.name),
        Kind::Tables(place) => format!("list of tables, each {}", place.name),
        Kind::TextsAndTables(place) => format!("list of texts and tables, each {}", place.name),
        Kind::Steps => "list of the caller's steps".to_owned(),
        Kind::ServerSteps => "list of an origin's steps".to_owned(),
        Kind::Scripts => "list of lists of an origin's steps".to_owned(),
        Kind::Value => "text, number, `true` or `false`".to_owned(),
    }
}

/// The reference: every key of every place, as Markdown.
pub fn reference() -> String {
    let mut text = String::new();
    let section = |text: &mut String, title: &str, places: &[&Place]| {
        // Writing into a string cannot fail.
        let _ = write!(text, "## {title}\n\n| key | value | meaning |\n|---|---|---|\n");
        for key in places.iter().flat_map(|place| place.keys) {
            let _ = writeln!(text, "| `{}` | {} | {} |", key.name, in_words(&key.kind), key.what);
        }
        text.push('\n');
    };
    section(&mut text, "The file", &[&FILE]);
    section(&mut text, "Origins", &[&ORIGIN]);
    section(&mut text, "Replies", &[&REPLY]);
    section(&mut text, "Interim responses", &[&INTERIM]);
    let _ = write!(text, "## Steps of an origin\n\nThese are a word in quotes:\n\n| step | meaning |\n|---|---|\n");
    for (word, what) in SERVER_WORDS {
        let _ = writeln!(text, "| `\"{word}\"` | {what} |");
    }
    text.push_str("\nThese are a table, such as `{ pause = \"10ms\" }`:\n\n");
    steps(&mut text, SERVER_STEPS);
    section(&mut text, "What an origin looks at", &[&EXPECT]);
    section(&mut text, "Settings of the transport", &[&TRANSPORT]);
    section(&mut text, "Settings of the client", &[&CLIENT]);
    section(&mut text, "The caller", &[&CALLER]);
    text.push_str("## Steps of the caller\n\nEach is a table that does one thing, which its first key says.\n\n");
    steps(&mut text, STEPS);
    section(&mut text, "Bodies of requests", &[&BODY]);
    section(&mut text, "Pieces of a body", &[&PIECE]);
    section(&mut text, "Differences from Go", &[&DIFFERS]);
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn steps(text: &mut String, verbs: &[(&'static str, Place)]) {
    text.push_str("| step | key | value | meaning |\n|---|---|---|---|\n");
    for (verb, place) in verbs {
        for key in place.keys {
            let step = if key.name == *verb { format!("`{verb}`") } else { String::new() };
            let _ = writeln!(text, "| {step} | `{}` | {} | {} |", key.name, in_words(&key.kind), key.what);
        }
    }
    text.push('\n');
}
