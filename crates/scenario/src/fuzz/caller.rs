//! What the caller does, and its settings.

use super::dice::Dice;
use super::draft::{Fields, Node};
use super::server::Servers;
use crate::scenario::Policy;

#[derive(Debug, Default)]
pub(super) struct Caller {
    pub(super) transport: Fields,
    pub(super) client: Fields,
    /// `contexts` and `steps`.
    pub(super) caller: Fields,
}

/// What ends a request that nobody answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Guard {
    Client,
    Context,
    Nothing,
}

/// Long enough for every answer that comes at all.
const PATIENCE: &str = "150ms";
/// The same where a body is held while other things happen: none of them is to meet the end of its time.
const MORE_PATIENCE: &str = "600ms";
/// So long after one request ran out of its time, those that began with it have too.
const APART: &str = "60ms";

pub(super) fn caller(dice: &mut Dice, servers: &Servers, policy: Policy) -> Caller {
    let old = policy == Policy::Go1_12;
    let guard = dice.weighted(&[(5, Guard::Client), (5, Guard::Context), (1, Guard::Nothing)]);
    // What counts for the limit has changed; and it may cut what says that it is compressed.
    let head_limit = dice.percent(8).then(|| dice.pick(&[60, 100, 300, 4096])).filter(|_| !old && !servers.encoded);
    let in_buffers = servers.large || head_limit.is_some();
    let mut maker = Maker {
        dice,
        servers,
        in_buffers,
        head_limit: head_limit.is_some(),
        old,
        guard,
        steps: Vec::new(),
        requests: 0,
        side_by_side: false,
        held: false,
        counts: 0,
        contexts: 0,
        gates: 0,
    };
    let rounds = maker.dice.weighted(&[(2, 1), (4, 2), (4, 3), (2, 4)]);
    let mut ends = Vec::new();
    for _ in 0..rounds {
        maker.round();
        ends.push(maker.steps.len());
    }
    for gate in &servers.gates {
        maker.steps.push(Node::one("open", Node::text(gate.clone())));
    }
    let mut caller =
        Caller { transport: transport(maker.dice, servers, maker.side_by_side, head_limit), ..Caller::default() };
    if caller.transport.iter().any(|(key, _)| key == "MaxConnsPerHost") {
        // Who waits for the place of a request that is never read gets it when that one's time is over, and then has some left.
        maker.held = true;
        ends.iter().rev().for_each(|end| maker.steps.insert(*end, Node::one("pause", Node::text(APART))));
    }
    let patience = if maker.held { MORE_PATIENCE } else { PATIENCE };
    if guard == Guard::Client {
        caller.client.push(("Timeout".to_owned(), Node::text(patience)));
    }
    maker.steps.iter_mut().for_each(|step| step.set("timeout", patience));
    if maker.contexts > 0 {
        let names = (1..=maker.contexts).map(|number| Node::text(format!("c{number}"))).collect();
        caller.caller.push(("contexts".to_owned(), Node::List(names)));
    }
    caller.caller.push(("steps".to_owned(), Node::List(maker.steps)));
    caller
}

fn transport(dice: &mut Dice, servers: &Servers, side_by_side: bool, head_limit: Option<i64>) -> Fields {
    let mut fields = Vec::new();
    let mut maybe = |percent: u32, key: &str, of: &[Node], dice: &mut Dice| {
        if dice.percent(percent) {
            let at = dice.from(0, of.len() - 1);
            fields.push((key.to_owned(), of[at].clone()));
        }
    };
    let texts = |texts: &[&str]| -> Vec<Node> { texts.iter().map(|text| Node::text(*text)).collect() };
    maybe(10, "base", &texts(&["zero"]), dice);
    maybe(8, "MaxIdleConns", &[Node::Number(1), Node::Number(2)], dice);
    maybe(12, "MaxIdleConnsPerHost", &[Node::Number(-1), Node::Number(1), Node::Number(3)], dice);
    // Who waits for whose place, and for how long, is a matter of milliseconds.
    if !side_by_side {
        maybe(10, "MaxConnsPerHost", &[Node::Number(1), Node::Number(2)], dice);
    }
    maybe(5, "IdleConnTimeout", &texts(&["40ms"]), dice);
    maybe(8, "ResponseHeaderTimeout", &texts(&["70ms"]), dice);
    maybe(20, "ExpectContinueTimeout", &texts(&["0s", "40ms"]), dice);
    if let Some(limit) = head_limit {
        maybe(100, "MaxResponseHeaderBytes", &[Node::Number(limit)], dice);
    }
    maybe(6, "DisableKeepAlives", &[Node::Flag(true)], dice);
    maybe(10, "DisableCompression", &[Node::Flag(true)], dice);
    if servers.proxy {
        maybe(100, "Proxy", &texts(&["a"]), dice);
    }
    fields
}

struct Maker<'a> {
    dice: &'a mut Dice,
    servers: &'a Servers,
    /// How much of a body that nobody reads is in a buffer of the client differs: it is large, or the limit of a head cuts
    /// the first read short.
    in_buffers: bool,
    /// There is a limit to the length of a head.
    head_limit: bool,
    /// For a Go before 1.20, which has no causes of a cancel.
    old: bool,
    guard: Guard,
    steps: Vec<Node>,
    requests: usize,
    /// Some requests are under way side by side.
    side_by_side: bool,
    /// Some body is held while other things happen.
    held: bool,
    counts: usize,
    contexts: usize,
    /// Those of the caller's own bodies.
    gates: usize,
}

/// A request that is under way or has its answer.
struct Sent {
    name: String,
    /// What cancels it.
    cancel: Option<String>,
    /// The gate that its body stands at.
    gate: Option<String>,
}

impl Maker<'_> {
    /// A few steps about one request, or about some that are under way side by side.
    fn round(&mut self) {
        // What waits unread for its turn may come to its limit, and how much of it is in a buffer by then is nothing to compare.
        let side_by_side = if self.in_buffers { 0 } else { 15 };
        match self.dice.weighted(&[(70, 1), (15, 2), (side_by_side, 3)]) {
            1 => {
                let sent = self.send(false, true);
                if let Some(gate) = &sent.gate {
                    // Held at the gate; then on, or cancelled.
                    self.count();
                    let cancelled = sent.cancel.as_ref().filter(|_| self.dice.percent(50) && !self.in_buffers);
                    if let Some(cancel) = cancelled {
                        self.cancel(cancel);
                    }
                    // Go does not come back from a body that never does.
                    self.steps.push(Node::one("open", Node::text(gate.clone())));
                    self.finish(&sent, cancelled.is_some());
                }
                self.body(&sent);
            }
            2 => {
                // Cancelled while the server is silent, if it is.
                let sent = self.send(true, true);
                self.count();
                let cancelled = sent.cancel.as_ref().filter(|_| !self.in_buffers);
                if let Some(cancel) = cancelled {
                    self.cancel(cancel);
                }
                if let Some(gate) = &sent.gate {
                    self.steps.push(Node::one("open", Node::text(gate.clone())));
                }
                if self.dice.percent(30) {
                    self.open();
                }
                self.finish(&sent, cancelled.is_some());
                self.body(&sent);
            }
            _ => {
                self.side_by_side = true;
                self.held = true;
                // Which request gets which connection matters only where they are not alike, or one is in the pool already.
                let apart = !self.servers.alike || self.requests > 0;
                let many = self.dice.from(2, 3);
                let all: Vec<Sent> = (0..many)
                    .map(|_| {
                        let sent = self.send(true, false);
                        if apart {
                            self.count();
                        }
                        sent
                    })
                    .collect();
                for sent in &all {
                    self.steps.push(Node::one("finish", Node::text(sent.name.clone())));
                }
                for sent in &all {
                    // One of the others may have been waited for until its time was over.
                    self.steps.push(Node::one("pause", Node::text(APART)));
                    if apart || self.dice.percent(80) {
                        self.count();
                    }
                    self.body(sent);
                }
            }
        }
        if self.dice.percent(8) {
            self.open();
        }
        // Whether the next send finds such a connection closed already, a race would decide.
        if self.dice.percent(88) || self.servers.at_once {
            self.count();
        }
        if self.dice.percent(6) {
            // What is idle is known once things have settled.
            self.count();
            self.steps.push(Node::one("close_idle", Node::Flag(true)));
            self.count();
        }
        if self.dice.percent(5) {
            self.steps.push(Node::one("pause", Node::text("60ms")));
        }
    }

    /// Waits for the head. What a cancel is to end has ended then: a body that is still there would be read as fast as that.
    fn finish(&mut self, sent: &Sent, cancelled: bool) {
        self.steps.push(Node::one("finish", Node::text(sent.name.clone())));
        if cancelled {
            self.count();
        }
    }

    fn count(&mut self) {
        self.counts += 1;
        self.steps.push(Node::one("count", Node::text(format!("n{}", self.counts))));
    }

    fn open(&mut self) {
        if !self.servers.gates.is_empty() {
            let at = self.dice.from(0, self.servers.gates.len() - 1);
            self.steps.push(Node::one("open", Node::text(self.servers.gates[at].clone())));
        }
    }

    fn cancel(&mut self, what: &str) {
        let mut step = vec![("cancel".to_owned(), Node::text(what))];
        if what.starts_with('c') && self.dice.percent(25) && !self.old {
            step.push(("cause".to_owned(), Node::text("enough")));
        }
        self.steps.push(Node::Table(step));
    }

    fn send(&mut self, later: bool, gates: bool) -> Sent {
        self.requests += 1;
        let name = format!("r{}", self.requests);
        let (step, cancel, gate) = self.request(&name, gates);
        let mut step = step;
        if later || gate.is_some() {
            step.push(("later".to_owned(), Node::Flag(true)));
        }
        self.steps.push(Node::Table(step));
        Sent { name, cancel, gate }
    }

    fn request(&mut self, name: &str, gates: bool) -> (Fields, Option<String>, Option<String>) {
        let mut step = vec![("send".to_owned(), Node::text(name))];
        let at = self.dice.from(0, self.servers.names.len() - 1);
        let path = self.dice.weighted(&[(10, "/"), (1, "/x?y=z"), (1, "/p%20q"), (1, "/?")]);
        let url = Node::text(format!("{}{path}", self.servers.names[at]));
        let method = self.dice.weighted(&[
            (55, "get"),
            (8, "head"),
            (18, "post"),
            (8, "put"),
            (2, "patch"),
            (4, "delete"),
            (2, "options"),
            (3, "method"),
        ]);
        if method == "method" {
            let custom = self.dice.pick(&["PURGE", "get", "TRACE", "BAD METHOD", "PROPFIND"]);
            step.extend([("method".to_owned(), Node::text(custom)), ("url".to_owned(), url)]);
        } else {
            step.push((method.to_owned(), url));
        }
        let mut gate = None;
        let has_body = self.dice.percent(if matches!(method, "post" | "put" | "patch") { 85 } else { 5 });
        if has_body {
            // The first byte of an unusual body is looked at before there is a connection; Go looks later. What comes of a body
            // that fails or waits there differs, as is meant.
            let usual = matches!(method, "post" | "put" | "patch");
            let body = self.request_body(gates, usual, &mut gate);
            step.push(("body".to_owned(), body));
        }
        let headers = self.headers(has_body);
        if !headers.is_empty() {
            step.push(("headers".to_owned(), Node::Table(headers)));
        }
        for (percent, key) in [(5, "close"), (8, "got_1xx")] {
            // Whoever looks at interim responses has the limit of a head set anew, and what then counts differs, as is meant.
            if self.dice.percent(percent) && !(self.head_limit && key == "got_1xx") {
                step.push((key.to_owned(), Node::Flag(true)));
            }
        }
        let mut cancel = None;
        if self.dice.percent(40) {
            // Not the channel of `Request.Cancel`: today's Go has one more goroutine for each, which every count would tell.
            self.contexts += 1;
            let context = format!("c{}", self.contexts);
            cancel = Some(context.clone());
            step.push(("context".to_owned(), Node::text(context)));
        } else if self.guard != Guard::Client && self.dice.percent(10) {
            // Go's CancelRequest knows the request that it was given, and a client with a Timeout sends a copy.
            cancel = Some(name.to_owned());
        }
        if self.guard == Guard::Context {
            step.push(("timeout".to_owned(), Node::text(PATIENCE)));
        }
        (step, cancel, gate)
    }

    fn headers(&mut self, has_body: bool) -> Fields {
        let mut headers: Fields = Vec::new();
        let mut add = |key: &str, value: &str| {
            if !headers.iter().any(|(known, _)| known == key) {
                headers.push((key.to_owned(), Node::text(value)));
            }
        };
        if has_body && self.dice.percent(20) {
            add("Expect", self.dice.pick(&["100-continue", "100-Continue", "100-continue", "other"]));
        }
        for _ in 0..self.dice.weighted(&[(8, 0), (3, 1), (1, 2)]) {
            let (key, value) = self.dice.pick(&[
                ("X-A", "1"),
                ("x-lower", "v"),
                ("Accept-Encoding", "gzip"),
                ("Accept-Encoding", "identity"),
                ("Range", "bytes=0-1"),
                ("Connection", "close"),
                ("Connection", "keep-alive"),
                ("Connection", "Upgrade"),
                ("Host", "elsewhere.example"),
                ("User-Agent", ""),
                ("User-Agent", "me"),
                ("Idempotency-Key", "k"),
                ("X-Idempotency-Key", "k"),
                ("Content-Length", "3"),
                ("Transfer-Encoding", "chunked"),
                ("Trailer", "T"),
                ("X-Blank", "  v "),
                ("Cookie", "a=b"),
                ("Authorization", "Basic x"),
            ]);
            add(key, value);
        }
        headers
    }

    fn request_body(&mut self, gates: bool, usual: bool, gate: &mut Option<String>) -> Node {
        match self.dice.weighted(&[(40, 't'), (15, 'b'), (45, 'p')]) {
            't' => return Node::text("hello"),
            'b' => return Node::one("bytes", Node::number(self.dice.pick(&[1, 100, 4096, 5000, 100_000]))),
            _ => {}
        }
        let mut pieces = Vec::new();
        let mut length = 0;
        if !usual {
            pieces.push(Node::text("hello"));
            length = 5;
        }
        let mut fails = false;
        for _ in 0..self.dice.weighted(&[(1, 0), (4, 1), (3, 2), (1, 4)]) {
            match self.dice.weighted(&[(50, 't'), (20, 'b'), (15, 'p'), (8, 'g'), (7, 'f')]) {
                't' => {
                    pieces.push(Node::text("hello"));
                    length += 5;
                }
                'b' => {
                    let bytes = self.dice.pick(&[1, 100, 5000, 40_000]);
                    pieces.push(Node::one("bytes", Node::number(bytes)));
                    length += bytes;
                }
                'p' => pieces.push(Node::one("pause", Node::text("5ms"))),
                'g' if gates && gate.is_none() => {
                    self.gates += 1;
                    let name = format!("b{}", self.gates);
                    pieces.push(Node::one("gate", Node::text(name.clone())));
                    *gate = Some(name);
                }
                'g' => {}
                _ if pieces.iter().any(|piece| piece.get("pause").or(piece.get("gate")).is_some()) => {}
                _ => {
                    pieces.push(Node::one("fail", Node::text("no more")));
                    fails = true;
                }
            }
            if fails {
                break;
            }
        }
        // A write of ours ends with its connection. Go's stays in the caller's body, and what comes out of that afterwards may
        // fail in a way of its own. So nothing that stands behind a wait is large, or fails.
        pieces.sort_by_key(|piece| piece.get("bytes").is_none());
        let mut body = vec![("pieces".to_owned(), Node::List(pieces))];
        if self.dice.percent(50) {
            let declared = match self.dice.weighted(&[(7, 0), (1, 1), (1, 2)]) {
                0 => length,
                1 => length + self.dice.from(1, 5),
                _ => {
                    let less = length.saturating_sub(self.dice.from(1, 5));
                    // Where the answer and the failure of the write come together, the caller is told the answer, as is meant.
                    // Go tells whichever came first.
                    if self.servers.early { length } else { less }
                }
            };
            if declared > 0 {
                body.push(("length".to_owned(), Node::number(declared)));
            }
        }
        if self.dice.percent(40) {
            body.push(("again".to_owned(), Node::Flag(true)));
        }
        Node::Table(body)
    }

    /// What is done with the body of a response.
    fn body(&mut self, sent: &Sent) {
        let name = || Node::text(sent.name.clone());
        let few = self.dice.weighted(&[(6, 1), (6, 3), (4, 10), (1, 1000), (1, 262_144)]);
        let all = Node::one("read", name());
        let some = Node::table([("read", name()), ("bytes", Node::number(few))]);
        let exactly = Node::table([("read", name()), ("exactly", Node::number(few))]);
        let close = Node::one("close", name());
        match self.dice.weighted(&[(45, 'a'), (8, 's'), (6, 'e'), (12, 'n'), (9, 'c'), (8, 'p'), (4, 'r'), (8, 'x')]) {
            'a' => self.steps.push(all),
            's' => self.steps.extend([some, all]),
            'e' => self.steps.extend([exactly, all]),
            'n' => self.held = true,
            'c' => self.steps.push(close),
            'p' => self.steps.extend([some, close]),
            'r' => {
                self.steps.extend([close.clone(), all, close]);
            }
            _ => {
                // Cancelled with the body in hand: not read, partly read, or while a read waits.
                let Some(cancel) = sent.cancel.clone() else {
                    self.held = true;
                    self.steps.push(exactly);
                    return;
                };
                // How much of a large body is in a buffer by then is nothing to compare.
                match self.dice.from(if self.in_buffers { 2 } else { 0 }, 2) {
                    0 => {
                        self.count();
                        self.cancel(&cancel);
                        self.count();
                        self.steps.push(all);
                    }
                    1 => {
                        self.steps.push(some);
                        self.count();
                        self.cancel(&cancel);
                        self.count();
                        self.steps.push(all);
                    }
                    _ => {
                        self.steps.push(Node::table([("read", name()), ("later", Node::Flag(true))]));
                        self.count();
                        self.cancel(&cancel);
                        self.steps.push(Node::one("finish", name()));
                    }
                }
            }
        }
    }
}
