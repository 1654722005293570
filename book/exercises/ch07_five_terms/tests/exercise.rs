//! The property is tried on every combination of answers, of a right `keep` and of broken ones. Then `keep` is.

use ch07_five_terms::{Answers, Conn, holds, keep};

type Keep = fn(&mut Conn) -> bool;

/// All 32 combinations of answers.
fn all_answers() -> impl Iterator<Item = Answers> {
    (0..32u8).map(|bits| {
        let yes = |bit: u8| bits & (1 << bit) != 0;
        Answers { alive: yes(0), body_eof: yes(1), saw_eof: yes(2), wrote_request: yes(3), pool_accepts: yes(4) }
    })
}

/// The answers for which the reader's property does not hold.
fn refuted(keep: Keep) -> Option<Answers> {
    all_answers().find(|answers| {
        let mut conn = Conn::new(*answers);
        let kept = keep(&mut conn);
        !holds(*answers, kept, &conn)
    })
}

fn right(conn: &mut Conn) -> bool {
    conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.wrote_request() && conn.try_put_idle_conn()
}

/// Broken ones, each with what is wrong with it.
const BROKEN: [(&str, Keep); 6] = [
    ("always says no", |_| false),
    ("does not ask for the write", |conn| {
        conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.try_put_idle_conn()
    }),
    ("keeps what the server has left", |conn| {
        conn.alive() && conn.body_eof() && conn.wrote_request() && conn.try_put_idle_conn()
    }),
    ("asks the pool first", |conn| {
        conn.try_put_idle_conn() && conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.wrote_request()
    }),
    ("never offers it to the pool", |conn| conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.wrote_request()),
    ("waits for the write of a lost connection", |conn| {
        conn.wrote_request() && conn.alive() && conn.body_eof() && !conn.saw_eof() && conn.try_put_idle_conn()
    }),
];

#[test]
fn the_property_holds_for_a_keep_that_is_right() {
    let refuted = refuted(right);
    assert_eq!(refuted, None, "a right `keep` was refused: the property asks for too much");
}

#[test]
fn the_property_refuses_every_keep_that_is_broken() {
    let passed: Vec<String> = BROKEN
        .iter()
        .filter(|(_, broken)| refuted(*broken).is_none())
        .map(|(what, _)| format!("a `keep` that {what} has passed"))
        .collect();
    assert!(
        passed.is_empty(),
        "{}.\nThe value of the line is not all there is to it: two of its terms do something, so their order counts.",
        passed.join(", ")
    );
}

#[test]
fn keep_is_right() {
    for answers in all_answers() {
        let (mut conn, mut model) = (Conn::new(answers), Conn::new(answers));
        let (kept, wanted) = (keep(&mut conn), right(&mut model));
        assert_eq!(kept, wanted, "your `keep` returns {kept} for {answers:?}");
        assert!(
            conn.is_pooled() == model.is_pooled(),
            "your `keep` leaves a connection in the pool that nobody may use, or none where there should be one: {answers:?}"
        );
        assert!(
            conn.was_waited_for() == model.was_waited_for(),
            "your `keep` holds the reader back for a connection that is lost anyway, or forgets to ask for the write: {answers:?}"
        );
    }
}
