//! From a file to a scenario. Whatever is wrong is told with its line, and with what to change.
//!
//! # Layout
//!
//! - this file: the whole, the settings, and what is said about a scenario
//! - `source`: the text, and faults in it
//! - `table`: a table whose keys are known
//! - `server`: what an origin does
//! - `caller`: what the caller does, its loops worked out
//! - `names`: which requests a name stands for

mod caller;
mod names;
mod server;
mod source;
mod table;

use std::path::Path;
use std::time::Duration;

use httptrace::Exit;
use toml::de::DeTable;

pub use self::caller::END;
use self::caller::well_formed;
use self::server::Marks;
pub use self::source::Broken;
use self::source::{Source, did_you_mean};
use self::table::{Item, Table};
use crate::caller::{ClientSettings, TransportSettings};
use crate::keys::{CLIENT, DIFFERS, FILE, TRANSPORT};
use crate::scenario::{Difference, Policy, Scenario};

/// How long a run may take when the file does not say.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a file gave no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Io(String, #[source] std::io::Error),
    /// It is not as it must be.
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl Scenario {
    /// Reads a scenario from its file.
    ///
    /// # Errors
    ///
    /// [`ReadError`]
    pub fn read(path: &Path) -> Result<Scenario, ReadError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| ReadError::Io(name.clone(), error))?;
        Ok(Scenario::parse(&name, &text)?)
    }

    /// Reads a scenario. `file` is the path that faults name; its last part without `.toml` is the scenario's name.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Scenario, Broken> {
        let source = Source { file, text };
        let parsed = DeTable::parse(text).map_err(|error| {
            source.broken(&error.span().unwrap_or(0..0), format!("not TOML: {}", error.message().replace('\n', ", ")))
        })?;
        let table = Table::new(&source, 0..0, parsed.get_ref(), &FILE)?;

        let about = table.need("about")?;
        if about.text()?.trim().is_empty() {
            return Err(about.broken("`about` is empty; say in a sentence what the scenario asks"));
        }
        let mut marks = Marks::default();
        let mut origins = std::collections::BTreeMap::new();
        for (name, item) in table.need("origin")?.named()? {
            well_formed(item, name)?;
            origins.insert(name.to_owned(), server::origin(item, &mut marks)?);
        }
        let names: Vec<&str> = origins.keys().map(String::as_str).collect();
        let mut caller = caller::caller(table.need("caller")?, &names, marks)?;
        caller.transport =
            table.get("transport").map_or(Ok(TransportSettings::default()), |item| transport(item, &names))?;
        caller.client = table.get("client").map_or(Ok(ClientSettings::default()), client)?;
        let texts = |key: &str| table.get(key).map_or(Ok(Vec::new()), |item| item.texts());
        Ok(Scenario {
            name: name_of(file),
            about: about.text()?.to_owned(),
            exits: table.get("exits").map_or(Ok(Vec::new()), exits)?,
            questions: texts("questions")?.into_iter().map(str::to_owned).collect(),
            row: table.get("row").map(|item| item.text().map(str::to_owned)).transpose()?,
            limit: table.get("limit").map_or(Ok(LIMIT), |item| limit(item))?,
            policies: table.get("policy").map_or(Ok(Policy::ALL.to_vec()), policies)?,
            differs: differs(&table)?,
            origins,
            caller,
        })
    }
}

/// `puzzle` of `book/scenarios/puzzle.toml`.
fn name_of(file: &str) -> String {
    let last = file.rsplit(['/', '\\']).next().unwrap_or(file);
    last.strip_suffix(".toml").unwrap_or(last).to_owned()
}

fn limit(item: Item<'_>) -> Result<Duration, Broken> {
    match item.time()? {
        time if time.is_zero() => Err(item.broken("`limit` is no time at all; a run wants some")),
        time => Ok(time),
    }
}

fn exits(item: Item<'_>) -> Result<Vec<Exit>, Broken> {
    let ids = || Exit::ALL.iter().map(|exit| exit.id());
    let one = |item: &Item<'_>| {
        let id = item.text()?;
        let exit = Exit::ALL.iter().copied().find(|exit| exit.id() == id);
        exit.ok_or_else(|| {
            item.broken(format!("no exit {id:?}{}; the book's table of exits has all of them", did_you_mean(id, ids())))
        })
    };
    item.list("texts")?.iter().map(one).collect()
}

fn policies(item: Item<'_>) -> Result<Vec<Policy>, Broken> {
    let policies: Vec<Policy> = item.list("texts")?.iter().map(policy).collect::<Result<_, _>>()?;
    if policies.is_empty() {
        return Err(item.broken("`policy` is empty; without the key both are meant"));
    }
    Ok(policies)
}

fn policy(item: &Item<'_>) -> Result<Policy, Broken> {
    item.text()?.parse().map_err(|what: String| item.broken(what))
}

fn client(item: Item<'_>) -> Result<ClientSettings, Broken> {
    let table = item.table(&CLIENT)?;
    Ok(ClientSettings { timeout: table.get("Timeout").map_or(Ok(0), |item| item.micros())? })
}

fn transport(item: Item<'_>, origins: &[&str]) -> Result<TransportSettings, Broken> {
    let table = item.table(&TRANSPORT)?;
    let base = match table.get("base") {
        None => TransportSettings::default_transport(),
        Some(item) => match item.text()? {
            "default" => TransportSettings::default_transport(),
            "zero" => TransportSettings::zero(),
            other => return Err(item.broken(format!("`base` is {other:?}; it wants \"default\" or \"zero\""))),
        },
    };
    let number = |key: &str, or: i64| table.get(key).map_or(Ok(or), |item| item.number());
    let time = |key: &str, or: u64| table.get(key).map_or(Ok(or), |item| item.micros());
    let proxy = match table.get("Proxy") {
        None => String::new(),
        Some(item) if origins.contains(&item.text()?) => item.text()?.to_owned(),
        Some(item) => {
            let name = item.text()?;
            return Err(item.broken(format!("no origin `{name}`{}", did_you_mean(name, origins.iter().copied()))));
        }
    };
    Ok(TransportSettings {
        proxy,
        max_idle_conns: number("MaxIdleConns", base.max_idle_conns)?,
        max_idle_conns_per_host: number("MaxIdleConnsPerHost", base.max_idle_conns_per_host)?,
        max_conns_per_host: number("MaxConnsPerHost", base.max_conns_per_host)?,
        idle_conn_timeout: time("IdleConnTimeout", base.idle_conn_timeout)?,
        dial_timeout: time("DialTimeout", base.dial_timeout)?,
        tls_handshake_timeout: time("TLSHandshakeTimeout", base.tls_handshake_timeout)?,
        response_header_timeout: time("ResponseHeaderTimeout", base.response_header_timeout)?,
        expect_continue_timeout: time("ExpectContinueTimeout", base.expect_continue_timeout)?,
        max_response_header_bytes: table.get("MaxResponseHeaderBytes").map_or(Ok(0), |item| item.count())?,
        disable_keep_alives: table.flag("DisableKeepAlives")?,
        disable_compression: table.flag("DisableCompression")?,
    })
}

fn differs(table: &Table<'_>) -> Result<Vec<Difference>, Broken> {
    let Some(list) = table.get("differs") else { return Ok(Vec::new()) };
    list.list("tables")?.into_iter().map(difference).collect()
}

fn difference(item: Item<'_>) -> Result<Difference, Broken> {
    const PARTS: [&str; 3] = ["requests", "origins", "counts"];
    let table = item.table(&DIFFERS)?;
    let field = table.need("field")?;
    let path = field.text()?;
    if !PARTS.iter().any(|part| path.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))) {
        return Err(
            field.broken(format!("`field` is {path:?}; a path begins with `requests.`, `origins.` or `counts.`"))
        );
    }
    let value = |key: &str| table.get(key).map(|item| item.plain()).transpose();
    let (go, port) = (value("go")?, value("port")?);
    if go == port {
        return Err(table.broken("`go` and `port` are the same, which is no difference"));
    }
    let why = table.need("why")?;
    if why.text()?.trim().is_empty() {
        return Err(why.broken("`why` is empty; a difference that is meant has a reason"));
    }
    Ok(Difference {
        line: item.line(),
        field: path.to_owned(),
        go,
        like: false,
        port,
        policy: table.get("policy").map(|item| policy(&item)).transpose()?,
        race: table.flag("race")?,
        why: why.text()?.to_owned(),
    })
}
