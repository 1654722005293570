//! A cancel at every moment: before the wait, during it, together with the end of the body.

use ch08_cancel_arm::{End, wait_for_body};
use client::{Cause, Context};
use stepper::{Stepper, yield_now};
use tokio::sync::oneshot;

/// Runs with a seed that decides who goes first.
const SEEDS: u64 = 100;

/// Waits for a body of which nothing is heard, and for a context that is cancelled after so many turns.
fn cancelled_after(turns: usize, seed: u64) -> Result<End, String> {
    let stepper = Stepper::seeded(seed);
    let (context, cancel) = Context::background().with_cancel();
    let (still_reading, done) = oneshot::channel();
    stepper.spawn("canceller", async move {
        for _ in 0..turns {
            yield_now().await;
        }
        cancel.cancel();
    });
    let end = stepper.block_on("read_loop", wait_for_body(done, &context));
    drop(still_reading);
    end.map_err(|stalled| stalled.to_string())
}

#[test]
fn the_end_of_the_body_is_heard() {
    let stepper = Stepper::seeded(1);
    let (body, done) = oneshot::channel();
    stepper.spawn("caller", async move { body.send(()).expect("somebody waits") });
    let end = stepper.block_on("read_loop", wait_for_body(done, &Context::background()));
    assert_eq!(end.expect("it ends"), End::Eof);
}

#[test]
fn a_body_that_is_gone_is_lost() {
    let stepper = Stepper::seeded(1);
    let (body, done) = oneshot::channel::<()>();
    stepper.spawn("caller", async move { drop(body) });
    let end = stepper.block_on("read_loop", wait_for_body(done, &Context::background()));
    assert_eq!(end.expect("it ends"), End::Lost);
}

#[test]
fn a_cancel_is_heard_whenever_it_comes() {
    for turns in 0..5 {
        for seed in 0..SEEDS / 5 {
            match cancelled_after(turns, seed) {
                Ok(end) => assert_eq!(end, End::Canceled(Cause::Canceled), "after {turns} turns, seed {seed}"),
                Err(stalled) => panic!(
                    "it does not hear a cancel that comes while it waits ({turns} turns, seed {seed}): a cancel is an \
                     event, and must be an arm of the wait.\n{stalled}"
                ),
            }
        }
    }
}

#[test]
fn a_cancel_that_came_before_the_wait_is_heard() {
    let stepper = Stepper::seeded(1);
    let (context, cancel) = Context::background().with_cancel();
    let (_still_reading, done) = oneshot::channel();
    cancel.cancel();
    let end = stepper.block_on("read_loop", wait_for_body(done, &context));
    assert_eq!(end.expect("it ends"), End::Canceled(Cause::Canceled));
}

#[test]
fn a_clean_connection_is_never_lost_to_a_cancel_of_the_same_instant() {
    let lost = (0..SEEDS)
        .filter(|seed| {
            let stepper = Stepper::seeded(*seed);
            let (context, cancel) = Context::background().with_cancel();
            let (body, done) = oneshot::channel();
            // Both are there before anybody looks.
            body.send(()).expect("somebody will wait");
            cancel.cancel();
            let end = stepper.block_on("read_loop", wait_for_body(done, &context));
            end.expect("it ends") != End::Eof
        })
        .count();
    assert_eq!(
        lost, 0,
        "a connection whose body was read to its end was lost in {lost} of {SEEDS} runs: when both arms are ready, the \
         choice must not be left to luck, nor fall on the cancel"
    );
}
