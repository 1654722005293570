//! What real Go did with a scenario, kept beside it: `puzzle.toml` has its `puzzle.go.json`.
//!
//! Go may do one thing or another where a race decides, so a recording is a set of outcomes. The first one stands there
//! in full; each other one is told by the fields in which it differs from that one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::outcome::{Outcome, fnv1a};
use crate::scenario::Policy;

/// An outcome by its fields, as [`Outcome::flatten`] gives it.
pub type Flat = BTreeMap<String, Value>;

/// Distinct outcomes, each with how often it came.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Seen {
    outcomes: Vec<(Flat, usize)>,
}

impl Seen {
    /// Takes one more outcome in.
    pub fn add(&mut self, outcome: &Outcome) {
        self.add_flat(outcome.flatten(), 1);
    }

    pub(crate) fn add_flat(&mut self, flat: Flat, times: usize) {
        match self.outcomes.iter_mut().find(|(known, _)| *known == flat) {
            Some((_, known)) => *known += times,
            None => self.outcomes.push((flat, times)),
        }
    }

    /// These outcomes and those of `other`.
    pub fn with(&self, other: &Seen) -> Seen {
        let mut both = self.clone();
        other.outcomes.iter().for_each(|(flat, times)| both.add_flat(flat.clone(), *times));
        both
    }

    /// The outcomes, in the order in which each came first.
    pub fn outcomes(&self) -> impl Iterator<Item = &Flat> {
        self.outcomes.iter().map(|(flat, _)| flat)
    }

    /// How often each came, in the same order.
    pub fn times(&self) -> Vec<usize> {
        self.outcomes.iter().map(|(_, times)| *times).collect()
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.outcomes.iter().map(|(_, times)| times).sum()
    }
}

/// What one toolchain did.
#[derive(Clone, PartialEq, Debug)]
pub struct Recorded {
    /// The toolchain's version: `go1.27.3`.
    pub go: String,
    /// The policy that it is the model of.
    pub policy: Policy,
    /// What it did.
    pub seen: Seen,
}

/// All that is recorded of a scenario: at most one entry per policy.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recording {
    /// The [`fingerprint`] of the scenario that was recorded; `None`: nobody took it.
    pub scenario: Option<String>,
    /// The entries, the older policy first.
    pub entries: Vec<Recorded>,
}

/// Why there is no recording to compare with.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// The scenario has changed since.
    #[error("{}: the scenario has changed since it was recorded; `cargo lab diff --record` does that anew", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
    },
    /// It is not as this program writes it.
    #[error("{}: {why}; make it anew with `cargo lab diff --record`", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What was recorded, as [`fingerprint`] tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    /// The first outcome of the first entry.
    outcome: Outcome,
    recorded: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    go: String,
    policy: Policy,
    outcomes: Vec<Times>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Times {
    times: usize,
    /// The fields that differ from the first outcome; `null`: the field is not there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    but: Flat,
}

impl Recording {
    /// Where the recording of a scenario's file lies.
    pub fn path(scenario: &Path) -> PathBuf {
        scenario.with_extension("go.json")
    }

    /// Reads a recording; one that is not there is empty.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not as it was written.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Recording::default()),
            Err(source) => return Err(RecordingError::Io { path: path.to_owned(), source }),
        };
        Recording::parse(&text).map_err(|why| RecordingError::Broken { path: path.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let first = file.outcome.flatten();
        let recorded = |entry: Entry| {
            let mut seen = Seen::default();
            entry.outcomes.into_iter().for_each(|Times { times, but }| seen.add_flat(patched(&first, but), times));
            Recorded { go: entry.go, policy: entry.policy, seen }
        };
        Ok(Recording { scenario: file.scenario, entries: file.recorded.into_iter().map(recorded).collect() })
    }

    /// Reads the recording of a scenario's file.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and when the scenario is no longer the one that was recorded.
    pub fn read_for(scenario: &Path) -> Result<Self, RecordingError> {
        let path = Recording::path(scenario);
        let recording = Recording::read(&path)?;
        match &recording.scenario {
            Some(known) if *known != fingerprint(scenario)? => Err(RecordingError::Stale { path }),
            Some(_) | None => Ok(recording),
        }
    }

    /// What is recorded of the Go that is the model of a policy.
    pub fn of(&self, policy: Policy) -> Option<&Recorded> {
        self.entries.iter().find(|entry| entry.policy == policy)
    }
}

/// Keys of a scenario that say something about it, and do not change what happens.
const ABOUT: [&str; 6] = ["about", "differs", "exits", "policy", "questions", "row"];

/// A number for what happens in the scenario of this file: its FNV-1a hash (64 bits, 16 hexadecimal digits), without
/// comments, layout and the keys that only tell about it.
///
/// # Errors
///
/// When the file cannot be read.
pub fn fingerprint(scenario: &Path) -> Result<String, RecordingError> {
    let text =
        fs::read_to_string(scenario).map_err(|source| RecordingError::Io { path: scenario.to_owned(), source })?;
    // A scenario that was parsed is TOML; of what is none, every byte counts.
    let what = match text.parse::<toml::Table>() {
        Ok(mut table) => {
            table.retain(|key, _| !ABOUT.contains(&key));
            // As JSON it has no layout of its own, and tables are sorted by their keys.
            serde_json::to_string(&table).expect("plain values become JSON")
        }
        Err(_) => text,
    };
    Ok(format!("{:016x}", fnv1a(what.as_bytes())))
}

/// What is being recorded: `first` is written in full.
#[derive(Debug)]
pub struct Fresh {
    /// An outcome of the first entry.
    pub first: Outcome,
    /// What each toolchain did.
    pub recording: Recording,
}

impl Fresh {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        fs::write(path, self.to_text()).map_err(|source| RecordingError::Io { path: path.to_owned(), source })
    }

    fn to_text(&self) -> String {
        let first = self.first.flatten();
        let entry = |recorded: &Recorded| Entry {
            go: recorded.go.clone(),
            policy: recorded.policy,
            outcomes: recorded
                .seen
                .outcomes
                .iter()
                .map(|(flat, times)| Times { times: *times, but: patch(&first, flat) })
                .collect(),
        };
        let file = File {
            scenario: self.recording.scenario.clone(),
            outcome: self.first.clone(),
            recorded: self.recording.entries.iter().map(entry).collect(),
        };
        serde_json::to_string_pretty(&file).expect("plain fields become JSON") + "\n"
    }
}

/// The fields in which `other` differs from `first`. No field of an outcome is ever null, so null can say "not there".
fn patch(first: &Flat, other: &Flat) -> Flat {
    let gone = first.keys().filter(|path| !other.contains_key(*path)).map(|path| (path.clone(), Value::Null));
    let new = other.iter().filter(|(path, value)| first.get(*path) != Some(*value));
    gone.chain(new.map(|(path, value)| (path.clone(), value.clone()))).collect()
}

fn patched(first: &Flat, but: Flat) -> Flat {
    let mut flat = first.clone();
    for (path, value) in but {
        match value {
            Value::Null => drop(flat.remove(&path)),
            value => drop(flat.insert(path, value)),
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Count, RequestOutcome};

    fn outcome(alive: usize, conns: &[&str]) -> Outcome {
        let request = RequestOutcome {
            conns: conns.iter().map(|conn| (*conn).to_owned()).collect(),
            ..RequestOutcome::default()
        };
        Outcome {
            requests: [("r".to_owned(), request)].into(),
            counts: [("end".to_owned(), Count { alive, ..Count::default() })].into(),
            ..Outcome::default()
        }
    }

    fn seen(outcomes: &[Outcome]) -> Seen {
        let mut seen = Seen::default();
        outcomes.iter().for_each(|outcome| seen.add(outcome));
        seen
    }

    #[test]
    fn a_race_is_a_set_of_outcomes_with_how_often_each_came() {
        let seen = seen(&[outcome(5, &["a#1"]), outcome(3, &["a#1"]), outcome(5, &["a#1"])]);
        assert_eq!(seen.times(), [2, 1]);
        assert_eq!(seen.runs(), 3);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let both = [outcome(5, &["a#1"]), outcome(3, &[]), outcome(5, &["a#1", "a#2"])];
        let recording = Recording {
            scenario: Some("00c0ffee00c0ffee".to_owned()),
            entries: vec![
                Recorded { go: "go1.19.8".to_owned(), policy: Policy::Go1_12, seen: seen(&both[..1]) },
                Recorded { go: "go1.27.3".to_owned(), policy: Policy::Go1_27, seen: seen(&both) },
            ],
        };
        let fresh = Fresh { first: both[0].clone(), recording };
        let text = fresh.to_text();
        assert_eq!(Recording::parse(&text).unwrap(), fresh.recording);
        assert_eq!(text.matches("\"a#2\"").count(), 1, "only the first outcome stands there in full:\n{text}");
    }

    #[test]
    fn a_recording_that_is_not_there_is_empty_and_a_broken_one_says_how_to_mend_it() {
        let nowhere = Recording::read(Path::new("/nowhere/puzzle.go.json")).unwrap();
        assert_eq!(nowhere, Recording::default());
        assert!(Recording::parse("{\"outcome\":{},\"recorded\":[],\"more\":1}").unwrap_err().contains("more"));
        let error = RecordingError::Broken { path: "a.go.json".into(), why: "odd".to_owned() }.to_string();
        assert_eq!(error, "a.go.json: odd; make it anew with `cargo lab diff --record`");
    }

    #[test]
    fn a_fingerprint_is_of_what_happens_and_not_of_how_it_is_told() {
        let folder = std::env::temp_dir().join(format!("fingerprint-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let of = |text: &str| {
            let path = folder.join("s.toml");
            fs::write(&path, text).unwrap();
            fingerprint(&path).unwrap()
        };
        let one = of("about = \"one\"\n[caller]\nsteps = [{ count = \"n\" }]\n");
        assert_eq!(one, of("# Why\nabout = \"two\"\nrow = \"r\"\n\n[caller]\nsteps = [\n  { count = \"n\" },\n]\n"));
        assert_ne!(one, of("about = \"one\"\n[caller]\nsteps = [{ count = \"m\" }]\n"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_recording_lies_beside_its_scenario() {
        assert_eq!(
            Recording::path(Path::new("book/scenarios/puzzle.toml")),
            Path::new("book/scenarios/puzzle.go.json")
        );
    }
}
