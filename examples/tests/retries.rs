//! Lab D's table against what real Go did: over sockets, and on the stepper.

use std::collections::BTreeMap;

use examples::Stage;
use examples::retries::{Asked, Death, cell, tries};
use serde::Deserialize;

/// The figures of real Go. See the file for their source.
#[derive(Deserialize)]
struct Measured {
    tries: usize,
    rows: BTreeMap<String, Vec<String>>,
}

fn measured() -> Vec<(String, Measured)> {
    let mut file: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(include_str!("../../book/data/retries.json")).expect("the file of Go's figures");
    file.remove("source");
    file.into_iter().map(|(go, value)| (go, serde_json::from_value(value).expect("a version's figures"))).collect()
}

fn row(asked: Asked, cell: impl Fn(Death) -> String) {
    let cells = Death::ALL.map(cell);
    for (go, measured) in measured() {
        assert_eq!(cells.as_slice(), measured.rows[&asked.to_string()], "{asked}, Go {go}");
    }
}

#[test]
fn a_request_is_sent_again_exactly_when_go_sends_it_again_over_sockets() {
    for asked in Asked::ALL {
        row(asked, |death| {
            let cell = Stage::on_sockets(async |stage| cell(stage, asked, death).await);
            cell.unwrap_or_else(|error| panic!("{asked}, {death:?}: {error}"))
        });
    }
}

#[test]
fn a_request_is_sent_again_exactly_when_go_sends_it_again_whoever_goes_first() {
    for seed in 0..20 {
        for asked in Asked::ALL {
            row(asked, |death| {
                let cell = Stage::on_stepper(seed, async |stage| cell(stage, asked, death).await);
                cell.unwrap_or_else(|error| panic!("{asked}, {death:?}, seed {seed}: {error}"))
            });
        }
    }
}

#[test]
fn a_get_tries_as_many_dying_connections_as_the_pool_has_and_then_dials() {
    for idle in [0, 1, 6, 40] {
        let tried = Stage::on_stepper(1, async |stage| tries(stage, idle).await);
        assert_eq!(tried.expect("it is answered in the end"), idle + 1, "{idle} idle connections");
    }
    let tried = Stage::on_stepper(1, async |stage| tries(stage, 6).await).expect("it is answered in the end");
    for (go, measured) in measured() {
        assert_eq!(tried, measured.tries, "Go {go}");
    }
}
