//! Assertions on what arrived. A failure is a text that the test fetches, never a panic elsewhere.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::request::Request;

/// One assertion. All but [`Check::Waiting`] look at the latest request on the connection.
#[derive(Clone, Debug)]
pub enum Check {
    /// The request line is exactly this.
    Line(String),
    /// The first header of this name has exactly this value.
    Header(String, String),
    /// There is no header of this name.
    NoHeader(String),
    /// The body, without the marks of chunked coding, is exactly this.
    Body(Bytes),
    /// This holds for the request.
    That(Test),
    /// What arrived and was not yet taken by a step begins with this.
    Waiting(Bytes),
}

/// A named condition on a request.
#[derive(Clone)]
pub struct Test {
    what: Arc<str>,
    holds: Arc<dyn Fn(&Request) -> bool + Send + Sync>,
}

impl Test {
    /// A condition, with the text that its failure shows.
    pub fn new(what: impl Into<Arc<str>>, holds: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Self {
        Test { what: what.into(), holds: Arc::new(holds) }
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Test({:?})", self.what)
    }
}

impl Check {
    /// Looks. `waiting` is what arrived and was not yet taken by a step.
    pub(crate) fn look(&self, request: Option<&Request>, waiting: &[u8]) -> Result<(), String> {
        if let Check::Waiting(wanted) = self {
            return same(waiting.starts_with(wanted), "the waiting bytes begin with", Text(wanted), Text(waiting));
        }
        let Some(request) = request else { return Err(format!("no request to look at for {self:?}")) };
        match self {
            Check::Line(wanted) => same(request.line() == wanted, "the request line is", wanted, request.line()),
            Check::Header(name, wanted) => {
                let found = request.header(name);
                same(found == Some(wanted), &format!("header {name} is"), wanted, Field(found))
            }
            Check::NoHeader(name) => {
                let found = request.header(name);
                same(found.is_none(), &format!("header {name} is"), Field(None), Field(found))
            }
            Check::Body(wanted) => {
                let found = request.body();
                same(found == *wanted, "the body is", Text(wanted), Text(&found))
            }
            Check::That(test) => match (test.holds)(request) {
                true => Ok(()),
                false => Err(format!("expected that {}; got {:?}", test.what, Text(&request.raw))),
            },
            Check::Waiting(_) => Ok(()),
        }
    }
}

fn same(holds: bool, what: &str, wanted: impl fmt::Debug, found: impl fmt::Debug) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("expected that {what} {wanted:?}; got {found:?}")) }
}

/// The value of a header field that may not be there.
struct Field<'a>(Option<&'a str>);

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value:?}"),
            None => f.write_str("absent"),
        }
    }
}

/// Bytes as a short text: a failure should fit on a screen.
struct Text<'a>(&'a [u8]);

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let shown = &self.0[..self.0.len().min(SHOWN)];
        write!(f, "\"{}\"", shown.escape_ascii())?;
        if shown.len() < self.0.len() {
            write!(f, " and {} bytes more", self.0.len() - shown.len())?;
        }
        Ok(())
    }
}
