//! Two thousand requests with random endings, after which nothing is left.
//!
//! `SOAK_SEED` replays the choices of a run (not the order in which the network answers), `SOAK_REQUESTS` makes it
//! longer.

use std::future::{Future, poll_fn};
use std::ops::ControlFlow::{self, Break, Continue};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use client::{CancelToken, Cause, Client, Config, Context, EarlyClose, RequestBody, Response, Transport};
use http::Method;
use httptrace::{Runtime, TokioRuntime};
use origin::{EndMark, Plan, Reply, Router, Script, TcpOrigin, pattern};
use tokio::io::AsyncReadExt;

use crate::support::{all, on_sockets, open_becomes, request, within};

/// How many requests are under way at once.
const CALLERS: usize = 8;

/// Steele, Lea and Flood's generator: a whole run is one number.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

fn from_env(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

fn seed() -> u64 {
    from_env("SOAK_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock that was set");
        since.as_nanos() as u64
    })
}

fn requests() -> usize {
    from_env("SOAK_REQUESTS").unwrap_or(2000) as usize
}

/// What is asked for, and how it ends when nobody interferes.
#[derive(Clone, Copy, Debug)]
struct Kind {
    path: &'static str,
    end: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// With so many bytes of the pattern.
    Whole(usize),
    /// With an error after so many of them.
    Cut(usize),
    /// Without a response.
    Dead,
}

const KINDS: [Kind; 13] = [
    Kind { path: "/13", end: Ending::Whole(13) },
    Kind { path: "/13", end: Ending::Whole(13) },
    Kind { path: "/100k", end: Ending::Whole(100_000) },
    Kind { path: "/300k", end: Ending::Whole(300_000) },
    Kind { path: "/chunked", end: Ending::Whole(20_000) },
    Kind { path: "/late-end", end: Ending::Whole(500) },
    Kind { path: "/slow", end: Ending::Whole(300) },
    Kind { path: "/empty", end: Ending::Whole(0) },
    Kind { path: "/204", end: Ending::Whole(0) },
    Kind { path: "/close", end: Ending::Whole(5_000) },
    Kind { path: "/until-close", end: Ending::Whole(5_000) },
    Kind { path: "/cut", end: Ending::Cut(40) },
    Kind { path: "/dead", end: Ending::Dead },
];

fn routes() -> Router {
    let cut = Script::new().send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").send(pattern(40)).close();
    Router::new()
        .at("/13", Reply::bytes(13))
        .at("/100k", Reply::bytes(100_000))
        .at("/300k", Reply::bytes(300_000))
        .at("/chunked", Reply::chunked(20_000, 777).chunk_by_chunk())
        .at("/late-end", Reply::chunked(500, 100).end_mark(EndMark::Later))
        .at("/slow", Reply::bytes(300).in_pieces(100).pausing(Duration::from_millis(2)))
        .at("/empty", Reply::empty())
        .at("/204", Reply::bodyless(204))
        .at("/close", Reply::bytes(5_000).connection_close())
        .at("/until-close", Reply::close_delimited(5_000))
        .script("/cut", cut)
        .script("/dead", Script::new().close())
}

/// What the caller does with its response.
#[derive(Clone, Copy, Debug)]
enum Use {
    ReadAll,
    /// Read a part, and drop.
    ReadSome,
    /// Read a part, and close.
    ReadSomeAndClose,
    Close,
    /// Close, and give up waiting for it at once.
    CloseAndGo,
    Drop,
    /// Drop it on a thread of its own.
    DropElsewhere,
    /// Cancel, then read on.
    CancelAndRead,
    /// Cancel, then drop.
    CancelAndDrop,
}

const USES: [Use; 10] = [
    Use::ReadAll,
    Use::ReadAll,
    Use::ReadSome,
    Use::ReadSomeAndClose,
    Use::Close,
    Use::CloseAndGo,
    Use::Drop,
    Use::DropElsewhere,
    Use::CancelAndRead,
    Use::CancelAndDrop,
];

/// How the request may be given up before its response is there.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// A deadline so many milliseconds away, which the body has to meet too.
    Deadline(u64),
    /// The future is dropped after so many polls.
    DroppedAfter(usize),
    /// The context is cancelled after so many polls.
    CancelledAfter(usize),
    /// The older token fires after so many polls.
    TokenAfter(usize),
}

fn choose_before(random: &mut SplitMix) -> Before {
    match random.below(20) {
        0 | 1 => Before::Deadline(random.below(8) as u64),
        2 | 3 => Before::DroppedAfter(1 + random.below(6)),
        4 | 5 => Before::CancelledAfter(1 + random.below(6)),
        6 => Before::TokenAfter(1 + random.below(6)),
        _ => Before::Nothing,
    }
}

/// Polls `future` up to `polls` times, then does `what`, which says whether to go on. `None` if not: the future is dropped.
async fn with_limit<T>(
    future: impl Future<Output = T>,
    polls: usize,
    mut what: impl FnMut() -> ControlFlow<()>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        polled += 1;
        if polled == polls {
            if what().is_break() {
                return Poll::Ready(None);
            }
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await
}

/// One request and its end. Panics when the answer is not the one that was to be expected.
async fn one(client: &Client, origin: &TcpOrigin, random: &mut SplitMix) {
    let (kind, how, before) = (random.pick(&KINDS), random.pick(&USES), choose_before(random));
    let (context, cancel) = Context::background().with_cancel();
    let token = CancelToken::new();
    // A HEAD of these would leave an idle connection that the server spoils or closes a moment later. Whoever meets it
    // there with a POST is told so, which is right, and not to be told from a fault.
    let head_may_spoil = matches!(kind.path, "/cut" | "/until-close");
    let method = match random.below(4) {
        0 => Method::POST,
        1 if !head_may_spoil => Method::HEAD,
        _ => Method::GET,
    };
    let mut request = request(method, &origin.url(kind.path));
    request.context = match before {
        Before::Deadline(ms) => context.with_timeout(client.transport().runtime(), Duration::from_millis(ms)),
        _ => context,
    };
    request.cancel = Some(token.clone());
    if request.method == Method::POST {
        request.body = match random.below(2) {
            0 => "a body".into(),
            _ => RequestBody::reader(&b"another body"[..], None),
        };
    }
    let head = request.method == Method::HEAD;
    let response = client.do_request(request);
    let response = match before {
        Before::DroppedAfter(polls) => with_limit(response, polls, || Break(())).await,
        Before::CancelledAfter(polls) => {
            with_limit(response, polls, || {
                cancel.cancel();
                Continue(())
            })
            .await
        }
        Before::TokenAfter(polls) => {
            with_limit(response, polls, || {
                token.cancel();
                Continue(())
            })
            .await
        }
        Before::Nothing | Before::Deadline(_) => Some(response.await),
    };
    let free = matches!(before, Before::Nothing | Before::DroppedAfter(_));
    let what = || format!("{kind:?}, {how:?}, {before:?}");
    match response {
        None => {}
        Some(Err(error)) => assert!(!free || kind.end == Ending::Dead, "{}: {error}", what()),
        Some(Ok(response)) => {
            assert!(kind.end != Ending::Dead, "{}: a response", what());
            let end = if head { Ending::Whole(0) } else { kind.end };
            treat(response, how, end, free, random, || cancel.cancel_with(Cause::Canceled), what).await;
        }
    }
}

/// Does to the response what `how` says.
async fn treat(
    mut response: Response,
    how: Use,
    end: Ending,
    free: bool,
    random: &mut SplitMix,
    cancel: impl Fn(),
    what: impl Fn() -> String,
) {
    match how {
        Use::ReadAll | Use::CancelAndRead => {
            let cancelled = matches!(how, Use::CancelAndRead);
            if cancelled {
                cancel();
            }
            let mut body = Vec::new();
            let result = response.body.read_to_end(&mut body).await;
            assert!(body == pattern(body.len()), "{}: not the bytes that were sent", what());
            match (result, end) {
                (Ok(_), Ending::Whole(size)) => assert_eq!(body.len(), size, "{}", what()),
                (Err(error), Ending::Cut(size)) if free && !cancelled => {
                    assert_eq!((body.len(), &*error.to_string()), (size, "unexpected EOF"), "{}", what());
                }
                (Err(error), _) => assert!(!free || cancelled, "{}: {error}", what()),
                (Ok(_), _) => panic!("{}: the body was cut and nobody was told", what()),
            }
        }
        Use::ReadSome | Use::ReadSomeAndClose => {
            let mut some = vec![0; 1 + random.below(2000)];
            if let Ok(n) = response.body.read(&mut some).await {
                assert!(some[..n] == pattern(n), "{}: not the bytes that were sent", what());
            }
            if matches!(how, Use::ReadSomeAndClose) {
                response.body.close().await;
            }
        }
        Use::Close => {
            let there_is_none = response.body.is_end();
            response.body.close().await;
            assert_eq!(response.body.read_all().await.is_ok(), there_is_none, "{}: a read after close", what());
        }
        Use::CloseAndGo => drop(with_limit(response.body.close(), 1, || Break(())).await),
        Use::Drop => drop(response),
        Use::DropElsewhere => std::thread::spawn(move || drop(response)).join().expect("no panic"),
        Use::CancelAndDrop => cancel(),
    }
}

/// One of the callers: so many requests, one after the other, each within its bound.
async fn caller(client: &Client, origin: &TcpOrigin, seed: u64, requests: usize) {
    let mut random = SplitMix(seed);
    for number in 0..requests {
        within(&format!("request {number} of the caller with seed {seed}"), one(client, origin, &mut random)).await;
    }
}

fn plan() -> Plan {
    Plan::from(routes()).keep_requests(0)
}

/// Prints the seed when what it runs panics.
fn with_seed(test: impl FnOnce(u64)) {
    let seed = seed();
    println!("SOAK_SEED={seed}");
    if let Err(panic) = std::panic::catch_unwind(AssertUnwindSafe(|| test(seed))) {
        eprintln!("again with SOAK_SEED={seed}");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn two_thousand_requests_with_random_endings_leave_nothing() {
    with_seed(|seed| {
        on_sockets(async |stage| {
            let origin = stage.origin(plan());
            for (round, early_close) in [EarlyClose::default(), EarlyClose::Kill].into_iter().enumerate() {
                let client = stage.client_with(|config| {
                    config.early_close = early_close;
                    config.max_conns_per_host = if round == 0 { None } else { Some(CALLERS / 2) };
                    config.max_idle_conns_per_host = Some(CALLERS / 2);
                });
                let seeds = (0..CALLERS as u64).map(|caller| seed ^ (caller << 32) ^ round as u64);
                all(seeds.map(|seed| caller(&client, &origin, seed, requests() / 2 / CALLERS))).await;

                // What is left is idle, and counted by all in the same way.
                let tasks = stage.settled().await;
                let census = client.transport().pool_census();
                assert_eq!((tasks, census.waiting), (1 + 2 * census.idle, 0), "{census:?}");
                open_becomes(&origin, census.idle).await;
                client.close_idle_connections();
                stage.tasks_become(1).await;
                assert_eq!(client.transport().pool_census(), Default::default());
                open_becomes(&origin, 0).await;
            }
            origin.assert_ok();
        });
    });
}

#[test]
fn callers_on_several_threads_leave_nothing() {
    with_seed(|seed| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        let origin = Arc::new(TcpOrigin::start(plan()).unwrap());
        let rt = {
            let _inside = runtime.enter();
            TokioRuntime::new()
        };
        let client = Client::new(Transport::new(Config::default_transport(Arc::clone(&rt) as Arc<dyn Runtime>)));
        runtime.block_on(async {
            let callers = (0..CALLERS as u64).map(|number| {
                let (client, origin) = (client.clone(), Arc::clone(&origin));
                tokio::spawn(
                    async move { caller(&client, &origin, seed ^ (number << 32), requests() / 4 / CALLERS).await },
                )
            });
            for caller in callers.collect::<Vec<_>>() {
                caller.await.expect("no panic");
            }
            // A lost dial or a drain may still come back to the pool: then it is refused, and closed.
            client.close_idle_connections();
            within("the census to become empty", rt.census().until(|counts| counts.total() == 0)).await;
            open_becomes(&origin, 0).await;
        });
        assert_eq!(client.transport().pool_census(), Default::default());
        origin.assert_ok();
    });
}
