//! The caller: its steps, one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use client::{BoxError, Cancel, CancelToken, Cause, Client, Context, Error, Request, Response, new_request};
use http::{HeaderName, HeaderValue};
use httptrace::tokio_rt::CountedSeam;
use httptrace::{Counts, Recorder, Runtime, Settle as _, select};

use super::beside::Beside;
use super::body::{Gates, World, set};
use super::exchange::{At, Exchange, close, read, write};
use super::told::Told;
use crate::caller::{Action, Send, Step};
use crate::host::{Answer, Ask, Host};
use crate::outcome::{Count, Ended, Outcome, Read, StepOutcome, Stuck};
use crate::parse::END;
use crate::scenario::Scenario;

/// What something that goes on beside the steps gives at its end.
enum Given {
    Sent(Box<Result<Response, Error>>),
    Read(Box<Response>, Read),
}

/// The caller of one run.
pub(super) struct Caller<'a> {
    steps: &'a [Step],
    host: &'a Host,
    seam: Arc<CountedSeam>,
    recorder: Arc<Recorder>,
    client: Option<Client>,
    world: World,
    contexts: BTreeMap<&'a str, (Context, Cancel)>,
    channels: BTreeMap<&'a str, CancelToken>,
    /// Requests that a step cancels by their name.
    cancelled: BTreeSet<&'a str>,
    exchanges: BTreeMap<String, Exchange>,
    beside: Beside<Given>,
    counts: BTreeMap<String, Count>,
    /// The steps that are done.
    done: usize,
}

impl<'a> Caller<'a> {
    pub(super) fn new(
        scenario: &'a Scenario,
        host: &'a Host,
        seam: Arc<CountedSeam>,
        client: Client,
        recorder: Arc<Recorder>,
    ) -> Self {
        let caller = &scenario.caller;
        let by_name = |step: &'a Step| {
            if let Action::CancelRequest { request } = &step.action { Some(request.as_str()) } else { None }
        };
        Caller {
            steps: &caller.steps,
            host,
            client: Some(client.with_timeout(Duration::from_micros(caller.client.timeout))),
            world: World {
                rt: Arc::clone(&seam) as Arc<dyn Runtime>,
                gates: Arc::new(Gates::default()),
                pausing: Arc::default(),
            },
            seam,
            recorder,
            contexts: caller.contexts.iter().map(|name| (name.as_str(), Context::background().with_cancel())).collect(),
            channels: caller.channels.iter().map(|name| (name.as_str(), CancelToken::new())).collect(),
            cancelled: caller.steps.iter().filter_map(by_name).collect(),
            exchanges: BTreeMap::new(),
            beside: Beside::new(),
            counts: BTreeMap::new(),
            done: 0,
        }
    }

    /// Does all steps, and counts.
    ///
    /// # Errors
    ///
    /// The state of things, when `limit` is over before.
    pub(super) async fn run(mut self, limit: Duration) -> Result<Outcome, Stuck> {
        let timer = self.seam.timer(self.seam.now() + limit);
        // - all: the steps; dropped where they stand when time is over
        // - timer: the clock; cancel-safe, nothing is lost with it
        let in_time = select! {
            () = self.all() => true,
            () = timer => false,
        };
        if !in_time {
            return Err(self.stuck());
        }
        // Completed while whatever the caller holds is still held.
        let outcome = self.outcome();
        self.host.take_in_closes(&outcome).await;
        Ok(self.host.complete(outcome))
    }

    async fn all(&mut self) {
        for step in self.steps {
            self.step(step).await;
            self.collect();
            self.done += 1;
        }
        self.count(END).await;
        self.collect();
    }

    async fn step(&mut self, step: &'a Step) {
        match &step.action {
            Action::Send(send) => self.send(send).await,
            Action::Read { request, amount, later } => {
                let Some(response) = self.exchange(request).take_to_read() else { return };
                let (name, amount) = (request.clone(), *amount);
                self.beside.add(&name, async move {
                    let (response, read) = read(response, amount).await;
                    Given::Read(response, read)
                });
                self.begun(&name, *later).await;
            }
            Action::Write { request, text } => {
                let ended = match self.take_answer(request) {
                    None => Ended { error: None, skipped: true },
                    Some(mut response) => {
                        let ended = self.beside.with(write(&mut response, text)).await;
                        self.exchange(request).at = At::Answered(response);
                        ended
                    }
                };
                self.exchange(request).steps.push(StepOutcome::Write(ended));
            }
            Action::Finish { request } => self.beside.until(request).await,
            Action::Close { request } => {
                let skipped = match self.take_answer(request) {
                    None => true,
                    Some(mut response) => {
                        self.beside.with(close(&mut response)).await;
                        self.exchange(request).at = At::Answered(response);
                        false
                    }
                };
                self.exchange(request).steps.push(StepOutcome::Close(Ended { error: None, skipped }));
            }
            Action::Drop { request } => {
                // What has ended meanwhile has ended.
                self.collect();
                self.beside.drop_one(request);
                self.exchange(request).dropped();
                self.let_others_run().await;
            }
            Action::Cancel { context, cause } => {
                match (&self.contexts[context.as_str()].1, cause.as_str()) {
                    (cancel, "") => cancel.cancel(),
                    (cancel, cause) => cancel.cancel_with(Cause::Custom(BoxError::from(cause).into())),
                }
                self.let_others_run().await;
            }
            Action::CloseChannel { channel } => {
                self.channels[channel.as_str()].cancel();
                self.let_others_run().await;
            }
            Action::CancelRequest { request } => {
                if let Some(cancel) = &self.exchange(request).cancel {
                    cancel.cancel();
                }
                self.let_others_run().await;
            }
            Action::Wait(event) => {
                self.ask(&Ask::Wait(event.clone())).await;
            }
            Action::WaitEvent { request, event } => {
                let told = Arc::clone(&self.exchange(request).told);
                self.beside.with(told.called(event)).await;
            }
            Action::Open { gate } => {
                self.world.gates.open(gate);
                self.ask(&Ask::Open { gate: gate.clone() }).await;
            }
            Action::Pause { us } => {
                let timer = self.seam.timer(self.seam.now() + Duration::from_micros(*us));
                self.beside.with(timer).await;
            }
            Action::CloseIdle => {
                if let Some(client) = &self.client {
                    client.close_idle_connections();
                }
                self.let_others_run().await;
            }
            Action::DropTransport => {
                drop(self.client.take());
                self.let_others_run().await;
            }
            Action::Count { name } => self.count(name).await,
        }
    }

    async fn send(&mut self, send: &'a Send) {
        let told = Arc::new(Told::default());
        let made = self.request(send, &told);
        let cancel = made.as_ref().ok().and_then(|request| request.cancel.clone());
        self.exchanges.insert(send.request.clone(), Exchange::new(told, cancel));
        match (made, self.client.clone()) {
            (Ok(request), Some(client)) => {
                let sending = async move { Given::Sent(Box::new(client.do_request(request).await)) };
                self.beside.add(&send.request, sending);
                self.begun(&send.request, send.later).await;
            }
            (Err(error), _) => self.exchange(&send.request).answered(Err(error)),
            // The parser lets no step send after the transport is gone.
            (Ok(_), None) => {}
        }
    }

    fn request(&self, send: &Send, told: &Arc<Told>) -> Result<Request, Error> {
        let url = self.host.url(&send.origin).unwrap_or_default() + &send.path;
        let mut request = new_request(&send.method, &url)?;
        for (name, value) in &send.headers {
            if name.eq_ignore_ascii_case("host") {
                request.host = Some(value.clone());
                continue;
            }
            // The parser has looked at the names; a value that is none for this port's header map is left out.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
                request.header.append(name, value);
            }
        }
        if let Some(body) = &send.body {
            set(&mut request, body, &self.world);
        }
        request.close = send.close;
        request.cancel = self.channels.get(send.channel.as_str()).cloned();
        if self.cancelled.contains(send.request.as_str()) {
            request.cancel_token();
        }
        let context =
            self.contexts.get(send.context.as_str()).map_or_else(Context::background, |(context, _)| context.clone());
        let context = match send.timeout_us {
            0 => context,
            us => context.with_timeout(&self.world.rt, Duration::from_micros(us)),
        };
        request.context = context.with_client_trace(told.hooks(send.got_1xx));
        Ok(request)
    }

    /// Lets every task that is ready do what it can, as goroutines do beside the caller: a cancel is seen before the next
    /// step, as it nearly always is in Go.
    async fn let_others_run(&mut self) {
        let seam = Arc::clone(&self.seam);
        self.beside.with(async move { seam.idle().await }).await;
    }

    /// Awaits what has begun under this name, or lets it go on beside the next step.
    async fn begun(&mut self, name: &str, later: bool) {
        match later {
            false => self.beside.until(name).await,
            // Polled once, so that it has begun when the next step does.
            true => self.beside.with(std::future::ready(())).await,
        }
    }

    async fn ask(&mut self, ask: &Ask) -> Answer {
        let host = self.host;
        self.beside.with(host.ask(ask)).await
    }

    /// Counts once things have settled: nothing is under way here or at the origins that ends by itself, twice in a row,
    /// and nothing has happened in between. A dial that a quiet origin holds up is counted.
    async fn count(&mut self, name: &str) {
        let mut before = None;
        loop {
            let (seam, pausing) = (Arc::clone(&self.seam), Arc::clone(&self.world.pausing));
            let no_work = async move {
                // Two sleeps in a row: before the second one the event queue has been asked once more.
                let mut quiet = 0;
                while quiet < 2 {
                    seam.idle().await;
                    quiet = if seam.census().has_work() || pausing.load(Ordering::Relaxed) > 0 { 0 } else { quiet + 1 };
                }
            };
            self.beside.with(no_work).await;
            let Answer::Done { moves } = self.ask(&Ask::Quiet).await;
            let now = Some((moves, self.recorder.records().len()));
            if before == now {
                break;
            }
            before = now;
        }
        let Counts { read_loop, write_loop, dial } = self.seam.census().counts();
        let alive = 1 + self.seam.alive_tasks();
        self.counts.insert(name.to_owned(), Count { alive, read_loop, write_loop, other: dial });
    }

    /// Writes down what has ended.
    fn collect(&mut self) {
        for (name, given) in self.beside.take_done() {
            match given {
                Given::Sent(given) => self.exchange(&name).answered(*given),
                Given::Read(response, read) => self.exchange(&name).has_read(response, read),
            }
        }
    }

    fn exchange(&mut self, name: &str) -> &mut Exchange {
        self.exchanges.get_mut(name).expect("the parser lets no step name a request that was not sent")
    }

    /// Takes the response out for a step that needs it for itself.
    fn take_answer(&mut self, name: &str) -> Option<Box<Response>> {
        let exchange = self.exchange(name);
        match std::mem::replace(&mut exchange.at, At::Failed) {
            At::Answered(response) => Some(response),
            other => {
                exchange.at = other;
                None
            }
        }
    }

    fn outcome(&self) -> Outcome {
        Outcome {
            requests: self.exchanges.iter().map(|(name, exchange)| (name.clone(), exchange.outcome())).collect(),
            origins: BTreeMap::new(),
            counts: self.counts.clone(),
        }
    }

    fn stuck(&self) -> Stuck {
        let Counts { read_loop, write_loop, dial } = self.seam.census().counts();
        let tasks = [("read_loop", read_loop), ("write_loop", write_loop), ("dial", dial)];
        Stuck {
            done: self.done,
            step: (self.done < self.steps.len()).then_some(self.done),
            tasks: tasks
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(name, count)| format!("{count} {name}"))
                .collect(),
            requests: self.exchanges.iter().map(|(name, exchange)| format!("{name}: {}", exchange.state())).collect(),
        }
    }
}
