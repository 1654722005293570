//! Every row of chapter 2's table against what real Go did: over sockets, and on the stepper.

use std::collections::BTreeMap;

use client::EarlyClose;
use examples::Stage;
use examples::matrix::{Left, Row, settle};
use serde::Deserialize;

/// The figures of real Go. See the file for their source.
#[derive(Deserialize)]
struct Measured {
    rows: BTreeMap<String, BTreeMap<String, Cell>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Figures(Figures),
    What(String),
}

/// Value -> how many runs.
#[derive(Deserialize)]
struct Figures {
    settled: BTreeMap<String, usize>,
    connections: BTreeMap<String, usize>,
    /// `settled/connections` -> how many runs, where a race decides.
    pairs: Option<BTreeMap<String, usize>>,
}

impl Figures {
    /// The outcomes that Go was seen with.
    fn outcomes(&self) -> Vec<Left> {
        match &self.pairs {
            Some(pairs) => pairs
                .keys()
                .map(|pair| {
                    let (settled, connections) = pair.split_once('/').expect("settled/connections");
                    Left { settled: number(settled), connections: number(connections) }
                })
                .collect(),
            None => {
                let [(settled, _)] = only(&self.settled);
                let [(connections, _)] = only(&self.connections);
                // `3+3` is three connections to each of two ports.
                vec![Left { settled: number(settled), connections: connections.split('+').map(number).sum() }]
            }
        }
    }
}

fn only(values: &BTreeMap<String, usize>) -> [(&String, &usize); 1] {
    let values: Vec<_> = values.iter().collect();
    values.try_into().expect("a row with several outcomes has its pairs recorded")
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

fn measured() -> Measured {
    serde_json::from_str(include_str!("../../book/data/go_measured.json")).expect("the file of Go's figures")
}

/// Both policies and the Go that each is held against.
const POLICIES: [(EarlyClose, &str); 2] = [(EarlyClose::Kill, "1.12.7"), (EarlyClose::GO_1_27, "1.27.3")];

fn go(measured: &Measured, row: Row, version: &str) -> Vec<Left> {
    match &measured.rows[row.name][version] {
        Cell::Figures(figures) => figures.outcomes(),
        Cell::What(what) => panic!("{what} is no figure"),
    }
}

#[test]
fn over_sockets_every_row_ends_as_in_go() {
    let measured = measured();
    for row in Row::ALL {
        for (policy, version) in POLICIES {
            let left = Stage::on_sockets(async |stage| settle(stage, row, policy).await).unwrap();
            let go = go(&measured, row, version);
            assert!(go.contains(&left), "{} under {policy:?}: {left:?}, but Go {version}: {go:?}", row.name);
        }
    }
}

#[test]
fn on_the_stepper_every_row_ends_as_in_go_whoever_goes_first() {
    let measured = measured();
    for row in Row::ALL {
        for (policy, version) in POLICIES {
            let go = go(&measured, row, version);
            for seed in 0..20 {
                let left = Stage::on_stepper(seed, async |stage| settle(stage, row, policy).await).unwrap();
                assert!(
                    go.contains(&left),
                    "{} under {policy:?}, seed {seed}: {left:?}, but Go {version}: {go:?}",
                    row.name
                );
            }
        }
    }
}

#[test]
fn the_row_says_race_where_go_was_seen_with_several_outcomes() {
    let measured = measured();
    for row in Row::ALL {
        let several = go(&measured, row, "1.27.3").len() > 1;
        assert_eq!(row.is_race(), several, "{}", row.name);
    }
}
