//! Round trippers of the tests' own.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use client::{BoxError, Client, Request, RequestBody, Response, RoundTripper};
use http::{HeaderMap, Method};
use httptrace::BoxFuture;
use url::Url;

use super::Stage;

/// What a round tripper was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) host: Option<String>,
    pub(crate) header: HeaderMap,
    /// The body, where it is in memory.
    pub(crate) body: Option<Bytes>,
    /// The deadline of the request's context.
    pub(crate) deadline: Option<Duration>,
}

impl Asked {
    /// Method and URL.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// A field of the header; empty where there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.header.get(name).map_or("", |value| value.to_str().expect("the tests send text"))
    }
}

type Answer = dyn Fn(&Asked) -> Result<Response, BoxError> + Send + Sync;

/// Answers without a server, and keeps what it was asked.
pub(crate) struct Recording {
    asked: Mutex<Vec<Asked>>,
    answer: Box<Answer>,
}

impl Recording {
    /// A client over it.
    pub(crate) fn client(
        stage: &Stage,
        answer: impl Fn(&Asked) -> Result<Response, BoxError> + Send + Sync + 'static,
    ) -> (Client, Arc<Recording>) {
        let recording = Arc::new(Recording { asked: Mutex::default(), answer: Box::new(answer) });
        (stage.client().with_round_tripper(Arc::clone(&recording) as Arc<dyn RoundTripper>), recording)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a push cannot fail half-way").clone()
    }

    pub(crate) fn last(&self) -> Asked {
        self.asked().pop().expect("it was asked")
    }
}

impl RoundTripper for Recording {
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>> {
        let asked = Asked {
            method: request.method.clone(),
            url: request.url.clone(),
            host: request.host.clone(),
            header: request.header.clone(),
            body: match std::mem::take(&mut request.body) {
                RequestBody::Empty => Some(Bytes::new()),
                RequestBody::Bytes(bytes) => Some(bytes),
                RequestBody::Reader { .. } => None,
            },
            deadline: request.context.deadline(),
        };
        let answer = (self.answer)(&asked);
        self.asked.lock().expect("a push cannot fail half-way").push(asked);
        Box::pin(ready(answer))
    }
}

/// A redirect without a body.
pub(crate) fn redirect(status: u16, location: &str) -> Response {
    let mut response = Response::new(status);
    response.header.insert(http::header::LOCATION, location.parse().expect("no control characters"));
    response
}
