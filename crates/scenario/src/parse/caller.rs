//! What the caller does: its steps are worked out as they are read, round by round.

use super::names::{Names, Scope};
use super::server::{MOST_BYTES, Marks, gate, size};
use super::source::{Broken, did_you_mean, listed};
use super::table::{Item, Table};
use crate::caller::{Action, Amount, Body, Caller, OriginEvent, Piece, Seen, Send, Step};
use crate::keys::{BODY, CALLER, PIECE, STEPS};

/// Most rounds of one loop.
const MOST_ROUNDS: u64 = 1_000;
/// Most steps, once all loops are unrolled.
const MOST_STEPS: usize = 10_000;
/// The hooks of `httptrace`, by Go's names.
const HOOKS: [&str; 15] = [
    "GetConn",
    "GotConn",
    "PutIdleConn",
    "GotFirstResponseByte",
    "Got100Continue",
    "Got1xxResponse",
    "DNSStart",
    "DNSDone",
    "ConnectStart",
    "ConnectDone",
    "TLSHandshakeStart",
    "TLSHandshakeDone",
    "WroteHeaders",
    "Wait100Continue",
    "WroteRequest",
];
/// The keys of `send` that name a method and say where to.
const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "url"];
/// The name of the count at the end.
pub const END: &str = "end";

/// Reads `[caller]`. `origins` are the names of the servers.
pub(super) fn caller(item: Item<'_>, origins: &[&str], marks: Marks) -> Result<Caller, Broken> {
    let table = item.table(&CALLER)?;
    let mut reader =
        Reader { caller: Caller::default(), origins, marks, names: Names::default(), opened: Vec::new(), over: None };
    reader.caller.contexts = reader.declared(table.get("contexts"))?;
    reader.caller.channels = reader.declared(table.get("channels"))?;
    let steps = table.need("steps")?;
    reader.steps(steps, &Scope::default())?;
    if reader.caller.steps.is_empty() {
        return Err(steps.broken("`steps` is empty; a scenario wants at least one step"));
    }
    for (gate, item) in &reader.opened {
        let gates = || reader.marks.gates.iter().map(|(gate, _)| gate.as_str());
        if !gates().any(|known| known == gate) {
            let what = format!(
                "nothing stands at the gate `{gate}`{}; gates: {}",
                did_you_mean(gate, gates()),
                listed(gates())
            );
            return Err(item.broken(what));
        }
    }
    Ok(reader.caller)
}

struct Reader<'a> {
    caller: Caller,
    origins: &'a [&'a str],
    marks: Marks,
    names: Names,
    opened: Vec<(String, Item<'a>)>,
    /// The line in which the transport was let go of.
    over: Option<usize>,
}

impl<'a> Reader<'a> {
    fn declared(&mut self, list: Option<Item<'a>>) -> Result<Vec<String>, Broken> {
        let mut names = Vec::new();
        for item in list.map_or(Ok(Vec::new()), |list| list.list("names"))? {
            let name = item.text()?;
            well_formed(item, name)?;
            if names.iter().chain(&self.caller.contexts).any(|other| other == name) {
                return Err(item.broken(format!("the name `{name}` is there twice")));
            }
            names.push(name.to_owned());
        }
        Ok(names)
    }

    fn steps(&mut self, list: Item<'a>, scope: &Scope) -> Result<(), Broken> {
        for item in list.list("steps")? {
            self.step(item, scope)?;
            if self.caller.steps.len() > MOST_STEPS {
                return Err(
                    item.broken(format!("these are more than {MOST_STEPS} steps, all rounds counted; make it fewer"))
                );
            }
        }
        Ok(())
    }

    fn step(&mut self, item: Item<'a>, scope: &Scope) -> Result<(), Broken> {
        let (verb, table) = item.verb(STEPS, "a step of the caller")?;
        let value = table.need(verb)?;
        let line = table.line();
        match verb {
            "times" => {
                let steps = table.need("steps")?;
                for round in 1..=value.count_of(MOST_ROUNDS)? as usize {
                    self.steps(steps, &scope.round(item.span().start, round))?;
                }
            }
            "send" => {
                let send = self.send(&table, value, scope)?;
                self.push(line, Action::Send(Box::new(send)));
            }
            "read" => {
                let later = table.flag("later")?;
                let amount = amount(&table)?;
                for request in self.names.idle(value, scope, later)? {
                    self.push(line, Action::Read { request, amount, later });
                }
            }
            "write" => {
                let text = table.need("text")?.text()?.to_owned();
                for request in self.names.idle(value, scope, false)? {
                    self.push(line, Action::Write { request, text: text.clone() });
                }
            }
            "close" => {
                for request in self.names.idle(value, scope, false)? {
                    self.push(line, Action::Close { request });
                }
            }
            "drop" => {
                for request in self.names.dropped(value, scope)? {
                    self.push(line, Action::Drop { request });
                }
            }
            "finish" => {
                for request in self.names.finished(value, scope)? {
                    self.push(line, Action::Finish { request });
                }
            }
            "cancel" => self.cancel(&table, value, scope, line)?,
            "wait" => self.wait(&table, value, scope, line)?,
            "open" => {
                let gate = value.text()?.to_owned();
                self.opened.push((gate.clone(), value));
                self.push(line, Action::Open { gate });
            }
            "pause" => self.push(line, Action::Pause { us: value.micros()? }),
            "close_idle" => {
                said(value)?;
                self.push(line, Action::CloseIdle);
            }
            "drop_transport" => {
                said(value)?;
                self.over = Some(line);
                self.push(line, Action::DropTransport);
            }
            "count" => {
                let name = scope.named(value.text()?);
                well_formed(value, value.text()?)?;
                let same = |step: &Step| matches!(&step.action, Action::Count { name: other } if *other == name);
                if name == END {
                    return Err(value
                        .broken("the count at the end is there anyway, under the name `end`; give this one another"));
                }
                if self.caller.steps.iter().any(same) {
                    return Err(value.broken(format!("there are two counts `{name}`")));
                }
                self.push(line, Action::Count { name });
            }
            _ => unreachable!("every verb of the list is above"),
        }
        Ok(())
    }

    fn push(&mut self, line: usize, action: Action) {
        self.caller.steps.push(Step { line, action });
    }

    fn send(&mut self, table: &Table<'a>, name: Item<'a>, scope: &Scope) -> Result<Send, Broken> {
        if let Some(line) = self.over {
            return Err(
                name.broken(format!("the transport was let go of in line {line}; there is nothing to send with"))
            );
        }
        let base = name.text()?;
        well_formed(name, base)?;
        if self.origins.contains(&base) {
            return Err(name.broken(format!("`{base}` is the name of an origin; give the request another")));
        }
        if self.caller.contexts.iter().chain(&self.caller.channels).any(|other| other == base) {
            return Err(
                name.broken(format!("`{base}` is the name of a context or a channel; give the request another"))
            );
        }
        let later = table.flag("later")?;
        let (method, origin, path) = self.target(table)?;
        let known = |key: &str, known: &[String], what: &str| -> Result<String, Broken> {
            let Some(item) = table.get(key) else { return Ok(String::new()) };
            let name = item.text()?;
            match known.iter().any(|other| other == name) {
                true => Ok(name.to_owned()),
                false => {
                    let like = did_you_mean(name, known.iter().map(String::as_str));
                    Err(item.broken(format!("no {what} `{name}`{like}; put it into `{what}s` of [caller]")))
                }
            }
        };
        Ok(Send {
            context: known("context", &self.caller.contexts, "context")?,
            channel: known("channel", &self.caller.channels, "channel")?,
            headers: table.get("headers").map_or(Ok(Vec::new()), |item| item.fields())?,
            body: table.get("body").map(|item| body(item, &mut self.marks)).transpose()?,
            timeout_us: table.get("timeout").map_or(Ok(0), |item| item.micros())?,
            close: table.flag("close")?,
            got_1xx: table.flag("got_1xx")?,
            request: self.names.sent(name, scope, later)?,
            method,
            origin,
            path,
            later,
        })
    }

    /// Method, origin and path.
    fn target(&self, table: &Table<'a>) -> Result<(String, String, String), Broken> {
        let target = table.one_of(&METHODS)?.ok_or_else(|| {
            table.broken(format!(
                "a `send` step wants to know where to: one of {}, or `method` and `url`",
                listed(METHODS[..7].iter().copied())
            ))
        })?;
        let method = match (target.key, table.get("method")) {
            ("url", Some(method)) => method.text()?.to_owned(),
            ("url", None) => return Err(target.broken("`url` wants `method` beside it (or write `get` and the like)")),
            (key, None) => key.to_ascii_uppercase(),
            (key, Some(method)) => {
                return Err(method.broken(format!("`{key}` says the method already; take `method` out")));
            }
        };
        let text = target.text()?;
        let Some(slash) = text.find('/') else {
            return Err(target
                .broken(format!("`{}` is {text:?}; it wants an origin's name and a path, as \"a/path\"", target.key)));
        };
        let (origin, path) = text.split_at(slash);
        if text.contains("://") {
            let what = format!("`{}` is a whole URL; it wants an origin's name and a path, as \"a/path\"", target.key);
            return Err(target.broken(what));
        }
        if !self.origins.contains(&origin) {
            let origins = || self.origins.iter().copied();
            let what =
                format!("no origin `{origin}`{}; origins: {}", did_you_mean(origin, origins()), listed(origins()));
            return Err(target.broken(what));
        }
        Ok((method, origin.to_owned(), path.to_owned()))
    }

    fn cancel(&mut self, table: &Table<'a>, value: Item<'a>, scope: &Scope, line: usize) -> Result<(), Broken> {
        let name = value.text()?;
        let is = |names: &[String]| names.iter().any(|other| other == name);
        let cause = table.get("cause");
        if is(&self.caller.contexts) {
            let cause = cause.map_or(Ok(""), |cause| cause.text())?.to_owned();
            self.push(line, Action::Cancel { context: name.to_owned(), cause });
            return Ok(());
        }
        if let Some(cause) = cause {
            return Err(cause.broken(format!("`{name}` is no context, and only a context has a cause")));
        }
        if is(&self.caller.channels) {
            self.push(line, Action::CloseChannel { channel: name.to_owned() });
            return Ok(());
        }
        if !self.names.knows(name) {
            let known = || {
                self.caller.contexts.iter().chain(&self.caller.channels).map(String::as_str).chain(self.names.bases())
            };
            let like = did_you_mean(name, known());
            return Err(
                value.broken(format!("no context, channel or request `{name}`{like}; there are {}", listed(known())))
            );
        }
        for request in self.names.any(value, scope)? {
            self.push(line, Action::CancelRequest { request });
        }
        Ok(())
    }

    fn wait(&mut self, table: &Table<'a>, value: Item<'a>, scope: &Scope, line: usize) -> Result<(), Broken> {
        const OF_ORIGIN: [&str; 4] = ["accepted", "requests", "ended", "reached"];
        let name = value.text()?;
        let event = table.one_of(&["accepted", "requests", "ended", "reached", "event"])?;
        let Some(event) = event else {
            return Err(
                table.broken(format!("a `wait` step wants to know for what: one of {}, or `event`", listed(OF_ORIGIN)))
            );
        };
        if event.key == "event" {
            let hook = event.text()?;
            if !HOOKS.contains(&hook) {
                return Err(event.broken(format!(
                    "no hook `{hook}`{}; hooks: {}",
                    did_you_mean(hook, HOOKS),
                    listed(HOOKS)
                )));
            }
            for request in self.names.any(value, scope)? {
                self.push(line, Action::WaitEvent { request, event: hook.to_owned() });
            }
            return Ok(());
        }
        if !self.origins.contains(&name) {
            let origins = || self.origins.iter().copied();
            let what = format!(
                "no origin `{name}`{}; origins: {}; of a request one waits for an `event`",
                did_you_mean(name, origins()),
                listed(origins())
            );
            return Err(value.broken(what));
        }
        let seen = match event.key {
            "accepted" => Seen::Accepted(event.count_of(MOST_BYTES)? as usize),
            "requests" => Seen::Requests(event.count_of(MOST_BYTES)? as usize),
            "ended" => Seen::Ended(event.count_of(MOST_BYTES)? as usize),
            _ => {
                let label = event.text()?;
                let labels = || {
                    self.marks.labels.iter().chain(self.marks.gates.iter().map(|(gate, _)| gate)).map(String::as_str)
                };
                if !labels().any(|known| known == label) {
                    let what = format!(
                        "no origin has a label or gate `{label}`{}; there are {}",
                        did_you_mean(label, labels()),
                        listed(labels())
                    );
                    return Err(event.broken(what));
                }
                Seen::Reached(label.to_owned())
            }
        };
        self.push(line, Action::Wait(OriginEvent { origin: name.to_owned(), seen }));
        Ok(())
    }
}

/// A flag that is a verb is true.
fn said(value: Item<'_>) -> Result<(), Broken> {
    match value.flag()? {
        true => Ok(()),
        false => Err(value.broken(format!("`{} = false` does nothing; take the step out", value.key))),
    }
}

/// Names are made of letters, digits, `_` and `-`: a dot is for rounds.
pub(super) fn well_formed(item: Item<'_>, name: &str) -> Result<(), Broken> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    match !name.is_empty() && name.chars().all(good) {
        true => Ok(()),
        false => Err(item.broken(format!("{name:?} is no name; a name has letters, digits, `_` and `-`"))),
    }
}

fn amount(table: &Table<'_>) -> Result<Amount, Broken> {
    Ok(match table.one_of(&["bytes", "exactly"])? {
        None => Amount::All,
        Some(item) if item.key == "bytes" => Amount::Bytes { bytes: item.count_of(MOST_BYTES)? },
        Some(item) => Amount::Exactly { bytes: item.count_of(MOST_BYTES)? },
    })
}

/// The body of a request.
fn body(item: Item<'_>, marks: &mut Marks) -> Result<Body, Broken> {
    let in_memory =
        |pieces: Vec<Piece>, length: u64| Body { length: length as i64, again: true, in_memory: true, pieces };
    if item.is_text() {
        let text = item.text()?.to_owned();
        if text.is_empty() {
            return Err(item.broken("an empty body is none; take `body` out"));
        }
        let length = text.len() as u64;
        return Ok(in_memory(vec![Piece::Text { text }], length));
    }
    let table = item.table(&BODY)?;
    let (length, again) = (table.get("length"), table.get("again"));
    let kind = table.one_of(&["bytes", "pieces"])?;
    match kind {
        None => Err(table.broken("a body wants `bytes` or `pieces`")),
        Some(kind) if kind.key == "bytes" => {
            if let Some(more) = length.or(again) {
                let what = format!(
                    "`{}` goes with `pieces`: a body of `bytes` is in memory, its length is known and it can be made again",
                    more.key
                );
                return Err(more.broken(what));
            }
            let bytes = kind.count_of(MOST_BYTES)?;
            Ok(in_memory(vec![Piece::Bytes { bytes }], bytes))
        }
        Some(kind) => {
            let length = length.map_or(Ok(-1), |length| length.count_of(MOST_BYTES).map(|length| length as i64))?;
            let pieces = kind
                .list("texts and tables")?
                .into_iter()
                .map(|item| piece(item, marks))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Body { length, again: table.flag("again")?, in_memory: false, pieces })
        }
    }
}

fn piece(item: Item<'_>, marks: &mut Marks) -> Result<Piece, Broken> {
    if item.is_text() {
        return Ok(Piece::Text { text: item.text()?.to_owned() });
    }
    let table = item.table(&PIECE)?;
    let Some(kind) = table.one_of(&["bytes", "pause", "gate", "fail"])? else {
        return Err(table.broken("a piece of a body wants one of `bytes`, `pause`, `gate` and `fail`"));
    };
    Ok(match kind.key {
        "bytes" => Piece::Bytes { bytes: size(kind)? as u64 },
        "pause" => Piece::Pause { us: kind.micros()? },
        "gate" => Piece::Gate { gate: gate(kind, marks)? },
        _ => Piece::Fail { error: kind.text()?.to_owned() },
    })
}
