//! What a comparison has found: medians, spread and ratios of the rounds.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::compare::goals::{Goal, Measure, Reached, goals};
use crate::compare::order::{ClientName, Times};
use crate::compare::workload::{Kind, Workload};

/// Everything, as it goes to the JSON file.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What a reader of the tables should know of this run.
    pub(crate) notes: Vec<String>,
    /// Who took part, and which version.
    pub(crate) clients: BTreeMap<ClientName, String>,
    pub(crate) rounds: usize,
    pub(crate) workloads: Vec<Row>,
}

/// One workload.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    #[serde(skip)]
    pub(crate) kind: Kind,
    pub(crate) clients: BTreeMap<ClientName, Cell>,
    /// How we stand, where there is anybody to compare with.
    pub(crate) standing: Option<Standing>,
}

/// One client in one workload.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Cell {
    /// The rounds, in their order.
    pub(crate) rounds: Vec<Times>,
    /// Per request.
    pub(crate) allocations: Option<f64>,
    /// Bytes per idle connection.
    pub(crate) heap: Option<f64>,
    /// Why a figure is missing: what went wrong last.
    pub(crate) fault: Option<String>,
}

/// Ours against the others.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    /// Whom we are compared with: the best other client, or ourselves in another workload.
    pub(crate) with: String,
    pub(crate) figure: f64,
    pub(crate) reached: Option<Reached>,
    #[serde(skip)]
    pub(crate) goal: Option<Goal>,
}

/// A figure over the rounds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of at least one figure.
    fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
        };
        Some(Spread { median, min, max })
    }
}

impl Cell {
    pub(crate) fn spread(&self, figure: impl Fn(&Times) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.iter().map(figure))
    }

    /// What it costs: CPU time, or heap.
    fn cost(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::Heap => self.heap,
            Kind::Time | Kind::TimeWithIdle => self.spread(|times| times.cpu_us).map(|spread| spread.median),
        }
    }
}

impl Row {
    pub(crate) fn new(workload: &Workload) -> Self {
        let Workload { id, title, kind, .. } = *workload;
        Row { id, title, kind, clients: BTreeMap::new(), standing: None }
    }

    fn our_cost(&self) -> Option<f64> {
        self.clients.get(&ClientName::Ours)?.cost(self.kind)
    }

    fn best_other(&self) -> Option<(ClientName, f64)> {
        let peers = self.clients.iter().filter(|(name, _)| name.is_peer());
        let costs = peers.filter_map(|(&name, cell)| Some((name, cell.cost(self.kind)?)));
        costs.min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

impl Report {
    /// Compares, once all figures are there.
    pub(crate) fn compare(&mut self) {
        let goals = goals();
        let costs: BTreeMap<_, _> = self.workloads.iter().filter_map(|row| Some((row.id, row.our_cost()?))).collect();
        for row in &mut self.workloads {
            let goal = goals.iter().find(|goal| goal.workload == row.id);
            let growth_of = goal.filter(|goal| goal.measure == Measure::Growth).and_then(|goal| goal.of.as_deref());
            let compared = match growth_of {
                Some(of) => row.our_cost().zip(costs.get(of)).map(|(cost, base)| (format!("ours, {of}"), cost / base)),
                None => row
                    .our_cost()
                    .zip(row.best_other())
                    .map(|(cost, (name, best))| (name.as_str().to_owned(), best / cost)),
            };
            row.standing = compared.map(|(with, figure)| {
                let reached = goal.map(|goal| goal.reached(figure));
                Standing { with, figure, reached, goal: goal.cloned() }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::workload::WORKLOADS;

    fn cell(cpu_us: &[f64]) -> Cell {
        let rounds = cpu_us.iter().map(|&cpu_us| Times { per_second: 1.0, cpu_us, p50_us: 1.0, p99_us: 1.0 });
        Cell { rounds: rounds.collect(), ..Cell::default() }
    }

    fn row(id: &str, cells: &[(ClientName, &[f64])]) -> Row {
        let mut row = Row::new(WORKLOADS.iter().find(|workload| workload.id == id).unwrap());
        row.clients = cells.iter().map(|&(name, cpu_us)| (name, cell(cpu_us))).collect();
        row
    }

    #[test]
    fn the_median_and_not_the_mean_counts() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 9.0 }));
        assert_eq!(spread(&[1.0, 2.0]), Some(Spread { median: 1.5, min: 1.0, max: 2.0 }));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn we_are_compared_with_the_best_other_client_and_never_with_raw() {
        let workloads = vec![
            row(
                "a-one-cpu",
                &[
                    (ClientName::Raw, &[1.0]),
                    (ClientName::Ours, &[10.0, 10.0, 99.0]),
                    (ClientName::HyperUtil, &[14.0]),
                    (ClientName::Ureq, &[20.0]),
                ],
            ),
            row("i", &[(ClientName::Ours, &[10.5])]),
            row("c", &[(ClientName::Ours, &[10.5])]),
        ];
        let mut report = Report { notes: Vec::new(), clients: BTreeMap::new(), rounds: 3, workloads };
        report.compare();
        let standing = report.workloads[0].standing.as_ref().unwrap();
        assert_eq!((standing.with.as_str(), standing.figure), ("hyper-util", 1.4));
        assert_eq!(standing.reached, Some(Reached::Goal));
        let standing = report.workloads[1].standing.as_ref().unwrap();
        assert_eq!((standing.figure, standing.reached), (1.05, Some(Reached::Goal)));
        assert!(report.workloads[2].standing.is_none(), "nobody to compare with");
    }
}
