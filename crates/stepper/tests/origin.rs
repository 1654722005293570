//! The scripted server on the stepper's network.

use std::time::Duration;

use httptrace::Settle;
use origin::{Reply, Router, Script};
use stepper::{OpenStreams, Stepper};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn a_router_answers_in_memory_whatever_the_schedule() {
    for seed in 0..100 {
        let stepper = Stepper::seeded(seed);
        stepper.set_read_pieces(Some(9));
        let origin = stepper.serve("origin.test:80", Router::new().at("/small", Reply::bytes(13)));
        let seam = stepper.seam();
        let text = stepper
            .block_on("caller", async {
                let mut stream = seam.dial("origin.test:80").await.unwrap();
                let request = b"GET /small HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n";
                stream.write_all(request).await.unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                seam.settled().await;
                text
            })
            .unwrap_or_else(|stalled| panic!("{stalled}"));
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert_eq!(text.split_once("\r\n\r\n").expect("a head").1.len(), 13);
        origin.server().assert_ok();
        assert_eq!(origin.server().stats().requests, 1);
        assert_eq!(stepper.open_streams(), OpenStreams::default(), "seed {seed}");
        assert_eq!(seam.alive_tasks(), 0, "the origin is not counted");
    }
}

#[test]
fn a_scripts_pauses_are_on_the_virtual_clock_and_its_reset_is_one() {
    let stepper = Stepper::seeded(1);
    let script = Script::new().pause(Duration::from_secs(3600)).send("half").reset();
    stepper.serve("origin.test:80", script);
    let seam = stepper.seam();
    let error = stepper
        .block_on("caller", async {
            let mut stream = seam.dial("origin.test:80").await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap_err()
        })
        .unwrap();
    assert_eq!(error.to_string(), "connection reset by peer");
    assert_eq!(stepper.now(), Duration::from_secs(3600));
}

#[test]
fn a_stopped_origin_closes_its_connections_and_frees_its_address() {
    let stepper = Stepper::seeded(1);
    let origin = stepper.serve("origin.test:80", Script::new().hold());
    let seam = stepper.seam();
    let mut stream = stepper
        .block_on("caller", async {
            let stream = seam.dial("origin.test:80").await.unwrap();
            origin.server().until(|stats| stats.open == 1).await;
            stream
        })
        .unwrap();
    origin.stop();
    assert_eq!(stepper.open_streams(), OpenStreams { dialled: 1, accepted: 0 });
    assert_eq!(stepper.block_on("caller", stream.read(&mut [0; 1])).unwrap().unwrap(), 0);
    let refused = stepper.block_on("caller", seam.dial("origin.test:80")).unwrap();
    assert!(refused.is_err());
    assert!(stepper.tasks().is_empty());
}
