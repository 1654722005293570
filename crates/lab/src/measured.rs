//! What real Go did, beside what the examples print.
//!
//! `book/data/go_measured.json` has the figures of Go, by row and version. A row that an example prints too names that
//! line of the recording in `ours`; the two are never shown together unless they agree.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::error::{Error, Fault, Faults};
use crate::html;
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// The file of Go's figures, in `book/data`.
pub const MEASURED: &str = "go_measured.json";

/// How something ended: `3 / 1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Left {
    /// Tasks or goroutines once things have settled, main included.
    pub settled: usize,
    /// Connections that the servers accepted.
    pub connections: usize,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.settled, self.connections)
    }
}

/// One cell of Go's table.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Cell {
    Figures(Figures),
    /// What was printed, where that was no number.
    Printed(String),
}

/// Value -> how many runs.
#[derive(Clone, Debug, Deserialize)]
struct Figures {
    settled: BTreeMap<String, usize>,
    connections: BTreeMap<String, usize>,
    /// `settled/connections` -> how many runs, where a race decides.
    pairs: Option<BTreeMap<String, usize>>,
}

impl Figures {
    /// Each outcome and its number of runs, the most frequent first.
    fn outcomes(&self) -> Result<Vec<(Left, usize)>, String> {
        if let Some(pairs) = &self.pairs {
            let pairs = pairs.iter().map(|(pair, runs)| {
                let (settled, connections) = pair.split_once('/').ok_or_else(|| format!("`{pair}` is no pair"))?;
                Ok((Left { settled: number(settled)?, connections: number(connections)? }, *runs))
            });
            let mut pairs = pairs.collect::<Result<Vec<_>, String>>()?;
            pairs.sort_by_key(|(left, runs)| (std::cmp::Reverse(*runs), *left));
            return Ok(pairs);
        }
        let (Some((settled, runs)), 1) = (self.settled.first_key_value(), self.settled.len()) else {
            return Err("has several values and no pairs".to_owned());
        };
        let (Some((connections, _)), 1) = (self.connections.first_key_value(), self.connections.len()) else {
            return Err("has several values and no pairs".to_owned());
        };
        // `3+3` is three connections to each of two ports.
        let connections = connections.split('+').map(number).sum::<Result<usize, String>>()?;
        Ok(vec![(Left { settled: number(settled)?, connections }, *runs)])
    }
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    /// What the Go program did, for those who read the file.
    #[serde(rename = "what")]
    _what: String,
    /// The line of our recording that is the same experiment.
    ours: Option<String>,
    /// By version.
    #[serde(flatten)]
    go: BTreeMap<String, Cell>,
}

/// Which recording stands beside Go's figures, and which of its columns beside which version.
#[derive(Clone, Debug, Deserialize)]
struct Ours {
    recording: String,
    columns: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
struct File {
    ours: Ours,
    versions: BTreeMap<String, String>,
    rows: BTreeMap<String, Row>,
}

/// The figures of real Go; a book may have none.
#[derive(Clone, Debug, Default)]
pub struct Measured(Option<File>);

/// Which number of an outcome is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Both,
    Settled,
    Connections,
    Runs,
}

impl Part {
    fn of(&self, left: Left) -> String {
        match self {
            Part::Settled => left.settled.to_string(),
            Part::Connections => left.connections.to_string(),
            Part::Both | Part::Runs => left.to_string(),
        }
    }
}

impl Measured {
    /// Reads `book/data/go_measured.json`.
    ///
    /// # Errors
    ///
    /// When the file is there and not as it must be.
    pub fn load(workspace: &Workspace) -> Result<Self, Error> {
        let path = workspace.measured();
        if !path.exists() {
            return Ok(Measured::default());
        }
        let file = serde_json::from_str(&Error::read(&path)?)
            .map_err(|error| Faults(vec![Fault::in_file(workspace.name_of(&path), error.to_string())]))?;
        Ok(Measured(Some(file)))
    }

    /// The recording that stands beside Go's figures, where there are any.
    pub fn recording(&self) -> Option<&str> {
        Some(&self.0.as_ref()?.ours.recording)
    }

    /// The recording that has this column; `None` for a version of Go.
    pub fn recording_of(&self, column: &str) -> Option<&str> {
        let ours = &self.0.as_ref()?.ours;
        ours.columns.contains_key(column).then_some(ours.recording.as_str())
    }

    fn file(&self) -> Result<&File, String> {
        self.0.as_ref().ok_or_else(|| "there is no book/data/go_measured.json".to_owned())
    }

    /// The table of `rows`, or of all that the recording has, in its order: ours and Go's side by side.
    ///
    /// # Errors
    ///
    /// When a row is missing on either side, or ours did not end as Go did.
    pub fn table(&self, rows: &[&str], recordings: &Recordings) -> Result<String, String> {
        let file = self.file()?;
        let recorded = Matrix::read(recordings, &file.ours.recording)?;
        let lines = file.lines(&recorded, rows)?;
        let mut head = vec!["six requests".to_owned()];
        // Each of our columns stands before the Go that it is held against.
        for version in file.versions.keys() {
            head.extend(file.columns_beside(version).iter().map(|column| format!("ours, {column}")));
            head.push(format!("Go {version}"));
        }
        let mut body = Vec::new();
        for (name, line) in lines {
            let mut cells = vec![html::escape(&line.what)];
            for version in file.versions.keys() {
                let go = file.outcomes(name, version)?;
                for column in file.columns_beside(version) {
                    let left = recorded.left(line, column)?;
                    if !go.iter().any(|(outcome, _)| *outcome == left) {
                        return Err(format!("`{}` is {left} under {column}, and never was in Go {version}", line.what));
                    }
                    let star = if line.race && go.len() > 1 { " *" } else { "" };
                    cells.push(format!("{left}{star}"));
                }
                cells.push(go.iter().map(|(left, _)| left.to_string()).collect::<Vec<_>>().join(", "));
            }
            body.push(cells);
        }
        Ok(html::table(&head, &body))
    }

    /// The rows that a race decides: the outcomes of these recordings, and all that Go was seen with, with the number
    /// of runs.
    ///
    /// # Errors
    ///
    /// As [`table`](Self::table); and when no race is recorded.
    pub fn races(&self, names: &[&str], recordings: &Recordings) -> Result<String, String> {
        let file = self.file()?;
        let all = names.iter().map(|name| Ok((*name, Matrix::read(recordings, name)?)));
        let all = all.collect::<Result<Vec<_>, String>>()?;
        let [(_, first), ..] = all.as_slice() else { return Err("name at least one recording".to_owned()) };
        let raced = |version: &String| {
            file.races(version).then(|| Some((version.clone(), *file.columns_beside(version).first()?)))
        };
        let raced = file.versions.keys().find_map(|version| raced(version).flatten());
        let (version, column) = raced.ok_or("Go was never seen with several outcomes")?;
        let mut head = vec![format!("six requests, {column}")];
        for name in names {
            let args = recordings.get(name)?.args.join(" ");
            head.push(if args.is_empty() {
                "over sockets".to_owned()
            } else {
                format!("<code>{}</code>", html::escape(&args))
            });
        }
        head.push(format!("Go {version}, and in how many runs"));
        let mut body = Vec::new();
        for (name, line) in file.lines(first, &[])?.into_iter().filter(|(_, line)| line.race) {
            let mut cells = vec![html::escape(&line.what)];
            let go = file.outcomes(name, &version)?;
            for (name, recorded) in &all {
                let line = recorded.line(&line.what).ok_or_else(|| format!("{name} has no line `{}`", line.what))?;
                let left = recorded.left(line, column)?;
                if !go.iter().any(|(outcome, _)| *outcome == left) {
                    return Err(format!("{name}: `{}` is {left}, and never was in Go {version}", line.what));
                }
                cells.push(left.to_string());
            }
            cells.push(
                go.iter().map(|(left, runs)| format!("{left}&nbsp;in&nbsp;{runs}")).collect::<Vec<_>>().join(", "),
            );
            body.push(cells);
        }
        match body.is_empty() {
            true => Err("no line of the recording ends in ` *`".to_owned()),
            false => Ok(html::table(&head, &body)),
        }
    }

    /// One figure for the middle of a sentence. `column` is one of the recording's or a version of Go; `part` is
    /// `settled`, `connections` or `runs`, and without it both figures are shown. Several outcomes are joined by "or".
    ///
    /// # Errors
    ///
    /// When there is no such figure.
    pub fn cell(&self, row: &str, column: &str, part: Option<&str>, recordings: &Recordings) -> Result<String, String> {
        let file = self.file()?;
        let part = match part {
            None => Part::Both,
            Some("settled") => Part::Settled,
            Some("connections") => Part::Connections,
            Some("runs") => Part::Runs,
            Some(other) => return Err(format!("`{other}` is none of settled, connections and runs")),
        };
        if file.ours.columns.contains_key(column) {
            let recorded = Matrix::read(recordings, &file.ours.recording)?;
            let lines = file.lines(&recorded, &[row])?;
            let (_, line) = lines.first().ok_or("no such row")?;
            return Ok(part.of(recorded.left(line, column)?));
        }
        if let Cell::Printed(printed) = file.cell(row, column)? {
            return Ok(printed.clone());
        }
        let outcomes = file.outcomes(row, column)?;
        if part == Part::Runs {
            return Ok(outcomes.iter().map(|(_, runs)| runs).sum::<usize>().to_string());
        }
        let mut words: Vec<String> = Vec::new();
        for (left, _) in outcomes {
            let word = part.of(left);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(words.join(" or "))
    }
}

impl File {
    /// The recording's columns that are held against this version.
    fn columns_beside(&self, version: &str) -> Vec<&str> {
        let beside = self.ours.columns.iter().filter(|(_, held)| *held == version);
        beside.map(|(column, _)| column.as_str()).collect()
    }

    fn cell(&self, row: &str, version: &str) -> Result<&Cell, String> {
        let known = || self.rows.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let row = self
            .rows
            .get(row)
            .ok_or_else(|| format!("no row `{row}` in book/data/go_measured.json; it has {}", known()))?;
        row.go.get(version).ok_or_else(|| {
            let columns: Vec<_> = self.ours.columns.keys().chain(row.go.keys()).map(String::as_str).collect();
            format!("no column `{version}`; there are {}", columns.join(", "))
        })
    }

    fn outcomes(&self, row: &str, version: &str) -> Result<Vec<(Left, usize)>, String> {
        match self.cell(row, version)? {
            Cell::Figures(figures) => figures.outcomes().map_err(|what| format!("`{row}`, Go {version}: {what}")),
            Cell::Printed(printed) => Err(format!("`{row}`, Go {version}: `{printed}` is no figure")),
        }
    }

    /// Whether this version was seen with several outcomes of one row.
    fn races(&self, version: &str) -> bool {
        self.rows.keys().any(|row| self.outcomes(row, version).is_ok_and(|outcomes| outcomes.len() > 1))
    }

    /// The lines of the recording that these rows are, or all of them, each with its row in Go's table.
    fn lines<'a>(&'a self, recorded: &'a Matrix, rows: &[&str]) -> Result<Vec<(&'a str, &'a Line)>, String> {
        if rows.is_empty() {
            let row_of = |line: &'a Line| {
                let row = self.rows.iter().find(|(_, row)| row.ours.as_deref() == Some(&line.what));
                let (name, _) = row.ok_or_else(|| format!("no row of Go's figures names the line `{}`", line.what))?;
                Ok((name.as_str(), line))
            };
            return recorded.lines.iter().map(row_of).collect();
        }
        let line_of = |name: &&str| {
            let (name, row) = self
                .rows
                .get_key_value(*name)
                .ok_or_else(|| format!("no row `{name}` in book/data/go_measured.json"))?;
            let what = row.ours.as_deref().ok_or_else(|| format!("the row `{name}` is Go's alone"))?;
            let line = recorded.line(what).ok_or_else(|| format!("the recording has no line `{what}`"))?;
            Ok((name.as_str(), line))
        };
        rows.iter().map(line_of).collect()
    }
}

/// A recorded output that is a table: names of columns, then lines that end in a figure such as `3 / 1` for each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    columns: Vec<String>,
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    what: String,
    figures: Vec<Left>,
    /// It ends in ` *`: a race decided.
    race: bool,
}

impl Matrix {
    /// Reads the output of the recording `name`.
    ///
    /// # Errors
    ///
    /// When it is not recorded, or is no such table.
    pub fn read(recordings: &Recordings, name: &str) -> Result<Self, String> {
        Self::parse(&recordings.output(name)?).map_err(|what| format!("book/recordings/{name}.out: {what}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut head = "";
        let mut lines: Vec<Line> = Vec::new();
        for text in text.lines() {
            match Line::parse(text) {
                Some(line) => lines.push(line),
                None if lines.is_empty() => head = text,
                None => {}
            }
        }
        let columns: Vec<String> = head.split_whitespace().map(str::to_owned).collect();
        match lines.iter().find(|line| line.figures.len() != columns.len()) {
            Some(odd) => {
                Err(format!("`{}` has {} figures under {} columns", odd.what, odd.figures.len(), columns.len()))
            }
            None if lines.is_empty() => Err("has no line that ends in a figure such as `3 / 1`".to_owned()),
            None => Ok(Matrix { columns, lines }),
        }
    }

    /// The figure under `column` on the line that begins with `what`.
    ///
    /// # Errors
    ///
    /// When there is no such line or column.
    pub fn find(&self, what: &str, column: &str) -> Result<Left, String> {
        let line = self.line(what).ok_or_else(|| format!("the recording has no line `{what}`"))?;
        self.left(line, column)
    }

    fn line(&self, what: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.what == what)
    }

    fn left(&self, line: &Line, column: &str) -> Result<Left, String> {
        let at = self.columns.iter().position(|name| name == column);
        at.map(|at| line.figures[at])
            .ok_or_else(|| format!("the recording has no column `{column}`; it has {}", self.columns.join(", ")))
    }
}

impl Line {
    /// The figures are read from the right; what is left of them says what was done.
    fn parse(text: &str) -> Option<Self> {
        let (mut rest, race) = match text.strip_suffix(" *") {
            Some(rest) => (rest.trim_end(), true),
            None => (text.trim_end(), false),
        };
        let mut figures = Vec::new();
        while let Some((before, left)) = last_figure(rest) {
            figures.push(left);
            rest = before;
        }
        figures.reverse();
        let line = Line { what: rest.to_owned(), figures, race };
        (!line.figures.is_empty()).then_some(line)
    }
}

fn last_figure(text: &str) -> Option<(&str, Left)> {
    let (before, connections) = text.rsplit_once(' ')?;
    let before = before.strip_suffix(" /")?;
    let (before, settled) = before.rsplit_once(' ')?;
    Some((before.trim_end(), Left { settled: settled.parse().ok()?, connections: connections.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = r#"{
        "ours": {"recording": "a", "columns": {"Kill": "1.12", "Drain": "1.27"}},
        "versions": {"1.12": "old", "1.27": "new"},
        "rows": {
            "read": {"what": "ReadAll", "ours": "read all", "1.12": {"settled": {"3": 10}, "connections": {"1": 10}},
                "1.27": {"settled": {"3": 10}, "connections": {"1": 10}}},
            "close": {"what": "Close", "ours": "close", "1.12": {"settled": {"1": 10}, "connections": {"3+3": 10}},
                "1.27": {"settled": {"3": 2, "5": 8}, "connections": {"1": 2, "2": 8}, "pairs": {"3/1": 40, "5/2": 55, "5/3": 5}}},
            "h2": {"what": "HTTP/2", "1.12": {"settled": {"2": 10}, "connections": {"1": 10}}, "1.27": "panic: a<b"}
        }
    }"#;

    const OUT: &str = "six requests; tasks / connections\n          Kill    Drain\nread all    3 / 1    3 / 1\n\
                       close       1 / 6    5 / 2 *\n* a race\n";

    fn book(go: &str, out: &str) -> (tempfile::TempDir, Measured, Recordings) {
        let dir = tempfile::tempdir().expect("a directory");
        for folder in ["book/recordings", "book/data"] {
            std::fs::create_dir_all(dir.path().join(folder)).expect("a folder");
        }
        let write = |path: &str, text: &str| std::fs::write(dir.path().join(path), text).expect("written");
        write("Cargo.toml", "[workspace]\n");
        write("book/book.toml", "");
        write(
            "book/recordings/index.toml",
            "[[recording]]\nname = \"a\"\n[[recording]]\nname = \"b\"\nexample = \"a\"\nargs = [\"--seed\", \"7\"]\n",
        );
        write("book/recordings/a.out", out);
        write("book/recordings/b.out", &out.replace("5 / 2", "5 / 3"));
        write("book/data/go_measured.json", go);
        let workspace = Workspace::around(dir.path()).expect("a workspace");
        let measured = Measured::load(&workspace).expect("figures");
        let recordings = Recordings::load(&workspace).expect("an index");
        (dir, measured, recordings)
    }

    #[test]
    fn ours_stands_beside_the_go_that_it_is_held_against() {
        let (_dir, measured, recordings) = book(GO, OUT);
        let text = measured.table(&[], &recordings).unwrap().replace("&nbsp;", " ");
        assert!(text.contains("six requests | ours, Kill | Go 1.12 | ours, Drain | Go 1.27"), "{text}");
        assert!(text.contains("read all | 3 / 1 | 3 / 1 | 3 / 1 | 3 / 1"), "{text}");
        assert!(text.contains("close | 1 / 6 | 1 / 6 | 5 / 2 * | 5 / 2, 3 / 1, 5 / 3"), "{text}");
        assert!(!measured.table(&["read"], &recordings).unwrap().contains("close"));
    }

    #[test]
    fn a_table_in_which_ours_did_not_end_as_go_did_is_refused() {
        let (_dir, measured, recordings) = book(GO, &OUT.replace("1 / 6", "3 / 1"));
        assert_eq!(
            measured.table(&[], &recordings).unwrap_err(),
            "`close` is 3 / 1 under Kill, and never was in Go 1.12"
        );
        let (_dir, measured, recordings) = book(GO, &OUT.replace("5 / 2", "5 / 4"));
        assert!(measured.table(&[], &recordings).unwrap_err().contains("`close` is 5 / 4 under Drain"));
        assert!(measured.races(&["a"], &recordings).unwrap_err().contains("a: `close` is 5 / 4"));
    }

    #[test]
    fn a_line_that_only_one_side_knows_is_refused() {
        let (_dir, measured, recordings) = book(GO, &OUT.replace("read all", "read some"));
        assert!(
            measured.table(&[], &recordings).unwrap_err().contains("no row of Go's figures names the line `read some`")
        );
        assert!(measured.table(&["read"], &recordings).unwrap_err().contains("the recording has no line `read all`"));
        assert!(measured.table(&["h2"], &recordings).unwrap_err().contains("is Go's alone"));
        assert!(measured.table(&["gone"], &recordings).unwrap_err().contains("no row `gone`"));
    }

    #[test]
    fn races_are_shown_with_every_recording_and_with_gos_runs() {
        let (_dir, measured, recordings) = book(GO, OUT);
        let text = measured.races(&["a", "b"], &recordings).unwrap().replace("&nbsp;", " ");
        assert!(
            text.contains("six requests, Drain | over sockets | <code>--seed 7</code> | Go 1.27, and in how many runs"),
            "{text}"
        );
        assert!(text.contains("close | 5 / 2 | 5 / 3 | 5 / 2 in 55, 3 / 1 in 40, 5 / 3 in 5"), "{text}");
        assert!(!text.contains("read all"), "{text}");
    }

    #[test]
    fn a_figure_of_either_side_can_stand_in_a_sentence() {
        let (_dir, measured, recordings) = book(GO, OUT);
        let cell = |row, column, part| measured.cell(row, column, part, &recordings);
        assert_eq!(cell("close", "Kill", None).unwrap(), "1 / 6");
        assert_eq!(cell("close", "1.12", Some("connections")).unwrap(), "6");
        assert_eq!(cell("close", "1.27", Some("settled")).unwrap(), "5 or 3");
        assert_eq!(cell("close", "1.27", Some("runs")).unwrap(), "100");
        assert_eq!(cell("h2", "1.12", Some("settled")).unwrap(), "2");
        assert_eq!(cell("h2", "1.27", None).unwrap(), "panic: a<b");
        assert!(cell("close", "2.0", None).unwrap_err().contains("there are Drain, Kill, 1.12, 1.27"));
        assert!(cell("close", "Kill", Some("x")).unwrap_err().contains("none of settled"));
    }

    #[test]
    fn a_recording_without_figures_or_with_some_missing_is_refused() {
        assert!(Matrix::parse("answer: 3\n").unwrap_err().contains("no line that ends in a figure"));
        let error = Matrix::parse("a b\nx 1 / 2 3 / 4\ny 1 / 2\n").unwrap_err();
        assert_eq!(error, "`y` has 1 figures under 2 columns");
        let matrix = Matrix::parse("a b\nread exactly 13, no close    1 / 2   13 / 4 *\n").unwrap();
        assert_eq!(matrix.lines[0].what, "read exactly 13, no close");
        assert_eq!(
            matrix.lines[0].figures,
            [Left { settled: 1, connections: 2 }, Left { settled: 13, connections: 4 }]
        );
        assert!(matrix.lines[0].race);
    }
}
