//! What an origin does, read from its table.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use origin::{Check, EndMark, Plan, Reply, Router, Script, Step, pattern};

use super::source::{Broken, did_you_mean, listed};
use super::table::{Item, Table};
use crate::keys::{EXPECT, INTERIM, ORIGIN, REPLY, SERVER_STEPS, SERVER_WORDS};
use crate::server::{Goodbye, Manner, OriginPlan};

/// Most bytes of anything that is made up of the letters a to z.
pub(super) const MOST_BYTES: u64 = 64 << 20;
/// Most rounds of a loop of an origin.
const MOST_ROUNDS: u64 = 1_000_000;
/// How much of a request's body is kept to be told of.
const KEPT_BODY: usize = 16 << 20;

/// The names that the caller may refer to.
#[derive(Default)]
pub(super) struct Marks {
    /// Gates, with the line of each.
    pub(super) gates: Vec<(String, usize)>,
    pub(super) labels: BTreeSet<String>,
}

pub(super) fn origin(item: Item<'_>, marks: &mut Marks) -> Result<OriginPlan, Broken> {
    let table = item.table(&ORIGIN)?;
    let manner = manner(&table)?;
    let [reply, at, conns] = ["reply", "at", "conns"].map(|key| table.get(key));
    if manner == Manner::Refuses {
        return match [reply, at, conns].into_iter().flatten().next() {
            Some(more) => Err(more.broken(format!("`{}` is never used: `refuses` says that nobody listens", more.key))),
            None => Ok(OriginPlan { manner, plan: Plan::new() }),
        };
    }
    let router = router(reply, at, marks)?;
    let plan = match (conns, router) {
        (None, None) => return Err(table.broken("an origin wants `reply`, `at` or `conns`, which say what it does")),
        (None, Some(router)) => Plan::from(router),
        (Some(conns), router) => {
            let mut scripts = Scripts { marks, router, routed: false };
            let mut lists = conns.list("lists of steps, one per connection")?.into_iter().peekable();
            if lists.peek().is_none() {
                return Err(conns.broken("`conns` is empty; it wants a list of steps for each connection"));
            }
            let mut plan = Plan::new();
            while let Some(list) = lists.next() {
                if list.is_text() {
                    let what = "`conns` has a list of steps for each connection: `conns = [[\"request\", …], …]`";
                    return Err(list.broken(what));
                }
                let script = Script::of(scripts.steps(list)?);
                // The last one serves all later connections too.
                plan = if lists.peek().is_some() { plan.conn(script) } else { plan.rest(script) };
            }
            if let (Some(canned), false) = (reply.or(at), scripts.routed) {
                return Err(
                    canned.broken(format!("`{}` is never used: no list in `conns` has the step \"route\"", canned.key))
                );
            }
            plan
        }
    };
    Ok(OriginPlan { manner, plan: plan.keep_body(KEPT_BODY) })
}

fn manner(table: &Table<'_>) -> Result<Manner, Broken> {
    let goodbye = match table.get("goodbye") {
        None => None,
        Some(item) => Some(match item.text()? {
            "said" => Goodbye::Said,
            "unsaid" => Goodbye::Unsaid,
            "cut" => Goodbye::Cut,
            other => {
                return Err(item.broken(format!("`goodbye` is {other:?}; it wants \"said\", \"unsaid\" or \"cut\"")));
            }
        }),
    };
    let tls = table.get("tls");
    let manner = match tls {
        None => Manner::Plain,
        Some(item) if item.is_flag() => match item.flag()? {
            true => Manner::Tls(goodbye.unwrap_or(Goodbye::Said)),
            false => Manner::Plain,
        },
        Some(item) if item.is_text() && item.text()? == "unspoken" => Manner::TlsUnspoken,
        Some(item) => return Err(item.broken("`tls` wants true, false or \"unspoken\"")),
    };
    if let (Some(item), false) = (table.get("goodbye"), matches!(manner, Manner::Tls(_))) {
        return Err(item.broken("`goodbye` is never used: it wants `tls = true` beside it"));
    }
    match table.get("refuses") {
        Some(item) if item.flag()? && tls.is_some() => {
            Err(item.broken("nobody listens, so nobody speaks TLS; take `tls` out"))
        }
        Some(item) if item.flag()? => Ok(Manner::Refuses),
        _ => Ok(manner),
    }
}

fn router(all: Option<Item<'_>>, at: Option<Item<'_>>, marks: &mut Marks) -> Result<Option<Router>, Broken> {
    if all.is_none() && at.is_none() {
        return Ok(None);
    }
    let mut router = Router::new();
    if let Some(item) = all {
        router = router.otherwise(reply(item, marks)?);
    }
    for (path, item) in at.map_or(Ok(Vec::new()), |at| at.named())? {
        if !path.starts_with('/') || path.contains('?') {
            return Err(item.broken(format!("`{path}` is no path; a path begins with `/` and has no query")));
        }
        router = router.at(path, reply(item, marks)?);
    }
    Ok(Some(router))
}

/// Reads the lists of one origin.
struct Scripts<'m> {
    marks: &'m mut Marks,
    router: Option<Router>,
    routed: bool,
}

impl Scripts<'_> {
    fn steps(&mut self, list: Item<'_>) -> Result<Vec<Step>, Broken> {
        let mut steps = Vec::new();
        let mut last: Option<String> = None;
        for item in list.list("steps")? {
            if let Some(last) = &last {
                return Err(item.broken(format!(
                    "this step is never reached: `{last}` before it is the last thing on a connection"
                )));
            }
            last = if item.is_text() { self.word(item, &mut steps)? } else { self.verb(item, &mut steps)? };
        }
        Ok(steps)
    }

    /// Adds a step that is a word. The result is its name, when nothing can come after it.
    fn word(&mut self, item: Item<'_>, steps: &mut Vec<Step>) -> Result<Option<String>, Broken> {
        let word = item.text()?;
        let (step, last) = match word {
            "request" => (Step::AwaitRequest, false),
            "head" => (Step::AwaitHead, false),
            "body" => (Step::AwaitBody, false),
            "eof" => (Step::AwaitEof, false),
            "half_close" => (Step::HalfClose, false),
            "close" => (Step::Close, true),
            "reset" => (Step::Reset, true),
            "hold" => (Step::Hold, true),
            "stall" => (Step::Stall, true),
            "route" => {
                self.routed = true;
                let router = self.router.clone().ok_or_else(|| {
                    item.broken("\"route\" wants `reply` or `at` beside `conns`, which say what is answered")
                })?;
                (Step::Route(router.into()), true)
            }
            other => {
                let words = SERVER_WORDS.iter().map(|(word, _)| *word);
                let verbs = SERVER_STEPS.iter().map(|(verb, _)| *verb);
                let what = match SERVER_STEPS.iter().any(|(verb, _)| *verb == other) {
                    true => format!("`{other}` wants something to do it with: {{ {other} = … }}"),
                    false => format!(
                        "an origin has no step {other:?}{}; it knows {}, and as tables {}",
                        did_you_mean(other, words.clone()),
                        listed(words),
                        listed(verbs)
                    ),
                };
                return Err(item.broken(what));
            }
        };
        steps.push(step);
        Ok(last.then(|| word.to_owned()))
    }

    /// As [`word`](Self::word), for a step that is a table.
    fn verb(&mut self, item: Item<'_>, steps: &mut Vec<Step>) -> Result<Option<String>, Broken> {
        if let [(only, _)] = item.named()?[..]
            && SERVER_WORDS.iter().any(|(word, _)| *word == only)
        {
            return Err(item.broken(format!("`{only}` says all there is to say: write \"{only}\", without a table")));
        }
        let (verb, table) = item.verb(SERVER_STEPS, "a step of an origin")?;
        let value = table.need(verb)?;
        match verb {
            "send" => steps.push(Step::Send(Bytes::from(value.text()?.to_owned()))),
            "hex" => steps.push(Step::Send(hex(value)?)),
            "bytes" => steps.push(Step::Send(pattern(value.count_of(MOST_BYTES)? as usize))),
            "pause" => steps.push(Step::Pause(value.time()?)),
            "gate" => steps.push(Step::AwaitGate(gate(value, self.marks)?.into())),
            "label" => {
                self.marks.labels.insert(value.text()?.to_owned());
                steps.push(Step::Reached(value.text()?.into()));
            }
            "await" => steps.push(Step::AwaitBytes(value.count_of(MOST_BYTES)? as usize)),
            "expect" => expect(value, steps)?,
            "times" => {
                let rounds = value.count_of(MOST_ROUNDS)? as usize;
                let inner = self.steps(table.need("steps")?)?;
                steps.push(Step::Repeat(rounds, inner.into()));
            }
            "forever" => {
                let inner = self.steps(value)?;
                if inner.is_empty() {
                    return Err(value.broken("`forever` has no steps"));
                }
                steps.push(Step::Forever(inner.into()));
                return Ok(Some(verb.to_owned()));
            }
            "reply" => {
                let reply = reply(value, self.marks)?;
                let closes = reply.closes();
                steps.push(Step::Answer(reply.build()));
                return Ok(closes.then(|| "a reply that closes".to_owned()));
            }
            _ => unreachable!("every verb of the list is above"),
        }
        Ok(None)
    }
}

/// Remembers a gate that something stands at.
pub(super) fn gate(item: Item<'_>, marks: &mut Marks) -> Result<String, Broken> {
    let name = item.text()?.to_owned();
    marks.gates.push((name.clone(), item.line()));
    Ok(name)
}

fn hex(item: Item<'_>) -> Result<Bytes, Broken> {
    let digits: Vec<char> = item.text()?.chars().filter(|letter| !letter.is_whitespace()).collect();
    if let Some(bad) = digits.iter().find(|letter| !letter.is_ascii_hexdigit()) {
        return Err(item.broken(format!("`hex` has {bad:?}, which is no hexadecimal digit (0 to 9, a to f)")));
    }
    if !digits.len().is_multiple_of(2) {
        return Err(item.broken(format!("`hex` has {} digits; each byte wants two", digits.len())));
    }
    let digit = |letter: char| letter.to_digit(16).unwrap_or(0) as u8;
    Ok(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

fn expect(item: Item<'_>, steps: &mut Vec<Step>) -> Result<(), Broken> {
    let table = item.table(&EXPECT)?;
    let before = steps.len();
    let text = |key: &str| table.get(key).map(|item| item.text().map(str::to_owned)).transpose();
    steps.extend(text("line")?.map(|line| Step::Expect(Check::Line(line))));
    for (name, value) in table.get("headers").map_or(Ok(Vec::new()), |item| item.fields())? {
        steps.push(Step::Expect(Check::Header(name, value)));
    }
    steps.extend(text("no_header")?.map(|name| Step::Expect(Check::NoHeader(name))));
    steps.extend(text("body")?.map(|body| Step::Expect(Check::Body(body.into()))));
    steps.extend(text("waiting")?.map(|bytes| Step::Expect(Check::Waiting(bytes.into()))));
    if steps.len() == before {
        return Err(item.broken("`expect` is empty; say what is to be so"));
    }
    Ok(())
}

/// A canned reply.
fn reply(item: Item<'_>, marks: &mut Marks) -> Result<Reply, Broken> {
    const KINDS: [&str; 5] = ["bytes", "text", "chunked", "until_close", "redirect"];
    let table = item.table(&REPLY)?;
    let status = status(&table, 100..=999)?;
    let kind = table.one_of(&KINDS)?;
    let in_chunks = kind.is_some_and(|kind| kind.key == "chunked");
    for key in ["chunk", "by_chunk", "late_end", "trailers"] {
        if let (Some(item), false) = (table.get(key), in_chunks) {
            return Err(item.broken(format!("`{key}` wants `chunked` beside it")));
        }
    }
    let mut reply = match kind {
        None => match status {
            None => return Err(table.broken(format!("a reply wants one of {}, or a `status`", listed(KINDS)))),
            Some(100..=199 | 204 | 304) => Reply::bodyless(204),
            Some(_) => Reply::empty(),
        },
        Some(kind) => match kind.key {
            "bytes" => Reply::bytes(size(kind)?),
            "text" => Reply::body(kind.text()?.to_owned()),
            "until_close" => Reply::close_delimited(size(kind)?),
            "redirect" => Reply::redirect(302, kind.text()?),
            _ => {
                let body = if kind.is_text() { kind.text()?.to_owned().into() } else { pattern(size(kind)?) };
                let whole = body.len().max(1) as u64;
                let chunk = table.get("chunk").map_or(Ok(whole), |item| item.count_of(MOST_BYTES))?;
                Reply::chunked_body(body, chunk as usize)
            }
        },
    };
    if let Some(status) = status {
        reply = reply.status(status);
    }
    for (name, value) in table.get("headers").map_or(Ok(Vec::new()), |item| item.fields())? {
        reply = reply.header(name, value);
    }
    for (name, value) in table.get("trailers").map_or(Ok(Vec::new()), |item| item.fields())? {
        reply = reply.trailer(name, value);
    }
    if table.flag("late_end")? {
        reply = reply.end_mark(EndMark::Later);
    }
    if table.flag("close")? {
        reply = reply.connection_close();
    }
    if table.flag("http10")? {
        reply = reply.http10();
    }
    reply = interim(&table, reply)?;
    in_pieces(&table, reply, marks)
}

fn interim(table: &Table<'_>, mut reply: Reply) -> Result<Reply, Broken> {
    const MOST: u64 = 1_000;
    let Some(list) = table.get("interim") else { return Ok(reply) };
    for item in list.list("tables")? {
        let interim = item.table(&INTERIM)?;
        let status = status(&interim, 100..=199)?.ok_or_else(|| item.broken("an interim response wants a `status`"))?;
        let fields = interim.get("headers").map_or(Ok(Vec::new()), |item| item.fields())?;
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for _ in 0..interim.get("times").map_or(Ok(1), |item| item.count_of(MOST))? {
            reply = reply.interim(status, &fields);
        }
    }
    Ok(reply)
}

fn in_pieces(table: &Table<'_>, mut reply: Reply, marks: &mut Marks) -> Result<Reply, Broken> {
    match table.one_of(&["pieces", "by_chunk", "cut"])? {
        None => {}
        Some(item) => match item.key {
            "pieces" => reply = reply.in_pieces(item.count_of(MOST_BYTES)? as usize),
            "cut" => reply = reply.cut_every(item.count_of(MOST_BYTES)? as usize),
            _ => reply = if item.flag()? { reply.chunk_by_chunk() } else { reply },
        },
    }
    if let Some(item) = table.get("pause") {
        if table.present(&["pieces", "by_chunk", "cut", "interim", "late_end"]).is_empty() {
            return Err(item.broken(
                "`pause` is between two pieces, and this reply is one piece; add `pieces`, `by_chunk` or `cut`",
            ));
        }
        let time: Duration = item.time()?;
        reply = reply.pausing(time);
    }
    if let Some(item) = table.get("gate") {
        reply = reply.gate_before_last(gate(item, marks)?);
    }
    Ok(reply)
}

fn status(table: &Table<'_>, range: std::ops::RangeInclusive<u64>) -> Result<Option<u16>, Broken> {
    let Some(item) = table.get("status") else { return Ok(None) };
    let status = item.count()?;
    if !range.contains(&status) {
        return Err(item.broken(format!("`status` is {status}; it wants {} to {}", range.start(), range.end())));
    }
    Ok(Some(status as u16))
}

/// How many bytes something has that is made up.
pub(super) fn size(item: Item<'_>) -> Result<usize, Broken> {
    match item.count()? {
        bytes if bytes <= MOST_BYTES => Ok(bytes as usize),
        bytes => Err(item.broken(format!("`{}` is {bytes}; it wants at most {MOST_BYTES} (64 MiB)", item.key))),
    }
}
