//! For tests: which request still holds a connection, and which line made it.
//!
//! A count of tasks says that something is left. This says whose it is:
//!
//! ```
//! # use client::{Config, LeakCheck};
//! # let origin = origin::TcpOrigin::start(origin::Router::new().at("/", origin::Reply::bytes(13)))?;
//! # let url = origin.url("/");
//! # let counted = httptrace::Counted::new()?;
//! # let runtime = counted.seam();
//! # counted.block_on(async {
//! let (client, leaks) = LeakCheck::watch(Config::default_transport(runtime));
//! client.get(&url).await?.body.read_all().await?;
//! leaks.assert_none();
//!
//! let (kept, line) = (client.get(&url).await?, line!());
//! assert_eq!(leaks.held()[0].from.line(), line);
//! # drop(kept);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Go has no twin of this: there one looks at the stacks of all goroutines, which name the loops and not who asked.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard};

use http::Method;
use httptrace::{Actor, ClientTrace, ConnId, Event, Listener, TaskName, Trace};
use transport::{Config, Request, Transport};
use url::{Position, Url};

use crate::client::Client;

/// Knows which requests of one client hold a connection. A request holds it until the connection is idle again or at its end.
///
/// The answer is for this moment, so it is asked when things have settled: a body that was dropped one line earlier is
/// on its way back. A request that was given to the transport itself, past the client, is not known here.
#[derive(Debug)]
pub struct LeakCheck {
    /// Who else listens to the transport.
    next: Trace,
    /// In the order in which the connections were got.
    held: Mutex<Vec<Held>>,
}

/// A request that has a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Which connection.
    pub conn: ConnId,
    /// The request's method.
    pub method: Method,
    /// Where it went; after redirects, where it went first.
    pub url: Url,
    /// The call of [`Client::get`], [`Client::do_request`] or one of their sisters. In a function with `#[track_caller]`
    /// it is that function's caller.
    pub from: &'static Location<'static>,
}

impl LeakCheck {
    /// A client over a transport with these settings, and who watches it. Whoever listens to `config.trace` still does.
    pub fn watch(mut config: Config) -> (Client, Arc<LeakCheck>) {
        let leaks = Arc::new(LeakCheck { next: config.trace.clone(), held: Mutex::default() });
        config.trace = Trace::to(Arc::clone(&leaks) as Arc<dyn Listener>);
        (Client::new(Transport::new(config)).watched_by(Arc::clone(&leaks)), leaks)
    }

    /// The requests that hold a connection now, in the order in which they got it.
    pub fn held(&self) -> Vec<Held> {
        self.lock().clone()
    }

    /// Looks whether a request holds a connection now.
    ///
    /// # Panics
    ///
    /// If one does: with a line for each, which begins with the place in the source.
    #[track_caller]
    pub fn assert_none(&self) {
        let held = self.held();
        let lines: String = held.iter().map(|held| format!("\n  {held}")).collect();
        assert!(held.is_empty(), "these requests still hold a connection:{lines}");
    }

    // ANCHOR: note
    /// Has the request tell which connection it gets. A redirect or a second try gets another, from the same line.
    pub(crate) fn note(self: &Arc<Self>, request: &mut Request, from: &'static Location<'static>) {
        let (leaks, method, url) = (Arc::clone(self), request.method.clone(), request.url.clone());
        let hooks = ClientTrace::new().got_conn(move |got| {
            leaks.lock().push(Held { conn: got.conn, method: method.clone(), url: url.clone(), from });
        });
        request.context = request.context.with_client_trace(hooks);
    }
    // ANCHOR_END: note

    // ANCHOR: release
    /// The connection is in the pool again. On several threads its next request may have told of itself by then, so it is
    /// the first of those who have it that goes.
    fn idle(&self, conn: ConnId) {
        let mut all = self.lock();
        let first = all.iter().position(|held| held.conn == conn);
        let gone = first.map(|first| all.remove(first));
        drop(all);
        drop(gone);
    }

    /// The connection's read_loop has ended.
    fn ended(&self, conn: ConnId) {
        let mut all = self.lock();
        let gone: Vec<Held> = all.extract_if(.., |held| held.conn == conn).collect();
        drop(all);
        drop(gone);
    }
    // ANCHOR_END: release

    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().expect("the list is never left half changed")
    }
}

impl Listener for LeakCheck {
    fn event(&self, actor: Actor, conn: Option<ConnId>, event: Event) {
        // ANCHOR: event
        if let Some(conn) = conn {
            if matches!(event, Event::PutIdleConn { error: None }) {
                self.idle(conn);
            } else if matches!(event, Event::TaskEnded { name: TaskName::ReadLoop }) {
                self.ended(conn);
            }
        }
        // ANCHOR_END: event
        self.next.emit(actor, conn, || event);
    }
}

impl fmt::Display for Held {
    /// The URL without user and query, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { conn, method, url, from } = self;
        let (scheme, rest) = (&url[..Position::BeforeUsername], &url[Position::BeforeHost..Position::AfterPath]);
        write!(f, "{from}: {method} {scheme}{rest} holds connection {}", conn.0)
    }
}
