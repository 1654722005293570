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
    begun: Vec<&'static Location<'static>>,
    /// Requests that have not given anything back.
    open: Vec<usize>,
    /// Connection and request.
    held: Vec<(u32, usize)>,
}

impl LeakCheck {
    /// A request begins. Gives its number.
    #[track_caller]
    pub fn begin(&mut self) -> usize {
        self.begun.push(Location::caller());
        self.open.push(self.begun.len() - 1);
        self.begun.len() - 1
    }

    /// Takes note of what happened.
    pub fn event(&mut self, event: Event) {
        match event {
            Event::GotConn { request, conn } => self.held.push((conn, request)),
            Event::PutIdleConn { refused: true, .. } => {}
            Event::PutIdleConn { conn, refused: false } | Event::Closed { conn } => {
                for (_, request) in self.held.iter().filter(|(held, _)| *held == conn) {
                    self.open.retain(|open| open != request);
                }
                self.held.retain(|(held, _)| *held != conn);
            }
        }
    }

    /// Where the requests were begun that hold a connection now, in the order in which they got it.
    pub fn held(&self) -> Vec<&'static Location<'static>> {
        self.open.iter().map(|request| self.begun[*request]).collect()
    }
}
