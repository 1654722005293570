//! A caller reads frames beside a clock, on the stepper: each seed is another order of events, and cuts the reads elsewhere.

use std::io::ErrorKind;

use ch13_half_a_frame::Frames;
use stepper::{MemStream, Stepper, drop_after, yield_now};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::unbounded_channel;

const SEEDS: u64 = 200;

/// The last is longer than one byte of length can say.
fn sent() -> Vec<Vec<u8>> {
    vec![b"alpha".to_vec(), Vec::new(), b"bravo".to_vec(), vec![7; 300], b"delta".to_vec()]
}

fn on_the_wire(frames: &[Vec<u8>]) -> Vec<u8> {
    let with_length = |frame: &Vec<u8>| {
        let length = u16::try_from(frame.len()).expect("a short frame").to_be_bytes();
        [&length, frame.as_slice()].concat()
    };
    frames.iter().flat_map(with_length).collect()
}

/// A stream on which a task sends `bytes` and then ends; reads are cut by the stepper's seed.
fn stream(stepper: &Stepper, bytes: Vec<u8>) -> MemStream {
    stepper.set_buffer(64);
    stepper.set_read_pieces(Some(40));
    let (ours, mut theirs) = stepper.pair();
    stepper.spawn("server", async move {
        for piece in bytes.chunks(3) {
            theirs.write_all(piece).await.expect("the reader stays");
            yield_now().await;
        }
        theirs.shutdown().await.expect("the reader stays");
    });
    ours
}

/// Reads all frames in a `select!` with a clock, as a caller does. Returns them, and how often the clock was first.
fn beside_a_clock(seed: u64) -> (Vec<Vec<u8>>, usize) {
    let stepper = Stepper::seeded(seed);
    let mut frames = Frames::new(stream(&stepper, on_the_wire(&sent())));
    let (clock, mut ticks) = unbounded_channel();
    stepper.spawn("clock", async move {
        while clock.send(()).is_ok() {
            yield_now().await;
        }
    });
    let read = stepper.block_on("caller", async {
        let (mut came, mut ticked) = (Vec::new(), 0);
        // One that never ends is none of this test's.
        while came.len() <= sent().len() {
            // - next: the server. Cancel-safe, as its documentation says.
            // - recv: the clock. Cancel-safe: a tick stays in the channel.
            tokio::select! {
                biased;
                frame = frames.next() => match frame {
                    Ok(Some(frame)) => came.push(frame),
                    Ok(None) | Err(_) => break,
                },
                Some(()) = ticks.recv() => ticked += 1,
            }
        }
        (came, ticked)
    });
    read.unwrap_or_else(|stalled| {
        panic!("seed {seed}: the frames that came out are not those that were sent: {stalled}")
    })
}

#[test]
fn under_200_orders_of_events_every_frame_comes_out_whole() {
    let mut ticked = 0;
    for seed in 0..SEEDS {
        let (came, ticks) = beside_a_clock(seed);
        let lengths: Vec<usize> = came.iter().map(Vec::len).collect();
        assert!(
            came == sent(),
            "seed {seed}: the frames that came out are not those that were sent; their lengths are {lengths:?}"
        );
        ticked += ticks;
    }
    assert!(ticked > 1000, "the clock has ticked {ticked} times, so the reader was put to the test");
}

#[test]
fn a_future_that_is_dropped_after_any_number_of_polls_loses_nothing() {
    for polls in 1..=20 {
        let stepper = Stepper::seeded(1);
        let mut frames = Frames::new(stream(&stepper, on_the_wire(&sent())));
        let read = stepper.block_on("caller", async {
            let mut came = Vec::new();
            while came.len() <= sent().len() {
                match drop_after(polls, frames.next()).await {
                    // Dropped; the next call goes on, once somebody else had a turn.
                    None => yield_now().await,
                    Some(Ok(Some(frame))) => came.push(frame),
                    Some(Ok(None) | Err(_)) => break,
                }
            }
            came
        });
        assert!(
            read.as_ref().is_ok_and(|came| *came == sent()),
            "dropped after {polls} polls each time: the frames that came out are not those that were sent"
        );
    }
}

#[test]
fn a_stream_that_ends_within_a_frame_is_an_error_and_one_that_ends_behind_it_is_not() {
    let whole = on_the_wire(&[b"alpha".to_vec()]);
    for length in 0..=whole.len() {
        let stepper = Stepper::seeded(1);
        let mut frames = Frames::new(stream(&stepper, whole[..length].to_vec()));
        let next = stepper.block_on("caller", async {
            match frames.next().await {
                Ok(Some(_)) => frames.next().await,
                other => other,
            }
        });
        let next = next.expect("the stream has an end");
        if length == 0 || length == whole.len() {
            assert!(
                matches!(next, Ok(None)),
                "{length} bytes: the stream ends between two frames, and that is {next:?}"
            );
        } else {
            let kind = next.as_ref().err().map(std::io::Error::kind);
            assert_eq!(
                kind,
                Some(ErrorKind::UnexpectedEof),
                "{length} bytes: a frame that was cut short was not told: {next:?}"
            );
        }
    }
}
