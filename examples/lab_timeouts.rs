//! Lab A. Each limit of time alone: when it ends what, what the caller is told, and what is left. On the stepper's clock.

use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use client::{Client, Context, EarlyClose, Request, RequestBody};
use examples::{Outcome, Stage};
use http::Method;
use http::header::{EXPECT, HeaderValue};
use httptrace::{Runtime, Timer};
use origin::{Reply, Script};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::select;

const S: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A head, and half of the body that it promises.
const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";

fn main() -> ExitCode {
    Stage::main_on_stepper(async |stage| {
        println!("virtual milliseconds, and tasks left, the caller one of them; limits as in Go's DefaultTransport,");
        println!("unless the line says otherwise");
        default_and_silence(stage).await?;
        let mut said = dials(stage).await?;
        said.extend(answers(stage).await?);
        said.extend(bodies(stage).await?);
        idle(stage).await?;
        println!("\nwhat the caller is told");
        for (what, text) in said {
            println!("{what}, told: {text}");
        }
        Ok(())
    })
}

/// What the caller of a row is told, with the row's name.
type Said = Vec<(&'static str, String)>;

async fn default_and_silence(stage: &Stage) -> Outcome<()> {
    // ANCHOR: silence
    let origin = stage.origin(Script::new().await_request().hold())?;
    let client = stage.client(EarlyClose::GO_1_27);
    let url = origin.url("/");
    let mut call = pin!(client.get(&url));
    // - call: the server, which never answers
    // - pause: the clock
    let answered = select! {
        _ = &mut call => true,
        () = stage.pause(HOUR) => false,
    };
    let left = stage.settled().await?.with_caller();
    // ANCHOR_END: silence
    let end = if answered { "an end" } else { "no end within an hour" };
    println!("a server that never answers: {end}, {left} left");
    Ok(())
}

async fn dials(stage: &Stage) -> Outcome<Said> {
    let mut said = Vec::new();
    let origin = stage.origin(Script::new().await_request().hold())?;
    stage.slow_dials(HOUR)?;
    let client = stage.client(EarlyClose::GO_1_27);
    said.push(told(stage, "dial, 30 s", &client, get(&origin.url("/"))?).await?);
    // ANCHOR: dial
    let client = client.with_timeout(5 * S);
    let begun = stage.runtime().now();
    let error = client.get(&origin.url("/")).await.map(drop).expect_err("nobody is there");
    let over = (stage.runtime().now() - begun).as_millis();
    // Not `settled()`, which would wait for the very dial that is to be seen.
    let left = 1 + stage.runtime().census().counts().total();
    // ANCHOR_END: dial
    println!("Client.Timeout 5 s, in the dial: {over} ms, {left} left");
    said.push(("Client.Timeout 5 s, in the dial", error.to_string()));
    stage.pause(25 * S).await;
    println!("the same, 25 s later: {} left", stage.settled().await?.with_caller());
    stage.slow_dials(Duration::ZERO)?;

    // No certificate is ever shown; and reading the system's roots would only cost time.
    let client = stage.client_with(EarlyClose::GO_1_27, |config| config.tls.dangerous_accept_any_certificate = true);
    let mut request = get(&origin.url("/"))?;
    let port = request.url.port_or_known_default();
    request.url.set_scheme("https").and_then(|()| request.url.set_port(port)).expect("http can become https");
    said.push(told(stage, "TLS handshake, 10 s", &client, request).await?);
    Ok(said)
}

async fn answers(stage: &Stage) -> Outcome<Said> {
    let mut said = Vec::new();
    let silent = stage.origin(Script::new().await_request().hold())?;
    let url = silent.url("/");
    let plain = || stage.client(EarlyClose::GO_1_27);
    let limited = stage.client_with(EarlyClose::GO_1_27, |config| config.response_header_timeout = Some(2 * S));

    let answers_late = stage.origin(Script::new().await_request().reply(Reply::bytes(5)).hold())?;
    let mut asks_first = Request::new(Method::POST, answers_late.url("/").parse()?);
    asks_first.header.insert(EXPECT, HeaderValue::from_static("100-continue"));
    asks_first.body = "a big file".into();
    said.push(told(stage, "ExpectContinueTimeout, 1 s", &plain(), asks_first).await?);

    said.push(told(stage, "ResponseHeaderTimeout 2 s", &limited, get(&url)?).await?);
    let mut upload = Request::new(Method::POST, url.parse()?);
    upload.body = RequestBody::reader(Late::new(stage, 3 * S), None);
    said.push(told(stage, "ResponseHeaderTimeout 2 s, an upload of 3 s", &limited, upload).await?);
    let client = plain().with_timeout(5 * S);
    said.push(told(stage, "Client.Timeout 5 s, before the head", &client, get(&url)?).await?);
    said.push(told(stage, "context, 5 s, before the head", &plain(), within(stage, get(&url)?)).await?);
    Ok(said)
}

async fn bodies(stage: &Stage) -> Outcome<Said> {
    let mut said = Vec::new();
    let half = stage.origin(Script::new().await_request().send(HALF).hold())?;
    let url = half.url("/");
    let plain = || stage.client(EarlyClose::GO_1_27);
    let client = plain().with_timeout(5 * S);
    said.push(told(stage, "Client.Timeout 5 s, in the body", &client, get(&url)?).await?);
    said.push(told(stage, "context, 5 s, in the body", &plain(), within(stage, get(&url)?)).await?);
    Ok(said)
}

/// One request, read to its end; then nothing.
async fn idle(stage: &Stage) -> Outcome<()> {
    let origin = stage.origin(Script::new().await_request().reply(Reply::bytes(5)).hold())?;
    let client = stage.client(EarlyClose::GO_1_27);
    client.get(&origin.url("/")).await?.body.read_all().await?;
    let idle_since = stage.runtime().now();
    while stage.settled().await?.with_caller() > 1 {
        stage.pause(S).await;
    }
    let idle = (stage.runtime().now() - idle_since).as_millis();
    println!("IdleConnTimeout, 90 s: {idle} ms, {} left", stage.settled().await?.with_caller());
    Ok(())
}

/// Sends the request, reads the body, and says when that was over and what was left then.
async fn told(stage: &Stage, what: &'static str, client: &Client, request: Request) -> Outcome<(&'static str, String)> {
    let begun = stage.runtime().now();
    let said = match client.do_request(request).await {
        Err(error) => error.to_string(),
        Ok(mut response) => {
            let mut data = Vec::new();
            match response.body.read_to_end(&mut data).await {
                Ok(_) => format!("{}, {} bytes", response.status, data.len()),
                Err(error) => format!("{}, {} bytes, then {error}", response.status, data.len()),
            }
        }
    };
    let over = (stage.runtime().now() - begun).as_millis();
    println!("{what}: {over} ms, {} left", stage.settled().await?.with_caller());
    Ok((what, said))
}

fn get(url: &str) -> Outcome<Request> {
    Ok(Request::new(Method::GET, url.parse()?))
}

/// The request with a context that ends after 5 s.
fn within(stage: &Stage, mut request: Request) -> Request {
    let rt: Arc<dyn Runtime> = stage.runtime();
    request.context = Context::background().with_timeout(&rt, 5 * S);
    request
}

/// A body whose end comes after a while.
struct Late(Pin<Box<dyn Timer>>);

impl Late {
    fn new(stage: &Stage, time: Duration) -> Self {
        let rt = stage.runtime();
        Late(rt.timer(rt.now() + time))
    }
}

impl AsyncRead for Late {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>, _: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        ready!(self.0.as_mut().poll(cx));
        Poll::Ready(Ok(()))
    }
}
