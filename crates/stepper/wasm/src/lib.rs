//! The puzzle of chapter 1 as a WebAssembly module: the port's loops on the stepper, without a server.
//!
//! It imports nothing. `.ci/wasm` builds it and asks it under Node.

use std::sync::Arc;

use client::{Client, Config, EarlyClose, Transport};
use httptrace::{Runtime, Settle};
use origin::{Reply, Router};
use stepper::Stepper;

/// Six GETs, each body read to its end, none closed: how many tasks are left, the caller included, under the schedule
/// of this seed. The answer of the puzzle.
// Differs from the rest of the house: an exported name is `unsafe` in this edition, and this crate is there to export.
#[unsafe(no_mangle)]
pub extern "C" fn answer(seed: u32) -> u32 {
    tasks_left(seed, true)
}

/// The same six GETs, and no body is read: what one might have expected for the puzzle.
#[unsafe(no_mangle)]
pub extern "C" fn unread(seed: u32) -> u32 {
    tasks_left(seed, false)
}

fn tasks_left(seed: u32, read: bool) -> u32 {
    let stepper = Stepper::seeded(seed.into());
    let origin = stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(100_000)));
    let seam = stepper.seam();
    let rt: Arc<dyn Runtime> = stepper.seam();
    let client = Client::new(Transport::new(Config { early_close: EarlyClose::Kill, ..Config::default_transport(rt) }));
    let alive = stepper.block_on("caller", async {
        let mut forgotten = Vec::new();
        for _ in 0..6 {
            let mut response = client.get(&origin.url("/")).await?;
            if read {
                response.body.read_all().await.map_err(|error| error.to_string())?;
            }
            forgotten.push(response);
        }
        seam.settled().await;
        let (alive, census) = (seam.alive_tasks(), seam.census().counts().total());
        if alive == census {
            Ok(alive)
        } else {
            Err(format!("{alive} tasks are alive, and the census has {census}").into())
        }
    });
    // Whoever calls sees a trap, which is all that a module without imports can say.
    let alive: Result<_, Box<dyn std::error::Error>> = alive.expect("no schedule hangs");
    let alive = alive.expect("six plain requests are answered, and both counts agree");
    1 + u32::try_from(alive).expect("a few tasks")
}
