//! What the origins do.

use super::dice::Dice;
use super::draft::{Fields, Node};
use super::response::{Response, Wrong, interim, pieces, response};
use crate::scenario::Policy;

/// The origins, and what the caller has to know of them.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) origins: Fields,
    /// Their names.
    pub(super) names: Vec<String>,
    /// The gates that a script may stand at.
    pub(super) gates: Vec<String>,
    /// For an old Go, which reads much of what is not as it must be otherwise than today's.
    old: bool,
    /// Every connection is served alike, so that it does not matter which one a request gets.
    pub(super) alike: bool,
    /// Some connection serves more than one request, and perhaps not each of them alike.
    long: bool,
    /// Some body is larger than what is read at a time.
    pub(super) large: bool,
    /// Some response says that it is compressed.
    pub(super) encoded: bool,
    /// Some answer does not wait for the request's body.
    pub(super) early: bool,
    /// Some connection is closed right behind its last answer.
    pub(super) at_once: bool,
    /// There is an origin that is good as a proxy.
    pub(super) proxy: bool,
}

pub(super) fn servers(dice: &mut Dice, policy: Policy) -> Servers {
    let mut servers = Servers {
        origins: Vec::new(),
        names: Vec::new(),
        gates: Vec::new(),
        old: policy == Policy::Go1_12,
        alike: dice.percent(40),
        long: false,
        large: false,
        encoded: false,
        early: false,
        at_once: false,
        proxy: dice.percent(3),
    };
    for name in ["a", "b"].into_iter().take(dice.weighted(&[(12, 1), (1, 2)])) {
        let origin = origin(dice, &mut servers);
        servers.origins.push((name.to_owned(), Node::Table(origin)));
        servers.names.push(name.to_owned());
    }
    servers.alike &= !servers.long;
    servers
}

fn origin(dice: &mut Dice, servers: &mut Servers) -> Fields {
    let mut fields = Vec::new();
    if !servers.proxy && dice.percent(8) {
        fields.push(("tls".to_owned(), Node::Flag(true)));
        if dice.percent(20) {
            fields.push(("goodbye".to_owned(), Node::text(dice.pick(&["unsaid", "cut"]))));
        }
    }
    // Some servers do nothing wrong; the more is wrong, the less comes of the rest.
    let wrong = Wrong(dice.pick(&[0, 10, 30]));
    let lists = if servers.alike { 1 } else { dice.from(1, 3) };
    let lists = (0..lists).map(|_| Node::List(conn(dice, wrong, servers))).collect();
    fields.push(("conns".to_owned(), Node::List(lists)));
    fields
}

/// One connection.
fn conn(dice: &mut Dice, wrong: Wrong, servers: &mut Servers) -> Vec<Node> {
    let mut steps = Vec::new();
    for _ in 0..dice.weighted(&[(3, 1), (3, 2), (2, 4)]) {
        if !exchange(dice, wrong, servers, &mut steps) {
            break;
        }
    }
    let words = steps.iter().filter(|step| [Node::text("request"), Node::text("head")].contains(step));
    servers.long |= words.count() > 1;
    if dice.percent(5) {
        pause(dice, &mut steps);
        let unasked = dice.pick(&["hello", "HTTP/1.1 408 Request Timeout\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\r\n"]);
        steps.push(Node::one("send", Node::text(unasked)));
    }
    let large = steps.iter().any(|step| step.get("bytes").is_some());
    servers.large |= large;
    servers.at_once |= end(dice, large, &mut steps);
    steps
}

/// A request and what it is answered with. Whether another one can follow.
fn exchange(dice: &mut Dice, wrong: Wrong, servers: &mut Servers, steps: &mut Vec<Node>) -> bool {
    // An answer before the request is in, or one that nobody has asked for. (On a new connection a race decides who is first.)
    let unasked = u32::from(!steps.is_empty());
    let word = dice.weighted(&[(93, "request"), (6, "head"), (unasked, "")]);
    // An old Go does not send a body that is answered before it was sent, and keeps the connection all the same.
    let word = if servers.old && word == "head" { "request" } else { word };
    servers.early |= word == "head";
    if !word.is_empty() {
        steps.push(Node::text(word));
    }
    if dice.percent(5) {
        let gate = format!("g{}", servers.gates.len() + 1);
        steps.push(Node::one("gate", Node::text(gate.clone())));
        servers.gates.push(gate);
    }
    // An old Go takes five interim responses and no more.
    let (written_wrong, most) = if servers.old { (Wrong(0), 5) } else { (wrong, 7) };
    let mut text = if dice.percent(12) { interim(dice, written_wrong, most) } else { String::new() };
    let Response { text: answer, mut pattern, mut whole, encoded } = response(dice, written_wrong, wrong.0 == 0);
    text += &answer;
    if dice.percent(wrong.0 / 3) {
        // It ends too soon.
        match pattern {
            0 => {
                let mut at = dice.from(0, text.len() - 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.truncate(at);
            }
            _ => pattern = dice.from(1, pattern - 1),
        }
        whole = false;
    }
    servers.encoded |= encoded;
    match encoded {
        // How much of what is no gzip is looked at, and so is gone, is a matter of how it is cut.
        true => steps.push(Node::one("send", Node::text(text))),
        false => pieces(dice, &text, steps),
    }
    if pattern > 0 {
        steps.push(Node::one("bytes", Node::number(pattern)));
    }
    if whole && dice.percent(wrong.0 / 5) {
        if dice.percent(50) {
            pause(dice, steps);
        }
        steps.push(Node::one(
            "send",
            Node::text(dice.pick(&["x", "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])),
        ));
        whole = false;
    }
    if word == "head" && dice.percent(50) {
        steps.push(Node::text("body"));
    }
    whole
}

/// How a connection ends. Whether it is closed at once.
fn end(dice: &mut Dice, large: bool, steps: &mut Vec<Node>) -> bool {
    let mut at_once = false;
    match dice.weighted(&[(50, "hold"), (30, "close"), (10, "reset"), (10, "half_close")]) {
        "close" => {
            at_once = !dice.percent(60);
            if !at_once {
                pause(dice, steps);
            }
            steps.push(Node::text("close"));
        }
        // A reset takes away what the caller has not read yet: it comes late, and not behind a body that may lie there.
        "reset" if !large => {
            steps.push(Node::one("pause", Node::text("20ms")));
            steps.push(Node::text("reset"));
        }
        "half_close" => {
            pause(dice, steps);
            steps.extend([Node::text("half_close"), Node::text("hold")]);
        }
        _ => steps.push(Node::text("hold")),
    }
    at_once
}

fn pause(dice: &mut Dice, steps: &mut Vec<Node>) {
    steps.push(Node::one("pause", Node::text(dice.pick(&["5ms", "10ms", "15ms"]))));
}
