//! What ends by itself is idle.

/// Six requests to one host, by a program that then goes on with other things.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Run {
    /// The article's: one client over a default transport, each body read to its end.
    Article,
    /// The same over a zero `Transport`, which has no `IdleConnTimeout`.
    ZeroTransport,
    /// Nobody reads, and all responses are kept.
    Unread,
    /// Nobody reads, and the responses are dropped.
    UnreadDropped,
    /// Nobody reads, and the responses are forgotten, as a Go program forgets them.
    UnreadForgotten,
    /// A copy of the default transport for each request; bodies are read, and the transports are forgotten.
    DefaultEachForgotten,
    /// A zero `Transport` for each request; bodies are read, and the transports are forgotten.
    ZeroEachForgotten,
}

/// How many of the client's tasks are left, `main` not counted. Things have settled each time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// After the requests.
    pub left: usize,
    /// Then after `CloseIdleConnections` on each client that the program still has.
    pub asked: usize,
    /// Then after the program has let go of each response that it still has.
    pub let_go: usize,
    /// Then after an hour in which nobody did anything.
    pub waited: usize,
}

/// In one sentence. The later, the graver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Nothing is left.
    NothingLeft,
    /// The pool keeps it for the next request, and the program can end it at any time.
    Idle,
    /// The program holds it itself, and it ends when that lets go.
    HeldByYou,
    /// Nobody can use or end it any more, but it ends by itself.
    LeakWithADate,
    /// Nobody can use or end it any more, and it stays.
    Leak,
}

/// The verdict on what was measured. If there are several sorts of what is left, the gravest counts.
pub fn verdict(facts: Facts) -> Verdict {
    let Facts { left, asked, let_go, waited } = facts;
    if waited > 0 {
        Verdict::Leak
    } else if waited < let_go {
        Verdict::Idle
    } else if let_go < asked {
        Verdict::HeldByYou
    } else if asked < left {
        Verdict::Idle
    } else {
        Verdict::NothingLeft
    }
}

/// The verdict on a run before anything is measured.
pub fn predict(run: Run) -> Verdict {
    match run {
        Run::Article | Run::ZeroTransport | Run::DefaultEachForgotten => Verdict::Idle,
        Run::Unread => Verdict::HeldByYou,
        Run::UnreadDropped => Verdict::NothingLeft,
        Run::UnreadForgotten | Run::ZeroEachForgotten => Verdict::Leak,
    }
}
