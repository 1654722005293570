//! A body that says when it was read to its end.

/// How the reading of a body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All of it was read. Go: `io.EOF`.
    Eof,
    /// The connection broke.
    Broken,
}

/// What a body is read from: the connection, as far as this body goes.
pub trait Source {
    /// Reads into `buf`. Says how many bytes there are, and whether this was the end; both can come together.
    fn read(&mut self, buf: &mut [u8]) -> (usize, Option<End>);
}

/// A response body. Go: `bodyEOFSignal`.
pub struct BodyEofSignal<S> {
    source: S,
    /// Tells the connection how the reading ended. Go: the field `fn`.
    at_end: Option<Box<dyn FnOnce(End)>>,
    /// How it ended, for every later read. Go: the field `rerr`.
    ended: Option<End>,
}

impl<S: Source> BodyEofSignal<S> {
    /// A body that is read from `source` and calls `at_end` once, when the reading ends.
    pub fn new(source: S, at_end: impl FnOnce(End) + 'static) -> Self {
        BodyEofSignal { source, at_end: Some(Box::new(at_end)), ended: None }
    }

    /// Reads into `buf`, as [`Source::read`].
    pub fn read(&mut self, buf: &mut [u8]) -> (usize, Option<End>) {
        if self.ended.is_some() {
            return (0, self.ended);
        }
        let (n, end) = self.source.read(buf);
        self.ended = end;
        if end == Some(End::Eof)
            && let Some(at_end) = self.at_end.take()
        {
            at_end(End::Eof);
        }
        (n, end)
    }
}
