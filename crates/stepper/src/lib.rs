//! A hand-cranked runtime: one poll at a time, a virtual clock, connections in memory.
//!
//! The port's loops run on it unchanged, through [`httptrace::Runtime`]. A run depends on nothing but
//! its choices of who is polled next. They come from a seed, from the hand, or from the history of an
//! earlier run; so every interleaving can be searched, and one that fails is a number.
//!
//! # Layout
//!
//! - [`Stepper`]: what drives a run (`stepper`)
//! - [`Seam`]: what the tasks see of it: spawn, timer, now, dial (`seam`), and "settled" (`settled`)
//! - `executor`: the tasks, who is ready, one poll
//! - [`Choice`]: who decides, and the history of it (`choice`)
//! - [`TaskView`]: a task's number, name and state (`task`); [`Join`]: its result (`join`)
//! - `clock`: time stands still while anybody is ready, then jumps to the next timer
//! - [`Listener`], [`Dialling`]: who listens where, and what becomes of a dial (`net`)
//! - [`MemStream`]: a connection in memory, with the manners of TCP (`stream`)
//! - [`MemOrigin`]: a scripted server on that network (`serve`)
//! - [`Stalled`]: a hang is a report and never a hang (`stalled`)
//! - [`yield_now`], [`drop_after`]: futures that count polls (`yielding`)
//!
//! Go twin: none. Go's scheduler picks who runs; `testing/synctest` has the virtual clock and the
//! report of a deadlock, but neither the choice nor the replay.
//!
//! # A race, both ways
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use stepper::{Polled, Stepper};
//!
//! /// Starts two tasks that each want to be first.
//! fn race(stepper: &Stepper) -> Arc<Mutex<Vec<&'static str>>> {
//!     let order = Arc::new(Mutex::new(Vec::new()));
//!     for name in ["hare", "hedgehog"] {
//!         let order = Arc::clone(&order);
//!         stepper.spawn(name, async move { order.lock().unwrap().push(name) });
//!     }
//!     order
//! }
//!
//! // By hand: choose who goes first.
//! for (first, second) in [(0, 1), (1, 0)] {
//!     let stepper = Stepper::by_hand();
//!     let order = race(&stepper);
//!     let runners = stepper.ready();
//!     assert_eq!(stepper.step(runners[first].id), Some(Polled::Over));
//!     assert_eq!(stepper.step(runners[second].id), Some(Polled::Over));
//!     assert_eq!(order.lock().unwrap()[0], &*runners[first].name);
//! }
//!
//! // By seed: some seeds let the one win and some the other, and a history repeats its run.
//! let mut winners = Vec::new();
//! for seed in 0..20 {
//!     let stepper = Stepper::seeded(seed);
//!     let order = race(&stepper);
//!     stepper.run_until_stalled().unwrap();
//!
//!     let again = Stepper::replay(stepper.history());
//!     let same = race(&again);
//!     again.run_until_stalled().unwrap();
//!     assert_eq!(*order.lock().unwrap(), *same.lock().unwrap());
//!     winners.push(order.lock().unwrap()[0]);
//! }
//! assert!(winners.contains(&"hare") && winners.contains(&"hedgehog"));
//! ```

mod choice;
mod clock;
mod executor;
mod join;
mod net;
mod seam;
mod serve;
mod settled;
mod stalled;
mod stepper;
mod stream;
mod task;
mod yielding;

pub use choice::Choice;
pub use executor::{Advanced, Polled};
pub use join::Join;
pub use net::{Dialling, Listener, OpenStreams};
pub use seam::Seam;
pub use serve::MemOrigin;
pub use stalled::{Stalled, Why};
pub use stepper::Stepper;
pub use stream::MemStream;
pub use task::{TaskId, TaskState, TaskView};
pub use yielding::{drop_after, yield_now};
