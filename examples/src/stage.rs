//! Where a chapter's program runs: over real sockets, or on the stepper.

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, Config, EarlyClose, LeakCheck, Transport};
use httptrace::{Actor, Counted, Counts, Event, Record, Recorder, Runtime, Settle};
use origin::{Plan, Server, TcpOrigin};
use stepper::{MemOrigin, Stepper};

/// What a program may fail with.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// A place to run a program: a runtime that can count, origins that are not counted, and a recorder.
pub struct Stage {
    rt: Arc<dyn Settle>,
    recorder: Arc<Recorder>,
    kind: Kind,
}

enum Kind {
    /// Real sockets. Each origin has a thread of its own.
    Sockets,
    /// Connections in memory, one poll at a time. The origins' tasks are not in the census.
    Stepped { stepper: Stepper, origins: Mutex<usize> },
}

impl Stage {
    /// Runs the program over real sockets.
    ///
    /// # Errors
    ///
    /// The program's, or that no runtime could be built.
    pub fn on_sockets<T>(program: impl AsyncFnOnce(&Stage) -> Outcome<T>) -> Outcome<T> {
        let counted = Counted::new()?;
        let rt: Arc<dyn Settle> = counted.seam();
        let stage = Stage { recorder: Recorder::new(counted.seam()), rt, kind: Kind::Sockets };
        counted.block_on(program(&stage))
    }

    /// Runs the program on the stepper, every choice of who goes next made by `seed`.
    ///
    /// # Errors
    ///
    /// The program's, or a report of what hung.
    pub fn on_stepper<T>(seed: u64, program: impl AsyncFnOnce(&Stage) -> Outcome<T>) -> Outcome<T> {
        let stepper = Stepper::seeded(seed);
        let rt: Arc<dyn Settle> = stepper.seam();
        let recorder = Recorder::new(stepper.seam());
        let stage = Stage { rt, recorder, kind: Kind::Stepped { stepper, origins: Mutex::new(0) } };
        let Kind::Stepped { stepper, .. } = &stage.kind else { unreachable!("made two lines above") };
        stepper.block_on("caller", program(&stage))?
    }

    /// The `main` of a chapter's program. Without arguments it runs over sockets; `--stepped SEED` runs it on the
    /// stepper, and `--trace FILE` writes what happened as JSON lines.
    pub fn main(program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        Stage::main_with(Arguments::default(), program)
    }

    /// The `main` of a program that tells of minutes and hours: without arguments too it runs on the stepper, whose
    /// clock costs nothing.
    pub fn main_on_stepper(program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        Stage::main_with(Arguments { stepped: Some(1), trace: None }, program)
    }

    /// The `main` of a program with arguments of its own: `words` are those that it has left over.
    pub fn main_from(words: Vec<String>, program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        Stage::run_main(Arguments::parse(Arguments::default(), words.into_iter()), program)
    }

    /// The `main` of a program that needs what only sockets have, as TLS has it. It takes no arguments.
    pub fn main_on_sockets(program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        ended(Stage::on_sockets(program))
    }

    fn main_with(default: Arguments, program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        Stage::run_main(Arguments::parse(default, std::env::args().skip(1)), program)
    }

    fn run_main(arguments: Outcome<Arguments>, program: impl AsyncFnOnce(&Stage) -> Outcome<()>) -> ExitCode {
        let ran = arguments.and_then(|arguments| {
            let program = async |stage: &Stage| {
                program(stage).await?;
                match &arguments.trace {
                    Some(file) => Ok(fs::write(file, stage.recorder.to_json_lines())
                        .map_err(|error| format!("cannot write {}: {error}", file.display()))?),
                    None => Ok(()),
                }
            };
            match arguments.stepped {
                Some(seed) => Stage::on_stepper(seed, program),
                None => Stage::on_sockets(program),
            }
        });
        ended(ran)
    }

    /// Starts an origin that follows `plan`. It lives until it is dropped, and is never counted.
    ///
    /// # Errors
    ///
    /// When no port could be had.
    pub fn origin(&self, plan: impl Into<Plan>) -> Outcome<Origin> {
        Ok(match &self.kind {
            Kind::Sockets => Origin::Tcp(TcpOrigin::start(plan)?),
            Kind::Stepped { stepper, origins } => {
                let mut origins = origins.lock().expect("a count is never left half changed");
                *origins += 1;
                Origin::Memory(stepper.serve(&format!("origin-{origins}.test:80"), plan))
            }
        })
    }

    /// Go's `DefaultTransport` under a client, with a pool of its own.
    pub fn client(&self, early_close: EarlyClose) -> Client {
        self.client_with(early_close, |_| {})
    }

    /// The same with some settings changed.
    pub fn client_with(&self, early_close: EarlyClose, set: impl FnOnce(&mut Config)) -> Client {
        let mut config = self.config(early_close);
        set(&mut config);
        Client::new(Transport::new(config))
    }

    /// A client that tells which of its requests hold a connection.
    pub fn watched_client(&self, early_close: EarlyClose) -> (Client, Arc<LeakCheck>) {
        LeakCheck::watch(self.config(early_close))
    }

    fn config(&self, early_close: EarlyClose) -> Config {
        Config { trace: self.recorder.trace(), early_close, ..Config::default_transport(self.runtime()) }
    }

    /// What has happened so far, in order.
    pub fn records(&self) -> Vec<Record> {
        self.recorder.records()
    }

    /// The runtime as the port sees it.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        match &self.kind {
            Kind::Sockets => Arc::clone(&self.rt) as Arc<dyn Runtime>,
            Kind::Stepped { stepper, .. } => stepper.seam(),
        }
    }

    /// Makes each dial take so long from now on.
    ///
    /// # Errors
    ///
    /// Over sockets, where nobody can say how long a dial takes.
    pub fn slow_dials(&self, time: Duration) -> Outcome<()> {
        match &self.kind {
            Kind::Sockets => Err("only the stepper can make a dial slow".into()),
            Kind::Stepped { stepper, .. } => {
                stepper.set_dial_latency(time);
                Ok(())
            }
        }
    }

    /// Puts a word of the program's own into the trace, in the caller's lane.
    pub fn log(&self, category: &str, message: &str) {
        let (category, message) = (category.to_owned(), message.to_owned());
        self.recorder.trace().emit(Actor::Caller, None, || Event::Log { category, message });
    }

    /// Lets time pass.
    pub async fn pause(&self, time: Duration) {
        self.rt.timer(self.rt.now() + time).await;
    }

    /// Counts once things have settled: when no task is ready to run and nothing is under way that ends by itself.
    ///
    /// # Errors
    ///
    /// When the executor's own count and the census by name do not agree.
    pub async fn settled(&self) -> Outcome<Settled> {
        // ANCHOR: settled
        self.rt.settled().await;
        let settled = Settled { alive: self.rt.alive_tasks(), census: self.rt.census().counts() };
        if settled.alive != settled.census.total() {
            return Err(format!("the executor counts {} tasks, the census {:?}", settled.alive, settled.census).into());
        }
        Ok(settled)
        // ANCHOR_END: settled
    }
}

fn ended(ran: Outcome<()>) -> ExitCode {
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// An origin on whichever stage.
pub enum Origin {
    /// On a thread of its own, behind a real port.
    Tcp(TcpOrigin),
    /// In memory.
    Memory(MemOrigin),
}

impl Origin {
    /// The URL of a path, which starts with `/`.
    pub fn url(&self, path: &str) -> String {
        match self {
            Origin::Tcp(origin) => origin.url(path),
            Origin::Memory(origin) => origin.url(path),
        }
    }

    /// The server itself: its counters, gates and labels.
    pub fn server(&self) -> &Arc<Server> {
        match self {
            Origin::Tcp(origin) => origin.server(),
            Origin::Memory(origin) => origin.server(),
        }
    }

    /// Closes every connection and the port. (Dropping it does so over sockets only.)
    pub fn stop(self) {
        match self {
            Origin::Tcp(origin) => drop(origin),
            Origin::Memory(origin) => origin.stop(),
        }
    }

    /// Lets a script go on that waits at this gate.
    pub fn open_gate(&self, name: &str) {
        self.server().open_gate(name);
    }

    /// Waits until so many requests have arrived.
    pub async fn requests(&self, count: usize) {
        self.server().until(|stats| stats.requests >= count).await;
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.server().stats().accepted
    }
}

/// A count of tasks, the caller not included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settled {
    /// What the executor says.
    pub alive: usize,
    /// What the census says, by name.
    pub census: Counts,
}

impl Settled {
    /// The twin of `runtime.NumGoroutine()`: the caller counts too.
    pub fn with_caller(&self) -> usize {
        1 + self.alive
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { read_loop, write_loop, dial } = self.census;
        write!(f, "1 caller + {read_loop} read_loop + {write_loop} write_loop + {dial} dial")
    }
}

#[derive(Default)]
struct Arguments {
    stepped: Option<u64>,
    trace: Option<PathBuf>,
}

impl Arguments {
    fn parse(default: Arguments, mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut arguments = default;
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--stepped" => {
                    let seed = value?;
                    let seed =
                        seed.parse().map_err(|_| format!("--stepped wants a number as its seed, not {seed:?}"))?;
                    arguments.stepped = Some(seed);
                }
                "--trace" => arguments.trace = Some(value?.into()),
                _ => return Err(format!("unknown argument {word:?}: there are --stepped SEED and --trace FILE").into()),
            }
        }
        Ok(arguments)
    }
}
