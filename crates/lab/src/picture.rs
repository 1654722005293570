//! Pictures of tasks, drawn from traces.
//!
//! Drawing knows nothing of where events come from: it takes a slice of records, be they read from a
//! recording, kept by a live run or made by the stepper. Only [`Gallery`] knows the recordings.
//!
//! # Layout
//!
//! - [`svg`]: a sheet to draw on
//! - [`requests`]: the requests of a trace, and what read_loop did with one of them
//! - [`strip`]: how many tasks are alive after each request
//! - [`lanes`]: who tells whom what, from top to bottom
//! - [`graph`]: the states of read_loop, with one request's path lit
//! - [`shelf`]: the idle pool over time
//! - [`tree`]: the call chain, and how often each function ran
//! - [`lamps`]: the five conditions for each request
//! - [`baton`]: who owns the reader, and the right to send, when
//! - [`futures`]: futures that read, and what falls out of those that are dropped
//!
//! Every picture says in words what it shows, for those who cannot see it. Each line of the words is a step of the
//! picture, and `theme/steps.js` goes through them; without it, and on paper, all of the picture shows.

pub mod baton;
pub mod futures;
pub mod graph;
pub mod lamps;
pub mod lanes;
pub mod requests;
pub mod shelf;
pub mod strip;
pub mod svg;
pub mod tree;

use httptrace::Record;
use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::picture::baton::Relay;
use crate::picture::futures::Futures;
use crate::picture::graph::Graph;
use crate::picture::lamps::Lamps;
use crate::picture::lanes::Lanes;
use crate::picture::shelf::Shelf;
use crate::picture::strip::Strip;
use crate::picture::tree::Tree;
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// What to draw.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    /// Dots for live tasks after each request, the guess behind them.
    CensusStrip {
        /// The line of the recording's output whose value the last count must be.
        agrees_with: String,
    },
    /// Lanes and messages of one request.
    SwimLanes {
        /// Which request, from 1.
        request: usize,
    },
    /// The states of read_loop, with the path of one request lit.
    StateGraph {
        /// Which request, from 1.
        request: usize,
    },
    /// The idle pool over the whole trace.
    Shelf,
    /// The call chain, and how often each function ran.
    CallTree,
    /// The five conditions for each request.
    Lamps {
        /// Which requests, from 1; all of them when none is named.
        #[serde(default)]
        requests: Vec<usize>,
    },
    /// Who owns the reader of a connection, and the right to send on it, over the whole trace.
    Baton {
        /// Which connection, by its number.
        conn: u64,
    },
    /// The futures that read one request's lines, and what falls out of those that are dropped.
    Futures {
        /// Which request, from 1.
        request: usize,
    },
}

/// The page that state graphs link to, from a page beside it.
const EXITS: &str = "exits.html";

/// One entry of `book/pictures.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Picture {
    /// The name that a chapter uses in `{{#picture NAME}}`.
    pub name: String,
    /// The recording whose trace is drawn.
    pub recording: String,
    /// What one sees, in a few words.
    title: String,
    #[serde(flatten)]
    kind: Kind,
}

/// A picture as it goes into the book.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawing {
    /// The SVG element.
    pub svg: String,
    /// What the marks mean, as HTML.
    pub legend: String,
    /// The same in words, a step each, as HTML.
    pub words: Vec<String>,
}

impl Picture {
    /// Draws the picture from these records.
    ///
    /// # Errors
    ///
    /// When the trace does not have what the picture is to show.
    pub fn draw(&self, records: &[Record]) -> Result<Drawing, String> {
        match &self.kind {
            Kind::CensusStrip { .. } => Ok(Strip::of(records)?.draw(&self.title)),
            Kind::SwimLanes { request } => Ok(Lanes::of(records, *request)?.draw(&self.title)),
            Kind::StateGraph { request } => Ok(Graph::of(records, *request)?.draw(&self.title, EXITS)),
            Kind::Shelf => Ok(Shelf::of(records)?.draw(&self.title)),
            Kind::CallTree => Ok(Tree::of(records)?.draw(&self.title)),
            Kind::Lamps { requests } => Ok(Lamps::of(records, requests)?.draw(&self.title)),
            Kind::Baton { conn } => Ok(Relay::of(records, *conn)?.draw(&self.title)),
            Kind::Futures { request } => Ok(Futures::of(records, *request)?.draw(&self.title)),
        }
    }

    /// Whether the picture shows the number that the same program printed.
    fn agrees(&self, records: &[Record], recordings: &Recordings) -> Result<(), String> {
        let Kind::CensusStrip { agrees_with } = &self.kind else { return Ok(()) };
        let printed = recordings.value(&self.recording, agrees_with)?;
        let drawn = Strip::of(records)?.measured().to_string();
        match printed == drawn {
            true => Ok(()),
            false => Err(format!("the trace ends with {drawn} alive, and the output says `{agrees_with}: {printed}`")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    picture: Vec<Picture>,
}

/// All pictures of the book.
#[derive(Clone, Debug, Default)]
pub struct Gallery(Vec<Picture>);

impl Gallery {
    /// Reads `book/pictures.toml`. A book without that file has no pictures.
    ///
    /// # Errors
    ///
    /// When the file is not as it must be, or a name is there twice.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.pictures();
        if !path.exists() {
            return Ok(Gallery::default());
        }
        let name = workspace.name_of(&path);
        let file: File = toml::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(&name, error.to_string())]))?;
        for (i, picture) in file.picture.iter().enumerate() {
            if file.picture[..i].iter().any(|other| other.name == picture.name) {
                return Err(Faults(vec![Fault::in_file(name, format!("two pictures `{}`", picture.name))]).into());
            }
        }
        Ok(Gallery(file.picture))
    }

    /// All of them.
    pub fn list(&self) -> &[Picture] {
        &self.0
    }

    /// The picture called `name`, drawn from its recorded trace, as one block of HTML.
    ///
    /// # Errors
    ///
    /// When there is no such picture, no trace, or the two do not fit together.
    pub fn html(&self, name: &str, recordings: &Recordings) -> Result<String, String> {
        let picture = self.0.iter().find(|picture| picture.name == name).ok_or_else(|| {
            let names: Vec<_> = self.0.iter().map(|picture| picture.name.as_str()).collect();
            format!("no picture `{name}` in book/pictures.toml; there are: {}", names.join(", "))
        })?;
        let records = recordings.trace(&picture.recording)?;
        picture.agrees(&records, recordings)?;
        let drawing = picture.draw(&records)?;
        let command = recordings.get(&picture.recording)?.trace_command();
        let words: String = drawing.words.iter().map(|step| format!("<li>{step}</li>\n")).collect();
        Ok(format!(
            "<figure class=\"picture\">\n{}\
             <figcaption>{}. {} <span class=\"picture-source\">Drawn from the trace of <code>{}</code>.</span></figcaption>\n\
             <details>\n<summary>The same in words</summary>\n<ol>\n{words}</ol>\n</details>\n</figure>\n",
            drawing.svg,
            html::inline(&picture.title),
            drawing.legend,
            html::escape(&command),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_be_gone_through_step_by_step() {
        let workspace = Workspace::find().expect("the lab's own repository");
        let records = Recordings::load(&workspace).map(|recordings| recordings.trace("ch01_puzzle"));
        let records = records.expect("an index").expect("a trace");
        let kinds = [
            "kind = \"census_strip\"\nagrees_with = \"answer\"",
            "kind = \"swim_lanes\"\nrequest = 2",
            "kind = \"state_graph\"\nrequest = 2",
            "kind = \"shelf\"",
            "kind = \"call_tree\"",
            "kind = \"lamps\"",
            "kind = \"baton\"\nconn = 1",
        ];
        for kind in kinds {
            let entry = format!("[[picture]]\nname = \"n\"\nrecording = \"ch01_puzzle\"\ntitle = \"T\"\n{kind}\n");
            let picture = toml::from_str::<File>(&entry).expect("an entry").picture.remove(0);
            let drawing = picture.draw(&records).expect("the trace has it all");
            assert!(drawing.words.len() > 1, "{kind}");
            for step in 1..=drawing.words.len() {
                assert_eq!(drawing.svg.matches(&format!("data-step=\"{step}\"")).count(), 1, "{kind}, step {step}");
            }
            assert_eq!(drawing.svg.matches("data-step").count(), drawing.words.len(), "{kind}");
            assert!(!drawing.svg.contains("\n\n"), "a blank line would end the block of HTML: {kind}");
        }
    }
}
