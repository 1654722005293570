//! The stepper: what one holds to drive a run.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use httptrace::Runtime;
use origin::Plan;

use crate::choice::{Choice, Choices};
use crate::executor::{Advanced, Core, Polled};
use crate::join::Join;
use crate::net::{self, Dialling, Listener, OpenStreams};
use crate::seam::Seam;
use crate::serve::MemOrigin;
use crate::stalled::{Stalled, Why};
use crate::stream::MemStream;
use crate::task::{TaskId, TaskView};

/// Polls that a run may take unless [`set_max_polls`](Stepper::set_max_polls) says otherwise.
const MAX_POLLS: u64 = 1_000_000;

/// A single-threaded executor that is cranked by hand: one poll at a time.
///
/// Which ready task is polled next is chosen by a seed, by hand, or by the history of an earlier run.
/// The clock is virtual: it stands still while anybody is ready, then jumps to the next timer.
/// Connections are in memory. So a run depends on nothing but its choices: the same seed gives the same
/// history, the same events and the same results.
///
/// The port sees it through its [`seam`](Stepper::seam).
///
/// # Drop
///
/// Drops every task that is left, and with them their streams.
///
/// # Panics
///
/// The methods that poll or move the clock panic when a task calls them during its own poll.
pub struct Stepper {
    core: Arc<Core>,
    seam: Arc<Seam>,
}

impl Stepper {
    /// Who is polled next is drawn from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Stepper::new(Choices::seeded(seed))
    }

    /// Who is polled next is said with [`step`](Stepper::step); whatever drives the run by itself polls
    /// the task that has been ready longest.
    pub fn by_hand() -> Self {
        Stepper::new(Choices::by_hand())
    }

    /// Repeats the run that had this [`history`](Stepper::history). After its end it goes on as
    /// [`by_hand`](Stepper::by_hand) does, so that the beginning of a history is a history too.
    ///
    /// The program must be the same: whatever was done by hand then is done again, and matches. To let
    /// the history do all of that, call [`play`](Stepper::play).
    pub fn replay(history: Vec<Choice>) -> Self {
        Stepper::new(Choices::replay(history))
    }

    fn new(choices: Choices) -> Self {
        let core = Core::new(choices, MAX_POLLS);
        let seam = Arc::new(Seam::new(Arc::clone(&core)));
        Stepper { core, seam }
    }

    /// The runtime that a transport is built on.
    pub fn seam(&self) -> Arc<Seam> {
        Arc::clone(&self.seam)
    }

    /// Starts a task under a name of its own, that the census does not count: an origin, a caller.
    pub fn spawn<T, F>(&self, name: &str, future: F) -> Join<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.seam.start(name, future)
    }

    /// The tasks that can be polled, in the order in which they became ready.
    pub fn ready(&self) -> Vec<TaskView> {
        self.core.ready()
    }

    /// All live tasks, by number.
    pub fn tasks(&self) -> Vec<TaskView> {
        self.core.tasks()
    }

    /// Polls this task once. `None` if it is not ready.
    pub fn step(&self, task: TaskId) -> Option<Polled> {
        self.core.pick(Some(task)).map(|picked| self.core.poll(picked, None))
    }

    /// Does what otherwise happens only when no task is ready: if none is and things have settled, those
    /// who wait for that are told; else the clock goes to the next timer. By hand it may be called while
    /// tasks are ready: time passes before they are polled.
    pub fn advance(&self) -> Advanced {
        self.core.advance()
    }

    /// Makes a waiting task ready that nobody has woken: a future must put up with that. `false` if it
    /// does not wait.
    pub fn nudge(&self, task: TaskId) -> bool {
        self.core.nudge(task)
    }

    /// Drops a task where it stands. `false` if it is over, and for the caller of
    /// [`block_on`](Stepper::block_on).
    pub fn drop_task(&self, task: TaskId) -> bool {
        self.core.drop_task(task)
    }

    /// Polls whoever is ready until nobody is. The clock stands still.
    ///
    /// # Errors
    ///
    /// After too many polls, and when a replay parts from its history.
    pub fn run_until_stalled(&self) -> Result<(), Stalled> {
        loop {
            self.core.check()?;
            let Some(picked) = self.core.pick(None) else { return Ok(()) };
            self.core.poll(picked, None);
        }
    }

    /// Polls whoever is ready and moves the clock whenever nobody is, until there is no timer either.
    ///
    /// # Errors
    ///
    /// As [`run_until_stalled`](Stepper::run_until_stalled).
    pub fn run_to_rest(&self) -> Result<(), Stalled> {
        loop {
            self.run_until_stalled()?;
            if self.advance() == Advanced::Nothing {
                return Ok(());
            }
        }
    }

    /// Does all that is left of the history, what was done by hand included.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    pub fn play(&self) -> Result<(), Stalled> {
        while let Some(choice) = self.core.with_choices(|choices| choices.upcoming()) {
            let done = match choice {
                Choice::Poll(id) => self.step(id).is_some(),
                Choice::Advance => self.advance() != Advanced::Nothing,
                Choice::Nudge(id) => self.nudge(id),
                Choice::Drop(id) => self.drop_task(id),
                // A piece is taken by the read it belongs to, within the poll before it.
                Choice::Piece(_) => false,
            };
            if !done {
                self.core.with_choices(|choices| choices.diverge());
            }
            self.core.check()?;
        }
        Ok(())
    }

    /// Polls the caller as one task among the others until it is done. When nobody is ready, the clock
    /// jumps to the next timer.
    ///
    /// # Errors
    ///
    /// When nobody is ready and there is no timer, after too many polls, and when a replay parts from
    /// its history. The report names the live tasks; the caller is dropped.
    pub fn block_on<F: Future>(&self, name: &str, caller: F) -> Result<F::Output, Stalled> {
        let mut output = None;
        // On the heap, so that it can be dropped before its task is.
        let mut future: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async { output = Some(caller.await) });
        let task = CallersTask { core: &self.core, id: self.core.admit(name, false, None) };
        let stopped = loop {
            if let Err(stalled) = self.core.check() {
                break Some(stalled);
            }
            match self.core.pick(None) {
                Some(picked) => {
                    let callers = picked.id == task.id;
                    let polled = self.core.poll(picked, callers.then_some(future.as_mut()));
                    if callers && polled == Polled::Over {
                        break None;
                    }
                }
                None if self.core.advance() == Advanced::Nothing => {
                    break Some(self.core.stalled(Why::NothingToDo));
                }
                None => {}
            }
        };
        drop(future);
        drop(task);
        match (output, stopped) {
            (Some(output), _) => self.core.check_history().map(|()| output),
            (None, Some(stalled)) => Err(stalled),
            (None, None) => unreachable!("the caller's task is over only when it has ended"),
        }
    }

    /// The choices of the run so far.
    pub fn history(&self) -> Vec<Choice> {
        self.core.with_choices(|choices| choices.made().to_vec())
    }

    /// How many polls there have been.
    pub fn polls(&self) -> u64 {
        self.core.polls()
    }

    /// The time on the virtual clock.
    pub fn now(&self) -> Duration {
        self.seam.now()
    }

    /// Bounds the polls of the whole run; a run that reaches it while tasks are ready is a livelock.
    pub fn set_max_polls(&self, max_polls: u64) {
        self.core.set_max_polls(max_polls);
    }

    /// Calls `watcher` before every poll, with the task that is polled.
    pub fn on_poll(&self, watcher: impl Fn(&TaskView) + Send + Sync + 'static) {
        self.core.set_watcher(Arc::new(watcher));
    }

    /// Listens on `addr`, which is `host:port`.
    ///
    /// # Panics
    ///
    /// If the port is not a number, and if somebody listens there already.
    pub fn listen(&self, addr: &str) -> Listener {
        self.seam.listen(addr)
    }

    /// Runs a scripted server on `addr`, which is `host:port`. Its tasks are named `origin`, and the
    /// census does not count them.
    ///
    /// # Panics
    ///
    /// As [`listen`](Stepper::listen).
    pub fn serve(&self, addr: &str, plan: impl Into<Plan>) -> MemOrigin {
        MemOrigin::start(&self.seam, addr, plan.into())
    }

    /// Two connected streams without a dial, the dialling end first.
    pub fn pair(&self) -> (MemStream, MemStream) {
        net::pair(&self.core, ([127, 0, 0, 1], 80).into())
    }

    /// The addresses that a lookup of `host` finds from now on; without any there is no such host. A name that nothing was
    /// said about has one address of its own, and one listens on the first of several.
    pub fn set_addresses(&self, host: &str, addresses: &[IpAddr]) {
        self.core.net.set_addresses(host, addresses);
    }

    /// What becomes of attempts to connect to `addr`, which is `host:port`, from now on.
    ///
    /// # Panics
    ///
    /// As [`listen`](Stepper::listen).
    pub fn set_dialling(&self, addr: &str, dialling: Dialling) {
        self.core.net.set_dialling(addr, dialling);
    }

    /// How long every attempt to connect takes on the virtual clock. At zero, the default, it gives way once.
    pub fn set_dial_latency(&self, latency: Duration) {
        self.core.net.set_latency(latency);
    }

    /// How many bytes fit into each direction of the connections to come; 64 KiB by default.
    pub fn set_buffer(&self, bytes: usize) {
        self.core.net.set_buffer(bytes);
    }

    /// Lets every read return at most `most` bytes; how many, at least one, is drawn from the seed
    /// (without a seed it is always `most`). `None`, the default, does not cut reads.
    pub fn set_read_pieces(&self, most: Option<usize>) {
        self.core.net.set_read_pieces(most);
    }

    /// Lets every write take at most `most` bytes, as [`set_read_pieces`](Stepper::set_read_pieces) does.
    pub fn set_write_pieces(&self, most: Option<usize>) {
        self.core.net.set_write_pieces(most);
    }

    /// How many ends of streams are alive.
    pub fn open_streams(&self) -> OpenStreams {
        self.core.net.open()
    }
}

impl Drop for Stepper {
    fn drop(&mut self) {
        self.core.end();
    }
}

impl fmt::Debug for Stepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepper")
            .field("now", &self.now())
            .field("polls", &self.polls())
            .field("tasks", &self.tasks())
            .finish_non_exhaustive()
    }
}

/// The caller's place among the tasks, for as long as it blocks.
struct CallersTask<'a> {
    core: &'a Core,
    id: TaskId,
}

impl Drop for CallersTask<'_> {
    fn drop(&mut self) {
        self.core.forget_caller(self.id);
    }
}
