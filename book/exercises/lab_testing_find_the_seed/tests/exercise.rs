//! The queue on the stepper, with as many consumers as items: each seed is another order of events.

use std::cell::RefCell;
use std::sync::Arc;

use lab_testing_find_the_seed::{Queue, find_seed};
use stepper::{Join, Stepper, yield_now};

const SEEDS: u64 = 1000;

/// So many consumers pop an item each, and a producer pushes as many. Gives what was popped, by consumer; `None` for who
/// still waits.
fn run(seed: u64, consumers: u32) -> Vec<Option<u32>> {
    let stepper = Stepper::seeded(seed);
    let queue = Arc::new(Queue::default());
    let popped: Vec<Join<u32>> = (0..consumers)
        .map(|_| {
            let queue = Arc::clone(&queue);
            stepper.spawn("consumer", async move { queue.pop(yield_now).await })
        })
        .collect();
    stepper.spawn("producer", async move {
        for _ in 0..3 {
            yield_now().await;
        }
        for item in 0..consumers {
            queue.push(item);
        }
    });
    stepper.set_max_polls(10_000);
    stepper.run_to_rest().expect("nobody wakes anybody for ever");
    popped.iter().map(Join::take).collect()
}

#[test]
fn the_search_finds_the_first_seed_that_hangs() {
    for guilty in [0, 6, 41, 999] {
        assert_eq!(
            find_seed(|seed| seed == guilty),
            Some(guilty),
            "seed {guilty} hangs, and the search does not say so"
        );
    }
    assert_eq!(find_seed(|seed| seed == 3 || seed == 9), Some(3), "the first");
}

#[test]
fn a_search_that_finds_nothing_ends() {
    let asked = RefCell::new(0);
    let found = find_seed(|_| {
        *asked.borrow_mut() += 1;
        assert!(*asked.borrow() <= SEEDS, "a search has an end");
        false
    });
    assert_eq!((found, *asked.borrow()), (None, SEEDS));
}

#[test]
fn no_seed_hangs_one_consumer() {
    let hangs = |seed| run(seed, 1) != [Some(0)];
    let guilty = find_seed(hangs);
    assert_eq!(guilty, None, "under this seed the queue has the item, and its one consumer sleeps");
}

#[test]
fn no_seed_hangs_three_consumers() {
    for seed in 0..SEEDS {
        let mut popped = run(seed, 3);
        popped.sort();
        assert_eq!(
            popped,
            [Some(0), Some(1), Some(2)],
            "seed {seed}: three items came, and a consumer sleeps or two share"
        );
    }
}

#[test]
fn a_consumer_that_waits_is_not_polled() {
    let stepper = Stepper::seeded(1);
    let queue = Arc::new(Queue::default());
    let consumer = stepper.spawn("consumer", async move { queue.pop(yield_now).await });
    stepper.set_max_polls(100);
    let rested = stepper.run_to_rest();
    assert!(rested.is_ok(), "nobody pushes, and the consumer looks again and again instead of waiting");
    assert!(!consumer.is_over(), "there is no item");
}
