//! The readers of chapter 13, asked again with other pieces and other ticks than the chapter's.

use std::cell::Cell;

use examples::lines::{
    Careful, Forgetful, Prefixed, ReadLine, Seen, Tap, beside_ticks, made_once, missing, side_by_side,
};
use stepper::{MemStream, Stepper};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::unbounded_channel;

const LINES: [&str; 2] = ["ab", "cd"];

/// Which caller reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Select,
    MadeOnce,
    SideBySide,
}

/// Sends `text` in two pieces, cut at `cut`, and lets the clock tick when the first has been read. Returns the lines, the
/// ticks and the error at the end, if there was one.
fn read<R: ReadLine>(
    text: &'static str,
    cut: usize,
    way: Way,
    reader: impl FnOnce(Tap<MemStream>) -> R,
) -> (Vec<String>, usize, Option<String>) {
    let stepper = Stepper::by_hand();
    let (ours, mut theirs) = stepper.pair();
    let tap = Tap::on(ours);
    let mut taken = tap.taken();
    let (clock, mut ticks) = unbounded_channel();
    let (ticked, mut told) = unbounded_channel();
    stepper.spawn("server", async move {
        let (first, second) = text.as_bytes().split_at(cut);
        theirs.write_all(first).await.expect("the reader stays");
        taken.wait_for(|taken| taken.len() >= cut).await.expect("the reader stays");
        clock.send(()).expect("the caller stays");
        // The caller has seen the tick before more comes.
        told.recv().await.expect("the caller stays");
        drop(clock);
        theirs.write_all(second).await.expect("the reader stays");
    });
    let (mut reader, mut lines, count) = (reader(tap), Vec::new(), Cell::new(0));
    let seen = |seen: Seen<'_>| match seen {
        Seen::Line(_) => {}
        Seen::Tick => {
            count.set(count.get() + 1);
            ticked.send(()).expect("the server waits for it");
        }
    };
    let ended = stepper.block_on("caller", async {
        match way {
            Way::Select => beside_ticks(&mut reader, &mut ticks, &mut lines, seen).await,
            Way::MadeOnce => made_once(&mut reader, &mut ticks, &mut lines, seen).await,
            Way::SideBySide => side_by_side(&mut reader, &mut ticks, &mut lines, seen).await,
        }
    });
    let ended = ended.expect("the stream has an end");
    (lines, count.get(), ended.err().map(|error| error.to_string()))
}

const TEXT: &str = "ab\ncd\n";

#[test]
fn the_forgetful_reader_loses_what_it_had_of_a_line_and_nothing_else() {
    for (cut, lost) in [(0, ""), (1, "a"), (2, "ab"), (3, ""), (4, "c"), (5, "cd"), (6, "")] {
        let (lines, ticks, error) = read(TEXT, cut, Way::Select, Forgetful::new);
        assert_eq!((ticks, error), (1, None), "cut at {cut}");
        assert_eq!(missing(&LINES, &lines).concat(), lost, "cut at {cut}: {lines:?}");
    }
}

#[test]
fn the_careful_reader_loses_nothing_wherever_the_tick_falls() {
    for cut in 0..=TEXT.len() {
        let (lines, ticks, error) = read(TEXT, cut, Way::Select, Careful::new);
        assert_eq!((lines.as_slice(), ticks, error), (&LINES.map(str::to_owned)[..], 1, None), "cut at {cut}");
    }
}

#[test]
fn a_future_that_is_not_dropped_loses_nothing_whoever_keeps_the_line() {
    for way in [Way::MadeOnce, Way::SideBySide] {
        for cut in 0..=TEXT.len() {
            let (lines, ticks, error) = read(TEXT, cut, way, Forgetful::new);
            assert_eq!((lines.as_slice(), ticks, error), (&LINES.map(str::to_owned)[..], 1, None), "{way:?}, {cut}");
        }
    }
}

#[test]
fn a_length_that_is_lost_makes_a_length_of_the_text() {
    // Behind the lost length comes `b`, which is 98, and no 98 bytes come.
    let (lines, _, error) = read("\x02ab\x02cd", 2, Way::Select, Prefixed::new);
    assert_eq!((lines.len(), error.as_deref()), (0, Some("early eof")));
}
