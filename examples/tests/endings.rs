//! Chapter 4: which loop ends first, and that the other one follows.

use std::collections::BTreeSet;

use examples::Stage;
use examples::endings::{Ended, Ending, end};
use httptrace::TaskName::{self, ReadLoop, WriteLoop};

/// What may come of it: the first loop, and the tasks left with the caller.
fn expected(ending: Ending) -> (&'static [Option<TaskName>], usize) {
    match ending {
        Ending::AfterRequest | Ending::InBody | Ending::Idle | Ending::ClosedEarly => (&[Some(ReadLoop)], 1),
        Ending::InBodyUnread => (&[None], 3),
        Ending::RequestBody => (&[Some(WriteLoop)], 1),
        Ending::AfterAccept | Ending::CloseIdle => (&[Some(ReadLoop), Some(WriteLoop)], 1),
    }
}

fn assert_expected(ending: Ending, ended: &Ended) {
    let (first, left) = expected(ending);
    assert!(first.contains(&ended.first), "{ending:?} ended as {ended}");
    assert_eq!(ended.left, left, "{ending:?} ended as {ended}");
}

#[test]
fn the_first_loop_to_end_is_the_one_that_notices_over_sockets() {
    for ending in Ending::ALL {
        // That nothing is left in the end, `end` looks at itself.
        let ended = Stage::on_sockets(async |stage| end(stage, ending).await);
        assert_expected(ending, &ended.unwrap_or_else(|error| panic!("{ending:?}: {error}")));
    }
}

#[test]
fn the_first_loop_to_end_is_the_one_that_notices_whoever_goes_first() {
    for ending in Ending::ALL {
        let mut seen = BTreeSet::new();
        for seed in 0..50 {
            let ended = Stage::on_stepper(seed, async |stage| end(stage, ending).await);
            let ended = ended.unwrap_or_else(|error| panic!("{ending:?}, seed {seed}: {error}"));
            assert_expected(ending, &ended);
            seen.insert(ended.to_string());
        }
        assert_eq!(seen.len() > 1, ending.is_race(), "{ending:?}: {seen:?}");
    }
}

#[test]
fn a_caller_hears_why_its_request_failed() {
    let told = |ending| {
        let ended = Stage::on_stepper(1, async |stage| end(stage, ending).await);
        ended.unwrap_or_else(|error| panic!("{ending:?}: {error}")).told
    };
    assert_eq!(told(Ending::AfterRequest).as_deref(), Some("Get \"http://origin-1.test/\": EOF"));
    assert_eq!(told(Ending::InBody).as_deref(), Some("unexpected EOF"));
    // Go's connection reads a body of known length itself, and says so.
    let body = told(Ending::RequestBody).expect("an error");
    let (before, after) = body.split_once("tcp 127.0.0.1:").expect("two addresses");
    assert_eq!(before, "Post \"http://origin-1.test/\": readfrom ");
    assert!(after.ends_with("->127.0.0.1:80: no paper left"), "{body}");
    for quiet in [Ending::InBodyUnread, Ending::Idle, Ending::ClosedEarly, Ending::CloseIdle] {
        assert_eq!(told(quiet), None, "{quiet:?}");
    }
}
