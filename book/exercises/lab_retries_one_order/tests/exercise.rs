//! A shop whose connections die, before or after it has booked an order.

use std::collections::BTreeMap;
use std::io::Read;

use lab_retries_one_order::{Failure, Shop, place};

/// What a connection does with a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Conn {
    /// It dies before the shop has read anything.
    DiesBefore,
    /// The shop books the order, and the connection dies before the receipt is out.
    DiesAfter,
    /// All goes well.
    Answers,
    /// The shop does not want the order.
    Refuses,
}

use Conn::{Answers, DiesAfter, DiesBefore, Refuses};

const ORDER: &str = "one book";

/// Does one after the other with the requests that come, and the last for ever.
struct Script {
    conns: Vec<Conn>,
    asked: usize,
    booked: BTreeMap<String, u64>,
}

impl Shop for Script {
    fn post(&mut self, key: &str, body: &mut dyn Read) -> Result<u64, Failure> {
        let conn = self.conns[self.asked.min(self.conns.len() - 1)];
        self.asked += 1;
        assert!(self.asked <= 100, "the shop was asked a hundred times, and nobody stops");
        let mut text = String::new();
        body.read_to_string(&mut text).expect("a text in memory can be read");
        assert_eq!(text, ORDER, "try {} has sent {text:?}: a reader that was read has no more to give", self.asked);
        match conn {
            DiesBefore => return Err(Failure::NoAnswer),
            Refuses => return Err(Failure::Refused(422)),
            DiesAfter | Answers => {}
        }
        let next = 1 + self.booked.len() as u64;
        let receipt = *self.booked.entry(key.to_owned()).or_insert(next);
        if conn == Answers { Ok(receipt) } else { Err(Failure::NoAnswer) }
    }
}

/// What `place` returned, how often the shop was asked, and how many orders it has booked.
fn run(conns: &[Conn], tries: u32) -> (Result<u64, Failure>, usize, usize) {
    let mut shop = Script { conns: conns.to_vec(), asked: 0, booked: BTreeMap::new() };
    let mut keys = 0;
    let mut new_key = || {
        keys += 1;
        format!("order-{keys}")
    };
    let ended = place(&mut shop, &mut new_key, &|| Box::new(ORDER.as_bytes()), tries);
    (ended, shop.asked, shop.booked.len())
}

#[test]
fn an_order_that_is_answered_is_sent_once() {
    assert_eq!(run(&[Answers], 3), (Ok(1), 1, 1));
}

#[test]
fn wherever_the_connections_die_one_order_is_booked() {
    for first in [DiesBefore, DiesAfter] {
        for second in [DiesBefore, DiesAfter] {
            let (ended, asked, booked) = run(&[first, second, Answers], 3);
            assert_eq!(booked, 1, "{first:?}, {second:?}: the shop has booked {booked} orders, and one was placed");
            assert_eq!((ended, asked), (Ok(1), 3), "{first:?}, {second:?}");
        }
    }
}

#[test]
fn tries_have_an_end() {
    for tries in 1..5 {
        let (ended, asked, _) = run(&[DiesBefore], tries);
        assert_eq!(ended, Err(Failure::NoAnswer));
        assert_eq!(asked, tries as usize, "at most {tries} tries, and all of them before it gives up");
    }
}

#[test]
fn an_answer_is_an_answer() {
    let (ended, asked, _) = run(&[DiesBefore, Refuses, Answers], 5);
    assert_eq!(ended, Err(Failure::Refused(422)), "the shop has said no; asking again is arguing");
    assert_eq!(asked, 2, "the shop has said no; asking again is arguing");
}
