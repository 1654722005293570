//! A round tripper that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use client::{BoxError, ClientTrace, Request, Response, RoundTripper, Transport};
use httptrace::BoxFuture;

/// Hands requests on to a transport, and counts them and the dials that they cause.
pub struct Counting {
    inner: Transport,
    requests: AtomicUsize,
    /// Shared with the hooks, which may be called after the request has ended.
    dials: Arc<AtomicUsize>,
}

impl Counting {
    /// Nothing is counted yet.
    pub fn new(inner: Transport) -> Self {
        Counting { inner, requests: AtomicUsize::new(0), dials: Arc::default() }
    }

    /// Requests that came through here.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Connections that were opened for them.
    pub fn dials(&self) -> usize {
        self.dials.load(Ordering::Relaxed)
    }
}

impl RoundTripper for Counting {
    fn round_trip<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<Response, BoxError>> {
        let dials = Arc::clone(&self.dials);
        let hooks = ClientTrace::new().got_conn(move |got| {
            if !got.reused {
                dials.fetch_add(1, Ordering::Relaxed);
            }
        });
        let before = request.context.clone();
        request.context = before.with_client_trace(hooks);
        Box::pin(async move {
            let response = RoundTripper::round_trip(&self.inner, request).await;
            request.context = before;
            if response.is_ok() {
                self.requests.fetch_add(1, Ordering::Relaxed);
            }
            response
        })
    }
}
