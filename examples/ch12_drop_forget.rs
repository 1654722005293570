//! Chapter 12. Six responses are dropped, forgotten or kept. What of their connections is left?

use std::cell::RefCell;
use std::mem;
use std::process::ExitCode;
use std::rc::{Rc, Weak};

use client::{Client, Context, EarlyClose, Request, Response};
use examples::{Outcome, Settled, Stage};
use http::Method;
use httptrace::{Channel, Event};
use origin::{Reply, Router};

use Read::{All, Nothing};

fn main() -> ExitCode {
    Stage::main(async |stage| {
        println!("six responses, Go 1.12's rules; settled tasks (the caller is one) / connections");
        places(stage).await?;
        afterwards(stage).await?;
        println!("after close().await the trace has: {}", told_by(stage, true).await?);
        println!("after drop() the trace has: {}", told_by(stage, false).await?);
        Ok(())
    })
}

/// How much of each body is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    Nothing,
    All,
}

async fn places(stage: &Stage) -> Outcome<()> {
    // ANCHOR: question
    let dropped = row(stage, "unread, dropped", Nothing, drop).await?;
    let forgotten = row(stage, "unread, forgotten", Nothing, mem::forget).await?;
    let read = row(stage, "read to the end, forgotten", All, mem::forget).await?;
    println!("tasks left, these three: {dropped}, {forgotten}, {read}");
    // ANCHOR_END: question
    row(stage, "read to the end, dropped", All, drop).await?;
    row(stage, "unread, in a cycle of Rc", Nothing, tie).await?;
    row(stage, "unread, in a cycle with a Weak", Nothing, tie_weakly).await?;
    // ANCHOR: kept
    let mut all = Vec::new();
    row(stage, "unread, in a list", Nothing, |next| all.push(next)).await?;
    drop(all);
    let mut last = None;
    row(stage, "unread, in one variable", Nothing, |next| last = Some(next)).await?;
    drop(last);
    // ANCHOR_END: kept
    Six::new(stage, EarlyClose::GO_1_27).await?.go("unread, dropped, Go 1.27's rules", Nothing, drop).await?;
    Ok(())
}

// ANCHOR: cycle
/// A page that owns its response, and can hand out itself.
struct Page {
    _response: Response,
    myself: RefCell<Option<Rc<Page>>>,
}

fn tie(response: Response) {
    let page = Rc::new(Page { _response: response, myself: RefCell::new(None) });
    *page.myself.borrow_mut() = Some(Rc::clone(&page));
}
// ANCHOR_END: cycle

// ANCHOR: weak
/// The same with a pointer that owns nothing.
struct WeakPage {
    _response: Response,
    _myself: Weak<WeakPage>,
}

fn tie_weakly(response: Response) {
    let page = Rc::new_cyclic(|myself| WeakPage { _response: response, _myself: Weak::clone(myself) });
    drop(page);
}
// ANCHOR_END: weak

/// What can still end the connections of bodies that were forgotten.
async fn afterwards(stage: &Stage) -> Outcome<()> {
    let six = Six::new(stage, EarlyClose::Kill).await?;
    six.ask(Nothing, mem::forget).await?;
    let Six { client, origin, before, .. } = six;
    drop(client);
    let left = stage.settled().await?;
    println!("unread, forgotten, then the client dropped: {} / {}", before.and(left), origin.accepted());

    let six = Six::new(stage, EarlyClose::Kill).await?;
    six.ask(Nothing, mem::forget).await?;
    six.cancel.cancel();
    six.print("unread, forgotten, then their context cancelled").await?;
    Ok(())
}

/// Six requests by the rules of Go 1.12, each response given to `leave`, and how many tasks are left.
async fn row(stage: &Stage, what: &str, read: Read, leave: impl FnMut(Response)) -> Outcome<usize> {
    Six::new(stage, EarlyClose::Kill).await?.go(what, read, leave).await
}

/// A client, its server, and what was alive before they came.
struct Six<'a> {
    stage: &'a Stage,
    origin: examples::Origin,
    client: Client,
    context: Context,
    cancel: client::Cancel,
    before: Before,
}

/// What earlier rows have left for good.
struct Before(Settled);

impl Before {
    /// What is left of a row, the caller included.
    fn and(&self, now: Settled) -> usize {
        now.with_caller() - self.0.alive
    }
}

impl<'a> Six<'a> {
    async fn new(stage: &'a Stage, early_close: EarlyClose) -> Outcome<Self> {
        let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
        let (context, cancel) = Context::background().with_cancel();
        let (client, before) = (stage.client(early_close), Before(stage.settled().await?));
        Ok(Six { stage, origin, client, context, cancel, before })
    }

    async fn go(self, what: &str, read: Read, leave: impl FnMut(Response)) -> Outcome<usize> {
        self.ask(read, leave).await?;
        self.print(what).await
    }

    async fn ask(&self, read: Read, mut leave: impl FnMut(Response)) -> Outcome<()> {
        // ANCHOR: ask
        for _ in 1..=6 {
            let mut request = Request::new(Method::GET, self.origin.url("/").parse()?);
            request.context = self.context.clone();
            let mut response = self.client.do_request(request).await?;
            if read == All {
                response.body.read_all().await?;
            }
            leave(response);
            // What a drop has set going is over before the next request asks the pool.
            self.stage.settled().await?;
        }
        // ANCHOR_END: ask
        Ok(())
    }

    async fn print(&self, what: &str) -> Outcome<usize> {
        let left = self.before.and(self.stage.settled().await?);
        println!("{what}: {left} / {}", self.origin.accepted());
        Ok(left)
    }
}

/// What the trace has of the end of one unread body at the moment at which its caller goes on.
async fn told_by(stage: &Stage, wait: bool) -> Outcome<String> {
    let origin = stage.origin(Router::new().at("/", Reply::bytes(100_000)))?;
    let client = stage.client(EarlyClose::Kill);
    let mut response = client.get(&origin.url("/")).await?;
    stage.settled().await?;
    let before = stage.records().len();
    // ANCHOR: wait
    if wait {
        response.body.close().await;
    } else {
        drop(response);
    }
    let told = stage.records().split_off(before);
    // ANCHOR_END: wait
    let words = told.into_iter().filter_map(|record| match record.event {
        Event::Sent { channel: Channel::WaitForBodyRead | Channel::Eofc | Channel::Closech, what } => Some(what),
        Event::ConnClosed { .. } => Some("socket closed".to_owned()),
        _ => None,
    });
    Ok(words.collect::<Vec<_>>().join(", "))
}
