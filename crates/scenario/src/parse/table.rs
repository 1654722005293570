//! A table of the file, whose keys are known.

use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::{Broken, Source, Span, did_you_mean, listed};
use crate::keys::Place;

/// A value, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) source: &'a Source<'a>,
    /// What it is called in messages: `` `bytes` ``.
    pub(super) key: &'a str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Item<'a> {
    pub(super) fn span(&self) -> Span {
        self.value.span()
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(&self.span())
    }

    pub(super) fn broken(&self, what: impl Into<String>) -> Broken {
        self.source.broken(&self.span(), what)
    }

    /// That it is something else than `wanted`.
    fn not(&self, wanted: &str) -> Broken {
        self.broken(format!("`{}` is {}; it wants {wanted}", self.key, described(self.value.get_ref())))
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    pub(super) fn is_flag(&self) -> bool {
        self.value.get_ref().is_bool()
    }

    pub(super) fn text(&self) -> Result<&'a str, Broken> {
        self.value.get_ref().as_str().ok_or_else(|| self.not("a text in quotes"))
    }

    pub(super) fn flag(&self) -> Result<bool, Broken> {
        self.value.get_ref().as_bool().ok_or_else(|| self.not("true or false"))
    }

    pub(super) fn number(&self) -> Result<i64, Broken> {
        let not = || self.not("a whole number");
        let number = self.value.get_ref().as_integer().ok_or_else(not)?;
        i64::from_str_radix(number.as_str(), number.radix()).map_err(|_too_large| not())
    }

    pub(super) fn count(&self) -> Result<u64, Broken> {
        let not = || self.not("a whole number from 0 on");
        let number = self.value.get_ref().as_integer().ok_or_else(not)?;
        u64::from_str_radix(number.as_str(), number.radix()).map_err(|_negative| not())
    }

    /// A count of at least one, and at most `most`.
    pub(super) fn count_of(&self, most: u64) -> Result<u64, Broken> {
        match self.count()? {
            0 => Err(self.broken(format!("`{}` is 0; it wants at least 1", self.key))),
            count if count > most => Err(self.broken(format!("`{}` is {count}; it wants at most {most}", self.key))),
            count => Ok(count),
        }
    }

    pub(super) fn time(&self) -> Result<Duration, Broken> {
        const UNITS: [(&str, f64); 5] = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0)];
        let wanted = "a time such as \"10ms\" (with the unit us, ms, s or m)";
        let text = self.value.get_ref().as_str().ok_or_else(|| self.not(wanted))?;
        let letter = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(letter);
        let unit = UNITS.iter().find(|(name, _)| *name == unit);
        match (number.parse::<f64>(), unit) {
            (Ok(number), Some((_, seconds))) if number * seconds <= 86_400.0 => {
                Ok(Duration::from_secs_f64(number * seconds))
            }
            (Ok(_), Some(_)) => Err(self.broken(format!("`{}` is {text:?}; it wants at most a day", self.key))),
            _ => Err(self.broken(format!("`{}` is {text:?}; it wants {wanted}", self.key))),
        }
    }

    pub(super) fn micros(&self) -> Result<u64, Broken> {
        Ok(self.time()?.as_micros() as u64)
    }

    pub(super) fn list(&self, of: &str) -> Result<Vec<Item<'a>>, Broken> {
        let items = self.value.get_ref().as_array().ok_or_else(|| self.not(&format!("a list of {of}")))?;
        Ok(items.iter().map(|value| Item { value, ..*self }).collect())
    }

    pub(super) fn texts(&self) -> Result<Vec<&'a str>, Broken> {
        self.list("texts")?.iter().map(Item::text).collect()
    }

    /// Names and what is behind them, in the order of the file.
    pub(super) fn named(&self) -> Result<Vec<(&'a str, Item<'a>)>, Broken> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.not("a table"))?;
        Ok(entries(self.source, table).into_iter().map(|entry| (entry.key, entry)).collect())
    }

    /// Header fields, in the order of the file.
    pub(super) fn fields(&self) -> Result<Vec<(String, String)>, Broken> {
        let mut fields = Vec::new();
        for (name, item) in self.named()? {
            if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(item.broken(format!("{name:?} is no name of a header field")));
            }
            let values = if item.is_text() { vec![item] } else { item.list("texts")? };
            for value in values {
                let text = value.text()?;
                if text.contains(['\r', '\n', '\0']) {
                    let what = format!(
                        "`{name}` has a line break in its value; a field has one line (`send` of an origin takes any bytes)"
                    );
                    return Err(value.broken(what));
                }
                fields.push((name.to_owned(), text.to_owned()));
            }
        }
        Ok(fields)
    }

    /// The same as JSON, where it is plain.
    pub(super) fn plain(&self) -> Result<Value, Broken> {
        Ok(match self.value.get_ref() {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Integer(_) => Value::from(self.number()?),
            DeValue::Boolean(flag) => Value::from(*flag),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                return Err(self.not("a text, a whole number, true or false"));
            }
        })
    }

    /// A table with the keys of `place`.
    pub(super) fn table(&self, place: &'a Place) -> Result<Table<'a>, Broken> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.not("a table"))?;
        Table::new(self.source, self.span(), table, place)
    }

    /// A table that does one thing: the one that its verb says.
    pub(super) fn verb(
        &self,
        verbs: &'a [(&'static str, Place)],
        step: &str,
    ) -> Result<(&'static str, Table<'a>), Broken> {
        let table = self.value.get_ref().as_table().ok_or_else(|| self.not(&format!("{step}, which is a table")))?;
        let names = verbs.iter().map(|(verb, _)| *verb);
        let mut found = verbs.iter().filter(|(verb, _)| table.keys().any(|key| key.get_ref() == verb));
        // A verb may be a key of another one's: `close` of `send`.
        let is_key = |verb: &str, of: &Place| of.keys.iter().any(|key| key.name == verb);
        match (found.next(), found.next()) {
            (None, _) => {
                let like =
                    table.keys().map(|key| did_you_mean(key.get_ref(), names.clone())).find(|like| !like.is_empty());
                Err(self.broken(format!(
                    "{step} does one of {}; here is none of them{}",
                    listed(names),
                    like.unwrap_or_default()
                )))
            }
            (Some((verb, place)), None) => Ok((verb, Table::new(self.source, self.span(), table, place)?)),
            (Some(first), Some(second)) => {
                for ((verb, place), (other, _)) in [(first, second), (second, first)] {
                    if is_key(other, place) {
                        return Ok((verb, Table::new(self.source, self.span(), table, place)?));
                    }
                }
                let what =
                    format!("{step} does one thing, and this one has `{}` and `{}`; make two of it", first.0, second.0);
                Err(self.broken(what))
            }
        }
    }
}

fn entries<'a>(source: &'a Source<'a>, table: &'a DeTable<'a>) -> Vec<Item<'a>> {
    let mut entries: Vec<(usize, Item<'a>)> =
        table.iter().map(|(key, value)| (key.span().start, Item { source, key: key.get_ref(), value })).collect();
    entries.sort_by_key(|(start, _)| *start);
    entries.into_iter().map(|(_, item)| item).collect()
}

fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A table with known keys.
pub(super) struct Table<'a> {
    pub(super) source: &'a Source<'a>,
    span: Span,
    place: &'a Place,
    entries: Vec<Item<'a>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        span: Span,
        table: &'a DeTable<'a>,
        place: &'a Place,
    ) -> Result<Self, Broken> {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !place.keys.iter().any(|known| known.name == name) {
                let known = || place.keys.iter().map(|known| known.name);
                let like = did_you_mean(name, known());
                let what = format!("{} has no key `{name}`{like}; it knows {}", place.name, listed(known()));
                return Err(source.broken(&key.span(), what));
            }
        }
        Ok(Table { source, span, place, entries: entries(source, table) })
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(&self.span)
    }

    pub(super) fn broken(&self, what: impl Into<String>) -> Broken {
        self.source.broken(&self.span, what)
    }

    /// What is behind a key.
    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        debug_assert!(self.place.keys.iter().any(|known| known.name == key), "{} does not list {key}", self.place.name);
        self.entries.iter().find(|entry| entry.key == key).copied()
    }

    pub(super) fn need(&self, key: &str) -> Result<Item<'a>, Broken> {
        self.get(key).ok_or_else(|| self.broken(format!("{} wants `{key}`", self.place.name)))
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Broken> {
        self.get(key).map_or(Ok(false), |item| item.flag())
    }

    /// Those of `keys` that are there.
    pub(super) fn present(&self, keys: &[&str]) -> Vec<Item<'a>> {
        keys.iter().filter_map(|key| self.get(key)).collect()
    }

    /// Which one of `keys` is there.
    pub(super) fn one_of(&self, keys: &[&str]) -> Result<Option<Item<'a>>, Broken> {
        match self.present(keys)[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [first, second, ..] => {
                let what =
                    format!("{} has `{}` and `{}`; it wants one of them", self.place.name, first.key, second.key);
                Err(second.broken(what))
            }
        }
    }
}
