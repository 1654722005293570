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
    let never = u64::MAX;
    let total = limits.total.unwrap_or(never);
    let dial = limits.dial.unwrap_or(never);
    if phases.dial > dial && dial < total {
        return End::Dial(dial);
    }
    let written = phases.dial + phases.upload;
    let head = written + phases.think;
    let alarm = limits.head.unwrap_or(never);
    if written <= total && head > alarm && alarm < total {
        return End::Head(alarm);
    }
    if head > total {
        return End::TotalBeforeHead(total);
    }
    let over = head + phases.body;
    if over > total { End::TotalInBody(total) } else { End::Done(over) }
}
