//! Chapter 3: the calls of the chain, here and in real Go.

use std::collections::BTreeMap;

use examples::Stage;
use examples::chain::{Knob, Turned, turn};
use serde::Deserialize;

/// What real Go did. See the file for its source.
#[derive(Deserialize)]
struct Measured {
    rows: BTreeMap<String, Row>,
}

#[derive(Deserialize)]
struct Row {
    calls: String,
    left: usize,
    connections: usize,
}

fn measured() -> BTreeMap<String, Row> {
    let text = include_str!("../../book/data/go_calls.json");
    serde_json::from_str::<Measured>(text).expect("the file is as it must be").rows
}

fn assert_as_go(knob: Knob, turned: Turned, go: &BTreeMap<String, Row>) {
    let row = go.get(knob.name()).unwrap_or_else(|| panic!("Go was never asked about {knob:?}"));
    assert_eq!(turned.calls.to_string(), row.calls, "{knob:?}: calls");
    assert_eq!(turned.left, row.left, "{knob:?}: left");
    assert_eq!(turned.connections, row.connections, "{knob:?}: connections");
    assert_eq!(turned.dropped, 1, "{knob:?}: whoever drops the transports ends their connections");
}

#[test]
fn each_function_runs_as_often_as_in_go_over_sockets() {
    let go = measured();
    assert_eq!(go.len(), Knob::ALL.len(), "every row of Go's is one of ours");
    for knob in Knob::ALL {
        let turned = Stage::on_sockets(async |stage| turn(stage, knob).await);
        assert_as_go(knob, turned.unwrap_or_else(|error| panic!("{knob:?}: {error}")), &go);
    }
}

#[test]
fn each_function_runs_as_often_as_in_go_whoever_goes_first() {
    let go = measured();
    for knob in Knob::ALL {
        for seed in 0..20 {
            let turned = Stage::on_stepper(seed, async |stage| turn(stage, knob).await);
            assert_as_go(knob, turned.unwrap_or_else(|error| panic!("{knob:?}, seed {seed}: {error}")), &go);
        }
    }
}
