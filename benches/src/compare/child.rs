//! One run of one client, in a process of its own: so the CPU time and the heap that it sees are the client's alone.

use std::time::{Duration, Instant};

use stats_alloc::Stats;

use crate::compare::crew::{Crew, Tasks, Threads, Until};
use crate::compare::fault::Fault;
use crate::compare::order::{Ask, ClientName, Look, Measured, Order, Times};
use crate::compare::peers::hyper_util::{Plain, Secure};
use crate::compare::peers::ours::Ours;
use crate::compare::peers::raw::Raw;
use crate::compare::peers::reqwest::Reqwest;
use crate::compare::peers::ureq::Ureq;

/// What the counting allocator of this process has seen so far.
pub type Count = fn() -> Stats;

/// Does what the order says. `count` is there where the allocator counts.
///
/// # Errors
///
/// When a request fails or is not answered as it should be; when an order cannot be carried out here.
pub fn run(order: &Order, count: Option<Count>) -> Result<Measured, Fault> {
    match order.client {
        ClientName::Raw => measure(order, &mut Tasks::<Raw>::new(order)?, count),
        ClientName::Ours => measure(order, &mut Tasks::<Ours>::new(order)?, count),
        ClientName::HyperUtil if order.certificate.is_some() => {
            measure(order, &mut Tasks::<Secure>::new(order)?, count)
        }
        ClientName::HyperUtil => measure(order, &mut Tasks::<Plain>::new(order)?, count),
        ClientName::Reqwest => measure(order, &mut Tasks::<Reqwest>::new(order)?, count),
        ClientName::Ureq => measure(order, &mut Threads::<Ureq>::new(order)?, count),
        ClientName::Go => Err(Fault::Cannot("Go's client is a program of its own")),
    }
}

fn measure(order: &Order, crew: &mut dyn Crew, count: Option<Count>) -> Result<Measured, Fault> {
    if order.idle > 0 && order.look != Look::Heap {
        open(crew, order.idle)?;
    }
    let count = || count.ok_or(Fault::Cannot("this program does not count allocations"));
    match order.look {
        Look::Time { warm_up_ms, measure_ms } => {
            let (warm_up, measure) = (Duration::from_millis(warm_up_ms), Duration::from_millis(measure_ms));
            time(order, crew, warm_up, measure).map(Measured::Time)
        }
        Look::Allocations { requests } => allocations(order, crew, requests, count()?).map(Measured::Allocations),
        Look::Heap => heap(order, crew, count()?).map(Measured::Heap),
    }
}

fn time(order: &Order, crew: &mut dyn Crew, warm_up: Duration, measure: Duration) -> Result<Times, Fault> {
    crew.stage(order.ask, order.concurrency, Until::Elapsed(warm_up))?;
    let (began, cpu_before) = (Instant::now(), cpu_time());
    let tally = crew.stage(order.ask, order.concurrency, Until::Elapsed(measure))?;
    let (took, cpu) = (began.elapsed(), cpu_time().saturating_sub(cpu_before));
    let requests = tally.requests as f64;
    let quantile = |q| tally.latency.as_ref().map_or(0.0, |latency| latency.value_at_quantile(q) as f64 / 1e3);
    Ok(Times {
        per_second: requests / took.as_secs_f64(),
        cpu_us: cpu.as_secs_f64() * 1e6 / requests,
        p50_us: quantile(0.5),
        p99_us: quantile(0.99),
    })
}

/// Calls that ask the allocator for memory, new or more, per request.
fn allocations(order: &Order, crew: &mut dyn Crew, requests: usize, count: Count) -> Result<f64, Fault> {
    crew.stage(order.ask, order.concurrency, Until::Sent(requests.min(200)))?;
    let before = count();
    let tally = crew.stage(order.ask, order.concurrency, Until::Sent(requests))?;
    let made = count() - before;
    Ok((made.allocations + made.reallocations) as f64 / tally.requests as f64)
}

/// Live heap per idle connection. The first connection is opened beforehand: what a client has once is not counted.
fn heap(order: &Order, crew: &mut dyn Crew, count: Count) -> Result<f64, Fault> {
    crew.hire(order.idle);
    open(crew, 1)?;
    let before = live(count());
    open(crew, order.idle)?;
    Ok((live(count()) - before) as f64 / (order.idle - 1).max(1) as f64)
}

/// Has so many connections open at once, and leaves them to the pool.
fn open(crew: &mut dyn Crew, connections: usize) -> Result<(), Fault> {
    crew.stage(Ask::Gate(connections), connections, Until::Sent(1))?;
    crew.settle();
    Ok(())
}

fn live(stats: Stats) -> i64 {
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// User and system time of all threads of this process.
#[cfg(unix)]
fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Not known here; the requests per second are.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}
