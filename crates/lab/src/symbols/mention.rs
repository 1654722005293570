//! The names of Go that a documentation gives.
//!
//! After `Go:` or `Go twin:` comes a name, or several with commas between them: first the file or the package where
//! that is not plain (`transport.go`, `net/url`), then `(*Client).do`, `type Client`, `` `Client.Timeout` ``. What is
//! no name ends the list, so prose may follow, or stand there alone.

use crate::symbols::item::Item;

/// A name of Go's in the documentation of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mention {
    /// The file (`transport.go`) or the package (`net/url`) that was given with it.
    pub place: Option<String>,
    /// The name: `(*Client).do`, `Client.Timeout`, `eofc`.
    pub name: String,
    /// The line on which the documentation gives it.
    pub line: usize,
}

/// The packages that a name may begin with, by the word that stands for each.
const PACKAGES: [(&str, &str); 14] = [
    ("http", "net/http"),
    ("httptrace", "net/http/httptrace"),
    ("cookiejar", "net/http/cookiejar"),
    ("url", "net/url"),
    ("net", "net"),
    ("tls", "crypto/tls"),
    ("context", "context"),
    ("io", "io"),
    ("gzip", "compress/gzip"),
    ("flate", "compress/flate"),
    ("json", "encoding/json"),
    ("textproto", "net/textproto"),
    ("strconv", "strconv"),
    ("httpproxy", "golang.org/x/net/http/httpproxy"),
];

/// The variables that Go's code calls its structs by, where the documentation does the same.
const RECEIVERS: [(&str, &str); 2] = [("pc", "persistConn"), ("rc", "requestAndChan")];

/// Words that may stand before a name and say what it is. The last two make it one of the type before it.
const BEFORE: [&str; 10] = [
    "the field ",
    "field ",
    "fields ",
    "the function ",
    "the closure ",
    "the channels ",
    "the rules of ",
    "type ",
    "its fields ",
    "its ",
];

/// All names that the documentation of `item` gives. Names of Go's tests are no symbols.
pub fn mentions(item: &Item) -> Vec<Mention> {
    let mut found = Vec::new();
    for (line, sentence) in sentences(item) {
        for (place, name) in names(&sentence) {
            if !name.starts_with("Test") {
                found.push(Mention { place, name, line });
            }
        }
    }
    found
}

/// What follows each `Go:`, to the end of its paragraph, with the line that it begins on.
fn sentences(item: &Item) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (line, text) in &item.docs {
        if text.is_empty() {
            open = false;
        }
        if let (true, Some((_, sentence))) = (open, found.last_mut()) {
            sentence.push(' ');
            sentence.push_str(text.split_once("Go: ").map_or(text, |(before, _)| before));
        }
        for mark in ["Go: ", "Go twin: "] {
            let Some((before, after)) = text.split_once(mark) else { continue };
            // A deviation is no twin.
            open = !before.ends_with("from ");
            if open {
                found.push((*line, after.to_owned()));
            }
        }
    }
    found
}

/// The names at the beginning of a sentence, each with its place.
fn names(sentence: &str) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    let (mut here, mut rest) = place(sentence);
    let mut owner: Option<String> = None;
    loop {
        // `client.go Get, request.go NewRequest`: a second place.
        if let (Some(other), after) = place(rest) {
            (here, rest) = (Some(other), after);
        }
        let word = BEFORE.iter().find(|word| rest.starts_with(**word)).copied().unwrap_or("");
        rest = &rest[word.len()..];
        let Some((name, after)) = name(rest) else {
            // A file says that a name follows. The whole text is none, and is told of as such.
            if let (true, Some(file)) =
                (found.is_empty() && !rest.is_empty(), here.filter(|here| here.ends_with(".go")))
            {
                found.push((Some(file), rest.to_owned()));
            }
            return found;
        };
        let (own_place, name) = settle(&name);
        let name = match &owner {
            Some(owner) if word.starts_with("its") || found_member(&found, owner) => format!("{owner}.{name}"),
            Some(_) | None => name,
        };
        if word == "type " {
            owner = Some(name.clone());
        }
        found.push((own_place.or_else(|| here.clone()), name));
        let after = after.strip_prefix(", ").or_else(|| after.strip_prefix(" and "));
        match after {
            Some(after) => rest = after,
            None => return found,
        }
    }
}

/// Whether the last name was already one of this type's.
fn found_member(found: &[(Option<String>, String)], owner: &str) -> bool {
    found.last().is_some_and(|(_, name)| name.strip_prefix(owner).is_some_and(|rest| rest.starts_with('.')))
}

/// The file or package at the beginning, if one is given, and what follows.
fn place(sentence: &str) -> (Option<String>, &str) {
    let Some((first, rest)) = sentence.split_once(' ') else { return (None, sentence) };
    let first = first.trim_end_matches(',');
    let package = first.contains('/') && first.chars().all(|c| c.is_alphanumeric() || "/._".contains(c));
    let alone = PACKAGES.iter().find(|(word, _)| *word == first).map(|(_, package)| (*package).to_owned());
    match (first.ends_with(".go") || package, alone) {
        (true, _) => (Some(first.to_owned()), rest),
        (false, Some(package)) if rest.starts_with('(') => (Some(package), rest),
        (false, _) => (None, sentence),
    }
}

/// One name and what follows it.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(inner) = text.strip_prefix('`') {
        let (inner, after) = inner.split_once('`')?;
        let inner = inner.strip_prefix("<-").unwrap_or(inner);
        let inner = inner.split('[').next().unwrap_or(inner);
        return is_name(inner).then(|| (inner.to_owned(), after));
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && !"_.(*)".contains(c)).unwrap_or(text.len());
    let word = text[..end].trim_end_matches('.');
    let after = &text[word.len()..];
    // A plain word is a name only where nothing makes it a part of a sentence.
    let alone = after.is_empty() || after.starts_with([',', '.', ';', ':']) || after.starts_with(" and ");
    let marked = word.starts_with('(') || word.contains('.');
    let capital = word.chars().skip(1).any(char::is_uppercase) || word.starts_with(char::is_uppercase);
    let other = word.ends_with(".go") || after.starts_with(['/', '\'']);
    (is_name(word) && word != "none" && !other && (alone || marked || capital)).then(|| (word.to_owned(), after))
}

/// `(*T).m`, `(T).m`, or identifiers with dots between.
fn is_name(text: &str) -> bool {
    let plain = |text: &str| {
        let ident = |part: &str| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        text.split('.').all(ident)
    };
    match text.strip_prefix('(') {
        Some(rest) => {
            rest.split_once(").").is_some_and(|(owner, name)| plain(owner.trim_start_matches('*')) && plain(name))
        }
        None => plain(text),
    }
}

/// `http.NoBody` is `NoBody` of net/http, `pc.closech` is `persistConn.closech`.
fn settle(name: &str) -> (Option<String>, String) {
    let Some((first, rest)) = name.split_once('.') else { return (None, name.to_owned()) };
    let known =
        |list: &[(&str, &str)]| list.iter().find(|(word, _)| *word == first).map(|(_, known)| (*known).to_owned());
    match (known(&PACKAGES), known(&RECEIVERS)) {
        (Some(package), _) => (Some(package), rest.to_owned()),
        (None, Some(owner)) => (None, format!("{owner}.{rest}")),
        (None, None) => (None, name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(sentence: &str) -> Vec<(Option<&'static str>, String)> {
        let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        names(sentence).into_iter().map(|(place, name)| (place.map(leak), name)).collect()
    }

    #[test]
    fn a_file_or_a_package_may_stand_before_the_names() {
        let file = Some("transport.go");
        assert_eq!(
            given("transport.go (*Transport).dialConn, its last lines"),
            [(file, "(*Transport).dialConn".into())]
        );
        assert_eq!(given("client.go (*Client).send and send").len(), 2);
        let two = given("request.go NewRequest, transport.go Transport");
        assert_eq!(two, [(Some("request.go"), "NewRequest".into()), (file, "Transport".into())]);
        assert_eq!(given("net/url Parse, as far as it refuses"), [(Some("net/url"), "Parse".into())]);
        assert_eq!(given("crypto/x509 (HostnameError).Error"), [(Some("crypto/x509"), "(HostnameError).Error".into())]);
        assert_eq!(given("transport.go maybeDrainBody, since 1.27"), [(file, "maybeDrainBody".into())]);
    }

    #[test]
    fn fields_are_told_after_their_type() {
        let fields = given("transport.go type persistConn, its fields `conn` and `closed`.");
        let names: Vec<_> = fields.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["persistConn", "persistConn.conn", "persistConn.closed"]);
    }

    #[test]
    fn a_package_may_be_part_of_a_name() {
        assert_eq!(given("`http.NoBody`."), [(Some("net/http"), "NoBody".into())]);
        assert_eq!(given("`<-pc.closech`"), [(None, "persistConn.closech".into())]);
    }

    #[test]
    fn prose_names_nothing() {
        for text in [
            "none",
            "client.go",
            "golang.org/x/net/a",
            "roundTrip's arm",
            "what fits the buffer",
            "the minute in `dialConn`.",
            "it never does",
            "`+20` is one too",
            "`pc.br.Peek(1)`",
        ] {
            assert_eq!(given(text), [], "{text}");
        }
    }

    #[test]
    fn a_deviation_and_a_test_name_no_twin() {
        let text = "/// Differs from Go: `Get` waits.\n/// Go: TestGet\n/// First. Go: Head, Post\nfn f() {}\n";
        let item = &crate::symbols::item::items("k", "crates/k/src/lib.rs", text, &[])[0];
        let names: Vec<_> = mentions(item).into_iter().map(|mention| (mention.line, mention.name)).collect();
        assert_eq!(names, [(3, "Head".to_owned()), (3, "Post".to_owned())]);
    }
}
