//! Chapter 3. What changes the number of calls: clients, transports, redirects, a hang-up, errors.

use std::process::ExitCode;

use examples::chain::{Knob, turn};
use examples::{Outcome, Stage};

fn main() -> ExitCode {
    Stage::main(knobs)
}

async fn knobs(stage: &Stage) -> Outcome<()> {
    println!("Get, do, send, roundTrip, getConn, dialConn, (*persistConn).roundTrip; each is about six requests");
    for knob in Knob::ALL {
        let turned = turn(stage, knob).await?;
        println!("{:<40}{}", format!("{}:", knob.what()), turned.calls);
        if knob == Knob::TransportEach {
            println!("  left while the six transports are there: {}", turned.left);
            println!("  left when they are dropped: {}", turned.dropped);
        }
    }
    Ok(())
}
