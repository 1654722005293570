//! What chance decides. The same seed, the same decisions.

use fastrand::Rng;

#[derive(Debug)]
pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Numbers that follow each other are to have nothing in common.
        Dice(Rng::with_seed(Rng::with_seed(seed).u64(..)))
    }

    /// True in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.0.u32(0..100) < percent
    }

    /// From `least` to `most`, both included.
    pub(super) fn from(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most)
    }

    /// One of these.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.usize(0..of.len())]
    }

    /// One of these; each comes as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, of: &[(u32, T)]) -> T {
        let mut at = self.0.u32(0..of.iter().map(|(weight, _)| weight).sum());
        for (weight, what) in of {
            match at.checked_sub(*weight) {
                Some(left) => at = left,
                None => return *what,
            }
        }
        unreachable!("the number is less than the sum of the weights")
    }
}
