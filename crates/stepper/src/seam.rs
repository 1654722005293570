//! The seam that the port's loops see: spawn, timer, now, lookup, connect, and "settled".

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use httptrace::{BoxFuture, BoxIo, Census, Runtime, Settle, TaskName, Timer};

use crate::clock::StepTimer;
use crate::executor::Core;
use crate::join::Join;
use crate::net::{self, Listener};
use crate::settled::Settled;
use crate::stream::MemStream;

/// The stepper as its tasks see it: a runtime that a transport can be built on.
///
/// It does not keep a run going: once its [`Stepper`](crate::Stepper) is dropped, all tasks are, and
/// what is spawned afterwards is dropped at once.
pub struct Seam {
    core: Arc<Core>,
}

impl Seam {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Seam { core }
    }

    /// Starts a task under a name of its own, that the census does not count: an origin, a caller.
    pub fn start<T, F>(&self, name: &str, future: F) -> Join<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (join, task) = Join::wrap(future);
        let id = self.core.admit(name, false, Some(Box::pin(task)));
        join.started(&self.core, id)
    }

    /// Connects to `addr`, which is `host:port`, for who has no transport.
    ///
    /// # Errors
    ///
    /// As [`Runtime::lookup`] and [`Runtime::connect`].
    ///
    /// # Panics
    ///
    /// If the port is not a number.
    pub async fn dial(&self, addr: &str) -> io::Result<MemStream> {
        net::connect(&self.core, self.core.net.address(addr)?).await
    }

    /// Listens on `addr`, which is `host:port`, in the stepper's own network.
    ///
    /// # Panics
    ///
    /// If the port is not a number, and if somebody listens there already.
    pub fn listen(&self, addr: &str) -> Listener {
        Listener::bind(&self.core, addr)
    }
}

impl fmt::Debug for Seam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seam").field("tasks", &self.core.tasks()).finish_non_exhaustive()
    }
}

impl Runtime for Seam {
    fn spawn(&self, name: TaskName, task: BoxFuture<'static, ()>) {
        let alive = self.core.census.enter(name);
        let counted = async move {
            let _alive = alive;
            task.await;
        };
        self.core.admit(name.as_str(), true, Some(Box::pin(counted)));
    }

    fn timer(&self, deadline: Duration) -> Pin<Box<dyn Timer>> {
        Box::pin(StepTimer::new(Arc::clone(&self.core), deadline))
    }

    fn now(&self) -> Duration {
        self.core.with_clock(|clock| clock.now())
    }

    /// Without a wait: who is asked has all names by heart.
    fn lookup<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { self.core.net.lookup(host) })
    }

    fn connect(&self, addr: SocketAddr, _keep_alive: Option<Duration>) -> BoxFuture<'_, io::Result<BoxIo>> {
        Box::pin(async move { Ok(Box::new(net::connect(&self.core, addr).await?) as BoxIo) })
    }

    fn census(&self) -> &Arc<Census> {
        &self.core.census
    }
}

impl Settle for Seam {
    /// Once nothing else is ready and the census is not busy. The clock moves for it only as long as
    /// the census is busy.
    fn settled(&self) -> BoxFuture<'static, ()> {
        Box::pin(Settled::new(Arc::clone(&self.core)))
    }

    fn alive_tasks(&self) -> usize {
        self.core.alive_counted()
    }
}
