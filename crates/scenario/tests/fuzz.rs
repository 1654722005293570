//! Random scenarios: how they are made, and made smaller. No Go is needed: the other side is made up.

use scenario::compare::{Declared, compare};
use scenario::fuzz::draft::{Draft, Node};
use scenario::fuzz::hunt::{Found, Hunt, Sides, hunt};
use scenario::fuzz::shrink::shrink;
use scenario::fuzz::{self, name};
use scenario::recording::{Flat, Seen};
use scenario::{Policy, Scenario, differences};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

use scenario::caller::{Action, Piece, Send};

const PATIENCE: Duration = Duration::from_secs(60);

/// The scenario of this number, for today's Go.
fn draft(number: u64) -> Draft {
    fuzz::draft(number, Policy::Go1_27)
}

#[test]
fn the_same_number_is_always_the_same_scenario() {
    for number in [0, 1, 2, 1_000_000, u64::MAX] {
        assert_eq!(draft(number).toml(), draft(number).toml());
    }
    assert_ne!(draft(1).toml(), draft(2).toml());
}

#[test]
fn a_thousand_random_scenarios_are_valid() {
    for number in 0..1000 {
        let draft = draft(number);
        if let Err(broken) = draft.scenario(&name(number)) {
            panic!("{broken}\n{}", draft.toml());
        }
    }
}

#[test]
fn a_thousand_random_scenarios_have_nearly_every_kind_of_step() {
    let all: String = (0..1000).map(|number| draft(number).toml()).collect();
    for word in [
        "exactly =",
        "close =",
        "cancel =",
        "cause =",
        "count =",
        "open =",
        "finish =",
        "later =",
        "close_idle =",
        "pieces =",
        "fail =",
        "again =",
        "length =",
        "timeout =",
        "Timeout =",
        "got_1xx =",
        "tls =",
        "\"reset\"",
        "\"half_close\"",
        "\"head\"",
        "gate =",
        "Expect =",
        "MaxConnsPerHost =",
        "Proxy =",
        "103 Early Hints",
        "Transfer-Encoding: chunked",
    ] {
        assert!(all.contains(word), "{word}");
    }
}

#[test]
fn what_is_written_is_read_as_it_was() {
    let text = "\r\n\t\"\\\u{1}\u{7f}\u{0}é";
    let top = vec![
        ("about".to_owned(), Node::text("x")),
        ("origin".to_owned(), Node::table([("a", Node::table([("reply", Node::table([("text", Node::text("y"))]))]))])),
        (
            "caller".to_owned(),
            Node::table([(
                "steps",
                Node::List(vec![Node::table([
                    ("send", Node::text("r")),
                    ("post", Node::text("a/")),
                    ("body", Node::text(text)),
                ])]),
            )]),
        ),
    ];
    let scenario = Draft::new(top).scenario("x").expect("it is valid");
    let [step] = &scenario.caller.steps[..] else { panic!("one step") };
    let Action::Send(send) = &step.action else { panic!("a send") };
    assert_eq!(send.body.as_ref().expect("a body").pieces, [Piece::Text { text: text.to_owned() }]);
}

fn sends(scenario: &Scenario) -> impl Iterator<Item = &Send> {
    scenario.caller.steps.iter().filter_map(|step| match &step.action {
        Action::Send(send) => Some(&**send),
        _ => None,
    })
}

/// Whether some request has a body in memory of at least three bytes.
fn has_three_bytes(scenario: &Scenario) -> bool {
    sends(scenario).filter_map(|send| send.body.as_ref()).any(|body| body.in_memory && body.length >= 3)
}

/// Two sides that differ when a request has a body of at least three bytes.
struct Planted;

impl Sides for Planted {
    fn policy(&self) -> Policy {
        Policy::Go1_27
    }

    fn go(&self, scenario: &Scenario) -> Result<Flat, String> {
        Ok(Flat::from([("requests".to_owned(), Value::from(sends(scenario).count()))]))
    }

    fn port(&self, scenario: &Scenario) -> Result<Flat, String> {
        let wrong = usize::from(has_three_bytes(scenario));
        Ok(Flat::from([("requests".to_owned(), Value::from(sends(scenario).count() + wrong))]))
    }
}

fn hunted(count: u64, stop: bool, declared: &[Declared]) -> Vec<Found> {
    let wanted = Hunt { numbers: 0..count, declared, at_once: 2, stop };
    let hunted = hunt(&Planted, &wanted, |_, _| {});
    assert!(hunted.failed.is_empty(), "{:?}", hunted.failed);
    assert!(stop || hunted.compared == count);
    hunted.found
}

#[test]
fn a_planted_difference_is_found_in_every_scenario_that_has_it() {
    let expected: Vec<u64> =
        (0..20).filter(|number| has_three_bytes(&draft(*number).scenario("x").expect("it is valid"))).collect();
    assert!(expected.len() > 3, "{expected:?}");
    let found: Vec<u64> = hunted(20, false, &[]).iter().map(|found| found.number).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_planted_difference_shrinks_to_the_smallest_file_that_shows_it() {
    let found = hunted(20, true, &[]);
    let scenario = found[0].draft.scenario("x").expect("it is valid");
    assert_eq!(scenario.caller.steps.len(), 1, "{}", found[0].draft.toml());
    let send = sends(&scenario).next().expect("one request");
    assert_eq!(send.body.as_ref().expect("a body").length, 3);
    assert!(send.headers.is_empty() && send.context.is_empty());
    assert_eq!(scenario.origins.len(), 1);
    assert_eq!(scenario.caller.transport, scenario::caller::TransportSettings::default());
}

#[test]
fn the_file_of_a_difference_says_its_number_and_both_values() {
    let found = hunted(20, true, &[]).remove(0);
    let file = found.file(Policy::Go1_27);
    assert!(file.starts_with(&format!("# Seed {}, policy go1.27.\n", found.number)), "{file}");
    assert!(file.contains("requests  1   2"), "{file}");
    Scenario::parse("found.toml", &file).expect("it is a scenario");
}

#[test]
fn bytes_of_a_server_shrink_to_those_that_matter() {
    let shows = |draft: &Draft| draft.toml().contains("chunked");
    let number = (0..100).find(|number| shows(&draft(*number))).expect("some server speaks in chunks");
    let least = shrink(&draft(number), PATIENCE, shows).toml();
    assert!(least.contains("{ send = \"chunked\" }"), "{least}");
}

#[test]
fn times_are_not_made_smaller_as_texts() {
    let number =
        (0..100).find(|number| draft(*number).toml().contains("pause = \"15ms\"")).expect("some server pauses");
    let least = shrink(&draft(number), PATIENCE, |draft| draft.toml().contains("pause = \"15m"));
    assert!(least.toml().contains("pause = \"15ms\""), "{}", least.toml());
}

/// A fault as it would show in a field of an outcome: what stands there in place of `value`, if it is of this field.
type Fault = fn(field: &str, value: &Value) -> Option<Option<Value>>;

/// Faults that nobody would mean.
const FAULTS: [(&str, Fault); 9] = [
    ("a byte of a body is missing", |field, value| {
        let bytes = value.as_u64().filter(|bytes| *bytes > 0 && field.ends_with(".read.bytes"))?;
        Some(Some((bytes - 1).into()))
    }),
    ("a byte of a request is missing", |field, value| {
        let bytes = value.as_u64().filter(|bytes| *bytes > 0 && field.ends_with(".body.bytes"))?;
        Some(Some((bytes - 1).into()))
    }),
    ("a connection is used again that must not be", |field, value| {
        let new = value.as_str().is_some_and(|told| told.starts_with("GotConn reused=false"));
        (new && field.contains(".events.caller[")).then(|| Some("GotConn reused=true was_idle=true".into()))
    }),
    ("a connection is too many", |field, value| {
        let accepted = value.as_u64().filter(|_| field.ends_with(".accepted"))?;
        Some(Some((accepted + 1).into()))
    }),
    ("a connection is never closed", |field, value| {
        let closed = value.as_str().is_some_and(|end| end.starts_with("peer"));
        (closed && field.ends_with(".end")).then(|| Some("open".into()))
    }),
    ("a task never ends", |field, value| {
        let alive = value.as_u64().filter(|_| field.starts_with("counts.") && field.ends_with(".read_loop"))?;
        Some(Some((alive + 1).into()))
    }),
    ("an error is not told", |field, _| field.ends_with(".sent.error").then_some(None)),
    ("a read tells of a cancel that never was", |field, value| {
        let other = field.ends_with(".read.error") && value != "context canceled";
        other.then(|| Some("context canceled".into()))
    }),
    ("an error is told that is none", |field, _| {
        let sent = field.ends_with(".sent.status");
        sent.then(|| Some("context canceled".into()))
    }),
];

/// The rules for all random scenarios are wide. None of them may be so wide that it covers one of these.
#[test]
fn what_is_declared_for_random_scenarios_hides_no_fault_that_nobody_means() {
    let shared = differences::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/scenarios"))).unwrap();
    let declared: Vec<Declared> = shared.into_iter().map(|shared| shared.declared).collect();
    assert!(!declared.is_empty());
    let mut planted = [0; FAULTS.len()];
    for number in 0..30 {
        let scenario = draft(number).scenario(&name(number)).expect("it is valid");
        let Ok(run) = scenario::run(&scenario, Policy::Go1_27) else { continue };
        let good = run.outcome.flatten();
        let mut seen = Seen::default();
        seen.add(&run.outcome);
        for (field, value) in &good {
            for (at, (what, fault)) in FAULTS.iter().enumerate() {
                let Some(wrong) = fault(field, value) else { continue };
                let mut port = good.clone();
                match wrong {
                    Some(wrong) => drop(port.insert(field.clone(), wrong)),
                    None => drop(port.remove(field)),
                }
                let comparison = compare(&seen, &port, Policy::Go1_27, &declared);
                assert!(!comparison.is_fine(), "{what} in scenario {number}, and a rule covers it: {field} {value}");
                planted[at] += 1;
            }
        }
    }
    for (count, (what, _)) in planted.iter().zip(&FAULTS) {
        assert!(*count > 3, "{what}: {count} places are too few to tell");
    }
}

#[test]
fn for_an_old_go_a_server_says_nothing_that_only_todays_go_refuses() {
    let all: String = (0..1000).map(|number| fuzz::draft(number, Policy::Go1_12).toml()).collect();
    for wrong in ["No colon", "X(y)", "chunked, chunked", "HTTP/2.0", "cause ="] {
        assert!(!all.contains(wrong), "{wrong}");
    }
}
