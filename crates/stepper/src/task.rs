//! Tasks: their numbers, what one sees of them, and the waker that makes one ready.

use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use httptrace::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::executor::Core;

/// A task's number: 1 for the first task of a run, and never given twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(u32);

impl TaskId {
    /// The id of the `n`-th task of a run, counted from 1.
    pub fn nth(n: u32) -> Self {
        TaskId(n)
    }

    /// The number behind the id.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What a task is doing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for someone to wake it.
    Waiting,
    /// It was woken (or is new) and can be polled.
    Ready,
    /// It is being polled at this moment.
    Polling,
}

impl TaskState {
    fn as_str(self) -> &'static str {
        match self {
            TaskState::Waiting => "waiting",
            TaskState::Ready => "ready",
            TaskState::Polling => "polling",
        }
    }
}

/// A task as seen from outside, at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TaskView {
    /// Its number.
    pub id: TaskId,
    /// The name it was started under: `read_loop`, `caller`.
    pub name: Box<str>,
    /// Whether it was started through [`Runtime::spawn`](httptrace::Runtime::spawn), so that the census
    /// counts it too.
    pub counted: bool,
    /// What it is doing.
    pub state: TaskState,
    /// How often it has been polled; the poll that is under way counts.
    pub polls: u64,
}

impl fmt::Display for TaskView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let polls = if self.polls == 1 { "poll" } else { "polls" };
        write!(f, "{} {}: {} after {} {polls}", self.id, self.name, self.state.as_str(), self.polls)
    }
}

/// A task as the executor keeps it.
pub(crate) struct Task {
    pub(crate) name: Arc<str>,
    pub(crate) counted: bool,
    pub(crate) polls: u64,
    pub(crate) phase: Phase,
    pub(crate) waker: Waker,
    /// `None` while it is polled, and always for the caller of `block_on`, who keeps it.
    pub(crate) future: Option<BoxFuture<'static, ()>>,
}

/// [`TaskState`], with what happened during the poll.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    Ready,
    Polling {
        /// Somebody woke it meanwhile: it is ready again once the poll is over.
        woken: bool,
        /// Somebody dropped it meanwhile: it ends once the poll is over.
        doomed: bool,
    },
}

impl Task {
    pub(crate) fn view(&self, id: TaskId) -> TaskView {
        let state = match self.phase {
            Phase::Waiting => TaskState::Waiting,
            Phase::Ready => TaskState::Ready,
            Phase::Polling { .. } => TaskState::Polling,
        };
        TaskView { id, name: self.name.as_ref().into(), counted: self.counted, state, polls: self.polls }
    }
}

/// Makes one task ready. The executor is held weakly: a waker may outlive it, and tasks keep wakers.
pub(crate) struct TaskWaker {
    pub(crate) core: Weak<Core>,
    pub(crate) id: TaskId,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(core) = self.core.upgrade() {
            core.make_ready(self.id);
        }
    }
}
