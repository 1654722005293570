//! A scripted server on the stepper's network.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use httptrace::{BoxFuture, Runtime};
use origin::{Accept, Peer, Plan, Server};

use crate::join::Join;
use crate::net::Listener;
use crate::seam::Seam;
use crate::stream::MemStream;

/// A scripted server, run by tasks of the stepper.
///
/// # Drop
///
/// Dropping it leaves the server running; [`stop`](MemOrigin::stop) ends it.
#[derive(Debug)]
pub struct MemOrigin {
    addr: String,
    server: Arc<Server>,
    accepting: Join<()>,
    serving: Arc<Mutex<Vec<Join<()>>>>,
}

impl MemOrigin {
    pub(crate) fn start(seam: &Arc<Seam>, addr: &str, plan: Plan) -> Self {
        let listener = seam.listen(addr);
        let rt: Arc<dyn Runtime> = Arc::clone(seam) as Arc<dyn Runtime>;
        let server = Server::new(plan, rt);
        let serving = Arc::new(Mutex::new(Vec::new()));
        let spawn = {
            let (seam, serving) = (Arc::clone(seam), Arc::clone(&serving));
            move |connection| {
                let connection = seam.start("origin", connection);
                let mut serving = lock(&serving);
                serving.retain(|connection| !connection.is_over());
                serving.push(connection);
            }
        };
        let accepting = seam.start("origin", Arc::clone(&server).serve(listener, spawn));
        MemOrigin { addr: addr.to_owned(), server, accepting, serving }
    }

    /// The server itself: its counters, gates and labels.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// Where it listens.
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// The URL of a path, which starts with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Stops it: every connection is closed and the address is free.
    pub fn stop(&self) {
        self.accepting.abort();
        let serving = std::mem::take(&mut *lock(&self.serving));
        for connection in serving {
            connection.abort();
        }
    }
}

fn lock(serving: &Mutex<Vec<Join<()>>>) -> MutexGuard<'_, Vec<Join<()>>> {
    serving.lock().expect("no code of others runs under this lock, so nothing panics there")
}

impl Peer for MemStream {
    fn reset(self: Box<Self>) {
        MemStream::reset(*self);
    }
}

impl Accept for Listener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Box<dyn Peer>>> {
        Box::pin(async {
            let stream = Listener::accept(self).await;
            Ok(Box::new(stream) as Box<dyn Peer>)
        })
    }
}
