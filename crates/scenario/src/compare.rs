//! Two sides of a scenario, field by field.
//!
//! Real Go's side is a set of outcomes. A field of the port's outcome is right when some outcome of Go's has the same
//! value in it, or when the difference is declared.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::differences;
use crate::recording::{Flat, Seen};
use crate::scenario::{Difference, Policy};

/// A difference that was declared, and where: for the message when it is used by nobody.
#[derive(Clone, PartialEq, Debug)]
pub struct Declared {
    /// What was declared.
    pub difference: Difference,
    /// The file that it stands in.
    pub file: String,
}

/// One field in which the port differs from Go.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The field's path.
    pub field: String,
    /// The values that Go gave; `None`: the field was not there.
    pub go: Vec<Option<Value>>,
    /// The port's.
    pub port: Option<Value>,
    /// The part of the outcome around it of which one side has nothing at all: `origins.a.conns[1]`.
    pub lacking: Option<String>,
    /// Which of the declared differences it is.
    pub declared: Option<usize>,
}

/// The result of a comparison.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Comparison {
    /// How many fields were compared.
    pub fields: usize,
    /// The fields that differ, declared or not.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// The differences that nobody declared.
    pub fn unexplained(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.declared.is_none())
    }

    /// Whether every difference is declared.
    pub fn is_fine(&self) -> bool {
        self.unexplained().next().is_none()
    }

    /// Which of the declared differences were seen.
    pub fn used(&self) -> BTreeSet<usize> {
        self.rows.iter().filter_map(|row| row.declared).collect()
    }
}

/// Compares an outcome of the port with what Go did.
pub fn compare(go: &Seen, port: &Flat, policy: Policy, declared: &[Declared]) -> Comparison {
    let fields: BTreeSet<&String> = go.outcomes().flat_map(Flat::keys).chain(port.keys()).collect();
    let mut rows = Vec::new();
    for field in &fields {
        let ours = port.get(*field);
        if go.outcomes().any(|outcome| outcome.get(*field) == ours) {
            continue;
        }
        let covers = |declared: &Declared| covers(&declared.difference, policy, field, go, port);
        let mut values: Vec<Option<Value>> = Vec::new();
        for value in go.outcomes().map(|outcome| outcome.get(*field).cloned()) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let lacking = match ours {
            None => lacking(field, &[port]),
            Some(_) => lacking(field, &go.outcomes().collect::<Vec<_>>()),
        };
        rows.push(Row {
            field: (*field).clone(),
            go: values,
            port: ours.cloned(),
            lacking,
            declared: declared.iter().position(covers),
        });
    }
    Comparison { fields: fields.len(), rows }
}

/// The largest part around a field of which none of these outcomes has anything.
fn lacking(field: &str, outcomes: &[&Flat]) -> Option<String> {
    let parts = field.char_indices().filter(|(_, letter)| matches!(letter, '.' | '[')).map(|(at, _)| &field[..at]);
    let has = |flat: &&Flat, part: &str| {
        let below = |path: &String| path[part.len()..].starts_with(['.', '[']);
        flat.range(part.to_owned()..).map(|(path, _)| path).take_while(|path| path.starts_with(part)).any(below)
    };
    let mut parts = parts.filter(|part| !outcomes.iter().any(|flat| has(flat, part)));
    parts.next().map(str::to_owned)
}

/// Whether a declared difference is the one that shows in this field: both its values are those that are seen. It may name
/// the field itself, or the list that the field is a place of.
fn covers(difference: &Difference, policy: Policy, field: &str, go: &Seen, port: &Flat) -> bool {
    if difference.policy.is_some_and(|only| only != policy) {
        return false;
    }
    let list = list_of(field);
    let value = |flat: &Flat, path: &str| match list {
        Some(list) if path == list => value_of_list(flat, list),
        _ => flat.get(path).cloned(),
    };
    [Some(field), list].into_iter().flatten().filter(|path| matches(&difference.field, path)).any(|path| {
        same(&value(port, path), &difference.port, difference.like)
            && go.outcomes().any(|outcome| same(&value(outcome, path), &difference.go, difference.like))
    })
}

/// An empty list is left out of an outcome.
fn same(seen: &Option<Value>, declared: &Option<Value>, like: bool) -> bool {
    if let (true, Some(Value::String(seen)), Some(Value::String(declared))) = (like, seen, declared) {
        return differences::like(declared, seen);
    }
    let full =
        |value: &Option<Value>| value.clone().filter(|value| value.as_array().is_none_or(|list| !list.is_empty()));
    full(seen) == full(declared)
}

/// The list that this field is a place of, or the length of.
fn list_of(field: &str) -> Option<&str> {
    let (list, place) = field.rsplit_once('[')?;
    let place = place.strip_suffix(']')?;
    place.chars().all(|digit| digit.is_ascii_digit()).then_some(list)
}

fn value_of_list(flat: &Flat, list: &str) -> Option<Value> {
    let length = flat.get(&format!("{list}[]"))?.as_u64()?;
    (0..length).map(|at| flat.get(&format!("{list}[{at}]")).cloned()).collect()
}

/// Whether a path is of this pattern. A `*` stands for one part of it: a name, also one with the number of its round
/// (`r.3`), or a place in a list.
pub fn matches(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == path };
    let Some(rest) = path.strip_prefix(before) else { return false };
    ends_of_part(rest).any(|end| matches(after, &rest[end..]))
}

/// Where a part that begins here may end.
fn ends_of_part(rest: &str) -> impl Iterator<Item = usize> {
    let whole = rest.len();
    let mut marks = rest.char_indices().filter(|(_, letter)| matches!(letter, '.' | '[' | ']')).map(|(at, _)| at);
    let mut ends = Vec::new();
    let mut from = 0;
    loop {
        let end = marks.next().unwrap_or(whole);
        // The first part ends here; the next ones go on only while they are numbers.
        if from > 0 && !rest[from..end].chars().all(|digit| digit.is_ascii_digit()) {
            break;
        }
        if end > from {
            ends.push(end);
        }
        if !rest[end..].starts_with('.') {
            break;
        }
        from = end + 1;
    }
    ends.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outcome::{Count, Outcome, RequestOutcome, Sent};

    fn outcome(error: Option<&str>, pool: &[&str], alive: usize) -> Outcome {
        let mut request = RequestOutcome {
            sent: Sent { error: error.map(str::to_owned), ..Sent::default() },
            ..RequestOutcome::default()
        };
        request.events.pool = pool.iter().map(|event| (*event).to_owned()).collect();
        Outcome {
            requests: [("r.1".to_owned(), request)].into(),
            counts: [("end".to_owned(), Count { alive, ..Count::default() })].into(),
            ..Outcome::default()
        }
    }

    fn seen(outcomes: &[Outcome]) -> Seen {
        let mut seen = Seen::default();
        outcomes.iter().for_each(|outcome| seen.add(outcome));
        seen
    }

    fn declared(field: &str, go: Option<Value>, port: Option<Value>) -> Declared {
        let difference = Difference {
            line: 1,
            field: field.to_owned(),
            go,
            port,
            like: false,
            policy: None,
            race: false,
            why: "it is meant".to_owned(),
        };
        Declared { difference, file: "a.toml".to_owned() }
    }

    #[test]
    fn a_value_that_go_gave_in_any_of_its_runs_is_right() {
        let go = seen(&[outcome(None, &[], 5), outcome(None, &[], 3)]);
        let of = |alive| compare(&go, &outcome(None, &[], alive).flatten(), Policy::Go1_27, &[]);
        assert!(of(5).is_fine() && of(3).is_fine());
        let wrong = of(7);
        let rows: Vec<_> = wrong.unexplained().collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].field, "counts.end.alive");
        assert_eq!(rows[0].go, [Some(json!(5)), Some(json!(3))]);
        assert_eq!(rows[0].port, Some(json!(7)));
    }

    #[test]
    fn a_field_that_only_one_side_has_is_a_difference() {
        let go = seen(&[outcome(Some("EOF"), &[], 1)]);
        let compared = compare(&go, &outcome(None, &[], 1).flatten(), Policy::Go1_27, &[]);
        let row = compared.unexplained().next().unwrap();
        assert_eq!((row.field.as_str(), &row.port), ("requests.r.1.sent.error", &None));
    }

    #[test]
    fn a_field_says_which_part_one_side_lacks_as_a_whole() {
        let go = seen(&[outcome(Some("EOF"), &[], 1)]);
        let compared = compare(&go, &outcome(Some("EOF"), &["PutIdleConn"], 1).flatten(), Policy::Go1_27, &[]);
        let lacking: Vec<_> = compared.rows.iter().map(|row| (row.field.as_str(), row.lacking.as_deref())).collect();
        let events = Some("requests.r.1.events");
        assert_eq!(lacking, [("requests.r.1.events.pool[0]", events), ("requests.r.1.events.pool[]", events)]);
    }

    #[test]
    fn a_declared_difference_counts_only_with_both_its_values() {
        let go = seen(&[outcome(Some("old text"), &[], 1)]);
        let port = outcome(Some("new text"), &[], 1).flatten();
        let fine = |go_value: Value, port_value: Value| {
            let declared = [declared("requests.*.sent.error", Some(go_value), Some(port_value))];
            compare(&go, &port, Policy::Go1_12, &declared).is_fine()
        };
        assert!(fine(json!("old text"), json!("new text")));
        assert!(!fine(json!("older text"), json!("new text")));
        assert!(!fine(json!("old text"), json!("newest text")));
    }

    #[test]
    fn a_star_in_a_declared_text_stands_for_anything_only_where_that_is_said() {
        let go = seen(&[outcome(Some("old text"), &[], 1)]);
        let port = outcome(Some("new text"), &[], 1).flatten();
        let fine = |go_value: Value, like: bool| {
            let mut declared = declared("requests.*.sent.error", Some(go_value), Some(json!("new*")));
            declared.difference.like = like;
            compare(&go, &port, Policy::Go1_27, &[declared]).is_fine()
        };
        assert!(fine(json!("* text"), true));
        assert!(!fine(json!("* word"), true));
        assert!(!fine(json!("* text"), false));
        assert!(!fine(json!(1), true), "only a text is like a text");
    }

    #[test]
    fn a_difference_declared_for_one_policy_does_not_count_for_the_other() {
        let go = seen(&[outcome(Some("old"), &[], 1)]);
        let port = outcome(Some("new"), &[], 1).flatten();
        let mut declared = declared("requests.*.sent.error", Some(json!("old")), Some(json!("new")));
        declared.difference.policy = Some(Policy::Go1_12);
        let declared = [declared];
        assert!(compare(&go, &port, Policy::Go1_12, &declared).is_fine());
        assert!(!compare(&go, &port, Policy::Go1_27, &declared).is_fine());
    }

    #[test]
    fn a_list_can_be_declared_as_a_whole() {
        let go = seen(&[outcome(None, &["PutIdleConn"], 1)]);
        let port = outcome(None, &[], 1).flatten();
        assert_eq!(compare(&go, &port, Policy::Go1_27, &[]).rows.len(), 2, "its length, and its one place");
        let declared = [declared("requests.r.1.events.pool", Some(json!(["PutIdleConn"])), Some(json!([])))];
        let compared = compare(&go, &port, Policy::Go1_27, &declared);
        assert!(compared.is_fine());
        assert_eq!(compared.used(), [0].into());
    }

    #[test]
    fn what_is_declared_and_not_seen_is_not_used() {
        let go = seen(&[outcome(None, &[], 1)]);
        let declared = [declared("counts.end.alive", Some(json!(1)), Some(json!(2)))];
        let compared = compare(&go, &outcome(None, &[], 1).flatten(), Policy::Go1_27, &declared);
        assert!(compared.used().is_empty() && compared.is_fine());
    }

    #[test]
    fn a_star_stands_for_one_part_of_a_path() {
        assert!(matches("requests.*.sent.error", "requests.r.sent.error"));
        assert!(matches("requests.*.sent.error", "requests.r.3.sent.error"));
        assert!(matches("requests.*.steps[*].read.bytes", "requests.r.3.steps[12].read.bytes"));
        assert!(matches("counts.*.alive", "counts.end.alive"));
        assert!(!matches("requests.*.error", "requests.r.sent.error"));
        assert!(!matches("requests.*", "requests.r.sent"));
        assert!(!matches("counts.*.alive", "counts.end.other"));
    }
}
