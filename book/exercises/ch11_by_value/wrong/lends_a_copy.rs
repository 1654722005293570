//! A body that gives its reader back, and a pool that takes connections back. Both were translated from Go.

/// What a body is read from: a connection's reader.
pub trait Read {
    /// Reads on, and says how many bytes there were. Nothing is the end.
    ///
    /// # Errors
    ///
    /// The connection broke.
    fn read(&mut self) -> Result<usize, Broken>;
}

/// The connection broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken;

/// How the reading of a body ended. The reader comes with it, where it is of use still.
#[derive(PartialEq, Eq, Debug)]
pub enum Done<R> {
    /// Read to its end.
    Eof(R),
    /// Given back before the end.
    ClosedEarly(R),
    /// A read failed.
    Failed,
}

/// A body: it owns the reader while it is read.
pub struct Body<R> {
    /// Nobody is here once it was given back.
    reader: Option<R>,
    /// What the last read gave.
    last: Option<Result<usize, Broken>>,
}

impl<R: Read + Clone> Body<R> {
    /// A body that is read from `reader`.
    pub fn new(reader: R) -> Self {
        Body { reader: Some(reader), last: None }
    }

    /// Reads on. A body whose reader is gone has nothing more.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub fn read(&mut self) -> Result<usize, Broken> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let read = reader.read();
        self.last = Some(read);
        read
    }

    /// Gives the reader back, by value, and says how the reading ended. The second time there is nothing to give.
    pub fn give_back(&mut self) -> Option<Done<R>> {
        let reader = self.reader.clone()?;
        Some(match self.last {
            Some(Ok(0)) => Done::Eof(reader),
            Some(Err(Broken)) => Done::Failed,
            None | Some(Ok(_)) => Done::ClosedEarly(reader),
        })
    }
}

/// Idle connections, the last one first.
pub struct Pool<C> {
    idle: Vec<C>,
}

impl<C> Pool<C> {
    /// An empty pool.
    pub fn new() -> Self {
        Pool { idle: Vec::new() }
    }

    /// Takes a connection back. Go: `tryPutIdleConn`. Whoever has put it has it no more, so it cannot come twice.
    pub fn put(&mut self, conn: C) {
        self.idle.push(conn);
    }

    /// The connection that was put last.
    pub fn take(&mut self) -> Option<C> {
        self.idle.pop()
    }
}

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self::new()
    }
}
