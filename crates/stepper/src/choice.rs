//! Choices: who is polled next, decided by a seed, by hand, or by an earlier run's history.

use serde::{Deserialize, Serialize};

use crate::task::TaskId;

/// One decision of a run. All of them in order are its history, and a history repeats the run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// This ready task was polled once.
    Poll(TaskId),
    /// Nothing was ready (or it was asked for by hand): whoever waited for that was told, or else the
    /// clock went to the next timer.
    Advance,
    /// A read or a write was cut to this many bytes.
    Piece(usize),
    /// A task that nobody had woken was made ready by hand.
    Nudge(TaskId),
    /// A task was dropped by hand.
    Drop(TaskId),
}

/// Makes choices and remembers them.
#[derive(Debug)]
pub(crate) struct Choices {
    way: Way,
    made: Vec<Choice>,
    diverged: Option<usize>,
}

/// Who decides.
#[derive(Debug)]
enum Way {
    Seeded { seed: u64, random: SplitMix64 },
    ByHand,
    Replay { history: Vec<Choice>, next: usize },
}

impl Choices {
    pub(crate) fn seeded(seed: u64) -> Self {
        Choices::new(Way::Seeded { seed, random: SplitMix64(seed) })
    }

    pub(crate) fn by_hand() -> Self {
        Choices::new(Way::ByHand)
    }

    pub(crate) fn replay(history: Vec<Choice>) -> Self {
        Choices::new(Way::Replay { history, next: 0 })
    }

    fn new(way: Way) -> Self {
        Choices { way, made: Vec::new(), diverged: None }
    }

    /// The place in `ready`, which is not empty, of the task to poll next. Without a seed and without
    /// a history it is the one that has been ready longest.
    pub(crate) fn poll(&mut self, ready: &[TaskId]) -> usize {
        let place = match &mut self.way {
            Way::Seeded { random, .. } => random.below(ready.len()),
            Way::ByHand => 0,
            Way::Replay { .. } => self
                .replayed(|choice| match choice {
                    Choice::Poll(id) => ready.iter().position(|&task| task == id),
                    Choice::Advance | Choice::Piece(_) | Choice::Nudge(_) | Choice::Drop(_) => None,
                })
                .unwrap_or(0),
        };
        self.made.push(Choice::Poll(ready[place]));
        place
    }

    /// How many of at most `most` bytes are moved at once, at least one.
    pub(crate) fn piece(&mut self, most: usize) -> usize {
        let bytes = match &mut self.way {
            Way::Seeded { random, .. } => 1 + random.below(most),
            Way::ByHand => most,
            Way::Replay { .. } => self
                .replayed(|choice| match choice {
                    Choice::Piece(bytes) if (1..=most).contains(&bytes) => Some(bytes),
                    Choice::Piece(_) | Choice::Poll(_) | Choice::Advance | Choice::Nudge(_) | Choice::Drop(_) => None,
                })
                .unwrap_or(most),
        };
        self.made.push(Choice::Piece(bytes));
        bytes
    }

    /// Remembers a choice that someone else made: the hand, or necessity.
    pub(crate) fn note(&mut self, made: Choice) {
        if matches!(self.way, Way::Replay { .. }) {
            self.replayed(|choice| (choice == made).then_some(()));
        }
        self.made.push(made);
    }

    /// Takes the next choice of the history if it `fits`. One that does not fit is where the run
    /// parted from its history; from there on, and after the end of the history, the answer is `None`.
    fn replayed<T>(&mut self, fits: impl FnOnce(Choice) -> Option<T>) -> Option<T> {
        let Way::Replay { history, next } = &mut self.way else { return None };
        if self.diverged.is_some() {
            return None;
        }
        let fitting = fits(*history.get(*next)?);
        match fitting {
            Some(_) => *next += 1,
            None => self.diverged = Some(*next),
        }
        fitting
    }

    /// What a replay is to do next, if any of its history is left.
    pub(crate) fn upcoming(&self) -> Option<Choice> {
        match &self.way {
            Way::Replay { history, next } => history.get(*next).copied(),
            Way::Seeded { .. } | Way::ByHand => None,
        }
    }

    /// Says that the next choice of the history cannot be made.
    pub(crate) fn diverge(&mut self) {
        self.replayed(|_| None::<()>);
    }

    /// The first place in the history that could not be repeated.
    pub(crate) fn diverged(&self) -> Option<usize> {
        self.diverged
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        match &self.way {
            Way::Seeded { seed, .. } => Some(*seed),
            Way::ByHand | Way::Replay { .. } => None,
        }
    }

    pub(crate) fn made(&self) -> &[Choice] {
        &self.made
    }
}

/// Sebastiano Vigna's splitmix64: eight bytes of state, the same numbers on every target.
#[derive(Debug)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0. The remainder's bias is below 2^-32 for any bound here.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("usize is at most 64 bits wide");
        usize::try_from(self.next() % bound).expect("it is below a usize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_numbers() {
        let mut random = SplitMix64(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_replay_marks_the_first_choice_that_no_longer_fits() {
        let [one, two] = [TaskId::nth(1), TaskId::nth(2)];
        let mut choices = Choices::replay(vec![Choice::Poll(two), Choice::Piece(9), Choice::Poll(one)]);
        assert_eq!(choices.poll(&[one, two]), 1);
        assert_eq!(choices.diverged(), None);
        assert_eq!(choices.piece(4), 4);
        assert_eq!(choices.diverged(), Some(1));
        assert_eq!(choices.poll(&[two, one]), 0, "after that, whoever has been ready longest");
    }
}
