//! A scenario as it is understood.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use client::EarlyClose;
use httptrace::Exit;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caller::Caller;
use crate::server::OriginPlan;

/// A scenario, checked and worked out.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name without its ending: `puzzle`.
    pub name: String,
    /// The question that it asks.
    pub about: String,
    /// The exits that the port must be seen to take.
    pub exits: Vec<Exit>,
    /// The ids of users' questions that it answers.
    pub questions: Vec<String>,
    /// The row of measurements that it repeats.
    pub row: Option<String>,
    /// How long a run may take.
    pub limit: Duration,
    /// The policies that it is meant for.
    pub policies: Vec<Policy>,
    /// What the origins do, by name.
    pub origins: BTreeMap<String, OriginPlan>,
    /// What the caller does.
    pub caller: Caller,
    /// The differences from Go that are meant.
    pub differs: Vec<Difference>,
}

/// A difference from Go that is meant.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// The line that it stands in.
    pub line: usize,
    /// The path of the field; a `*` stands for one part.
    pub field: String,
    /// What Go gives; `None`: the field is not there.
    pub go: Option<Value>,
    /// A `*` in a text of `go` or `port` stands for anything.
    pub like: bool,
    /// What the port gives; `None`: the field is not there.
    pub port: Option<Value>,
    /// The policy that it holds for; `None`: all.
    pub policy: Option<Policy>,
    /// A race decides: that it does not show is no fault.
    pub race: bool,
    /// Why.
    pub why: String,
}

/// Which Go is the model for what becomes of a body that is closed early.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Policy {
    /// That of the article: such a connection is closed.
    #[serde(rename = "go1.12")]
    Go1_12,
    /// Today's: it is drained and kept.
    #[serde(rename = "go1.27")]
    Go1_27,
}

impl Policy {
    /// Both, the older one first.
    pub const ALL: [Policy; 2] = [Policy::Go1_12, Policy::Go1_27];

    /// As one writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Go1_12 => "go1.12",
            Policy::Go1_27 => "go1.27",
        }
    }

    /// The port's setting.
    pub fn early_close(self) -> EarlyClose {
        match self {
            Policy::Go1_12 => EarlyClose::Kill,
            Policy::Go1_27 => EarlyClose::default(),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Policy::ALL
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| format!("no policy {text:?}; there are go1.12 and go1.27"))
    }
}
