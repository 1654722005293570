//! Who is polled next: by seed, by hand, by history.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use httptrace::{Runtime, TaskName};
use stepper::{Advanced, Choice, Polled, Stepper, TaskId, TaskState, Why, yield_now};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Log = Arc<Mutex<Vec<String>>>;

/// Three tasks that talk to a log, a timer and a stream: enough for a schedule to matter.
fn busy_program(stepper: &Stepper) -> (Log, Result<String, stepper::Stalled>) {
    stepper.set_read_pieces(Some(3));
    let log = Log::default();
    let seam = stepper.seam();
    for name in ["a", "b"] {
        let (log, seam) = (Arc::clone(&log), Arc::clone(&seam));
        stepper.spawn(name, async move {
            for round in 0..4 {
                log.lock().unwrap().push(format!("{name}{round}"));
                yield_now().await;
            }
            seam.timer(Duration::from_millis(5)).await;
            log.lock().unwrap().push(format!("{name} woke"));
        });
    }
    let mut listener = stepper.listen("origin.test:80");
    stepper.spawn("origin", async move {
        let mut stream = listener.accept().await;
        stream.write_all(b"Hello, gophers!").await.unwrap();
    });
    let caller = stepper.block_on("caller", async {
        let mut stream = seam.dial("origin.test:80").await.unwrap();
        let mut text = String::new();
        let mut piece = [0; 64];
        loop {
            let n = stream.read(&mut piece).await.unwrap();
            if n == 0 {
                return text;
            }
            text.push_str(std::str::from_utf8(&piece[..n]).unwrap());
            log.lock().unwrap().push(format!("read {n}"));
        }
    });
    stepper.run_to_rest().unwrap();
    (log, caller)
}

#[test]
fn the_same_seed_gives_the_same_history_and_the_same_output() {
    for seed in 0..50 {
        let (first, second) = (Stepper::seeded(seed), Stepper::seeded(seed));
        let (log, text) = busy_program(&first);
        let (same_log, same_text) = busy_program(&second);
        assert_eq!(text.unwrap(), "Hello, gophers!");
        assert_eq!(same_text.unwrap(), "Hello, gophers!");
        assert_eq!(first.history(), second.history());
        assert_eq!(*log.lock().unwrap(), *same_log.lock().unwrap());
        assert_eq!(first.now(), second.now());
    }
}

#[test]
fn a_history_replays_the_run_and_is_made_again() {
    for seed in 0..50 {
        let first = Stepper::seeded(seed);
        let (log, _) = busy_program(&first);
        let again = Stepper::replay(first.history());
        let (same_log, text) = busy_program(&again);
        assert_eq!(text.unwrap(), "Hello, gophers!");
        assert_eq!(again.history(), first.history());
        assert_eq!(*log.lock().unwrap(), *same_log.lock().unwrap());
    }
}

#[test]
fn different_seeds_give_different_interleavings() {
    let logs: HashSet<Vec<String>> = (0..50)
        .map(|seed| {
            let (log, _) = busy_program(&Stepper::seeded(seed));
            Arc::into_inner(log).expect("the run is over").into_inner().unwrap()
        })
        .collect();
    assert!(logs.len() > 40, "50 seeds gave {} interleavings", logs.len());
}

#[test]
fn a_history_survives_being_written_down() {
    let first = Stepper::seeded(7);
    busy_program(&first).1.unwrap();
    let text = serde_json::to_string(&first.history()).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Choice>>(&text).unwrap(), first.history());
}

#[test]
fn a_replay_of_another_program_says_where_they_part() {
    let first = Stepper::by_hand();
    first.spawn("one", yield_now());
    first.run_until_stalled().unwrap();
    assert_eq!(first.history(), [Choice::Poll(TaskId::nth(1)), Choice::Poll(TaskId::nth(1))]);

    let other = Stepper::replay(first.history());
    other.spawn("shorter", async {});
    other.spawn("second", async {});
    assert_eq!(other.run_until_stalled().unwrap_err().why, Why::Diverged(1));
}

#[test]
fn by_hand_any_ready_task_can_be_polled_and_only_ready_ones() {
    let stepper = Stepper::by_hand();
    let two_polls = stepper.spawn("two polls", yield_now());
    let waits = stepper.spawn("waits", std::future::pending::<()>());
    assert_eq!(stepper.step(waits.id()), Some(Polled::Pending));
    assert_eq!(stepper.step(waits.id()), None, "nobody woke it");
    assert_eq!(stepper.step(two_polls.id()), Some(Polled::Pending));
    assert_eq!(stepper.step(two_polls.id()), Some(Polled::Over));
    assert_eq!(stepper.step(two_polls.id()), None);
    let left = stepper.tasks();
    assert_eq!(left.len(), 1);
    assert_eq!((&*left[0].name, left[0].state, left[0].polls), ("waits", TaskState::Waiting, 1));
}

#[test]
fn what_was_done_by_hand_can_be_played_back() {
    let program = |stepper: &Stepper| {
        let log = Log::default();
        for name in ["a", "b", "c"] {
            let (log, seam) = (Arc::clone(&log), stepper.seam());
            stepper.spawn(name, async move {
                seam.timer(Duration::from_secs(1)).await;
                log.lock().unwrap().push(format!("{name} at {:?}", seam.now()));
            });
        }
        log
    };
    let [a, b, c] = [1, 2, 3].map(TaskId::nth);

    let hand = Stepper::by_hand();
    let log = program(&hand);
    hand.step(b);
    assert_eq!(hand.advance(), Advanced::To(Duration::from_secs(1)));
    hand.step(a);
    hand.step(c);
    assert!(!hand.nudge(b), "the timer woke it");
    hand.drop_task(b);
    assert_eq!(*log.lock().unwrap(), ["a at 1s", "c at 1s"]);

    let again = Stepper::replay(hand.history());
    let same_log = program(&again);
    again.play().unwrap();
    assert_eq!(*same_log.lock().unwrap(), *log.lock().unwrap());
    assert_eq!(again.history(), hand.history());
    assert!(again.tasks().is_empty());
}

#[test]
fn playing_a_history_that_cannot_be_made_says_where() {
    let stepper = Stepper::replay(vec![Choice::Poll(TaskId::nth(1)), Choice::Advance]);
    stepper.spawn("only", async {});
    assert_eq!(stepper.play().unwrap_err().why, Why::Diverged(1));
}

#[test]
fn a_task_that_nobody_woke_can_be_nudged() {
    let stepper = Stepper::by_hand();
    let polls = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&polls);
    let task = stepper.spawn(
        "counts its polls",
        std::future::poll_fn(move |_| -> std::task::Poll<()> {
            *seen.lock().unwrap() += 1;
            std::task::Poll::Pending
        }),
    );
    stepper.run_until_stalled().unwrap();
    assert!(stepper.nudge(task.id()));
    stepper.run_until_stalled().unwrap();
    assert_eq!(*polls.lock().unwrap(), 2);
}

#[test]
fn the_watcher_sees_every_poll_in_order() {
    let stepper = Stepper::by_hand();
    let seen = Log::default();
    let log = Arc::clone(&seen);
    stepper.on_poll(move |task| log.lock().unwrap().push(format!("{} {} {}", task.id, task.name, task.polls)));
    stepper.spawn("first", yield_now());
    stepper.seam().spawn(TaskName::ReadLoop, Box::pin(async {}));
    stepper.run_until_stalled().unwrap();
    assert_eq!(*seen.lock().unwrap(), ["#1 first 1", "#2 read_loop 1", "#1 first 2"]);
}

#[test]
fn a_thousand_runs_take_less_than_ten_seconds() {
    let start = std::time::Instant::now();
    let polls: u64 = (0..1_000)
        .map(|seed| {
            let stepper = Stepper::seeded(seed);
            busy_program(&stepper).1.unwrap();
            stepper.polls()
        })
        .sum();
    assert!(polls > 10_000, "the runs are too short to say anything: {polls} polls");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {polls} polls", start.elapsed());
}
