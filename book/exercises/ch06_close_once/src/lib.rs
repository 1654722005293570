//! A body that can be closed at any time, and any number of times.

/// How a read can end a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All of it was read. Go: `io.EOF`.
    Eof,
    /// The connection broke.
    Broken,
    /// The body had been closed. Go: `errReadOnClosedResBody`.
    Closed,
}

/// What the connection is told. Go: what goes through the channel `waitForBodyRead`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// Read to its end.
    Eof,
    /// A read failed.
    Failed,
    /// Closed before its end.
    ClosedEarly,
}

/// What a body is read from: says how many bytes there are, and whether this was the end.
pub trait Source {
    /// Reads on.
    fn read(&mut self) -> (usize, Option<End>);
}

/// A response body. Go: `bodyEOFSignal`.
pub struct Body<S: Source> {
    source: S,
    /// Tells the connection.
    tell: Box<dyn FnMut(Done)>,
    /// How it ended, once a read has seen that. Go: `rerr`.
    ended: Option<End>,
    /// Whether it was closed. Go: `closed`.
    closed: bool,
}

impl<S: Source> Body<S> {
    /// A body that tells `tell` how it ended.
    pub fn new(source: S, tell: impl FnMut(Done) + 'static) -> Self {
        Body { source, tell: Box::new(tell), ended: None, closed: false }
    }

    /// Reads on. The first read that sees an end tells the connection; later ones get the same end.
    pub fn read(&mut self) -> (usize, Option<End>) {
        if self.closed {
            return (0, Some(End::Closed));
        }
        if self.ended.is_some() {
            return (0, self.ended);
        }
        let (n, end) = self.source.read();
        self.ended = end;
        match end {
            Some(End::Eof) => (self.tell)(Done::Eof),
            Some(End::Broken | End::Closed) => (self.tell)(Done::Failed),
            None => {}
        }
        (n, end)
    }

    /// Closes the body.
    pub fn close(&mut self) {
        // Yours.
    }
}

impl<S: Source> Drop for Body<S> {
    fn drop(&mut self) {
        self.close();
    }
}
