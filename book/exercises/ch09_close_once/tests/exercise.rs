//! Three tasks close one connection, others wait for its end, on the stepper: each seed is another order of events.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ch09_close_once::{Conn, Reason};
use stepper::{Join, Stepper, drop_after, yield_now};

const SEEDS: u64 = 200;
const REASONS: [Reason; 3] = [Reason::ServerClosedIdle, Reason::WriteFailed, Reason::Canceled];
const WAITERS: usize = 3;

/// What one order of events has led to.
struct Ran {
    /// The closers' reasons in the order in which they came to `close`.
    came: Vec<Reason>,
    /// What each closer was told.
    told: Vec<(Reason, bool)>,
    /// What those heard who waited from the start; `None` for who still waits.
    heard: Vec<Option<Reason>>,
    goodbyes: usize,
    stepper: Stepper,
    conn: Arc<Conn>,
}

fn run(seed: u64) -> Ran {
    let stepper = Stepper::seeded(seed);
    let conn = Arc::new(Conn::default());
    let waiters: Vec<Join<Reason>> = (0..WAITERS)
        .map(|_| {
            let conn = Arc::clone(&conn);
            stepper.spawn("waiter", async move { conn.closed().await })
        })
        .collect();
    let came = Arc::new(Mutex::new(Vec::new()));
    let goodbyes = Arc::new(AtomicUsize::new(0));
    let closers = REASONS.map(|reason| {
        let (conn, came, goodbyes) = (Arc::clone(&conn), Arc::clone(&came), Arc::clone(&goodbyes));
        let closer = async move {
            came.lock().expect("no closer panics here").push(reason);
            conn.close(reason, say(goodbyes)).await
        };
        (reason, stepper.spawn("closer", closer))
    });
    stepper.run_to_rest().expect("nobody wakes anybody for ever");
    Ran {
        came: came.lock().expect("no closer panics here").clone(),
        told: closers.map(|(reason, join)| (reason, join.take().expect("a closer is not kept waiting"))).into(),
        heard: waiters.iter().map(Join::take).collect(),
        goodbyes: goodbyes.load(Ordering::Relaxed),
        stepper,
        conn,
    }
}

/// A goodbye that takes a moment, in which others run.
async fn say(goodbyes: Arc<AtomicUsize>) {
    yield_now().await;
    yield_now().await;
    goodbyes.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn one_closer_is_told_that_it_closed_the_connection_and_it_is_the_first() {
    let mut firsts = BTreeSet::new();
    for seed in 0..SEEDS {
        let ran = run(seed);
        let closed: Vec<_> = ran.told.iter().filter(|(_, told)| *told).map(|(reason, _)| *reason).collect();
        assert_eq!(
            closed.len(),
            1,
            "seed {seed}: {closed:?} have all closed it, or nobody has; if several, an await lay between the look and \
             the setting"
        );
        assert_eq!(closed[0], ran.came[0], "seed {seed}: they came in the order {:?}", ran.came);
        firsts.insert(closed[0]);
    }
    assert_eq!(firsts.len(), REASONS.len(), "the seeds let each of them come first");
}

#[test]
fn one_goodbye_is_said() {
    for seed in 0..SEEDS {
        let said = run(seed).goodbyes;
        assert_eq!(said, 1, "seed {seed}: the server was told goodbye {said} times");
    }
}

#[test]
fn the_first_reason_stays() {
    for seed in 0..SEEDS {
        let ran = run(seed);
        let (first, now) = (ran.came[0], ran.conn.reason().expect("it is closed"));
        assert_eq!(now, first, "seed {seed}: a later reason has replaced the first; they came as {:?}", ran.came);
    }
}

#[test]
fn all_who_wait_are_let_go_and_hear_the_first_reason() {
    for seed in 0..SEEDS {
        let ran = run(seed);
        let heard: Vec<_> = ran.heard.iter().flatten().copied().collect();
        assert_eq!(heard.len(), WAITERS, "seed {seed}: {} of {WAITERS} who waited were let go", heard.len());
        let first = ran.came[0];
        assert_eq!(heard, [first; WAITERS], "seed {seed}: a later reason has replaced the first");
    }
}

#[test]
fn who_asks_after_the_end_is_told_at_once() {
    let ran = run(1);
    let late = ran.stepper.block_on("late", ran.conn.closed());
    match late {
        Ok(reason) => assert_eq!(reason, ran.came[0], "a later reason has replaced the first"),
        Err(stalled) => panic!("who asks after the end waits for ever: {stalled}"),
    }
}

#[test]
fn a_closer_that_is_dropped_at_its_goodbye_has_closed_the_connection() {
    for polls in 1..=2 {
        let stepper = Stepper::seeded(1);
        let conn = Conn::default();
        let goodbyes = Arc::new(AtomicUsize::new(0));
        let ended = stepper.block_on("main", async {
            let closing = drop_after(polls, conn.close(Reason::Canceled, say(Arc::clone(&goodbyes)))).await;
            assert_eq!(closing, None, "the goodbye was not waited for");
            conn.closed().await
        });
        let ended = ended.expect("the end is told before the goodbye is over, or it may never be");
        assert_eq!(ended, Reason::Canceled);
    }
}

#[test]
fn a_connection_that_nobody_closes_is_open() {
    let stepper = Stepper::seeded(1);
    let conn = Arc::new(Conn::default());
    let waiter = {
        let conn = Arc::clone(&conn);
        stepper.spawn("waiter", async move { conn.closed().await })
    };
    stepper.run_to_rest().expect("nobody wakes anybody for ever");
    assert!(!waiter.is_over(), "nobody has closed it, and {:?} is told", waiter.take());
    assert_eq!(conn.reason(), None);
}
