//! A caller that orders once, over connections that die.

use std::io::Read;

/// How a try can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection died, and no answer came. Whether the shop has read the order is not known.
    NoAnswer,
    /// The shop has answered with this status, and has booked nothing.
    Refused(u16),
}

/// Where orders go.
pub trait Shop {
    /// One POST: this `Idempotency-Key`, and a body that is read to its end while it is sent. Gives the receipt's number.
    ///
    /// # Errors
    ///
    /// What came of it instead of a receipt.
    fn post(&mut self, key: &str, body: &mut dyn Read) -> Result<u64, Failure>;
}

/// Places one order, in at most `tries` tries, and gives its receipt. `new_key` makes a key that no request has had;
/// `get_body` gives the order's text as a fresh reader.
///
/// # Errors
///
/// What the last try said.
pub fn place(
    shop: &mut dyn Shop,
    new_key: &mut dyn FnMut() -> String,
    get_body: &dyn Fn() -> Box<dyn Read>,
    tries: u32,
) -> Result<u64, Failure> {
    let key = new_key();
    let mut left = tries;
    loop {
        left = left.saturating_sub(1);
        match shop.post(&key, &mut get_body()) {
            Err(_) if left > 0 => {}
            ended => return ended,
        }
    }
}
