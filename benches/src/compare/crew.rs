//! The workers of one client: as tasks or as threads, one request under way in each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::runtime::{Builder, Runtime};

use crate::compare::fault::Fault;
use crate::compare::order::{Ask, Order};
use crate::compare::peers::{BlockingPeer, Peer};

/// How long a stage goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// Each worker sends so many requests. Nothing is timed.
    Sent(usize),
    /// Requests are begun for so long, and timed.
    Elapsed(Duration),
}

/// What is slower than this counts as this, in nanoseconds.
const SLOWEST: u64 = 60_000_000_000;

/// What a stage has done.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    /// In nanoseconds; `None` when nothing was timed.
    pub(crate) latency: Option<Histogram<u64>>,
}

impl Tally {
    fn new(until: Until) -> Self {
        let latency = match until {
            Until::Sent(_) => None,
            Until::Elapsed(_) => Some(Histogram::new_with_bounds(1, SLOWEST, 2).expect("bounds in order")),
        };
        Tally { requests: 0, latency }
    }

    fn add(&mut self, other: &Tally) {
        self.requests += other.requests;
        if let (Some(all), Some(latency)) = (&mut self.latency, &other.latency) {
            all.add(latency).expect("all have the same bounds");
        }
    }
}

/// Workers that can be sent to ask.
pub(crate) trait Crew {
    /// Makes sure that there are so many workers, so that a stage of them makes none.
    fn hire(&mut self, workers: usize);

    /// So many workers ask for the same, each one request after another.
    fn stage(&mut self, ask: Ask, workers: usize, until: Until) -> Result<Tally, Fault>;

    /// Lets what the client does behind its callers' backs come to its end.
    fn settle(&mut self);
}

/// Long enough for tasks that have nothing to wait for.
const SETTLE: Duration = Duration::from_millis(100);

/// Workers that are tasks. (Tasks of their own: tokio wakes the future of `block_on` by a system call.)
pub(crate) struct Tasks<P: Peer> {
    runtime: Runtime,
    order: Order,
    workers: Vec<P>,
}

impl<P: Peer> Tasks<P> {
    pub(crate) fn new(order: &Order) -> Result<Self, Fault> {
        let mut builder = match order.threads {
            1 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        if order.threads > 1 {
            builder.worker_threads(order.threads);
        }
        let runtime = builder.enable_all().build()?;
        let first = {
            let _inside = runtime.enter();
            P::new(order)?
        };
        Ok(Tasks { runtime, order: order.clone(), workers: vec![first] })
    }
}

impl<P: Peer> Crew for Tasks<P> {
    fn hire(&mut self, workers: usize) {
        let missing = workers.saturating_sub(self.workers.len());
        self.workers.reserve(missing);
        for _ in 0..missing {
            let another = self.workers[0].another();
            self.workers.push(another);
        }
    }

    fn stage(&mut self, ask: Ask, workers: usize, until: Until) -> Result<Tally, Fault> {
        self.hire(workers);
        let ready = Arc::new(self.workers[0].ready(&self.order, ask)?);
        let mut all = Tally::new(until);
        let hands = &mut self.workers;
        self.runtime.block_on(async {
            let sent = hands.drain(..workers).map(|worker| tokio::spawn(work(worker, Arc::clone(&ready), ask, until)));
            for worker in sent.collect::<Vec<_>>() {
                let (worker, tally) = worker.await.map_err(|error| Fault::Request(error.to_string()))??;
                all.add(&tally);
                hands.push(worker);
            }
            Ok(all)
        })
    }

    fn settle(&mut self) {
        self.runtime.block_on(async { tokio::time::sleep(SETTLE).await });
    }
}

async fn work<P: Peer>(mut worker: P, ready: Arc<P::Ready>, ask: Ask, until: Until) -> Result<(P, Tally), Fault> {
    let mut pace = Pace::new(until);
    while pace.goes_on() {
        worker.send(&ready).await?.check(ask)?;
        pace.answered();
    }
    Ok((worker, pace.tally))
}

/// Workers that are threads.
pub(crate) struct Threads<P: BlockingPeer> {
    order: Order,
    workers: Vec<P>,
}

/// Enough for a request, and little enough for thousands of threads.
const STACK: usize = 512 << 10;

impl<P: BlockingPeer> Threads<P> {
    pub(crate) fn new(order: &Order) -> Result<Self, Fault> {
        Ok(Threads { order: order.clone(), workers: vec![P::new(order)?] })
    }
}

impl<P: BlockingPeer> Crew for Threads<P> {
    fn hire(&mut self, workers: usize) {
        while self.workers.len() < workers {
            let another = self.workers[0].another();
            self.workers.push(another);
        }
    }

    fn stage(&mut self, ask: Ask, workers: usize, until: Until) -> Result<Tally, Fault> {
        self.hire(workers);
        let ready = &self.workers[0].ready(&self.order, ask)?;
        let mut all = Tally::new(until);
        std::thread::scope(|scope| {
            let mut sent = Vec::new();
            for worker in &mut self.workers[..workers] {
                let thread = std::thread::Builder::new().stack_size(STACK);
                sent.push(thread.spawn_scoped(scope, move || work_blocking(worker, ready, ask, until))?);
            }
            for thread in sent {
                let tally = thread.join().map_err(|_| Fault::Request("a worker panicked".to_owned()))??;
                all.add(&tally);
            }
            Ok(all)
        })
    }

    /// Nothing goes on where no thread is left.
    fn settle(&mut self) {}
}

fn work_blocking<P: BlockingPeer>(worker: &mut P, ready: &P::Ready, ask: Ask, until: Until) -> Result<Tally, Fault> {
    let mut pace = Pace::new(until);
    while pace.goes_on() {
        worker.send(ready)?.check(ask)?;
        pace.answered();
    }
    Ok(pace.tally)
}

/// One worker's requests: when the next one may begin, and how long the last one took.
struct Pace {
    until: Until,
    started: Instant,
    /// When the request under way began.
    since: Instant,
    tally: Tally,
}

impl Pace {
    fn new(until: Until) -> Self {
        let started = Instant::now();
        Pace { until, started, since: started, tally: Tally::new(until) }
    }

    fn goes_on(&self) -> bool {
        match self.until {
            Until::Sent(requests) => self.tally.requests < requests as u64,
            Until::Elapsed(time) => self.since - self.started < time,
        }
    }

    /// The end of one request is the beginning of the next: the clock is read once.
    fn answered(&mut self) {
        self.tally.requests += 1;
        if let Some(latency) = &mut self.tally.latency {
            let now = Instant::now();
            latency.saturating_record((now - self.since).as_nanos() as u64);
            self.since = now;
        }
    }
}
