//! The executor: one poll at a time, and whose poll it is, is a choice.
//!
//! Everything the executor knows lies under one lock. Futures are polled, futures and wakers are
//! dropped and wakers are woken only while it is free: each of these may come back here to wake, spawn
//! or drop another task.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};
use std::time::Duration;

use httptrace::{BoxFuture, Census};

use crate::choice::{Choice, Choices};
use crate::clock::Clock;
use crate::net::Net;
use crate::settled::Settling;
use crate::stalled::{Stalled, Why};
use crate::task::{Phase, Task, TaskId, TaskView, TaskWaker};

/// Called before every poll, with the task that is polled.
pub(crate) type Watcher = Arc<dyn Fn(&TaskView) + Send + Sync>;

/// What a run consists of. The [`Stepper`](crate::Stepper) drives it, the [`Seam`](crate::Seam) feeds it.
pub(crate) struct Core {
    state: Mutex<State>,
    pub(crate) census: Arc<Census>,
    pub(crate) net: Net,
}

struct State {
    tasks: BTreeMap<TaskId, Task>,
    /// In the order in which they became ready.
    ready: Vec<TaskId>,
    clock: Clock,
    settling: Settling,
    choices: Choices,
    polls: u64,
    max_polls: u64,
    last_id: u32,
    polling: Option<TaskId>,
    watcher: Option<Watcher>,
    /// The stepper is gone: what is spawned now is dropped.
    over: bool,
}

/// A task taken out to be polled.
pub(crate) struct Picked {
    pub(crate) id: TaskId,
    future: Option<BoxFuture<'static, ()>>,
    waker: Waker,
    watcher: Option<(Watcher, TaskView)>,
}

/// What came of one poll.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Polled {
    /// The task goes on when it is woken.
    Pending,
    /// The task is over: it has ended, or it was dropped during its poll.
    Over,
}

/// What came of [`Stepper::advance`](crate::Stepper::advance).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advanced {
    /// Nothing was ready or under way: whoever waited for things to settle was told.
    Settled,
    /// The clock went to this time, and the timers that were due fired.
    To(Duration),
    /// There was no timer to go to.
    Nothing,
}

impl Core {
    pub(crate) fn new(choices: Choices, max_polls: u64) -> Arc<Self> {
        let state = State {
            tasks: BTreeMap::new(),
            ready: Vec::new(),
            clock: Clock::default(),
            settling: Settling::default(),
            choices,
            polls: 0,
            max_polls,
            last_id: 0,
            polling: None,
            watcher: None,
            over: false,
        };
        Arc::new(Core { state: Mutex::new(state), census: Arc::default(), net: Net::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code of others runs under this lock, so nothing panics there")
    }

    /// For whoever drives the run.
    fn lock_between_polls(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        let polling = state.polling;
        if let Some(id) = polling {
            // Panicking under the lock would poison it.
            drop(state);
            panic!("task {id} is being polled: it cannot drive the stepper");
        }
        state
    }

    pub(crate) fn with_clock<T>(&self, look: impl FnOnce(&mut Clock) -> T) -> T {
        look(&mut self.lock().clock)
    }

    pub(crate) fn with_settling<T>(&self, look: impl FnOnce(&mut Settling) -> T) -> T {
        look(&mut self.lock().settling)
    }

    pub(crate) fn with_choices<T>(&self, look: impl FnOnce(&mut Choices) -> T) -> T {
        look(&mut self.lock().choices)
    }

    pub(crate) fn set_max_polls(&self, max_polls: u64) {
        self.lock().max_polls = max_polls;
    }

    pub(crate) fn set_watcher(&self, watcher: Watcher) {
        let _dropped_outside_the_lock = self.lock().watcher.replace(watcher);
    }

    pub(crate) fn polls(&self) -> u64 {
        self.lock().polls
    }

    pub(crate) fn alive_counted(&self) -> usize {
        self.lock().tasks.values().filter(|task| task.counted).count()
    }

    /// All live tasks, by number.
    pub(crate) fn tasks(&self) -> Vec<TaskView> {
        self.lock().tasks.iter().map(|(&id, task)| task.view(id)).collect()
    }

    /// The ready ones, in the order in which they became ready.
    pub(crate) fn ready(&self) -> Vec<TaskView> {
        let state = self.lock();
        state.ready.iter().map(|&id| state.tasks[&id].view(id)).collect()
    }

    /// Takes a new task in, ready to be polled. Without a `future` it is the caller of `block_on`.
    pub(crate) fn admit(self: &Arc<Self>, name: &str, counted: bool, future: Option<BoxFuture<'static, ()>>) -> TaskId {
        let mut state = self.lock();
        state.last_id += 1;
        let id = TaskId::nth(state.last_id);
        if state.over {
            drop(state);
            drop(future);
            return id;
        }
        let waker = Waker::from(Arc::new(TaskWaker { core: Arc::downgrade(self), id }));
        let task = Task { name: name.into(), counted, polls: 0, phase: Phase::Ready, waker, future };
        state.tasks.insert(id, task);
        state.ready.push(id);
        id
    }

    /// Somebody woke the task. Wakers outlive their task, so it may be gone.
    pub(crate) fn make_ready(&self, id: TaskId) {
        self.lock().make_ready(id);
    }

    /// Makes a waiting task ready by hand; `false` if it is not waiting.
    pub(crate) fn nudge(&self, id: TaskId) -> bool {
        let mut state = self.lock();
        let waits = state.tasks.get(&id).is_some_and(|task| task.phase == Phase::Waiting);
        if waits {
            state.make_ready(id);
            state.note(Choice::Nudge(id));
        }
        waits
    }

    /// Ends a task by dropping it; one that is being polled ends after that poll. `false` if there is
    /// no such task, or if it is the caller of `block_on`, whose future is not here.
    pub(crate) fn drop_task(&self, id: TaskId) -> bool {
        let mut state = self.lock();
        let being_polled = state.polling == Some(id);
        let Some(task) = state.tasks.get_mut(&id) else { return false };
        if let (Phase::Polling { doomed, .. }, true) = (&mut task.phase, being_polled) {
            *doomed = true;
            return true;
        }
        if task.future.is_none() {
            return false;
        }
        let task = state.remove(id);
        state.note(Choice::Drop(id));
        drop(state);
        drop(task);
        true
    }

    /// Ends the task of the caller of `block_on`, if its end was not its last poll.
    pub(crate) fn forget_caller(&self, id: TaskId) {
        let _dropped_outside_the_lock = self.lock().remove(id);
    }

    /// Takes out the task to be polled next: the `wanted` one if it is ready, else one by choice.
    /// `None` when there is none.
    pub(crate) fn pick(&self, wanted: Option<TaskId>) -> Option<Picked> {
        let mut state = self.lock_between_polls();
        if state.ready.is_empty() {
            return None;
        }
        let place = match wanted {
            Some(id) => {
                let place = state.ready.iter().position(|&ready| ready == id)?;
                state.choices.note(Choice::Poll(id));
                place
            }
            None => {
                let State { ready, choices, .. } = &mut *state;
                choices.poll(ready)
            }
        };
        let id = state.ready.remove(place);
        state.polls += 1;
        state.polling = Some(id);
        let watcher = state.watcher.clone();
        let task = state.tasks.get_mut(&id).expect("only live tasks are ready");
        task.polls += 1;
        task.phase = Phase::Polling { woken: false, doomed: false };
        let watcher = watcher.map(|watcher| (watcher, task.view(id)));
        Some(Picked { id, future: task.future.take(), waker: task.waker.clone(), watcher })
    }

    /// Polls a task that was picked: its own future, or else the caller's.
    pub(crate) fn poll(&self, picked: Picked, caller: Option<Pin<&mut (dyn Future<Output = ()> + '_)>>) -> Polled {
        let Picked { id, future, waker, watcher } = picked;
        let mut poll = OnePoll { core: self, id, future, polled: Polled::Over };
        if let Some((watcher, view)) = watcher {
            watcher(&view);
        }
        let cx = &mut Context::from_waker(&waker);
        let ready = match (&mut poll.future, caller) {
            (Some(future), _) => future.as_mut().poll(cx),
            (None, Some(caller)) => caller.poll(cx),
            (None, None) => unreachable!("the caller's task lives only as long as its block_on"),
        };
        if ready.is_pending() {
            poll.polled = Polled::Pending;
        }
        poll.end()
    }

    /// What happens when nobody is ready: the settled are told, or else the clock jumps.
    pub(crate) fn advance(&self) -> Advanced {
        let busy = self.census.is_busy();
        let mut state = self.lock_between_polls();
        let (advanced, due) = if state.ready.is_empty() && !busy && !state.settling.is_empty() {
            (Advanced::Settled, state.settling.settle())
        } else {
            match state.clock.advance() {
                Some(due) => (Advanced::To(state.clock.now()), due),
                None => return Advanced::Nothing,
            }
        };
        state.choices.note(Choice::Advance);
        drop(state);
        due.into_iter().for_each(Waker::wake);
        advanced
    }

    /// Whether the run may go on by itself.
    ///
    /// # Errors
    ///
    /// After too many polls, and when a replay has parted from its history.
    pub(crate) fn check(&self) -> Result<(), Stalled> {
        self.check_history()?;
        let too_many = {
            let state = self.lock();
            state.polls >= state.max_polls && !state.ready.is_empty()
        };
        if too_many { Err(self.stalled(Why::TooManyPolls)) } else { Ok(()) }
    }

    /// Whether a replay is still the run it repeats.
    pub(crate) fn check_history(&self) -> Result<(), Stalled> {
        match self.with_choices(|choices| choices.diverged()) {
            Some(place) => Err(self.stalled(Why::Diverged(place))),
            None => Ok(()),
        }
    }

    /// The report of a run that cannot go on.
    pub(crate) fn stalled(&self, why: Why) -> Stalled {
        let busy = self.census.is_busy();
        let tasks = self.tasks();
        let state = self.lock();
        Stalled { why, seed: state.choices.seed(), now: state.clock.now(), polls: state.polls, busy, tasks }
    }

    /// Drops everything that the run still holds. Tasks hold the seam, and the seam holds this: nobody
    /// else would.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.over = true;
        state.ready.clear();
        let tasks = std::mem::take(&mut state.tasks);
        let timers = state.clock.clear();
        let settling = state.settling.settle();
        let watcher = state.watcher.take();
        drop(state);
        drop((tasks, timers, settling, watcher));
    }
}

impl State {
    fn make_ready(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match &mut task.phase {
            Phase::Waiting => {
                task.phase = Phase::Ready;
                self.ready.push(id);
            }
            Phase::Ready => {}
            Phase::Polling { woken, .. } => *woken = true,
        }
    }

    /// Takes a task out; it is for the caller to drop, outside the lock.
    fn remove(&mut self, id: TaskId) -> Option<Task> {
        self.ready.retain(|&ready| ready != id);
        self.tasks.remove(&id)
    }

    /// Remembers what was done by hand. What a task does during its poll is the program's doing: it
    /// happens again by itself when the run is repeated.
    fn note(&mut self, choice: Choice) {
        if self.polling.is_none() {
            self.choices.note(choice);
        }
    }
}

/// One poll under way. However it ends, by a panic too, the executor can go on afterwards.
struct OnePoll<'a> {
    core: &'a Core,
    id: TaskId,
    future: Option<BoxFuture<'static, ()>>,
    polled: Polled,
}

impl OnePoll<'_> {
    /// Puts the future back, or drops the task.
    fn end(mut self) -> Polled {
        self.settle();
        self.polled
    }

    fn settle(&mut self) {
        let mut state = self.core.lock();
        if state.polling != Some(self.id) {
            return;
        }
        if let (Polled::Pending, Some(task)) = (self.polled, state.tasks.get_mut(&self.id))
            && let Phase::Polling { woken, doomed: false } = task.phase
        {
            task.future = self.future.take();
            task.phase = Phase::Waiting;
            state.polling = None;
            if woken {
                state.make_ready(self.id);
            }
            return;
        }
        self.polled = Polled::Over;
        let task = state.remove(self.id);
        drop(state);
        // Still marked as being polled: what a destructor does here is the program's doing.
        let over = PollOver(self.core);
        drop((self.future.take(), task));
        drop(over);
    }
}

impl Drop for OnePoll<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}

/// Ends the mark "being polled", even if a destructor panics.
struct PollOver<'a>(&'a Core);

impl Drop for PollOver<'_> {
    fn drop(&mut self) {
        self.0.lock().polling = None;
    }
}
