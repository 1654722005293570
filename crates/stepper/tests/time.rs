//! The virtual clock, and "settled".

use std::sync::{Arc, Mutex};
use std::time::Duration;

use httptrace::{Runtime, Settle, TaskName};
use stepper::{Advanced, Stepper, Why, yield_now};

const MS: Duration = Duration::from_millis(1);

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        let order = Arc::new(Mutex::new(Vec::new()));
        for ms in [30, 10, 20] {
            let (seam, order) = (stepper.seam(), Arc::clone(&order));
            stepper.spawn("sleeper", async move {
                seam.timer(ms * MS).await;
                order.lock().unwrap().push((ms, seam.now()));
            });
        }
        stepper.run_to_rest().unwrap();
        assert_eq!(*order.lock().unwrap(), [(10, 10 * MS), (20, 20 * MS), (30, 30 * MS)]);
    }
}

#[test]
fn timers_of_the_same_deadline_fire_in_the_order_in_which_they_were_set() {
    let stepper = Stepper::by_hand();
    for name in ["first", "second", "third"] {
        let seam = stepper.seam();
        stepper.spawn(name, async move { seam.timer(MS).await });
    }
    let seam = stepper.seam();
    stepper.spawn("not due yet", async move { seam.timer(2 * MS).await });
    stepper.run_until_stalled().unwrap();
    assert_eq!(stepper.advance(), Advanced::To(MS));
    let ready: Vec<_> = stepper.ready().iter().map(|task| task.name.to_string()).collect();
    assert_eq!(ready, ["first", "second", "third"]);
}

#[test]
fn the_clock_stands_still_while_anybody_is_ready() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        let seam = stepper.seam();
        let busy = stepper.spawn("busy", {
            let seam = stepper.seam();
            async move {
                for _ in 0..100 {
                    yield_now().await;
                }
                seam.now()
            }
        });
        stepper.block_on("caller", seam.timer(MS)).unwrap();
        assert_eq!(busy.take(), Some(Duration::ZERO));
        assert_eq!(stepper.now(), MS);
    }
}

#[test]
fn by_hand_time_may_pass_while_a_task_is_ready() {
    let stepper = Stepper::by_hand();
    let seam = stepper.seam();
    let sleeper = stepper.spawn("sleeper", async move { seam.timer(MS).await });
    stepper.step(sleeper.id());
    let seam = stepper.seam();
    let late = stepper.spawn("late", async move { seam.now() });
    assert_eq!(stepper.advance(), Advanced::To(MS));
    stepper.run_until_stalled().unwrap();
    assert_eq!(late.take(), Some(MS));
}

#[test]
fn a_timer_can_be_moved_while_it_is_waited_for_and_after_it_has_fired() {
    let stepper = Stepper::by_hand();
    let seam = stepper.seam();
    let fired = stepper
        .block_on("caller", async {
            let mut timer = seam.timer(MS);
            let mut fired = Vec::new();
            timer.as_mut().await;
            fired.push(seam.now());
            timer.as_mut().reset(5 * MS);
            timer.as_mut().await;
            fired.push(seam.now());
            fired
        })
        .unwrap();
    assert_eq!(fired, [MS, 5 * MS]);

    // Moved from outside the task that waits for it: to later, then to a time that has passed.
    let timer = Arc::new(Mutex::new(seam.timer(10 * MS)));
    let waiting = Arc::clone(&timer);
    let waiter = stepper.spawn("waiter", std::future::poll_fn(move |cx| waiting.lock().unwrap().as_mut().poll(cx)));
    stepper.run_until_stalled().unwrap();
    timer.lock().unwrap().as_mut().reset(20 * MS);
    assert_eq!(stepper.advance(), Advanced::To(20 * MS));
    stepper.run_until_stalled().unwrap();
    assert!(waiter.is_over());

    timer.lock().unwrap().as_mut().reset(30 * MS);
    let waiting = Arc::clone(&timer);
    let waiter = stepper.spawn("waiter", std::future::poll_fn(move |cx| waiting.lock().unwrap().as_mut().poll(cx)));
    stepper.run_until_stalled().unwrap();
    timer.lock().unwrap().as_mut().reset(MS);
    stepper.run_until_stalled().unwrap();
    assert!(waiter.is_over(), "a timer moved into the past fires at once");
    assert_eq!(stepper.now(), 20 * MS);
}

#[test]
fn the_timers_of_a_dropped_task_vanish() {
    let stepper = Stepper::by_hand();
    let seam = stepper.seam();
    let sleeper = stepper.spawn("sleeper", async move { seam.timer(MS).await });
    stepper.run_until_stalled().unwrap();
    sleeper.abort();
    assert_eq!(stepper.advance(), Advanced::Nothing);
    assert_eq!(stepper.now(), Duration::ZERO);
}

#[test]
fn a_timer_that_is_polled_again_is_still_one_timer() {
    let stepper = Stepper::by_hand();
    let seam = stepper.seam();
    let sleeper = stepper.spawn("sleeper", async move { seam.timer(MS).await });
    stepper.run_until_stalled().unwrap();
    assert!(stepper.nudge(sleeper.id()));
    stepper.run_until_stalled().unwrap();
    sleeper.abort();
    assert_eq!(stepper.advance(), Advanced::Nothing);
}

#[test]
fn the_clock_never_jumps_to_a_deadline_that_means_never() {
    let stepper = Stepper::by_hand();
    let stalled = stepper.block_on("caller", stepper.seam().timer(Duration::MAX)).unwrap_err();
    assert_eq!((stalled.why, stalled.now), (Why::NothingToDo, Duration::ZERO));
}

#[test]
fn settled_waits_until_no_other_task_is_ready() {
    for seed in 0..50 {
        let stepper = Stepper::seeded(seed);
        let seam = stepper.seam();
        seam.spawn(
            TaskName::ReadLoop,
            Box::pin(async {
                for _ in 0..20 {
                    yield_now().await;
                }
            }),
        );
        seam.spawn(TaskName::WriteLoop, Box::pin(std::future::pending()));
        let left = stepper
            .block_on("caller", async {
                seam.settled().await;
                (seam.census().counts().read_loop, seam.alive_tasks())
            })
            .unwrap();
        assert_eq!(left, (0, 1));
    }
}

#[test]
fn settled_lets_time_pass_for_work_under_way_and_not_for_an_idle_timer() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        let seam = stepper.seam();
        let busy = seam.census().busy();
        let drain = seam.timer(5 * MS);
        seam.spawn(
            TaskName::ReadLoop,
            Box::pin(async move {
                drain.await;
                drop(busy);
            }),
        );
        let idle = seam.timer(Duration::from_secs(90));
        seam.spawn(TaskName::WriteLoop, Box::pin(idle_task(idle)));
        stepper.block_on("caller", seam.settled()).unwrap();
        assert_eq!(stepper.now(), 5 * MS);
        assert_eq!((seam.census().counts().read_loop, seam.census().counts().write_loop), (0, 1));
    }
}

async fn idle_task(timer: std::pin::Pin<Box<dyn httptrace::Timer>>) {
    timer.await;
}

#[test]
fn two_who_wait_for_things_to_settle_do_not_wait_for_each_other() {
    let stepper = Stepper::seeded(4);
    let other = stepper.spawn("other", stepper.seam().settled());
    stepper.block_on("caller", stepper.seam().settled()).unwrap();
    stepper.run_until_stalled().unwrap();
    assert!(other.is_over());
}

#[test]
fn work_under_way_that_nobody_ends_is_a_report() {
    let stepper = Stepper::seeded(4);
    let seam = stepper.seam();
    let _busy = seam.census().busy();
    let stalled = stepper.block_on("caller", seam.settled()).unwrap_err();
    assert!(stalled.busy);
    assert!(stalled.to_string().contains("with work under way"));
}

#[test]
fn by_hand_things_are_not_settled_while_a_task_is_ready() {
    let stepper = Stepper::by_hand();
    let waiter = stepper.spawn("waiter", stepper.seam().settled());
    stepper.run_until_stalled().unwrap();
    let late = stepper.spawn("late", async {});
    assert_eq!(stepper.advance(), Advanced::Nothing);
    stepper.step(late.id());
    assert_eq!(stepper.advance(), Advanced::Settled);
    stepper.step(waiter.id());
    assert!(waiter.is_over());
}

#[test]
fn waiting_for_things_to_settle_can_be_given_up() {
    let stepper = Stepper::by_hand();
    let waiter = stepper.spawn("waiter", stepper.seam().settled());
    stepper.run_until_stalled().unwrap();
    waiter.abort();
    assert_eq!(stepper.advance(), Advanced::Nothing);
}
