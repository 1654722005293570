//! A leak check: which line made the request that still holds a connection?

use std::panic::Location;

/// What a client tells of its connections, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A request got a connection, from the pool or a new one.
    GotConn {
        /// The number that `begin` gave.
        request: usize,
        /// Which connection.
        conn: u32,
    },
    /// The pool was asked to take a connection back.
    PutIdleConn {
        /// Which one.
        conn: u32,
        /// It did not. Whoever asked will close it.
        refused: bool,
    },
    /// A connection is closed.
    Closed {
        /// Which one.
        conn: u32,
    },
}

/// Knows which request holds which connection.
#[derive(Default)]
pub struct LeakCheck {
    // Yours.
}

impl LeakCheck {
    /// A request begins. Gives its number.
    pub fn begin(&mut self) -> usize {
        // Yours.
        0
    }

    /// Takes note of what happened.
    pub fn event(&mut self, _event: Event) {
        // Yours.
    }

    /// Where the requests were begun that hold a connection now, in the order in which they got it.
    pub fn held(&self) -> Vec<&'static Location<'static>> {
        // Yours.
        Vec::new()
    }
}
