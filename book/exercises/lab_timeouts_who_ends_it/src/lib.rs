//! Three limits of time, and one request. All times are in milliseconds.

/// How long each phase of a request would take, if nobody ended it.
#[derive(Clone, Copy, Debug)]
pub struct Phases {
    /// Until the connection is there.
    pub dial: u64,
    /// Until the request is written, its body included.
    pub upload: u64,
    /// Until the head of the response is there.
    pub think: u64,
    /// Until the end of its body.
    pub body: u64,
}

/// The limits; `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Go: `net.Dialer.Timeout`.
    pub dial: Option<u64>,
    /// Go: `Transport.ResponseHeaderTimeout`.
    pub head: Option<u64>,
    /// Go: `Client.Timeout`.
    pub total: Option<u64>,
}

/// How a request ended, and when, counted from the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// With the end of the body.
    Done(u64),
    /// By the dial's limit.
    Dial(u64),
    /// By the head's limit.
    Head(u64),
    /// By the total, before there was a head.
    TotalBeforeHead(u64),
    /// By the total, in the body.
    TotalInBody(u64),
}

/// Which limit ends the request, and when.
pub fn end(phases: Phases, limits: Limits) -> End {
    let _ = (phases, limits);
    todo!("when does the clock of each limit start, and when does it stop?")
}
