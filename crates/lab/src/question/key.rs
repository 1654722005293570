//! Where the right answer of a question is to be read. It is never typed beside the question alone.

use httptrace::Exit;
use serde::Deserialize;

use crate::data;
use crate::html;
use crate::measured::{MEASURED, Matrix, Measured};
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// What keys are read from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What our programs printed.
    pub recordings: &'a Recordings,
    /// What real Go did.
    pub measured: &'a Measured,
    /// Where `book/data` lies.
    pub workspace: &'a Workspace,
}

/// Where the right answer is to be read.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Key {
    /// One value of an output.
    Line {
        /// The recording.
        recording: String,
        /// The word before the colon of the line that has the value.
        line: String,
    },
    /// Settled tasks of several rows of the matrix, joined by commas: `13, 1, 3`.
    Settled {
        /// The matrix.
        recording: String,
        /// Its column.
        column: String,
        /// What its lines say was done.
        lines: Vec<String>,
    },
    /// A figure of the recorded matrix or of real Go, as the directive `cell` shows it.
    Cell {
        /// Row, column and, if wanted, part.
        cell: Vec<String>,
    },
    /// A figure of `book/data`, as the directive `figure` shows it.
    Figure {
        /// File and path.
        figure: [String; 2],
    },
    /// A word instead of a figure, and what shows that it is right.
    Stated {
        /// The right answer.
        value: String,
        /// An exit's id, or `RECORDING: LINE` with a whole line of that output.
        because: String,
    },
}

impl Key {
    /// The right answer.
    ///
    /// # Errors
    ///
    /// When what it is to be read from is not there.
    pub fn read(&self, sources: Sources<'_>) -> Result<String, String> {
        match self {
            Key::Line { recording, line } => sources.recordings.value(recording, line),
            Key::Settled { recording, column, lines } => {
                let matrix = Matrix::read(sources.recordings, recording)?;
                let settled = lines.iter().map(|what| Ok(matrix.find(what, column)?.settled.to_string()));
                Ok(settled.collect::<Result<Vec<_>, String>>()?.join(", "))
            }
            Key::Cell { cell } => match cell.as_slice() {
                [row, column] => sources.measured.cell(row, column, None, sources.recordings),
                [row, column, part] => sources.measured.cell(row, column, Some(part), sources.recordings),
                _ => Err("`cell` has a row, a column and perhaps a part".to_owned()),
            },
            Key::Figure { figure: [file, path] } => data::figure(sources.workspace, file, path),
            Key::Stated { value, because } => {
                shown_by(because, sources.recordings)?;
                Ok(value.clone())
            }
        }
    }

    /// The recording that the answer is read from, and the file of `book/data`; one of the two, or none.
    pub fn reads<'a>(&'a self, measured: &'a Measured) -> (Option<&'a str>, Option<&'a str>) {
        match self {
            Key::Line { recording, .. } | Key::Settled { recording, .. } => (Some(recording), None),
            Key::Cell { cell } => match measured.recording_of(cell.get(1).map_or("", String::as_str)) {
                Some(recording) => (Some(recording), None),
                None => (None, Some(MEASURED)),
            },
            Key::Figure { figure: [file, _] } => (None, Some(file)),
            // An exit's id has no colon.
            Key::Stated { because, .. } => (because.split_once(": ").map(|(recording, _)| recording), None),
        }
    }

    /// Whether the answer is a figure that was counted or measured.
    pub fn is_measured(&self) -> bool {
        !matches!(self, Key::Stated { .. })
    }

    /// Where the answer comes from, in a sentence of HTML.
    ///
    /// # Errors
    ///
    /// When that is not there.
    pub fn source(&self, sources: Sources<'_>) -> Result<String, String> {
        let run = |name: &str| Ok::<_, String>(html::escape(&sources.recordings.get(name)?.command()));
        match self {
            Key::Line { recording, .. } | Key::Settled { recording, .. } => {
                Ok(format!("The answer is read from the recorded run of <code>{}</code>.", run(recording)?))
            }
            Key::Cell { cell } => {
                let column = cell.get(1).map_or("", String::as_str);
                match sources.measured.recording_of(column) {
                    Some(recording) => Ok(format!(
                        "The answer is read from the recorded run of <code>{}</code>, column {}.",
                        run(recording)?,
                        html::escape(column)
                    )),
                    None => Ok(format!("The answer is what Go {} did when it was asked.", html::escape(column))),
                }
            }
            Key::Figure { figure: [file, _] } => {
                Ok(format!("The answer is read from <code>book/data/{}</code>.", html::escape(file)))
            }
            Key::Stated { because, .. } => shown_by(because, sources.recordings),
        }
    }
}

/// What shows a stated answer: an exit, or a line of an output. A sentence of HTML.
fn shown_by(because: &str, recordings: &Recordings) -> Result<String, String> {
    if let Some(exit) = Exit::ALL.iter().find(|exit| exit.id() == because) {
        let anchor = exit.id().to_ascii_lowercase();
        return Ok(format!("See the exit <a href=\"exits.html#{anchor}\"><code>{}</code></a>.", exit.id()));
    }
    let (name, line) = because
        .split_once(": ")
        .ok_or_else(|| format!("`{because}` is neither an exit nor a recording with one of its lines"))?;
    let output = recordings.output(name)?;
    match output.lines().any(|shown| shown.trim() == line.trim()) {
        true => Ok(format!(
            "The recorded run of <code>{}</code> shows it: <code>{}</code>.",
            html::escape(&recordings.get(name)?.command()),
            html::escape(&line.split_whitespace().collect::<Vec<_>>().join(" "))
        )),
        false => Err(format!("book/recordings/{name}.out has no line `{line}`")),
    }
}
