//! However the server's bytes are cut into pieces, the caller sees the same.
//!
//! A seed draws a few responses for one connection: every framing, trailers, interim responses, odd but good spelling; often
//! the last one is damaged, breaks off, or stops coming. The same bytes are sent once in one piece and then in several
//! others: cut by the server, cut by the reads, with pauses in between, read in other portions, under another schedule.
//! Heads, interim responses, bodies, trailers and the texts of errors must be the same, and nothing may be left.
//!
//! - `CI_SEEDS=10000` runs that many seeds, from 0; `CI_SEEDS=17..18` runs these
//!
//! What becomes of requests that are read, closed, dropped and cancelled in any order is looked for in `search`.

#[path = "search/dice.rs"]
mod dice;

use std::future::poll_fn;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Method};
use httptrace::{ClientTrace, Runtime, Settle};
use origin::{Router, Script};
use stepper::Stepper;
use tokio::io::ReadBuf;
use transport::{Body, Config, Context, Request, Response, Transport};

use crate::dice::Dice;

/// How many seeds are run unless `CI_SEEDS` says otherwise.
const SEEDS: u64 = 500;

const ADDR: &str = "origin.test:80";

/// The limit of a response head, in bytes: small, so that a damaged one comes to it.
const HEAD_LIMIT: u64 = 3000;

/// Longer than anything but a server that stops sending. On the virtual clock.
const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn any_cut_of_the_servers_bytes_gives_the_caller_the_same() {
    let asked = std::env::var("CI_SEEDS").ok();
    let seeds = asked.as_deref().map_or(0..SEEDS, range);
    let (mut ended, mut refused) = (0, 0);
    for seed in seeds.clone() {
        let dice = &mut Dice::new(seed);
        let exchanges = draw(dice);
        let whole = run(&exchanges, Way::WHOLE);
        for (exchange, seen) in exchanges.iter().zip(&whole.seen) {
            if let Some(sent) = &exchange.sent {
                assert_eq!(seen, sent, "seed {seed}: in one piece it is not what was sent: {exchange:?}");
            }
            if seen.end == END { ended += 1 } else { refused += 1 }
        }
        let good = exchanges.iter().all(|exchange| exchange.sent.is_some());
        assert!(!good || whole.connections == 1, "seed {seed}: {} connections, one is enough", whole.connections);
        for way in Way::draw(dice, seed, &exchanges) {
            let cut = run(&exchanges, way);
            let same = cut.seen.iter().zip(&whole.seen).all(|(cut, whole)| cut == whole || both_refuse(cut, whole));
            assert!(
                same && cut.seen.len() == whole.seen.len(),
                "seed {seed}, cut {way:?}, is not what it is in one piece\n\
                 CI_SEEDS={seed}..{} cargo test -p stepper --test properties\n{exchanges:#?}\n\
                 cut: {:#?}\nin one piece: {:#?}",
                seed + 1,
                cut.seen,
                whole.seen
            );
            assert!(!good || cut.connections == 1, "seed {seed}, cut {way:?}: {} connections", cut.connections);
        }
    }
    println!("seeds {seeds:?}; responses read to their end: {ended}, refused: {refused}");
    assert!(seeds.end - seeds.start < SEEDS || (ended > 300 && refused > 100), "too few of a kind to tell");
}

/// A head that is both at fault and too long is refused for what is met first, as in Go: and that is a matter of the cut.
fn both_refuse(one: &Seen, other: &Seen) -> bool {
    let too_long = |seen: &Seen| seen.end.contains("response headers exceeded");
    let at_fault =
        |seen: &Seen| seen.end.starts_with("net/http: HTTP/1.x transport connection broken: ") && !too_long(seen);
    one.head.is_none()
        && other.head.is_none()
        && one.interim == other.interim
        && ((too_long(one) && at_fault(other)) || (at_fault(one) && too_long(other)))
}

/// Somebody else's greeting, after which the server waits: Go refuses it at once, and so does nobody's deadline.
#[test]
fn a_line_that_is_no_status_line_is_refused_before_anything_follows_it() {
    let wire = Bytes::from_static(b"SSH-2.0-OpenSSH_9.6\r\n");
    let exchange = Exchange { method: Method::GET, wire, after: After::Keeps, sent: None };
    let ran = run(&[exchange], Way::WHOLE);
    let text = r#"net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9.6""#;
    assert_eq!(ran.seen[0].end, text);
}

/// `from..to`, or how many from 0.
fn range(text: &str) -> Range<u64> {
    let number = |text: &str| text.trim().parse().unwrap_or_else(|_| panic!("CI_SEEDS={text}: not a number"));
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(text),
    }
}

/// One request and the bytes that answer it.
struct Exchange {
    method: Method,
    wire: Bytes,
    after: After,
    /// What the caller must see, unless the bytes were damaged.
    sent: Option<Seen>,
}

/// What the server does when the bytes are out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    /// It waits for the next request, or for nothing.
    Keeps,
    Closes,
    /// It resets, when all that it sent was read.
    Resets,
}

/// All that a caller sees of a response.
#[derive(PartialEq, Debug, Default)]
struct Seen {
    interim: Vec<(u16, HeaderMap)>,
    head: Option<Head>,
    body: BytesMut,
    /// [`END`], or the text of the error.
    end: String,
    trailers: HeaderMap,
}

const END: &str = "read to its end";

#[derive(PartialEq, Debug)]
struct Head {
    proto: (u8, u8),
    status: u16,
    reason: Bytes,
    header: HeaderMap,
    content_length: Option<u64>,
    chunked: bool,
    close: bool,
    announced_trailers: Vec<HeaderName>,
}

/// One to three exchanges on one connection; only the last one may end it.
fn draw(dice: &mut Dice) -> Vec<Exchange> {
    let count = 1 + dice.below(3);
    let mut exchanges: Vec<Exchange> = (1..=count).map(|number| good(dice, number, number == count)).collect();
    if dice.one_in(2) {
        damage(dice, exchanges.last_mut().expect("at least one"));
    }
    exchanges
}

/// A response that is as it should be.
fn good(dice: &mut Dice, number: usize, last: bool) -> Exchange {
    let method = if dice.one_in(8) { Method::HEAD } else { Method::GET };
    let mut seen = Seen { end: END.to_owned(), ..Seen::default() };
    let eol = if dice.one_in(6) { "\n" } else { "\r\n" };
    let mut wire = String::new();
    for _ in 0..dice.of(&[0, 0, 0, 1, 3]) {
        let status = dice.of(&[100, 102, 103, 199]);
        wire += &format!("HTTP/1.1 {status} Wait{eol}X-Step: {number}{eol}{eol}");
        seen.interim.push((status, fields(&[("x-step", &number.to_string())])));
    }
    // How the body ends: 0 by a length, 1 by its last chunk, 2 with the connection, 3 there is none.
    let framing = if last { dice.below(4) } else { dice.of(&[0, 0, 1, 1, 3]) };
    let status = if framing == 3 { dice.of(&[204, 304]) } else { dice.of(&[200, 200, 404, 299]) };
    let reason = dice.of(&["OK", "", "A Longer Reason"]);
    wire += &format!("HTTP/1.1 {status} {reason}{eol}");
    let mut header: Vec<(&str, String)> = vec![("x-number", number.to_string())];
    wire += &format!("X-Number: {number}{eol}");
    if dice.one_in(4) {
        wire += &format!("X-Folded: one{eol}   two{eol}\tthree{eol}");
        header.push(("x-folded", "one two three".to_owned()));
    }
    for field in 0..dice.of(&[0, 2, 70]) {
        wire += &format!("x-FIELD:{field} {eol}");
        header.push(("x-field", field.to_string()));
    }
    let closes = last && dice.one_in(4);
    if closes {
        // This field is not shown: it has become `Response::close`.
        wire += &format!("Connection: x, Close{eol}");
    }
    let body: String = ('a'..='z').cycle().skip(number).take(dice.of(&[1, 13, 511, 512, 513, 600, 1500])).collect();
    let (mut announced, mut trailers) = (Vec::new(), String::new());
    match framing {
        0 => {
            wire += &format!("Content-Length: {}{eol}", body.len());
            header.push(("content-length", body.len().to_string()));
        }
        1 => {
            wire += &format!("Transfer-Encoding: chunked{eol}");
            for trailer in 0..dice.of(&[0, 0, 1, 2]) {
                trailers += &format!("X-Sum-{trailer}: {number}\r\n");
                if dice.one_in(2) {
                    wire += &format!("Trailer: X-Sum-{trailer}{eol}");
                    announced.push(HeaderName::from_bytes(format!("x-sum-{trailer}").as_bytes()).expect("a name"));
                }
            }
        }
        _ => {}
    }
    wire += eol;
    let bodyless = method == Method::HEAD || framing == 3;
    if !bodyless && framing == 1 {
        for chunk in body.as_bytes().chunks(dice.of(&[1, 50, 512, 5000]).max(body.len() / 30)) {
            let extension = dice.of(&["", "", ";name=value", " "]);
            wire += &format!("{:x}{extension}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).expect("ASCII"));
        }
        wire += &format!("0\r\n{trailers}\r\n");
        for line in trailers.lines() {
            let (name, value) = line.split_once(": ").expect("written above");
            seen.trailers
                .append(HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
        }
    } else if !bodyless {
        wire += &body;
    }
    let header: Vec<(&str, &str)> = header.iter().map(|(name, value)| (*name, &**value)).collect();
    seen.head = Some(Head {
        proto: (1, 1),
        status,
        reason: Bytes::copy_from_slice(reason.as_bytes()),
        header: fields(&header),
        content_length: match framing {
            0 => Some(body.len() as u64),
            3 if method == Method::GET => Some(0),
            _ => None,
        },
        chunked: framing == 1,
        close: closes || (framing == 2 && !bodyless),
        announced_trailers: announced,
    });
    if !bodyless {
        seen.body = BytesMut::from(body.as_bytes());
    }
    let after = if closes || framing == 2 { After::Closes } else { After::Keeps };
    Exchange { method, wire: wire.into(), after, sent: Some(seen) }
}

/// Spoils the bytes, or ends them early, and lets the server do anything after that.
fn damage(dice: &mut Dice, exchange: &mut Exchange) {
    exchange.sent = None;
    exchange.after = dice.of(&[After::Keeps, After::Closes, After::Closes, After::Resets]);
    let mut wire = exchange.wire.to_vec();
    // Heads are short beside bodies: most of the damage is to be where the framing is.
    let near = |dice: &mut Dice, wire: &[u8]| {
        let within = if dice.one_in(3) { wire.len() } else { wire.len().min(200) };
        dice.below(within)
    };
    for _ in 0..dice.of(&[1, 1, 1, 2, 5]) {
        if wire.is_empty() {
            break;
        }
        let at = near(dice, &wire);
        match dice.below(7) {
            0 | 1 => wire.truncate(at),
            2 | 3 => wire[at] = dice.of(b"\0\r\n\n :;x0-f,\t\xff"),
            4 => drop(wire.drain(at..(at + 1 + dice.below(9)).min(wire.len()))),
            5 => {
                let again = wire[at..(at + 1 + dice.below(60)).min(wire.len())].to_vec();
                wire.splice(at..at, again);
            }
            _ => {
                let filler = vec![dice.of(b"a1 \n"); dice.of(&[3, 2000, 5000])];
                wire.splice(at..at, filler);
            }
        }
    }
    exchange.wire = wire.into();
}

fn fields(fields: &[(&str, &str)]) -> HeaderMap {
    let mut all = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        all.append(name, value.parse().expect("a value"));
    }
    all
}

/// How the bytes travel, and how they are read.
#[derive(Clone, Copy, Debug)]
struct Way {
    schedule: u64,
    /// The server sends pieces of up to so many bytes.
    sends: Option<usize>,
    /// Between two of them it waits now and then, for so long.
    pause: Option<Duration>,
    /// A read gets up to so many bytes.
    reads: Option<usize>,
    /// The caller reads into a buffer of so many bytes; else it takes the pieces as they come.
    buffer: Option<usize>,
}

impl Way {
    const WHOLE: Way = Way { schedule: 0, sends: None, pause: None, reads: None, buffer: None };

    fn draw(dice: &mut Dice, seed: u64, exchanges: &[Exchange]) -> [Way; 3] {
        let length = exchanges.iter().map(|exchange| exchange.wire.len()).max().unwrap_or(0);
        // Single bytes, but for long answers.
        let small = 1 + length / 400;
        let mut way = |sends, reads| Way {
            schedule: seed ^ dice.below(1000) as u64,
            sends,
            pause: dice.one_in(2).then(|| dice.millis(&[1, 60])),
            reads,
            buffer: dice.of(&[None, Some(1), Some(100), Some(5000)]),
        };
        [way(Some(small), None), way(None, Some(small)), way(Some(300), Some(50))]
    }
}

/// What came of a run.
struct Ran {
    seen: Vec<Seen>,
    connections: usize,
}

fn run(exchanges: &[Exchange], way: Way) -> Ran {
    let stepper = Stepper::seeded(way.schedule);
    stepper.set_read_pieces(way.reads);
    let dice = &mut Dice::new(way.schedule);
    let router = exchanges.iter().enumerate().fold(Router::new(), |router, (number, exchange)| {
        router.script(format!("/{number}"), script(dice, exchange, way))
    });
    let origin = stepper.serve(ADDR, router);
    let seam = stepper.seam();
    let rt: Arc<dyn Runtime> = stepper.seam();
    let transport = Transport::new(Config { max_response_header_bytes: HEAD_LIMIT, ..Config::zero(Arc::clone(&rt)) });
    let (seen, left) = stepper
        .block_on("caller", async {
            let mut seen = Vec::new();
            for (number, exchange) in exchanges.iter().enumerate() {
                seen.push(see(&transport, &rt, number, exchange, way.buffer).await);
            }
            drop(transport);
            seam.settled().await;
            (seen, (seam.alive_tasks(), seam.census().counts().total()))
        })
        .unwrap_or_else(|stalled| panic!("cut {way:?}: {stalled}\n{exchanges:#?}"));
    assert_eq!(left, (0, 0), "cut {way:?}: tasks are left");
    assert_eq!(stepper.open_streams().dialled, 0, "cut {way:?}: a socket is left");
    Ran { seen, connections: origin.server().stats().accepted }
}

fn script(dice: &mut Dice, exchange: &Exchange, way: Way) -> Script {
    let (mut script, mut rest) = (Script::new(), exchange.wire.clone());
    while !rest.is_empty() {
        let size = way.sends.map_or(rest.len(), |most| 1 + dice.below(most));
        script = script.send(rest.split_to(size.min(rest.len())));
        if let Some(pause) = way.pause.filter(|_| dice.one_in(20)) {
            script = script.pause(pause);
        }
    }
    match exchange.after {
        After::Keeps => script,
        After::Closes => script.close(),
        // A reset takes away what nobody has read: so first let it be read.
        After::Resets => script.pause(Duration::from_secs(1)).reset(),
    }
}

/// Makes one request and writes down all that its caller sees.
async fn see(
    transport: &Transport,
    rt: &Arc<dyn Runtime>,
    number: usize,
    exchange: &Exchange,
    buffer: Option<usize>,
) -> Seen {
    let interim = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&interim);
    let mut request =
        Request::new(exchange.method.clone(), format!("http://{ADDR}/{number}").parse().expect("a plain URL"));
    let hooks = ClientTrace::new().got_1xx_response(move |status, header| {
        heard.lock().expect("a push cannot fail half-way").push((status, header.clone()));
        Ok(())
    });
    request.context = Context::background().with_timeout(rt, DEADLINE).with_client_trace(hooks);
    let answered = transport.round_trip(request).await;
    let mut seen =
        Seen { interim: std::mem::take(&mut *interim.lock().expect("a push cannot fail half-way")), ..Seen::default() };
    let mut response = match answered {
        Ok(response) => response,
        Err(error) => return Seen { end: error.to_string(), ..seen },
    };
    seen.end = match read(&mut response.body, buffer, &mut seen.body).await {
        Ok(()) => END.to_owned(),
        Err(error) => error.to_string(),
    };
    seen.trailers = response.body.trailers().clone();
    seen.head = Some(head(response));
    seen
}

async fn read(body: &mut Body, buffer: Option<usize>, all: &mut BytesMut) -> Result<(), persistconn::Error> {
    let Some(size) = buffer else {
        while let Some(piece) = body.piece().await {
            all.extend_from_slice(&piece?);
        }
        return Ok(());
    };
    let mut bytes = vec![0; size];
    loop {
        let mut buf = ReadBuf::new(&mut bytes);
        poll_fn(|cx| body.poll_read(cx, &mut buf)).await?;
        if buf.filled().is_empty() {
            return Ok(());
        }
        all.extend_from_slice(buf.filled());
    }
}

fn head(response: Response) -> Head {
    let Response { status, reason, proto, header, content_length, chunked, close, announced_trailers, .. } = response;
    Head { proto, status, reason, header, content_length, chunked, close, announced_trailers }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let damaged = if self.sent.is_none() { ", damaged" } else { "" };
        write!(f, "{}{damaged}, then {:?}: {:?}", self.method, self.after, self.wire)
    }
}
