//! Takers and putters on the stepper, each poll of a taker counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lab_costs_slot::Slot;
use stepper::{Join, Stepper, drop_after, yield_now};

const SEEDS: u64 = 100;

/// How often the task of this name was polled.
fn counted(stepper: &Stepper, name: &'static str) -> Arc<AtomicU64> {
    let polls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&polls);
    stepper.on_poll(move |task| {
        if &*task.name == name {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    polls
}

fn read(polls: &AtomicU64) -> u64 {
    polls.load(Ordering::Relaxed)
}

fn run(stepper: &Stepper) {
    stepper.set_max_polls(10_000);
    if let Err(stalled) = stepper.run_to_rest() {
        panic!("somebody is polled again and again: {stalled}");
    }
}

/// What the taker got.
fn got<T>(taker: &Join<T>) -> T {
    taker.take().expect("the taker waits for a message that is there")
}

#[test]
fn a_message_that_is_there_takes_one_poll() {
    let stepper = Stepper::seeded(1);
    let polls = counted(&stepper, "taker");
    let slot = Arc::new(Slot::default());
    slot.put("head");
    let taker = stepper.spawn("taker", async move { slot.take().await });
    run(&stepper);
    assert_eq!(got(&taker), "head");
    assert_eq!(read(&polls), 1, "who finds a message has nothing to wait for");
}

#[test]
fn a_message_that_comes_later_takes_two_polls_however_long_it_takes() {
    for seed in 0..SEEDS {
        let stepper = Stepper::seeded(seed);
        let polls = counted(&stepper, "taker");
        let slot = Arc::new(Slot::default());
        let taker = {
            let slot = Arc::clone(&slot);
            stepper.spawn("taker", async move { slot.take().await })
        };
        stepper.spawn("putter", async move {
            for _ in 0..20 {
                yield_now().await;
            }
            slot.put("head");
        });
        run(&stepper);
        assert_eq!(got(&taker), "head");
        let polls = read(&polls);
        assert!(polls <= 2, "seed {seed}: {polls} polls for one message: one to wait, one to take it, is all it needs");
    }
}

#[test]
fn who_waits_for_something_else_is_left_in_peace() {
    for seed in 0..SEEDS {
        let stepper = Stepper::seeded(seed);
        let polls = counted(&stepper, "taker");
        let (heads, bodies) = (Arc::new(Slot::default()), Arc::new(Slot::default()));
        let taker = {
            let (heads, bodies) = (Arc::clone(&heads), Arc::clone(&bodies));
            stepper.spawn("taker", async move { (heads.take().await, bodies.take().await) })
        };
        run(&stepper);
        heads.put("first head");
        run(&stepper);
        heads.put("second head");
        run(&stepper);
        heads.put("third head");
        run(&stepper);
        assert_eq!(
            read(&polls),
            2,
            "seed {seed}: the taker has its head and waits for a body; it was woken for a head"
        );
        bodies.put("body");
        run(&stepper);
        assert_eq!(got(&taker), ("first head", "body"));
        assert_eq!(read(&polls), 3, "seed {seed}");
    }
}

#[test]
fn the_latest_who_asks_is_told() {
    for seed in 0..SEEDS {
        let stepper = Stepper::seeded(seed);
        let slot = Arc::new(Slot::default());
        let early = {
            let slot = Arc::clone(&slot);
            stepper.spawn("early", async move { drop_after(1, slot.take()).await })
        };
        run(&stepper);
        assert_eq!(early.take(), Some(None), "it asks once and goes away");
        let late = {
            let slot = Arc::clone(&slot);
            stepper.spawn("late", async move { slot.take().await })
        };
        run(&stepper);
        slot.put("head");
        run(&stepper);
        assert_eq!(late.take(), Some("head"), "seed {seed}: who waits now is not the one who was told");
    }
}
