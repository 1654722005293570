//! The write loop as one task of the stepper, over a pipe in memory: nothing here depends on time.

use std::io;

use ch04_write_loop::{WriteRequest, write_loop};
use stepper::{Join, Stepper};
use tokio::io::{AsyncReadExt, BufWriter, DuplexStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Room for this many bytes between the loop and the server.
const PIPE: usize = 16;

/// A connection of which only the write side is there.
struct Connection {
    stepper: Stepper,
    write_loop: Join<()>,
    writech: mpsc::Sender<WriteRequest>,
    closech: CancellationToken,
}

impl Connection {
    fn open() -> (Self, DuplexStream) {
        let stepper = Stepper::seeded(1);
        let (socket, server) = tokio::io::duplex(PIPE);
        let (writech, requests) = mpsc::channel(1);
        let closech = CancellationToken::new();
        let write_loop = stepper.spawn("write_loop", write_loop(BufWriter::new(socket), requests, closech.clone()));
        (Connection { stepper, write_loop, writech, closech }, server)
    }

    /// Runs everybody until nobody can go on.
    fn run(&self) {
        self.stepper.run_until_stalled().expect("the loop waits for something, and does not spin");
    }

    fn send(&self, bytes: &[u8]) -> oneshot::Receiver<io::Result<()>> {
        let (wrote, told) = oneshot::channel();
        let request = WriteRequest { bytes: bytes.to_vec(), wrote };
        self.writech.try_send(request).expect("the loop is there and has room for a request");
        self.run();
        told
    }
}

/// Reads as many bytes as that, which must be there or come.
fn read(connection: &Connection, server: &mut DuplexStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    let read = connection.stepper.block_on("server", server.read_exact(&mut bytes));
    read.expect("the request never reached the server").expect("the connection is open");
    connection.run();
    bytes
}

#[test]
fn requests_are_written_one_after_the_other() {
    let (connection, mut server) = Connection::open();
    for request in [b"GET /1", b"GET /2"] {
        let mut told = connection.send(request);
        assert_eq!(read(&connection, &mut server, 6), request);
        assert!(matches!(told.try_recv(), Ok(Ok(()))), "the caller was not told that its request is written");
    }
    assert!(!connection.write_loop.is_over(), "the loop serves the connection, not one request");
}

#[test]
fn success_is_told_when_all_is_written() {
    let (connection, mut server) = Connection::open();
    let mut told = connection.send(&[b'x'; 5 * PIPE]);
    assert!(told.try_recv().is_err(), "the caller was told of success, and it was not written yet");
    read(&connection, &mut server, 5 * PIPE);
    assert!(matches!(told.try_recv(), Ok(Ok(()))), "the caller was not told that its request is written");
}

#[test]
fn an_idle_loop_ends_when_the_connection_is_closed() {
    let (connection, _server) = Connection::open();
    connection.run();
    connection.closech.cancel();
    connection.run();
    assert!(connection.write_loop.is_over(), "an idle write loop must end with its connection");
}

#[test]
fn a_loop_in_the_middle_of_a_write_ends_when_the_connection_is_closed() {
    let (connection, _server) = Connection::open();
    let mut told = connection.send(&[b'x'; 5 * PIPE]);
    connection.closech.cancel();
    connection.run();
    assert!(connection.write_loop.is_over(), "a write that stands still must end with its connection");
    assert!(matches!(told.try_recv(), Ok(Err(_))), "the caller was not told that its request is lost");
}

#[test]
fn a_write_that_fails_ends_the_connection() {
    let (connection, server) = Connection::open();
    drop(server);
    let mut told = connection.send(b"GET /");
    assert!(matches!(told.try_recv(), Ok(Err(_))), "the caller was not told that its write has failed");
    assert!(connection.closech.is_cancelled(), "the write has failed, and the read loop was not told");
    assert!(connection.write_loop.is_over(), "after a failed write there is nothing left to do");
}
