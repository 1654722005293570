//! The report as Markdown.

use std::fmt::{self, Write as _};

use crate::compare::order::ClientName;
use crate::compare::report::{Cell, Report, Row};
use crate::compare::workload::Kind;

/// What stands where there is no figure.
const NOTHING: &str = "–";

impl Report {
    /// All tables.
    pub(crate) fn to_markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _written = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        for note in &self.notes {
            writeln!(out, "- {note}")?;
        }
        self.write_costs(out)?;
        self.write_figures(out, "requests per second, median", |cell| {
            cell.spread(|times| times.per_second).map(|spread| format!("{:.0}", spread.median))
        })?;
        self.write_figures(out, "latency p50 / p99 in µs, medians", |cell| {
            let (half, most) = cell.spread(|times| times.p50_us).zip(cell.spread(|times| times.p99_us))?;
            Some(format!("{} / {}", short(half.median), short(most.median)))
        })?;
        self.write_figures(out, "allocations per request", |cell| cell.allocations.map(short))?;
        let faults: Vec<_> = self.workloads.iter().flat_map(Row::faults).collect();
        if !faults.is_empty() {
            writeln!(out, "\nWithout a figure, or with fewer rounds:\n")?;
            faults.iter().try_for_each(|fault| writeln!(out, "- {fault}"))?;
        }
        Ok(())
    }

    fn write_costs(&self, out: &mut String) -> fmt::Result {
        let ours = "best other / ours | always / goal / moonshot | reached";
        writeln!(out, "\n| CPU µs per request, median (min–max) | {} | {ours} |", self.names())?;
        writeln!(out, "|---|{}--:|--:|---|", "--:|".repeat(self.clients.len()))?;
        for row in &self.workloads {
            let cells = self.cells(row, |cell| match row.kind {
                Kind::Heap => cell.heap.map(bytes),
                Kind::Time | Kind::TimeWithIdle => cell
                    .spread(|times| times.cpu_us)
                    .map(|spread| format!("{} ({}–{})", short(spread.median), short(spread.min), short(spread.max))),
            });
            let (mut figure, mut lines, mut reached) = (NOTHING.to_owned(), NOTHING.to_owned(), NOTHING);
            if let Some(standing) = &row.standing {
                figure = format!("{:.2} ({})", standing.figure, standing.with);
                if let Some((goal, how_far)) = standing.goal.as_ref().zip(standing.reached) {
                    lines = format!("{} / {} / {}", goal.always, goal.goal, goal.moonshot);
                    reached = how_far.as_str();
                }
            }
            writeln!(out, "| {} | {cells} | {figure} | {lines} | {reached} |", row.title)?;
        }
        Ok(())
    }

    fn write_figures(&self, out: &mut String, title: &str, figure: impl Fn(&Cell) -> Option<String>) -> fmt::Result {
        writeln!(out, "\n| {title} | {} |", self.names())?;
        writeln!(out, "|---|{}", "--:|".repeat(self.clients.len()))?;
        for row in &self.workloads {
            if row.clients.values().any(|cell| figure(cell).is_some()) {
                writeln!(out, "| {} | {} |", row.title, self.cells(row, &figure))?;
            }
        }
        Ok(())
    }

    fn names(&self) -> String {
        self.clients.keys().map(|name| name.as_str()).collect::<Vec<_>>().join(" | ")
    }

    fn cells(&self, row: &Row, figure: impl Fn(&Cell) -> Option<String>) -> String {
        let cell = |name: &ClientName| row.clients.get(name).and_then(&figure).unwrap_or_else(|| NOTHING.to_owned());
        self.clients.keys().map(cell).collect::<Vec<_>>().join(" | ")
    }
}

impl Row {
    fn faults(&self) -> impl Iterator<Item = String> {
        let faults = self.clients.iter().filter_map(|(name, cell)| cell.fault.as_ref().map(|fault| (name, fault)));
        faults.map(|(name, fault)| format!("{}, {}: {fault}", self.title, name.as_str()))
    }
}

/// Three digits or so.
fn short(figure: f64) -> String {
    match figure {
        large if large >= 99.95 => format!("{large:.0}"),
        other => format!("{other:.1}"),
    }
}

fn bytes(figure: f64) -> String {
    format!("{:.1} KB", figure / 1000.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::compare::order::Times;
    use crate::compare::workload::WORKLOADS;

    #[test]
    fn a_report_reads_as_tables() {
        let cell = |cpu_us| Cell {
            rounds: vec![Times { per_second: 81_234.5, cpu_us, p50_us: 9.25, p99_us: 120.4 }],
            allocations: Some(4.0),
            ..Cell::default()
        };
        let mut row = Row::new(&WORKLOADS[0]);
        row.clients.insert(ClientName::Ours, cell(8.0));
        row.clients.insert(ClientName::Reqwest, cell(14.04));
        row.clients.insert(ClientName::Go, Cell { fault: Some("no".to_owned()), ..Cell::default() });
        let clients = row.clients.keys().map(|&name| (name, String::new())).collect::<BTreeMap<_, _>>();
        let mut report = Report { notes: vec!["a note".to_owned()], clients, rounds: 1, workloads: vec![row] };
        report.compare();
        let expected = "- a note

| CPU µs per request, median (min–max) | ours | reqwest | go | best other / ours | always / goal / moonshot | reached |
|---|--:|--:|--:|--:|--:|---|
| (a) small GET, c=1, one CPU for all | 8.0 (8.0–8.0) | 14.0 (14.0–14.0) | – | 1.75 (reqwest) | 1 / 1.3 / 1.6 | moonshot |

| requests per second, median | ours | reqwest | go |
|---|--:|--:|--:|
| (a) small GET, c=1, one CPU for all | 81234 | 81234 | – |

| latency p50 / p99 in µs, medians | ours | reqwest | go |
|---|--:|--:|--:|
| (a) small GET, c=1, one CPU for all | 9.2 / 120 | 9.2 / 120 | – |

| allocations per request | ours | reqwest | go |
|---|--:|--:|--:|
| (a) small GET, c=1, one CPU for all | 4.0 | 4.0 | – |

Without a figure, or with fewer rounds:

- (a) small GET, c=1, one CPU for all, go: no
";
        assert_eq!(report.to_markdown(), expected);
    }
}
