//! A router: path -> reply.

use std::collections::HashMap;
use std::sync::Arc;

use crate::reply::{Answer, Reply};
use crate::request::Request;
use crate::script::{Respond, Script, Step};

/// Answers each request by its path, whatever its method.
///
/// A HEAD gets the head only, an unknown path gets 404, and a request that expects 100-continue gets it
/// before its body is read. The connection is kept unless the request or the reply says otherwise.
#[derive(Clone, Debug)]
pub struct Router {
    routes: HashMap<String, Route>,
    missing: Answer,
}

/// What stands behind a path.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// A reply, made once.
    Reply(Answer),
    /// A reply, made from each request.
    Respond(Respond),
    /// Steps that follow the request.
    Steps(Arc<[Step]>),
}

impl Router {
    /// A router that knows no path.
    pub fn new() -> Self {
        Router { routes: HashMap::new(), missing: Reply::body("404 page not found\n").status(404).build() }
    }

    /// Answers `path` with a reply.
    pub fn at(self, path: impl Into<String>, reply: Reply) -> Self {
        self.route(path, Route::Reply(reply.build()))
    }

    /// Answers `path` with what `make` makes of the request.
    pub fn with(self, path: impl Into<String>, make: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        self.route(path, Route::Respond(Respond::new(make)))
    }

    /// Answers every path that has nothing of its own with a reply, in place of 404.
    pub fn otherwise(self, reply: Reply) -> Self {
        Router { missing: reply.build(), ..self }
    }

    /// Runs a script at `path`, which begins when the whole request is in. When it comes to its end the
    /// router goes on with the next request.
    pub fn script(self, path: impl Into<String>, script: Script) -> Self {
        self.route(path, Route::Steps(script.steps().into()))
    }

    fn route(mut self, path: impl Into<String>, route: Route) -> Self {
        self.routes.insert(path.into(), route);
        self
    }

    /// The steps that answer `request`.
    pub(crate) fn find(&self, request: &Request) -> Route {
        self.routes.get(request.path()).cloned().unwrap_or_else(|| Route::Reply(self.missing.clone()))
    }
}

impl Default for Router {
    fn default() -> Self {
        Router::new()
    }
}
