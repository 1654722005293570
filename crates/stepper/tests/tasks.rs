//! Waking, spawning and dropping, from wherever it happens; and hangs that become reports.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use httptrace::{Runtime, Settle, TaskName};
use stepper::{Stepper, TaskId, Why, drop_after, yield_now};
use tokio::sync::{mpsc, oneshot};

#[test]
fn a_hang_is_a_report_that_names_the_tasks() {
    let stepper = Stepper::seeded(7);
    stepper.seam().spawn(TaskName::ReadLoop, Box::pin(std::future::pending()));
    let stalled = stepper.block_on("caller", std::future::pending::<()>()).unwrap_err();
    assert_eq!(stalled.why, Why::NothingToDo);
    assert_eq!(
        stalled.to_string(),
        "stalled: no task is ready and no timer is set, at 0ns after 2 polls (seed 7)\n  \
         #1 read_loop: waiting after 1 poll\n  \
         #2 caller: waiting after 1 poll"
    );
    assert_eq!(stepper.tasks().len(), 1, "the caller was dropped");
}

#[test]
fn tasks_that_wake_each_other_for_ever_are_a_report_too() {
    let stepper = Stepper::seeded(1);
    stepper.set_max_polls(500);
    stepper.spawn("spins", async {
        loop {
            yield_now().await;
        }
    });
    let stalled = stepper.block_on("caller", std::future::pending::<()>()).unwrap_err();
    assert_eq!((stalled.why, stalled.polls), (Why::TooManyPolls, 500));
    assert_eq!(stepper.run_until_stalled().unwrap_err().why, Why::TooManyPolls);
}

#[test]
fn a_task_may_spawn_wake_and_drop_others_during_its_poll() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        let seam = stepper.seam();
        let answer = stepper
            .block_on("caller", async {
                let (send, receive) = oneshot::channel();
                let (_never, nothing) = oneshot::channel::<()>();
                let doomed = seam.start("doomed", nothing);
                seam.start("child", async move {
                    yield_now().await;
                    assert!(doomed.abort());
                    assert!(doomed.is_over());
                    send.send(doomed.await.is_none()).unwrap();
                });
                receive.await.unwrap()
            })
            .unwrap();
        assert!(answer);
        stepper.run_until_stalled().unwrap();
        assert!(stepper.tasks().is_empty());
    }
}

#[test]
fn a_task_that_drops_itself_ends_with_its_poll() {
    let stepper = Stepper::by_hand();
    let own = Arc::new(Mutex::new(None::<stepper::Join<()>>));
    let inside = Arc::clone(&own);
    let (held, dropped) = oneshot::channel::<()>();
    let join = stepper.spawn("drops itself", async move {
        let _held = held;
        assert!(inside.lock().unwrap().as_ref().unwrap().abort());
        std::future::pending::<()>().await;
    });
    *own.lock().unwrap() = Some(join);
    assert!(stepper.block_on("caller", dropped).unwrap().is_err(), "what it held was dropped");
    assert!(own.lock().unwrap().as_ref().unwrap().is_over());
}

#[test]
fn waking_a_task_while_it_is_polled_makes_it_ready_once_more() {
    let stepper = Stepper::by_hand();
    let mut polls = 0;
    let value = stepper
        .block_on(
            "caller",
            poll_fn(move |cx| {
                polls += 1;
                if polls == 5 {
                    return Poll::Ready(polls);
                }
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                Poll::Pending
            }),
        )
        .unwrap();
    assert_eq!((value, stepper.polls()), (5, 5));
}

#[test]
fn a_waker_works_from_another_thread_and_after_its_task_is_gone() {
    let stepper = Stepper::by_hand();
    let slot = Arc::new(Mutex::new(None::<Waker>));
    let inside = Arc::clone(&slot);
    let mut woken = false;
    let task = stepper.spawn(
        "sleeper",
        poll_fn(move |cx| {
            *inside.lock().unwrap() = Some(cx.waker().clone());
            if std::mem::replace(&mut woken, true) { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    stepper.run_until_stalled().unwrap();
    let waker = slot.lock().unwrap().take().expect("the task left its waker");
    let abroad = waker.clone();
    std::thread::spawn(move || abroad.wake()).join().unwrap();
    assert_eq!(stepper.ready()[0].id, task.id());
    stepper.run_until_stalled().unwrap();
    assert!(task.is_over());
    waker.wake_by_ref();
    assert!(stepper.ready().is_empty());
    drop(stepper);
    waker.wake();
}

/// Wakes a waker and spawns a task when it is dropped, as the port's handles do.
struct Closer {
    other: Option<Waker>,
    seam: Arc<stepper::Seam>,
}

impl Drop for Closer {
    fn drop(&mut self) {
        if let Some(waker) = self.other.take() {
            waker.wake();
        }
        self.seam.spawn(TaskName::Dial, Box::pin(async {}));
    }
}

#[test]
fn dropping_a_task_may_wake_and_spawn_others() {
    for ending in ["aborted", "ended", "stepper dropped"] {
        let stepper = Stepper::by_hand();
        let seam = stepper.seam();
        let slot = Arc::new(Mutex::new(None::<Waker>));
        let inside = Arc::clone(&slot);
        stepper.spawn(
            "woken",
            poll_fn(move |cx| -> Poll<()> {
                *inside.lock().unwrap() = Some(cx.waker().clone());
                Poll::Pending
            }),
        );
        stepper.run_until_stalled().unwrap();
        let closer = Closer { other: slot.lock().unwrap().take(), seam: Arc::clone(&seam) };
        let ends = ending == "ended";
        let owner = stepper.spawn("owner", async move {
            let _closer = closer;
            if !ends {
                std::future::pending::<()>().await;
            }
        });
        match ending {
            "aborted" => assert!(stepper.drop_task(owner.id())),
            "ended" => drop(stepper.step(owner.id())),
            _ => {
                drop(stepper);
                assert_eq!((seam.alive_tasks(), seam.census().counts().total()), (0, 0));
                continue;
            }
        }
        let ready: Vec<_> = stepper.ready().iter().map(|task| task.name.to_string()).collect();
        assert_eq!(ready, ["woken", "dial"], "{ending}");
    }
}

#[test]
fn tasks_that_own_each_others_wakers_can_be_dropped() {
    let stepper = Stepper::by_hand();
    let (to_b, mut from_a) = mpsc::channel::<()>(1);
    let (to_a, mut from_b) = mpsc::channel::<()>(1);
    let a = stepper.spawn("a", async move {
        from_b.recv().await;
        drop(to_b);
    });
    let b = stepper.spawn("b", async move {
        from_a.recv().await;
        drop(to_a);
    });
    stepper.run_until_stalled().unwrap();
    assert!(stepper.drop_task(a.id()));
    stepper.run_until_stalled().unwrap();
    assert!(b.is_over(), "dropping the one woke the other");
}

#[test]
fn dropping_the_stepper_drops_all_tasks_though_they_hold_the_seam() {
    let stepper = Stepper::by_hand();
    let (held, mut dropped) = oneshot::channel::<()>();
    let seam = stepper.seam();
    stepper.spawn("holds the seam", async move {
        seam.timer(Duration::from_secs(1)).await;
        drop(held);
    });
    stepper.run_until_stalled().unwrap();
    drop(stepper);
    assert_eq!(dropped.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

#[test]
fn the_executors_own_count_agrees_with_the_census_and_leaves_the_others_out() {
    let stepper = Stepper::seeded(3);
    let seam = stepper.seam();
    stepper.spawn("origin", std::future::pending::<()>());
    seam.spawn(TaskName::ReadLoop, Box::pin(std::future::pending()));
    seam.spawn(TaskName::WriteLoop, Box::pin(yield_now()));
    assert_eq!((seam.alive_tasks(), seam.census().counts().total()), (2, 2));
    stepper.run_until_stalled().unwrap();
    assert_eq!((seam.alive_tasks(), seam.census().counts().total()), (1, 1));
    stepper.drop_task(TaskId::nth(2));
    assert_eq!((seam.alive_tasks(), seam.census().counts().total()), (0, 0));
}

#[test]
fn a_join_gives_the_result_once_or_word_that_there_is_none() {
    let stepper = Stepper::by_hand();
    let number = stepper.spawn("number", async { 13 });
    let never = stepper.spawn("never", std::future::pending::<u8>());
    assert!(!number.is_over());
    stepper.run_until_stalled().unwrap();
    assert_eq!((number.take(), number.take()), (Some(13), None));
    never.abort();
    assert_eq!(stepper.block_on("caller", never).unwrap(), None);
    let slow = stepper.spawn("slow", async {
        yield_now().await;
        yield_now().await;
        "late"
    });
    assert_eq!(stepper.block_on("caller", slow).unwrap(), Some("late"));
}

#[test]
fn a_caller_may_borrow_and_need_not_be_send() {
    let stepper = Stepper::by_hand();
    let text = String::from("borrowed");
    let local = std::rc::Rc::new(1);
    let length = stepper.block_on("caller", async { text.len() + *local }).unwrap();
    assert_eq!(length, 9);
    assert!(stepper.tasks().is_empty());
}

#[test]
fn a_future_can_be_dropped_after_any_number_of_polls() {
    let three_polls = || async {
        yield_now().await;
        yield_now().await;
        "done"
    };
    let outcomes: Vec<_> =
        (0..5).map(|polls| Stepper::by_hand().block_on("caller", drop_after(polls, three_polls())).unwrap()).collect();
    assert_eq!(outcomes, [None, None, None, Some("done"), Some("done")]);
}

#[test]
fn a_task_cannot_drive_the_stepper_that_polls_it() {
    let stepper = Stepper::by_hand();
    let nested = catch_unwind(AssertUnwindSafe(|| {
        stepper.block_on("outer", async { stepper.block_on("inner", async {}).is_ok() })
    }));
    let text = nested.unwrap_err().downcast::<String>().expect("a text");
    assert!(text.contains("cannot drive the stepper"), "{text}");
}

#[test]
fn a_panic_in_a_task_leaves_the_stepper_usable() {
    let stepper = Stepper::by_hand();
    let broken = stepper.spawn("broken", async { panic!("as planned") });
    assert!(catch_unwind(AssertUnwindSafe(|| stepper.run_until_stalled())).is_err());
    assert!(broken.is_over());
    assert_eq!(stepper.block_on("caller", broken).unwrap(), None);
}
