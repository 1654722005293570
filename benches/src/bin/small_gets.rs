//! A number of small GETs over one kept connection, for profilers: `small_gets 1000`.
//!
//! `strace -fc`, `valgrind --tool=callgrind` and `perf` see the client alone: the origin is another process, `small_gets
//! serve`, which prints its address.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use client::{Client, Config, Request, Transport};
use http::Method;
use httptrace::TokioRuntime;
use url::Url;

/// What went wrong.
type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The answer to every request.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, world!";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve().map_err(Fault::from),
        [addr, count] => match count.parse() {
            Ok(count) => get(addr, count),
            Err(_) => Err(Fault::from(format!("{count:?} is no number of requests"))),
        },
        _ => Err(Fault::from("usage: small_gets serve | small_gets ADDR COUNT")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn get(addr: &str, count: usize) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::new(Transport::new(Config::default_transport(TokioRuntime::new())));
    let url = Url::parse(&format!("http://{addr}/"))?;
    // A task of its own: tokio wakes the future of `block_on` by way of the event queue, which costs a system call.
    let gets = async move {
        for _ in 0..count {
            let request = Request::new(Method::GET, url.clone());
            let mut response = client.do_request(request).await?;
            let body = response.body.read_all().await?;
            if response.status != 200 || body.len() != 13 {
                let what = format!("an unexpected answer: {} with {} bytes", response.status, body.len());
                return Err(Fault::from(what));
            }
        }
        Ok(())
    };
    runtime.block_on(async { tokio::spawn(gets).await? })
}

/// Answers each read with the one answer: a small GET comes in one piece.
fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        answer(stream?)?;
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; 4096];
    while stream.read(&mut request)? > 0 {
        stream.write_all(ANSWER)?;
    }
    Ok(())
}
