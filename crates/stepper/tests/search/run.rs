//! One run: the plan is carried out, and then everything must be gone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use httptrace::{Counts, Event, Exit, Record, Recorder, Runtime, Settle, TaskName};
use origin::{End, Router};
use stepper::{Choice, Dialling, MemOrigin, OpenStreams, Seam, Stalled, Stepper};
use transport::Transport;

use crate::caller::Caller;
use crate::findings::Findings;
use crate::giving_up::wait;
use crate::plan::{Company, Ending, Plan, When};

/// Polls that no run needs: one that reaches them goes round in circles.
const MAX_POLLS: u64 = 300_000;

/// What a run leaves behind.
#[derive(PartialEq)]
pub(crate) struct Ran {
    pub(crate) findings: Vec<String>,
    pub(crate) history: Vec<Choice>,
    pub(crate) records: Vec<Record>,
}

impl Ran {
    pub(crate) fn exits(&self) -> impl Iterator<Item = Exit> {
        self.records.iter().filter_map(|record| match record.event {
            Event::Exit { id } => Some(id),
            _ => None,
        })
    }
}

/// Runs this seed. A panic is a finding too.
pub(crate) fn run(seed: u64, company: Company) -> Ran {
    let plan = Arc::new(Plan::draw(seed, company));
    let stepper = Stepper::seeded(seed);
    let run = Run::new(plan, &stepper);
    let outcome = catch_unwind(AssertUnwindSafe(|| run.all()));
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(stalled)) => run.findings.add(stalled.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            run.findings.add(format!("panicked: {}", text.unwrap_or("no text")));
        }
    }
    Ran { findings: run.findings.all(), history: stepper.history(), records: run.recorder.records() }
}

struct Run<'a> {
    plan: Arc<Plan>,
    stepper: &'a Stepper,
    seam: Arc<Seam>,
    origins: Vec<MemOrigin>,
    recorder: Arc<Recorder>,
    findings: Findings,
}

impl<'a> Run<'a> {
    fn new(plan: Arc<Plan>, stepper: &'a Stepper) -> Self {
        stepper.set_max_polls(MAX_POLLS);
        stepper.set_buffer(plan.network.buffer);
        stepper.set_read_pieces(plan.network.read_pieces);
        stepper.set_write_pieces(plan.network.write_pieces);
        stepper.set_dial_latency(plan.network.dial_latency);
        let seam = stepper.seam();
        let recorder = Recorder::new(stepper.seam());
        Run { plan, stepper, seam, origins: Vec::new(), recorder, findings: Findings::default() }.serving()
    }

    fn serving(mut self) -> Self {
        for host in 0..2 {
            let mut router = Router::new();
            for errand in self.plan.callers.iter().flatten().filter(|errand| errand.host == host) {
                let script = errand.answer.script();
                let checked = origin::Script::new().expect_body(Caller::sent(errand));
                let script = script.steps().iter().cloned().fold(checked, origin::Script::step);
                router = router.script(format!("/{}", errand.answer.number), script);
            }
            self.origins.push(self.stepper.serve(&addr(host), router));
        }
        self
    }

    fn all(&self) -> Result<(), Stalled> {
        let transport = Transport::new(self.plan.settings.config(self.stepper.seam(), self.recorder.trace()));
        self.stepper.block_on("search", self.clients_side(transport))?;
        // Whoever is left now is on the other side, or was to give up what is over: they must come to an end too.
        self.stepper.run_to_rest()?;
        self.origins_side();
        self.check_records();
        Ok(())
    }

    async fn clients_side(&self, transport: Transport) {
        let callers: Vec<_> = (0..self.plan.callers.len())
            .map(|index| {
                let caller = Caller {
                    seam: Arc::clone(&self.seam),
                    transport: transport.clone(),
                    recorder: Arc::clone(&self.recorder),
                    findings: self.findings.clone(),
                    plan: Arc::clone(&self.plan),
                    index,
                };
                self.seam.start("caller", caller.run())
            })
            .collect();
        if let Some(turns) = self.plan.network.refuses {
            self.refuse_dials(turns).await;
        }
        if let Some(turns) = self.plan.closes_idle_midway {
            wait(&self.seam, When::Turns(turns)).await;
            transport.close_idle_connections();
        }
        if self.plan.settles_first {
            for caller in callers {
                self.findings.check(caller.await.is_some(), || "a caller was lost".into());
            }
            self.seam.settled().await;
            self.check_idle(&transport);
            self.empty(transport).await;
        } else {
            for caller in callers {
                self.findings.check(caller.await.is_some(), || "a caller was lost".into());
            }
            self.empty(transport).await;
        }
        let alive = self.seam.census().counts();
        self.findings.check(alive == Counts::default(), || format!("tasks are left in the end: {alive:?}"));
        let counted = self.seam.alive_tasks();
        self.findings.check(counted == 0, || format!("the executor still counts {counted} tasks"));
        let open = self.stepper.open_streams().dialled;
        self.findings.check(open == 0, || format!("{open} connections are open on the client's side"));
    }

    async fn refuse_dials(&self, turns: usize) {
        for host in 0..2 {
            let refused = Dialling::Fails(ErrorKind::ConnectionRefused, "connection refused".into());
            self.stepper.set_dialling(&addr(host), refused);
        }
        wait(&self.seam, When::Turns(turns)).await;
        for host in 0..2 {
            self.stepper.set_dialling(&addr(host), Dialling::Connects);
        }
    }

    /// All callers are done: what is alive are idle connections, and the pool knows each of them.
    fn check_idle(&self, transport: &Transport) {
        let (alive, pool) = (self.seam.census().counts(), transport.pool_census());
        let counted = self.seam.alive_tasks();
        let wanted = Counts { read_loop: pool.idle, write_loop: pool.idle, dial: 0 };
        self.findings.check(alive == wanted && counted == wanted.total() && pool.waiting == 0, || {
            format!("when all callers are done: {alive:?}, {counted} tasks, {pool:?}")
        });
        self.findings.check(pool.conns == pool.idle, || format!("places are taken by nobody: {pool:?}"));
    }

    /// Nothing is kept any more.
    async fn empty(&self, transport: Transport) {
        match (self.plan.ending, self.plan.settings.idle_conn_timeout) {
            (Ending::DropTransport, _) => {
                drop(transport);
                self.seam.settled().await;
                return;
            }
            (Ending::Expire, Some(timeout)) => {
                self.seam.settled().await;
                self.seam.timer(self.seam.now() + timeout).await;
            }
            (Ending::CloseIdle | Ending::Expire, _) => transport.close_idle_connections(),
        }
        self.seam.settled().await;
        let pool = transport.pool_census();
        self.findings.check(pool == transport::PoolCensus::default(), || format!("the pool is not empty: {pool:?}"));
    }

    fn origins_side(&self) {
        let open = self.stepper.open_streams();
        self.findings.check(open == OpenStreams::default(), || format!("streams are open in the end: {open:?}"));
        for origin in &self.origins {
            let stats = origin.server().stats();
            let well = stats.failures.is_empty() && stats.open == 0;
            self.findings.check(well, || format!("the origin {}: {stats}", origin.addr()));
            self.findings.check(stats.ended(End::Stopped) == 0, || format!("the origin {} was stopped", origin.addr()));
        }
    }

    /// Each connection that began is freed, once, and each task that was started has ended.
    fn check_records(&self) {
        let (mut began, mut freed, mut tasks) = (BTreeSet::new(), Vec::new(), BTreeMap::new());
        for Record { conn, event, .. } in self.recorder.records() {
            match event {
                Event::TaskStarted { name } => {
                    if name == TaskName::ReadLoop {
                        began.insert(conn);
                    }
                    *tasks.entry((conn, name.as_str())).or_insert(0) += 1;
                }
                Event::TaskEnded { name } => *tasks.entry((conn, name.as_str())).or_insert(0) -= 1,
                Event::ConnFreed => freed.push(conn),
                _ => {}
            }
        }
        tasks.retain(|_, balance| *balance != 0);
        self.findings.check(tasks.is_empty(), || format!("starts and ends of tasks do not match: {tasks:?}"));
        freed.sort_unstable();
        let began: Vec<_> = began.into_iter().collect();
        self.findings.check(began == freed, || format!("connections began: {began:?}; they were freed: {freed:?}"));
    }
}

fn addr(host: usize) -> String {
    format!("host-{host}.test:80")
}
