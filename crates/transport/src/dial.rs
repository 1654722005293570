//! Opening a connection, in a task of its own.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use httptrace::{Actor, BoxIo, ConnId, Event, Exit, Step, TaskName, select};
use persistconn::{ConnConfig, IdlePool, IoError, Permit};

use crate::error::Error;
use crate::transport::Inner;
use crate::want_conn::{Delivered, WantConn};

/// One connection being opened for one request.
pub(crate) struct Dial {
    pub(crate) transport: Weak<Inner>,
    pub(crate) config: Arc<ConnConfig>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) id: ConnId,
    pub(crate) want: Arc<WantConn>,
    pub(crate) permit: Option<Permit>,
}

impl Dial {
    /// Go: transport.go (*Transport).dialConnFor
    #[doc(alias = "dialConnFor")]
    pub(crate) async fn run(mut self) {
        if !self.want.waiting() {
            return;
        }
        self.emit(Event::Call { step: Step::DialConn });
        let addr = self.want.method.addr().to_owned();
        self.emit(Event::ConnectStart { addr: addr.clone() });
        let dialled = self.dial(&addr).await;
        let error = dialled.as_ref().err().map(ToString::to_string);
        self.emit(Event::ConnectDone { addr, error });
        match dialled {
            Ok(io) => self.deliver(io),
            Err(error) => drop(self.want.try_deliver(Err(Error::Dial(IoError::bare(&error))))),
        }
    }

    async fn dial(&self, addr: &str) -> io::Result<BoxIo> {
        let rt = &self.config.rt;
        let Some(timeout) = self.timeout else { return rt.dial(addr).await };
        // - dial: the peer. Dropping it gives the attempt up.
        // - timer: the clock. Cancel-safe: a time does not come back.
        select! {
            dialled = rt.dial(addr) => dialled,
            () = rt.timer(rt.now() + timeout) => {
                Err(io::Error::new(io::ErrorKind::TimedOut, format!("dial tcp {addr}: i/o timeout")))
            }
        }
    }

    /// The connection is open: its two loops start, and it goes to whoever waits, or to the pool.
    fn deliver(&mut self, io: BoxIo) {
        let Some(transport) = self.transport.upgrade() else { return };
        let pool = Arc::downgrade(&transport) as Weak<dyn IdlePool>;
        let key = Arc::clone(self.want.method.key());
        let handle = persistconn::start(io, self.id, key, Arc::clone(&self.config), pool, self.permit.take());
        if let Err(back) = self.want.try_deliver(Ok(Delivered { handle, dialled: true })) {
            let handle = back.expect("what was offered comes back").handle;
            if transport.put_or_close_idle_conn(handle) {
                self.emit(Event::Exit { id: Exit::DialPooled });
            }
        }
    }

    fn emit(&self, event: Event) {
        self.config.trace.emit(Actor::Dial, Some(self.id), || event);
    }
}

impl Drop for Dial {
    /// A dial that was dropped with its runtime leaves nobody waiting.
    fn drop(&mut self) {
        drop(self.want.try_deliver(Err(Error::RuntimeGone)));
        self.emit(Event::TaskEnded { name: TaskName::Dial });
    }
}
