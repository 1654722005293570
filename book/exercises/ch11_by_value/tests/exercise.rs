//! All ways to read a body and give it back, and a pool of connections that look alike.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use ch11_by_value::{Body, Broken, Done, Pool, Read};

/// A connection's reader, which cannot be copied: there is one for each number.
#[derive(PartialEq, Eq, Debug)]
struct Reader {
    number: u32,
    reads: VecDeque<Result<usize, Broken>>,
}

impl Read for Reader {
    fn read(&mut self) -> Result<usize, Broken> {
        self.reads.pop_front().expect("nobody reads on after the end")
    }
}

/// A body: its name, and what each read of it gives.
type Reads = (&'static str, &'static [Result<usize, Broken>]);

const BODIES: [Reads; 3] = [
    ("a body of two pieces", &[Ok(5), Ok(5), Ok(0)]),
    ("an empty body", &[Ok(0)]),
    ("a body that breaks off", &[Ok(5), Err(Broken)]),
];

#[test]
fn the_reader_comes_back_once_with_how_the_reading_ended() {
    for (what, reads) in BODIES {
        for count in 0..=reads.len() {
            let mut body = Body::new(Reader { number: 7, reads: reads.iter().copied().collect() });
            for _ in 0..count {
                let _ = body.read();
            }
            let context = format!("{what}, {count} of {} reads", reads.len());
            let last = count.checked_sub(1).map(|i| reads[i]);
            match (last, body.give_back()) {
                (Some(Ok(0)), Some(Done::Eof(reader))) => assert_eq!(reader.number, 7, "{context}"),
                (Some(Ok(0)), other) => {
                    panic!("{context}: {other:?}. A body that was read to its end gives back a clean reader, as Eof")
                }
                (Some(Err(Broken)), Some(Done::Failed)) => {}
                (Some(Err(Broken)), other) => {
                    panic!("{context}: {other:?}. A reader that has failed is of no use: nobody may get it")
                }
                (None | Some(Ok(_)), Some(Done::ClosedEarly(reader))) => {
                    assert_eq!(reader.number, 7, "{context}");
                    assert_eq!(
                        reader.reads.len(),
                        reads.len() - count,
                        "{context}: it stands where the caller left it"
                    );
                }
                (None | Some(Ok(_)), other) => {
                    panic!("{context}: {other:?}. The end was not seen, so somebody must read on: ClosedEarly")
                }
            }
            assert_eq!(body.give_back(), None, "{context}: it was given back already");
            assert_eq!(body.read(), Ok(0), "{context}: a body without its reader has nothing more");
        }
    }
}

/// A connection. Two of one host look alike, and it is counted how often somebody looks.
struct Conn {
    number: u32,
    host: &'static str,
    looks: Rc<Cell<usize>>,
}

impl PartialEq for Conn {
    fn eq(&self, other: &Self) -> bool {
        self.looks.set(self.looks.get() + 1);
        self.host == other.host
    }
}

#[test]
fn the_pool_takes_what_it_is_given_without_a_look() {
    let looks = Rc::new(Cell::new(0));
    let mut pool = Pool::new();
    for number in 1..=3 {
        pool.put(Conn { number, host: "a.example", looks: Rc::clone(&looks) });
    }
    let numbers: Vec<u32> = std::iter::from_fn(|| pool.take()).map(|conn| conn.number).collect();
    assert_eq!(numbers, [3, 2, 1], "three connections were put into the pool, and the last is the first to come out");
    assert_eq!(looks.get(), 0, "the pool compares connections, though nobody can have the one that was put");
}
