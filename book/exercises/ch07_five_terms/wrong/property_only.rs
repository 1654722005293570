//! The five terms of chapter 7, with their side effects.

/// What the five questions will be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answers {
    /// Both sides allow another request.
    pub alive: bool,
    /// The body was read to its end.
    pub body_eof: bool,
    /// The server has hung up.
    pub saw_eof: bool,
    /// The request was written in time.
    pub wrote_request: bool,
    /// The pool takes the connection.
    pub pool_accepts: bool,
}

/// A connection at the end of a body. Two of its questions do something when they are asked.
#[derive(Debug)]
pub struct Conn {
    answers: Answers,
    waited_for: bool,
    pooled: bool,
}

impl Conn {
    /// A connection that will answer so.
    pub fn new(answers: Answers) -> Self {
        Conn { answers, waited_for: false, pooled: false }
    }

    /// Both sides allow another request.
    pub fn alive(&self) -> bool {
        self.answers.alive
    }

    /// The body was read to its end.
    pub fn body_eof(&self) -> bool {
        self.answers.body_eof
    }

    /// The server has hung up.
    pub fn saw_eof(&self) -> bool {
        self.answers.saw_eof
    }

    /// The request was written. Holds the reader of the body back until that is known, for up to 50 ms.
    pub fn wrote_request(&mut self) -> bool {
        self.waited_for = true;
        self.answers.wrote_request
    }

    /// Offers the connection to the pool. If the pool takes it, the next request may have it at once.
    pub fn try_put_idle_conn(&mut self) -> bool {
        self.pooled = self.answers.pool_accepts;
        self.pooled
    }

    /// Whether somebody has waited for the write.
    pub fn was_waited_for(&self) -> bool {
        self.waited_for
    }

    /// Whether it lies in the pool.
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }
}

/// What must be so, for any answers, after `keep` was asked about `conn` and has returned `kept`.
pub fn holds(answers: Answers, kept: bool, conn: &Conn) -> bool {
    let Answers { alive, body_eof, saw_eof, wrote_request, pool_accepts } = answers;
    let possible = alive && body_eof && !saw_eof;
    // Kept if and only if all five say yes; in the pool if and only if it is kept; and nobody waits in vain.
    kept == (possible && wrote_request && pool_accepts) && conn.is_pooled() == kept && conn.was_waited_for() == possible
}

/// Whether the connection is kept.
pub fn keep(conn: &mut Conn) -> bool {
    let pooled = conn.try_put_idle_conn();
    conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.wrote_request() && pooled
}
