//! Which runs there are, in which order, and how far one is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::compare::go::GoProgram;
use crate::compare::machine::Cpus;
use crate::compare::order::{Ask, ClientName, Look, Measured, Order};
use crate::compare::report::{Report, Row};
use crate::compare::workload::{Kind, Place, WORKLOADS, Workload};
use crate::compare::{cli, fault::Fault};
use crate::program::{self, Server};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) rounds: usize,
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
    /// Idle connections of (h).
    pub(crate) heap_idle: usize,
    /// Idle connections of (i).
    pub(crate) many_idle: usize,
}

impl Extent {
    pub(crate) const FULL: Extent = Extent {
        rounds: 5,
        warm_up: Duration::from_millis(300),
        measure: Duration::from_secs(1),
        heap_idle: 1000,
        many_idle: 9000,
    };

    pub(crate) const QUICK: Extent = Extent {
        rounds: 2,
        warm_up: Duration::from_millis(60),
        measure: Duration::from_millis(200),
        heap_idle: 200,
        many_idle: 2000,
    };
}

/// The programs that carry out orders.
#[derive(Debug)]
pub(crate) struct Programs {
    /// This one: its allocator is the system's.
    pub(crate) timed: PathBuf,
    /// The same with an allocator that counts; none, and why, where it could not be built.
    pub(crate) counted: Result<PathBuf, Fault>,
    pub(crate) go: Option<GoProgram>,
}

/// A comparison about to be made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) extent: Extent,
    pub(crate) clients: Vec<ClientName>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) cpus: Cpus,
    pub(crate) programs: Programs,
}

/// One child process.
#[derive(Clone, Copy)]
struct Step<'a> {
    workload: &'a Workload,
    client: ClientName,
    look: Look,
    /// For the eye only.
    round: usize,
}

impl Plan {
    /// The workloads that `only` names; all when it names none.
    pub(crate) fn workloads(only: &[String]) -> Vec<Workload> {
        let chosen = |id| only.is_empty() || only.iter().any(|text| cli::wanted(id, text));
        WORKLOADS.into_iter().filter(|workload| chosen(workload.id)).collect()
    }

    /// All runs: the rounds first, each beginning with another client; what does not change from run to run once.
    fn steps(&self) -> Vec<Step<'_>> {
        let look = Look::Time {
            warm_up_ms: self.extent.warm_up.as_millis() as u64,
            measure_ms: self.extent.measure.as_millis() as u64,
        };
        let mut timed: Vec<_> = self.workloads.iter().filter(|workload| workload.kind != Kind::Heap).collect();
        // (i) is held against (a), so the two come together: a machine is not the same some minutes later.
        timed.sort_by_key(|workload| workload.place != Place::OneCpu);
        let mut steps = Vec::new();
        for round in 0..self.extent.rounds {
            for &workload in &timed {
                for nth in 0..self.clients.len() {
                    let client = self.clients[(nth + round) % self.clients.len()];
                    steps.push(Step { workload, client, look, round: round + 1 });
                }
            }
        }
        for workload in &self.workloads {
            let look = match workload.kind {
                Kind::Heap => Look::Heap,
                // Counting is for one thread: with two, who wakes whom decides.
                Kind::Time if workload.threads == 1 => Look::Allocations { requests: allocation_requests(workload) },
                Kind::Time | Kind::TimeWithIdle => continue,
            };
            steps.extend(self.clients.iter().map(|&client| Step { workload, client, look, round: 1 }));
        }
        steps
    }

    /// Makes all runs. A run that fails leaves its reason in the report.
    pub(crate) fn carry_out(&self, server: &Server, report: &mut Report) {
        let mut rows: BTreeMap<&str, Row> = self.workloads.iter().map(|one| (one.id, Row::new(one))).collect();
        let steps = self.steps();
        let began = Instant::now();
        for (done, &step) in steps.iter().enumerate() {
            progress(began, done, steps.len(), step, self.extent.rounds);
            let measured = self.run(server, step);
            let row = rows.entry(step.workload.id).or_insert_with(|| Row::new(step.workload));
            let cell = row.clients.entry(step.client).or_default();
            match measured {
                Ok(Measured::Time(times)) => cell.rounds.push(times),
                Ok(Measured::Allocations(per_request)) => cell.allocations = Some(per_request),
                Ok(Measured::Heap(bytes)) => cell.heap = Some(bytes),
                Err(error) => cell.fault = Some(error.to_string()),
            }
        }
        eprintln!("{} runs in {} s", steps.len(), began.elapsed().as_secs());
        report.workloads = self.workloads.iter().filter_map(|workload| rows.remove(workload.id)).collect();
        report.compare();
    }

    fn run(&self, server: &Server, Step { workload, client, look, .. }: Step<'_>) -> Result<Measured, Fault> {
        let address = server.address();
        let order = Order {
            client,
            ask: workload.ask,
            addr: if workload.tls { address.tls.clone() } else { address.plain.clone() },
            certificate: workload.tls.then(|| address.certificate.display().to_string()),
            concurrency: workload.concurrency,
            threads: workload.threads,
            idle: match workload.kind {
                Kind::Time => 0,
                Kind::TimeWithIdle => self.extent.many_idle,
                Kind::Heap => self.extent.heap_idle,
            },
            look,
        };
        let json = serde_json::to_string(&order)?;
        let (path, arguments) = match (client, look) {
            (ClientName::Go, _) => {
                let go = self.programs.go.as_ref().ok_or(Fault::Cannot("there is no Go toolchain"))?;
                (&go.path, vec![json])
            }
            (_, Look::Time { .. }) => (&self.programs.timed, vec!["run".to_owned(), json]),
            (_, Look::Allocations { .. } | Look::Heap) => match &self.programs.counted {
                Ok(counted) => (counted, vec![json]),
                Err(error) => return Err(Fault::Request(error.to_string())),
            },
        };
        self.cpus.place_server(server.process(), workload.place);
        self.cpus.beside_client(workload.place, || program::ask(path, &arguments, order.patience()))
    }
}

/// Enough for a mean: a large body allocates many times in each request.
fn allocation_requests(workload: &Workload) -> usize {
    let all = match workload.ask {
        Ask::Small | Ask::Close | Ask::Gate(_) => 3000,
        Ask::Length | Ask::Chunked | Ask::Echo => 400,
    };
    (all / workload.concurrency).max(20)
}

fn progress(began: Instant, done: usize, all: usize, step: Step<'_>, rounds: usize) {
    let (title, client) = (step.workload.title, step.client.as_str());
    let what = match step.look {
        Look::Time { .. } => format!("round {}/{rounds}", step.round),
        Look::Allocations { .. } => "allocations".to_owned(),
        Look::Heap => "heap".to_owned(),
    };
    let left = match done {
        0 => String::new(),
        _ => format!(", about {:.0} s left", began.elapsed().as_secs_f64() / done as f64 * (all - done) as f64),
    };
    eprintln!("[{}/{all}{left}] {what}: {title}: {client}", done + 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            extent: Extent::QUICK,
            clients: vec![ClientName::Ours, ClientName::Reqwest],
            workloads: Plan::workloads(&["a".to_owned(), "h".to_owned()]),
            cpus: Cpus::first_two(),
            programs: Programs { timed: PathBuf::new(), counted: Ok(PathBuf::new()), go: None },
        }
    }

    #[test]
    fn clients_take_turns_in_going_first() {
        let plan = plan();
        let timed: Vec<_> = plan.steps().into_iter().filter(|step| matches!(step.look, Look::Time { .. })).collect();
        let order: Vec<_> = timed.iter().map(|step| (step.round, step.workload.id, step.client)).collect();
        let (ours, reqwest) = (ClientName::Ours, ClientName::Reqwest);
        let expected = [
            (1, "a-one-cpu", ours),
            (1, "a-one-cpu", reqwest),
            (1, "a-multi", ours),
            (1, "a-multi", reqwest),
            (2, "a-one-cpu", reqwest),
            (2, "a-one-cpu", ours),
            (2, "a-multi", reqwest),
            (2, "a-multi", ours),
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn what_is_held_against_each_other_is_measured_together() {
        let plan = Plan { workloads: Plan::workloads(&[]), ..plan() };
        let ids: Vec<_> = plan.steps().iter().step_by(plan.clients.len()).map(|step| step.workload.id).collect();
        assert_eq!(ids[..3], ["a-one-cpu", "i", "a-multi"]);
    }

    #[test]
    fn what_is_steady_is_measured_once() {
        let plan = plan();
        let of = |look: fn(&Look) -> bool| plan.steps().iter().filter(|step| look(&step.look)).count();
        assert_eq!(of(|look| matches!(look, Look::Heap)), 2);
        assert_eq!(of(|look| matches!(look, Look::Allocations { .. })), 2, "where there is one thread");
    }
}
