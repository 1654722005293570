//! Programs run at the wish of a page: `POST /run/NAME`, answered by one line of JSON for each thing that happens.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode, Uri, header, header::HeaderMap};
use tokio::sync::{mpsc, watch};

use crate::runner::list::Runs;
use crate::runner::{End, Event, How, run};
use crate::serve::guard::Guard;
use crate::serve::page;

/// What the paths of these requests begin with.
pub const PREFIX: &str = "/run/";
/// How many programs may run at a time.
pub const AT_ONCE: usize = 2;
/// How many events may wait for a page that is slow to read. Then the program waits.
const WAITING: usize = 64;

/// What runs programs for pages.
#[derive(Debug)]
pub struct Desk {
    runs: Runs,
    /// The names of those that run now.
    busy: watch::Sender<BTreeSet<String>>,
    /// Turns true when the lab ends.
    stopped: watch::Sender<bool>,
}

/// A running program's place. Dropped, it is free.
struct Place {
    desk: Arc<Desk>,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.desk.busy.send_if_modified(|busy| busy.remove(&self.name));
    }
}

impl Desk {
    /// A desk for these programs.
    pub fn new(runs: Runs) -> Arc<Self> {
        Arc::new(Desk { runs, busy: watch::Sender::default(), stopped: watch::Sender::new(false) })
    }

    /// Answers a request whose path begins with [`PREFIX`].
    pub(crate) fn answer(
        self: &Arc<Self>,
        guard: &Guard,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Response<Body> {
        if let Err(refusal) = guard.admit(method, uri, headers) {
            let (status, words) = refusal.answer();
            let mut response = text(status, words.to_owned());
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("POST"));
            }
            return response;
        }
        // The path is compared as it came. Names need no escapes, so one with escapes is no name.
        let name = uri.path().strip_prefix(PREFIX).filter(|_| uri.query().is_none()).unwrap_or("");
        if self.runs.get(name).is_none() {
            return text(StatusCode::NOT_FOUND, "the lab runs no program of this name\n".to_owned());
        }
        match self.place(name) {
            Ok(place) => self.start(place),
            Err((status, words)) => text(status, words),
        }
    }

    /// A place for `name`, where there is one.
    fn place(self: &Arc<Self>, name: &str) -> Result<Place, (StatusCode, String)> {
        let mut refused = None;
        self.busy.send_if_modified(|busy| {
            refused = match () {
                () if *self.stopped.borrow() => {
                    Some((StatusCode::SERVICE_UNAVAILABLE, "the lab is about to end\n".to_owned()))
                }
                () if busy.contains(name) => {
                    Some((StatusCode::CONFLICT, format!("`{name}` is running already; one at a time\n")))
                }
                () if busy.len() >= AT_ONCE => Some((
                    StatusCode::TOO_MANY_REQUESTS,
                    format!("{AT_ONCE} programs are running; stop one, or wait for its end\n"),
                )),
                () => None,
            };
            refused.is_none() && busy.insert(name.to_owned())
        });
        match refused {
            Some(refused) => Err(refused),
            None => Ok(Place { desk: Arc::clone(self), name: name.to_owned() }),
        }
    }

    /// Starts the program in a task of its own: its time must be over even if the page does not read.
    fn start(self: &Arc<Self>, place: Place) -> Response<Body> {
        let (tell, told) = mpsc::channel(WAITING);
        tokio::spawn(attend(Arc::clone(self), place, tell));
        let mut response = page(StatusCode::OK, "application/x-ndjson", Bytes::new());
        *response.body_mut() = Body::from_stream(Lines(told));
        response
    }

    /// Ends all programs, and waits until none is left.
    pub async fn stop(&self) {
        self.stopped.send_replace(true);
        // The sender is ours, so it is not gone.
        let _ = self.busy.subscribe().wait_for(BTreeSet::is_empty).await;
    }
}

/// Runs the program as long as somebody listens.
async fn attend(desk: Arc<Desk>, place: Place, tell: mpsc::Sender<Event>) {
    let Some(listed) = desk.runs.get(&place.name) else { return };
    let mut stopped = desk.stopped.subscribe();
    // What may happen:
    // - the lab ends
    // - the page has gone: nobody wants to know any more
    // - the program has ended, or had to be ended
    // The first two drop the run, and with it the program and all that it has started.
    let end = tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => End { how: How::Stopped, seconds: 0.0, same: None, difference: None },
        () = tell.closed() => return,
        end = run(&desk.runs, listed, &tell) => end,
    };
    // A page that does not read must not keep the place.
    drop(place);
    // Nor need it hear how it ended.
    let _ = tell.send(Event::End(end)).await;
}

/// Events as lines of JSON.
struct Lines(mpsc::Receiver<Event>);

impl futures_core::Stream for Lines {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|event| {
            let mut line = serde_json::to_vec(&event?).expect("an event has only plain fields");
            line.push(b'\n');
            Some(Ok(Bytes::from(line)))
        })
    }
}

fn text(status: StatusCode, words: String) -> Response<Body> {
    page(status, "text/plain; charset=utf-8", Bytes::from(words))
}
