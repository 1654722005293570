//! Random scenarios: made from a number, played by both sides, and made smaller when they differ.
//!
//! The same number always gives the same scenario. What a race would decide is avoided where that can be done: most
//! things that overlap are held apart by a count, which waits until things have settled. What is left to chance is left to
//! the comparison, which takes Go for a set of outcomes.
//!
//! # Layout
//!
//! - this file: from a number to a scenario
//! - [`draft`](mod@draft): a scenario's file as a tree, and as text
//! - `dice`: what chance decides
//! - `server`: what an origin does
//! - `response`: the bytes of a response, well- and ill-formed
//! - `caller`: what the caller does
//! - [`shrink`](mod@shrink): the smallest scenario that still shows something
//! - [`hunt`](mod@hunt): many scenarios, played by both sides

mod caller;
mod dice;
pub mod draft;
pub mod hunt;
mod response;
mod server;
pub mod shrink;

use self::dice::Dice;
use self::draft::{Draft, Node};
use crate::scenario::Policy;

/// How long a run may take. Whatever may hang has a limit of its own, which is shorter.
const LIMIT: &str = "8s";

/// The name that the scenario of this number has.
pub fn name(number: u64) -> String {
    format!("fuzz_{number}")
}

/// The scenario of this number. For an old Go it says nothing that only today's Go reads as this port does.
pub fn draft(number: u64, policy: Policy) -> Draft {
    let mut dice = Dice::new(number);
    let mut top = vec![
        ("about".to_owned(), Node::text(format!("Random scenario {number}: do both sides do the same?"))),
        ("limit".to_owned(), Node::text(LIMIT)),
    ];
    let servers = server::servers(&mut dice, policy);
    let caller = caller::caller(&mut dice, &servers, policy);
    top.push(("origin".to_owned(), Node::Table(servers.origins)));
    for (key, settings) in [("transport", caller.transport), ("client", caller.client)] {
        if !settings.is_empty() {
            top.push((key.to_owned(), Node::Table(settings)));
        }
    }
    top.push(("caller".to_owned(), Node::Table(caller.caller)));
    Draft::new(top)
}
