//! A body comes back in every way, and the rest of it at every pace, on a clock that costs nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ch14_bounded_drain::{Told, may_be_kept};
use client::EarlyClose;
use httptrace::Runtime;
use stepper::Stepper;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};

/// Go 1.27's limit.
const LIMIT: usize = 262_144;

/// What the peer still sends: pieces, each after a wait, then the end; or it holds the connection.
struct Peer {
    pieces: Vec<(Duration, usize)>,
    ends: bool,
}

impl Peer {
    fn at_once(bytes: usize) -> Self {
        Peer { pieces: vec![(Duration::ZERO, bytes)], ends: true }
    }

    fn after(ms: u64) -> Self {
        Peer { pieces: vec![(Duration::from_millis(ms), 1)], ends: true }
    }

    fn drip(bytes: usize) -> Self {
        Peer { pieces: vec![(Duration::from_millis(10), 1); bytes], ends: true }
    }

    fn never() -> Self {
        Peer { pieces: Vec::new(), ends: false }
    }
}

/// What became of it.
struct Kept {
    kept: bool,
    /// When it was decided.
    decided: Duration,
    /// When whoever closed the body could go on, if anybody did.
    released: Option<Duration>,
}

/// `read_loop`'s side.
struct Eofc {
    waiting: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
}

/// The caller's side.
#[derive(Clone)]
struct Caller {
    here: mpsc::UnboundedSender<oneshot::Sender<()>>,
}

/// A channel without room, as Go's `eofc` is: an answer is handed over when both sides are there.
fn eofc() -> (Eofc, Caller) {
    let (here, waiting) = mpsc::unbounded_channel();
    (Eofc { waiting }, Caller { here })
}

impl Eofc {
    /// Lets a caller go on. Waits until there is one.
    async fn ack(&mut self) {
        while let Some(caller) = self.waiting.recv().await {
            if caller.send(()).is_ok() {
                return;
            }
        }
        std::future::pending().await
    }
}

impl Caller {
    /// Waits for the answer, or until `read_loop` has left.
    async fn wait(&self) {
        let (here, answer) = oneshot::channel();
        if self.here.send(here).is_ok() {
            // Without an answer the loop is gone, which is an answer.
            let _ = answer.await;
        }
    }
}

fn try_it(policy: EarlyClose, told: Told, declared: Option<u64>, peer: Peer) -> Result<Kept, String> {
    let stepper = Stepper::seeded(1);
    stepper.set_buffer(2 * LIMIT);
    let rt = stepper.seam();
    let (mut body, mut server) = stepper.pair();
    let clock = stepper.seam();
    stepper.spawn("server", async move {
        for (wait, bytes) in peer.pieces {
            clock.timer(clock.now() + wait).await;
            // A client that has left does not want it.
            let _ = server.write_all(&vec![b'a'; bytes]).await;
        }
        if !peer.ends {
            std::future::pending::<()>().await;
        }
    });
    let (mut eofc, caller) = eofc();
    let released = Arc::new(Mutex::new(None));
    if told == Told::ClosedEarly {
        stepper.spawn("caller", close(caller.clone(), stepper.seam(), Arc::clone(&released)));
    }
    let seam: &dyn Runtime = &*rt;
    let decided = stepper.block_on("read_loop", async {
        let kept = may_be_kept(policy, told, &mut body, declared, eofc.ack(), seam).await;
        (kept, seam.now())
    });
    let (kept, decided) = decided.map_err(|stalled| stalled.to_string())?;
    // The caller may have been released without having run since.
    stepper.run_until_stalled().map_err(|stalled| stalled.to_string())?;
    let released = *released.lock().expect("nobody panics with it");
    drop((caller, eofc));
    Ok(Kept { kept, decided, released })
}

/// Waits as `Close` does.
async fn close(caller: Caller, rt: Arc<impl Runtime>, released: Arc<Mutex<Option<Duration>>>) {
    caller.wait().await;
    *released.lock().expect("nobody panics with it") = Some(rt.now());
}

fn drained(declared: Option<usize>, peer: Peer) -> Kept {
    let declared = declared.map(|bytes| bytes as u64);
    match try_it(EarlyClose::GO_1_27, Told::ClosedEarly, declared, peer) {
        Ok(kept) => kept,
        Err(stalled) => panic!("it waits for ever:\n{stalled}"),
    }
}

#[test]
fn a_body_read_to_its_end_is_kept() {
    let kept = try_it(EarlyClose::GO_1_27, Told::Eof, Some(13), Peer::never()).expect("there is nothing to wait for");
    assert!(kept.kept && kept.decided.is_zero(), "there is nothing to drain after the end");
}

#[test]
fn go_1_12_drains_nothing() {
    let kept = try_it(EarlyClose::Kill, Told::ClosedEarly, Some(13), Peer::at_once(13)).expect("it does not wait");
    assert!(!kept.kept, "with Kill an early close ends the connection");
}

#[test]
fn a_short_rest_that_comes_soon_is_drained() {
    assert!(drained(Some(13), Peer::at_once(13)).kept, "13 bytes were there, and the connection was given up");
    assert!(drained(None, Peer::at_once(13)).kept, "13 bytes without a length were there");
}

#[test]
fn a_failed_read_keeps_nothing_and_waits_for_nobody() {
    match try_it(EarlyClose::GO_1_27, Told::Failed, Some(13), Peer::never()) {
        Ok(kept) => {
            assert!(!kept.kept, "a read has failed, and the connection is kept");
            assert!(kept.decided.is_zero(), "a read has failed: there is nothing to drain");
        }
        Err(stalled) => panic!(
            "a read had failed, nobody closes the body, and read_loop waits for ever to be asked: this is how Go 1.27.0 \
             and 1.27.1 kept two goroutines for each failed read.\n{stalled}"
        ),
    }
}

#[test]
fn the_limit_of_bytes_is_a_limit_of_what_is_read() {
    assert!(drained(None, Peer::at_once(LIMIT)).kept, "262,144 bytes are within the limit");
    assert!(!drained(None, Peer::at_once(LIMIT + 1)).kept, "262,145 bytes without a length were drained");
}

#[test]
fn the_limit_of_bytes_is_also_one_of_what_was_declared() {
    assert!(drained(Some(LIMIT), Peer::at_once(LIMIT)).kept, "262,144 bytes are within the limit");
    assert!(!drained(Some(LIMIT + 1), Peer::at_once(1)).kept, "a body that declares 262,145 bytes was drained");
}

#[test]
fn the_limit_of_time_is_one_for_all_of_it() {
    assert!(drained(None, Peer::after(49)).kept, "49 ms are within the limit");
    for (what, peer) in [("the end comes after 51 ms", Peer::after(51)), ("a byte comes every 10 ms", Peer::drip(20))] {
        let Kept { kept, decided, .. } = drained(None, peer);
        assert!(!kept, "{what}, and it was waited for");
        assert_eq!(decided, Duration::from_millis(50), "{what}");
    }
    assert_eq!(drained(None, Peer::never()).decided, Duration::from_millis(50), "the end never comes");
}

#[test]
fn whoever_closes_does_not_wait_for_the_drain() {
    let released = drained(None, Peer::after(30)).released;
    assert_eq!(released, Some(Duration::ZERO), "the caller of close was kept until the drain was over");
    let released = drained(Some(LIMIT + 1), Peer::never()).released;
    assert_eq!(released, Some(Duration::ZERO), "the caller of close waits, though nothing is drained");
}
