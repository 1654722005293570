//! Chapter 13. What else a dropped future can cost, and whose turn it is when two arms are ready.

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use examples::lines::{Careful, ReadLine};
use examples::{Outcome, Stage};
use httptrace::select;
use stepper::Stepper;
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{Notify, Semaphore};

fn main() -> ExitCode {
    Stage::main(places)
}

async fn places(_stage: &Stage) -> Outcome<()> {
    println!("four wait in a line, we came first, and there are 3 ticks");
    println!("{:<29}served as number {}", "place asked for anew:", place_in_line(anew)?);
    println!("{:<29}served as number {}", "place kept:", place_in_line(kept)?);

    println!("\n100 lines are there, and so is a tick");
    println!("{:<29}the tick comes after {} lines", "the reader's arm first:", tick_after(true).await?);
    println!("{:<29}the tick comes after {} lines", "the tick's arm first:", tick_after(false).await?);
    Ok(())
}

// ANCHOR: anew
async fn anew(seat: Arc<Semaphore>, ticks: Arc<Notify>) {
    loop {
        // - acquire: whoever leaves the seat. Not cancel-safe: it has our place.
        // - notified: the clock.
        select! {
            _seat = seat.acquire() => return,
            () = ticks.notified() => {}
        }
    }
}
// ANCHOR_END: anew

// ANCHOR: kept
async fn kept(seat: Arc<Semaphore>, ticks: Arc<Notify>) {
    let mut place = pin!(seat.acquire());
    loop {
        // - place: whoever leaves the seat. It is lent, so a tick does not drop it.
        // - notified: the clock.
        select! {
            _seat = &mut place => return,
            () = ticks.notified() => {}
        }
    }
}
// ANCHOR_END: kept

/// We wait for the one seat; before each of three ticks a rival comes and waits too. Then the seat is free. When is it our
/// turn?
fn place_in_line<F>(wait: impl FnOnce(Arc<Semaphore>, Arc<Notify>) -> F) -> Outcome<usize>
where
    F: Future<Output = ()> + Send + 'static,
{
    let stepper = Stepper::by_hand();
    let (seat, ticks) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let served = Arc::new(Mutex::new(Vec::new()));
    let wait = wait(Arc::clone(&seat), Arc::clone(&ticks));
    let sit = |served: &Mutex<Vec<&str>>, who| served.lock().expect("a push cannot fail half-way").push(who);
    let ours = Arc::clone(&served);
    stepper.spawn("we", async move {
        wait.await;
        sit(&ours, "we");
    });
    stepper.run_until_stalled()?;
    for _ in 1..=3 {
        let (seat, theirs) = (Arc::clone(&seat), Arc::clone(&served));
        stepper.spawn("rival", async move {
            let got = seat.acquire().await;
            sit(&theirs, "a rival");
            drop(got);
        });
        stepper.run_until_stalled()?;
        ticks.notify_one();
        stepper.run_until_stalled()?;
    }
    seat.add_permits(1);
    stepper.run_until_stalled()?;
    let served = served.lock().expect("a push cannot fail half-way");
    let ours = served.iter().position(|who| *who == "we").ok_or("we were never served")?;
    Ok(ours + 1)
}

/// How many lines are read before the tick that is there from the start.
async fn tick_after(reader_first: bool) -> Outcome<usize> {
    let text = "line\n".repeat(100);
    let mut reader = Careful::new(text.as_bytes());
    let (clock, mut ticks) = unbounded_channel();
    clock.send(())?;
    let mut lines = 0;
    loop {
        // Twice the same two arms, in both orders.
        // - next_line: the text, all of which is there. Cancel-safe, says the reader.
        // - recv: the clock. Cancel-safe: a tick stays in the channel.
        let line = match reader_first {
            true => select! {
                line = reader.next_line() => line?,
                Some(()) = ticks.recv() => return Ok(lines),
            },
            false => select! {
                Some(()) = ticks.recv() => return Ok(lines),
                line = reader.next_line() => line?,
            },
        };
        if line.is_none() {
            return Ok(lines);
        }
        lines += 1;
    }
}
