//! Lab F's queue: what tokio's order hides, and what the stepper finds.

use examples::queue::{TURNS, Wait, on_stepper, on_tokio};

const SEEDS: u64 = 1000;

#[test]
fn tokios_order_hides_the_lost_wake_up() {
    for _ in 0..100 {
        assert!(on_tokio(Wait::Broken).expect("there is a runtime"), "the lab tells that it never hangs there");
        assert!(on_tokio(Wait::Mended).expect("there is a runtime"));
    }
}

#[test]
fn the_stepper_finds_it_and_a_seed_repeats_it() {
    let report = |seed| on_stepper(Wait::Broken, TURNS, seed).err();
    let (seed, first) = (0..SEEDS).find_map(|seed| Some((seed, report(seed)?))).expect("some seed hangs it");
    assert_eq!(report(seed), Some(first), "seed {seed} hangs in the same way again");
}

#[test]
fn the_mended_queue_gives_the_item_whoever_goes_first() {
    for seed in 0..SEEDS {
        assert_eq!(on_stepper(Wait::Mended, TURNS, seed), Ok(7), "seed {seed}");
    }
}
