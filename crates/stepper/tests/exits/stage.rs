//! Where a case runs: a stepper, a scripted origin, one transport, and everything recorded.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Method;
use httptrace::{Actor, ConnId, Counts, Event, Exit, Record, Recorder, Runtime, Settle, TaskName};
use origin::{Plan, Server};
use stepper::{Join, OpenStreams, Seam, Stepper};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf};
use transport::{Config, Request, RequestBody, Response, Transport};
use url::Url;

/// Polls that no case needs.
const MAX_POLLS: u64 = 50_000;

pub(crate) struct Stage {
    // In the order in which they must go: connections before the executor that runs them.
    kept: RefCell<Vec<Box<dyn Any>>>,
    transport: RefCell<Option<Transport>>,
    servers: RefCell<Vec<Arc<Server>>>,
    recorder: Arc<Recorder>,
    pub(crate) seam: Arc<Seam>,
    pub(crate) stepper: Stepper,
}

impl Stage {
    pub(crate) fn new(stepper: Stepper) -> Self {
        stepper.set_max_polls(MAX_POLLS);
        let seam = stepper.seam();
        let recorder = Recorder::new(stepper.seam());
        Stage {
            kept: RefCell::default(),
            transport: RefCell::default(),
            servers: RefCell::default(),
            recorder,
            seam,
            stepper,
        }
    }

    /// Starts an origin: the first one is `http://origin-1.test/`.
    pub(crate) fn serve(&self, plan: impl Into<Plan>) -> Arc<Server> {
        let mut servers = self.servers.borrow_mut();
        let origin = self.stepper.serve(&format!("origin-{}.test:80", servers.len() + 1), plan);
        servers.push(Arc::clone(origin.server()));
        Arc::clone(origin.server())
    }

    /// The one transport of this run, with Go's settings of a zero `Transport`, changed by `set`.
    pub(crate) fn transport(&self, set: impl FnOnce(&mut Config)) -> Transport {
        let mut config = Config { trace: self.recorder.trace(), ..Config::zero(self.stepper.seam()) };
        set(&mut config);
        let transport = Transport::new(config);
        let before = self.transport.replace(Some(transport.clone()));
        assert!(before.is_none(), "a run has one transport");
        transport
    }

    /// Lets the stage's own clone of the transport go.
    pub(crate) fn drop_transport(&self) {
        drop(self.transport.take());
    }

    /// Keeps a value until the case was looked at: a response that the caller forgets.
    pub(crate) fn keep(&self, value: impl Any) {
        self.kept.borrow_mut().push(Box::new(value));
    }

    /// Runs a caller to its end.
    #[track_caller]
    pub(crate) fn run<T>(&self, caller: impl Future<Output = T>) -> T {
        match self.stepper.block_on("caller", caller) {
            Ok(value) => value,
            Err(stalled) => panic!("{stalled}\n{}", self.story()),
        }
    }

    /// Starts a caller as a task of its own.
    pub(crate) fn start<T: Send + 'static>(&self, caller: impl Future<Output = T> + Send + 'static) -> Join<T> {
        self.stepper.spawn("caller", caller)
    }

    /// Waits until nothing is ready and no work is under way that ends by itself.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let settled = self.seam.settled();
        if let Err(stalled) = self.stepper.block_on("settle", settled) {
            panic!("{stalled}\n{}", self.story());
        }
    }

    /// Polls whoever is ready until nobody is; the clock stands still.
    #[track_caller]
    pub(crate) fn stall(&self) {
        self.stepper.run_until_stalled().unwrap_or_else(|stalled| panic!("{stalled}"));
    }

    /// Polls a ready task of this name once.
    #[track_caller]
    pub(crate) fn poll(&self, name: &str) {
        let ready = self.stepper.ready();
        let task = ready.iter().find(|task| &*task.name == name);
        let task = task.unwrap_or_else(|| panic!("no {name} is ready, but {ready:?}"));
        self.stepper.step(task.id);
    }

    /// Whether a task of this name is ready.
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        self.stepper.ready().iter().any(|task| &*task.name == name)
    }

    /// Polls whoever is ready but those of these names, until no other is. The clock stands still.
    pub(crate) fn run_all_but(&self, names: &[&str]) {
        while let Some(task) = self.stepper.ready().iter().find(|task| !names.contains(&&*task.name)) {
            self.stepper.step(task.id);
        }
    }

    /// Drops the task of this name where it stands, as a runtime does that is shut down.
    #[track_caller]
    pub(crate) fn drop_task(&self, name: &str) {
        let task = self.stepper.tasks().into_iter().find(|task| &*task.name == name).expect("a task of this name");
        assert!(self.stepper.drop_task(task.id));
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.recorder.records()
    }

    pub(crate) fn count(&self, like: impl Fn(&Event) -> bool) -> usize {
        self.records().iter().filter(|record| like(&record.event)).count()
    }

    /// Who took this exit, and on which connection, in order.
    pub(crate) fn took(&self, exit: Exit) -> Vec<(Actor, Option<u64>)> {
        let took = |record: Record| match record.event {
            Event::Exit { id } if id == exit => Some((record.task, record.conn.map(|conn| conn.0))),
            _ => None,
        };
        self.records().into_iter().filter_map(took).collect()
    }

    /// Why a connection was closed from this side; `None` while it is open, and once it was given away.
    pub(crate) fn closed(&self, conn: u64) -> Option<String> {
        self.records().into_iter().find_map(|record| match record.event {
            Event::ConnClosed { reason } if record.conn == Some(ConnId(conn)) => Some(reason),
            _ => None,
        })
    }

    /// What became of connection 1, in the words of a case's `Fate`.
    pub(crate) fn fate(&self) -> String {
        let given_away = |event: &Event| matches!(event, Event::Sent { what, .. } if what == "given_away");
        match self.closed(1) {
            _ if self.opened() == 0 => "none".to_owned(),
            Some(reason) => format!("closed: {reason}"),
            None if self.count(given_away) > 0 => "given away".to_owned(),
            None => "open".to_owned(),
        }
    }

    /// All that happened, a line each.
    pub(crate) fn story(&self) -> String {
        self.recorder.to_json_lines()
    }

    /// How many connections were opened.
    pub(crate) fn opened(&self) -> usize {
        self.count(|event| matches!(event, Event::TaskStarted { name: TaskName::ReadLoop }))
    }

    /// The tasks that are left: executor and census must agree.
    #[track_caller]
    pub(crate) fn tasks(&self) -> Counts {
        let (alive, census) = (self.seam.alive_tasks(), self.seam.census().counts());
        assert_eq!(alive, census.total(), "the executor's count and the census {census:?}");
        census
    }

    pub(crate) fn idle(&self) -> usize {
        self.transport.borrow().as_ref().map_or(0, |transport| transport.pool_census().idle)
    }

    /// Each connection that is not closed is open at the origin, and no other.
    #[track_caller]
    pub(crate) fn check_origins(&self) {
        let opened = self.opened() as u64;
        let open = (1..=opened).filter(|&conn| self.closed(conn).is_none()).count();
        assert_eq!(self.stepper.open_streams().dialled, open, "open ends on the client's side");
        let seen: usize = self.servers.borrow().iter().map(|server| server.stats().open).sum();
        assert_eq!(seen, open, "connections that the origin sees open");
        self.servers.borrow().iter().for_each(|server| server.assert_ok());
    }

    /// All that the case kept is dropped, and the transport with its pool: nothing may be left of it.
    #[track_caller]
    pub(crate) fn end(self) {
        drop(self.kept.take());
        drop(self.transport.take());
        self.settle();
        assert_eq!(self.tasks(), Counts::default(), "tasks at the end");
        assert_eq!(self.stepper.open_streams().dialled, 0, "open ends on the client's side at the end");
        let freed = self.count(|event| matches!(event, Event::ConnFreed));
        assert_eq!(freed, self.opened(), "connections that were freed");
        self.stall();
        assert_eq!(self.stepper.open_streams(), OpenStreams::default(), "open ends at the end");
    }

    /// Lets time pass on the virtual clock.
    pub(crate) fn pause(&self, time: Duration) {
        self.run(self.seam.timer(self.seam.now() + time));
    }

    /// Makes the request and reads its body to the end.
    #[track_caller]
    pub(crate) fn ask(&self, transport: &Transport, request: Request) -> String {
        self.run(ask(transport.clone(), request))
    }
}

/// Makes the request, reads its body to the end, and says what one sees of it.
pub(crate) async fn ask(transport: Transport, request: Request) -> String {
    match transport.round_trip(request).await {
        Ok(response) => read(response).await,
        Err(error) => error.to_string(),
    }
}

/// Reads a body to its end or to its error.
pub(crate) async fn read(mut response: Response) -> String {
    let mut bytes = Vec::new();
    match response.body.read_to_end(&mut bytes).await {
        Ok(_) => format!("{}, {} bytes", response.status, bytes.len()),
        Err(error) => format!("{}, {} bytes, then {error}", response.status, bytes.len()),
    }
}

/// GET of the first origin.
pub(crate) fn get() -> Request {
    request(Method::GET)
}

pub(crate) fn request(method: Method) -> Request {
    Request::new(method, Url::parse("http://origin-1.test/").expect("a plain URL"))
}

/// POST of a body in memory.
pub(crate) fn post(body: impl Into<RequestBody>) -> Request {
    let mut post = request(Method::POST);
    post.body = body.into();
    post
}

/// POST whose body is written by the test: `length` bytes, or chunks where it is not known.
pub(crate) fn post_from(length: Option<u64>) -> (Request, DuplexStream) {
    let (source, writer) = tokio::io::duplex(1 << 20);
    (post(RequestBody::reader(source, length)), writer)
}

/// Gives some bytes and then fails.
pub(crate) struct Fails(pub(crate) &'static [u8]);

impl AsyncRead for Fails {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::Error::other("no more ink")));
        }
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}
