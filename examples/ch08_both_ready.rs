//! Chapter 8. A caller reads a body to its end while another task cancels. Who is first? A seed decides.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use client::{Cancel, Client, Config, Context, Request, Transport};
use examples::Outcome;
use http::Method;
use httptrace::{Channel, Event, Exit, Record, Recorder, Runtime};
use origin::{Reply, Router};
use stepper::Stepper;

/// How many seeds. Each is one order of who runs when.
const SEEDS: u64 = 1000;

/// What becomes of a reader that gets an error.
const TOLD: &str = "is told of it";

fn main() -> ExitCode {
    match both_ready() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn both_ready() -> Outcome<()> {
    let mut seen: BTreeMap<(First, &str, &str), u64> = BTreeMap::new();
    for seed in 0..SEEDS {
        let (first, exit, told) = race(seed)?;
        *seen.entry((first, exit.id(), told)).or_default() += 1;
    }
    println!("{SEEDS} seeds: one GET each; while its caller reads, another task cancels");
    println!("{:<34}{:<9}{:<18}seeds", "when read_loop looks", "way out", "the reader");
    for ((first, exit, told), seeds) in &seen {
        println!("{:<34}{exit:<9}{told:<18}{seeds}", first.what());
    }
    let both = || seen.iter().filter(|((first, ..), _)| *first == First::Both);
    println!("both there: {} of {SEEDS}", both().map(|(_, seeds)| seeds).sum::<u64>());
    println!("ways out when both are there: {}", both().count());
    let told: u64 = seen.iter().filter(|((.., told), _)| *told == TOLD).map(|(_, seeds)| seeds).sum();
    println!("readers that are told of the cancel: {told} of {SEEDS}");
    Ok(())
}

/// What read_loop finds when it wakes up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum First {
    Cancel,
    Both,
    End,
}

impl First {
    fn what(self) -> &'static str {
        match self {
            First::Cancel => "only the cancel is there",
            First::Both => "both are there",
            First::End => "only the end of the body is there",
        }
    }
}

fn race(seed: u64) -> Outcome<(First, Exit, &'static str)> {
    let stepper = Stepper::seeded(seed);
    let origin = stepper.serve("origin.test:80", Router::new().at("/", Reply::bytes(13)));
    let recorder = Recorder::new(stepper.seam());
    let rt: Arc<dyn Runtime> = stepper.seam();
    let client = Client::new(Transport::new(Config { trace: recorder.trace(), ..Config::zero(rt) }));
    // How many events there were when the cancel came.
    let cancelled_at = Arc::new(Mutex::new(None));
    // ANCHOR: race
    let told = stepper.block_on("caller", async {
        let (context, cancel) = Context::background().with_cancel();
        let mut request = Request::new(Method::GET, origin.url("/").parse()?);
        request.context = context;
        let mut response = client.do_request(request).await?;
        stepper.spawn("canceller", note_and_cancel(Arc::clone(&recorder), Arc::clone(&cancelled_at), cancel));
        stepper::yield_now().await;
        let read = response.body.read_all().await;
        Ok::<_, Box<dyn std::error::Error>>(if read.is_ok() { "has all of it" } else { TOLD })
    })??;
    // ANCHOR_END: race
    stepper.run_until_stalled()?;
    let cancelled_at = cancelled_at.lock().expect("nobody panics with it").ok_or("the canceller never ran")?;
    let (first, exit) = judge(&recorder.records(), cancelled_at)?;
    Ok((first, exit, told))
}

async fn note_and_cancel(recorder: Arc<Recorder>, at: Arc<Mutex<Option<usize>>>, cancel: Cancel) {
    *at.lock().expect("nobody panics with it") = Some(recorder.records().len());
    cancel.cancel();
}

/// Who came before read_loop's way out of the body: the cancel, the message with the end, or both.
fn judge(records: &[Record], cancelled_at: usize) -> Outcome<(First, Exit)> {
    let end = |event: &Event| matches!(event, Event::Sent { channel: Channel::WaitForBodyRead, .. });
    let ended_at = records.iter().position(|record| end(&record.event)).ok_or("the body never ended")?;
    let left = records.iter().enumerate().find_map(|(at, record)| match record.event {
        Event::Exit { id } if id.id().starts_with("RL-B") => Some((at, id)),
        _ => None,
    });
    let (left_at, exit) = left.ok_or("read_loop is still waiting")?;
    let first = match (cancelled_at <= left_at, ended_at < left_at) {
        (true, true) => First::Both,
        (true, false) => First::Cancel,
        (false, _) => First::End,
    };
    Ok((first, exit))
}
