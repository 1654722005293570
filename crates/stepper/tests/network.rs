//! Connections in memory, with the manners of TCP.

use std::io::{ErrorKind, IoSlice};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use httptrace::{Io, Runtime, Settle, TaskName};
use stepper::{Dialling, OpenStreams, Polled, Stepper, Why, yield_now};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn a_dial_reaches_whoever_listens() {
    let stepper = Stepper::seeded(1);
    let mut listener = stepper.listen("origin.test:80");
    let seam = stepper.seam();
    stepper.spawn("origin", async move {
        let mut stream = listener.accept().await;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    let (word, addrs) = stepper
        .block_on("caller", async {
            let mut stream = seam.dial("origin.test:80").await.unwrap();
            stream.write_all(b"echo").await.unwrap();
            let mut word = String::new();
            stream.read_to_string(&mut word).await.unwrap();
            (word, stream.addrs())
        })
        .unwrap();
    assert_eq!(word, "echo");
    assert_eq!(addrs, ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:80".parse().unwrap()));
    assert_eq!(stepper.open_streams(), OpenStreams::default(), "no socket is left");
}

#[test]
fn a_dial_to_nobody_is_refused() {
    let stepper = Stepper::seeded(1);
    let seam = stepper.seam();
    drop(stepper.listen("origin.test:80"));
    let refused = stepper.block_on("caller", seam.dial("origin.test:80")).unwrap().expect_err("nobody listens");
    assert_eq!((refused.kind(), &*refused.to_string()), (ErrorKind::ConnectionRefused, "connection refused"));
}

#[test]
fn every_name_has_an_address_of_its_own_unless_it_is_given_others_or_none() {
    let stepper = Stepper::seeded(1);
    let (a, b) = (stepper.listen("a.test:80"), stepper.listen("b.test:80"));
    assert_eq!([a.addr(), b.addr()].map(|addr| addr.to_string()), ["127.0.0.1:80", "127.0.0.2:80"]);
    let seam = stepper.seam();
    let found = |host| stepper.block_on("caller", seam.lookup(host)).unwrap().map_err(|error| error.to_string());
    assert_eq!(found("b.test"), Ok(vec![b.addr().ip()]));
    stepper.set_addresses("c.test", &[b.addr().ip(), a.addr().ip()]);
    assert_eq!(found("c.test"), Ok(vec![b.addr().ip(), a.addr().ip()]));
    stepper.set_addresses("d.test", &[]);
    assert_eq!(found("d.test"), Err("no such host".to_owned()));
}

#[test]
fn dials_interleave_and_can_overtake_each_other() {
    let first_to_arrive = |seed| {
        let stepper = Stepper::seeded(seed);
        let _listener = stepper.listen("origin.test:80");
        let order = Arc::new(Mutex::new(Vec::new()));
        for name in ["a", "b"] {
            let (seam, order) = (stepper.seam(), Arc::clone(&order));
            stepper.spawn(name, async move {
                let _stream = seam.dial("origin.test:80").await.unwrap();
                order.lock().unwrap().push(name);
            });
        }
        stepper.run_until_stalled().unwrap();
        order.lock().unwrap()[0]
    };
    let winners: Vec<_> = (0..20).map(first_to_arrive).collect();
    assert!(winners.contains(&"a") && winners.contains(&"b"));
}

#[test]
fn a_dial_gives_way_at_least_once() {
    let stepper = Stepper::by_hand();
    let _listener = stepper.listen("origin.test:80");
    let seam = stepper.seam();
    let dial = stepper.spawn("dial", async move { seam.dial("origin.test:80").await.is_ok() });
    assert_eq!(stepper.step(dial.id()), Some(Polled::Pending));
    assert_eq!(stepper.open_streams().total(), 0);
    assert_eq!(stepper.step(dial.id()), Some(Polled::Over));
}

#[test]
fn a_dial_takes_its_latency_on_the_virtual_clock() {
    let stepper = Stepper::by_hand();
    stepper.set_dial_latency(Duration::from_millis(20));
    let _listener = stepper.listen("origin.test:80");
    let seam = stepper.seam();
    let _stream = stepper.block_on("caller", seam.dial("origin.test:80")).unwrap().unwrap();
    assert_eq!(stepper.now(), Duration::from_millis(20));
}

#[test]
fn a_dial_can_be_made_to_fail_or_to_hang() {
    let stepper = Stepper::by_hand();
    let _listener = stepper.listen("origin.test:80");
    let seam = stepper.seam();
    stepper.set_dialling("origin.test:80", Dialling::Fails(ErrorKind::HostUnreachable, "no route to host".into()));
    let failed = stepper.block_on("caller", seam.dial("origin.test:80")).unwrap().expect_err("it is to fail");
    assert_eq!((failed.kind(), &*failed.to_string()), (ErrorKind::HostUnreachable, "no route to host"));

    stepper.set_dialling("origin.test:80", Dialling::Hangs);
    let dial = stepper.seam();
    seam.spawn(TaskName::Dial, Box::pin(async move { drop(dial.dial("origin.test:80").await) }));
    let stalled = stepper.block_on("caller", seam.settled()).unwrap_err();
    assert_eq!((stalled.why, stalled.busy), (Why::NothingToDo, true));

    stepper.set_dialling("origin.test:80", Dialling::Connects);
    assert!(stepper.block_on("caller", seam.dial("origin.test:80")).unwrap().is_ok());
}

#[test]
#[should_panic(expected = "address already in use")]
fn an_address_has_one_listener() {
    let stepper = Stepper::by_hand();
    let _first = stepper.listen("origin.test:80");
    stepper.listen("origin.test:80");
}

#[test]
fn a_dropped_listener_resets_whom_it_did_not_accept_and_frees_the_address() {
    let stepper = Stepper::by_hand();
    let listener = stepper.listen("origin.test:80");
    let seam = stepper.seam();
    let mut stream = stepper.block_on("caller", seam.dial("origin.test:80")).unwrap().unwrap();
    assert_eq!(stepper.open_streams(), OpenStreams { dialled: 1, accepted: 1 });
    drop(listener);
    let error = stepper.block_on("caller", stream.read_u8()).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(stepper.open_streams().total(), 1);
    drop(stepper.listen("origin.test:80"));
}

#[test]
fn a_full_buffer_holds_the_writer_back_until_the_reader_reads() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        stepper.set_buffer(10);
        let (mut client, mut server) = stepper.pair();
        let writer = stepper.spawn("writer", async move { client.write_all(&[7; 25]).await.unwrap() });
        stepper.run_until_stalled().unwrap();
        assert!(!writer.is_over(), "only 10 of 25 bytes fit");
        let read = stepper.block_on("reader", async {
            let mut bytes = [0; 15];
            server.read_exact(&mut bytes).await.unwrap();
        });
        read.unwrap();
        stepper.run_until_stalled().unwrap();
        assert!(writer.is_over());
        let mut rest = Vec::new();
        stepper.block_on("reader", server.read_to_end(&mut rest)).unwrap().unwrap();
        assert_eq!(rest, [7; 10]);
    }
}

#[test]
fn after_a_half_close_the_peer_reads_eof_and_may_still_write() {
    let stepper = Stepper::seeded(2);
    let (mut client, mut server) = stepper.pair();
    stepper
        .block_on("caller", async {
            client.write_all(b"last words").await.unwrap();
            client.shutdown().await.unwrap();
            assert_eq!(client.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
            let mut heard = String::new();
            server.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "last words");
            server.write_all(b"answer").await.unwrap();
            drop(server);
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "answer");
        })
        .unwrap();
}

#[test]
fn after_a_close_the_peer_reads_what_is_buffered_and_its_writes_fail() {
    let stepper = Stepper::seeded(2);
    let (mut client, mut server) = stepper.pair();
    stepper
        .block_on("caller", async {
            server.write_all(b"bye").await.unwrap();
            drop(server);
            let error = client.write(b"x").await.unwrap_err();
            assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::BrokenPipe, "broken pipe"));
            let mut heard = String::new();
            client.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "bye");
        })
        .unwrap();
}

#[test]
fn a_close_with_unread_bytes_is_a_reset_to_the_peer() {
    let stepper = Stepper::seeded(2);
    let (mut client, mut server) = stepper.pair();
    stepper
        .block_on("caller", async {
            client.write_all(b"nobody reads this").await.unwrap();
            server.write_all(b"413").await.unwrap();
            drop(server);
            assert_eq!(client.write(b"x").await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            let mut head = [0; 3];
            client.read_exact(&mut head).await.unwrap();
            assert_eq!(client.read(&mut head).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        })
        .unwrap();
}

#[test]
fn a_reset_loses_what_is_buffered_and_wakes_reader_and_writer() {
    for seed in 0..20 {
        let stepper = Stepper::seeded(seed);
        stepper.set_buffer(4);
        let (client, mut server) = stepper.pair();
        let (mut read, mut write) = tokio::io::split(client);
        stepper.block_on("server", server.write_all(b"lost")).unwrap().unwrap();
        let writer = stepper.spawn("writer", async move { write.write_all(b"too long").await });
        stepper.run_until_stalled().unwrap();
        server.reset();
        stepper.run_until_stalled().unwrap();
        assert_eq!(writer.take().expect("it was woken").unwrap_err().kind(), ErrorKind::ConnectionReset);
        let error = stepper.block_on("reader", read.read_u8()).unwrap().unwrap_err();
        assert_eq!(error.to_string(), "connection reset by peer");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        drop(read);
        assert_eq!(stepper.open_streams().total(), 0);
    }
}

#[test]
fn a_write_after_a_reset_fails_as_one_even_if_nothing_was_unread() {
    let stepper = Stepper::by_hand();
    let (mut client, server) = stepper.pair();
    server.reset();
    let error = stepper.block_on("writer", client.write(b"x")).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_waiting_reader_is_woken_by_bytes_by_a_close_and_by_a_reset() {
    for ending in ["bytes", "half-close", "close", "reset"] {
        let stepper = Stepper::by_hand();
        let (mut client, mut server) = stepper.pair();
        let reader = stepper.spawn("reader", async move { client.read(&mut [0; 8]).await.map_err(|e| e.kind()) });
        stepper.run_until_stalled().unwrap();
        let expected = match ending {
            "bytes" => {
                stepper.block_on("server", server.write_all(b"xy")).unwrap().unwrap();
                Ok(2)
            }
            "half-close" => {
                stepper.block_on("server", server.shutdown()).unwrap().unwrap();
                Ok(0)
            }
            "close" => {
                drop(server);
                Ok(0)
            }
            _ => {
                server.reset();
                Err(ErrorKind::ConnectionReset)
            }
        };
        stepper.run_until_stalled().unwrap();
        assert_eq!(reader.take(), Some(expected), "{ending}");
    }
}

#[test]
fn a_vectored_write_moves_all_its_parts_at_once() {
    let stepper = Stepper::by_hand();
    let (mut client, mut server) = stepper.pair();
    let parts = [IoSlice::new(b"head "), IoSlice::new(b""), IoSlice::new(b"body")];
    assert_eq!(stepper.block_on("writer", client.write_vectored(&parts)).unwrap().unwrap(), 9);
    drop(client);
    let mut text = String::new();
    stepper.block_on("reader", server.read_to_string(&mut text)).unwrap().unwrap();
    assert_eq!(text, "head body");
}

#[test]
fn pieces_change_the_splits_and_not_the_bytes() {
    let run = |seed: Option<u64>| {
        let stepper = seed.map_or_else(Stepper::by_hand, Stepper::seeded);
        stepper.set_read_pieces(Some(5));
        stepper.set_write_pieces(Some(7));
        let (mut client, mut server) = stepper.pair();
        let text: Vec<u8> = (0..100).collect();
        let sent = text.clone();
        stepper.spawn("writer", async move {
            client.write_all(&sent).await.unwrap();
            yield_now().await;
        });
        let (got, sizes) = stepper
            .block_on("reader", async {
                let (mut got, mut sizes) = (Vec::new(), Vec::new());
                loop {
                    let n = server.read_buf(&mut got).await.unwrap();
                    if n == 0 {
                        return (got, sizes);
                    }
                    sizes.push(n);
                }
            })
            .unwrap();
        assert_eq!(got, text);
        assert!(sizes.iter().all(|&n| n <= 5));
        sizes
    };
    assert_ne!(run(Some(1)), run(Some(2)));
    assert_eq!(run(Some(3)), run(Some(3)));
    let whole = run(None);
    assert!(whole.iter().filter(|&&n| n == 5).count() > 10, "{whole:?}");
}

#[test]
fn a_stream_is_an_io() {
    let stepper = Stepper::by_hand();
    let (client, server) = stepper.pair();
    let (near, far) = (Io::addrs(&client).unwrap(), Io::addrs(&server).unwrap());
    assert_eq!((near.0, near.1), (far.1, far.0));
}
