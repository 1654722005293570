//! Programs that a page has run: what it is told of them, when they are ended, and who may not have any run.
//!
//! The server is the lab's own, in a thread of the test; its list has small shell programs in the place of examples. What
//! a program holds open (a named pipe) tells the test when the last of its processes is gone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use lab::normalise::Rules;
use lab::runner::Limits;
use lab::runner::list::{Expected, Listed, Runs, Start};
use lab::serve::{Site, bind, serve_until};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::TinyBook;

/// Nothing here takes longer; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with a list of programs. It is ended when the value is dropped, whatever the test did.
struct Lab {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    dir: TempDir,
}

impl Lab {
    fn with(programs: &[(&str, &str)]) -> Self {
        Self::limited(programs, Limits::default())
    }

    fn limited(programs: &[(&str, &str)], limits: Limits) -> Self {
        let list = programs.iter().map(|(name, script)| ((*name).to_owned(), shell(script)));
        Self::of(list.collect(), limits, |runs| runs)
    }

    fn of(list: Vec<(String, Listed)>, limits: Limits, change: impl FnOnce(Runs) -> Runs) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let pages = dir.path().join("pages");
        std::fs::create_dir(&pages).expect("a folder");
        std::fs::write(pages.join("index.html"), "<html><head></head>").expect("a page");
        let runs = change(Runs::new(list, dir.path(), limits));
        let site = Site::read(&pages).expect("a site");
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = bind(Some(0)).await.expect("a port");
                tell.send(listener.local_addr().expect("its number").port()).expect("the test waits");
                let stop = async { drop(stopped.await) };
                serve_until(listener, site, runs, stop).await.expect("it serves");
            });
        });
        let port = told.recv_timeout(PATIENCE).expect("it listens");
        Lab { port, stop: Some(stop), thread: Some(thread), dir }
    }

    fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server has panicked");
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A page as a browser asks for it under `host`.
    fn page(&self, host: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it goes out");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("a page");
        page
    }

    fn token(&self) -> String {
        token_in(&self.page(&self.host())).expect("the page has a token")
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends what a page of this lab would send, but for `change`.
    fn ask(&self, name: &str, change: impl FnOnce(&mut Asked)) -> Answer {
        let host = self.host();
        let mut asked = Asked {
            line: format!("POST /run/{name} HTTP/1.1"),
            headers: vec![
                ("Host", host.clone()),
                ("Origin", format!("http://{host}")),
                ("X-Lab-Token", self.token()),
                ("Content-Type", "application/json".to_owned()),
                ("Content-Length", "0".to_owned()),
            ],
        };
        change(&mut asked);
        let mut stream = self.connect();
        let headers: String = asked.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        stream.write_all(format!("{}\r\n{headers}\r\n", asked.line).as_bytes()).expect("it goes out");
        Answer::read(stream)
    }

    fn run(&self, name: &str) -> Answer {
        let answer = self.ask(name, |_| {});
        assert_eq!(answer.status, 200, "{name}");
        answer
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Asked {
    line: String,
    headers: Vec<(&'static str, String)>,
}

impl Asked {
    fn set(&mut self, name: &str, value: &str) {
        let header = self.headers.iter_mut().find(|(known, _)| *known == name).expect("a header of every request");
        value.clone_into(&mut header.1);
    }

    fn without(&mut self, name: &str) {
        self.headers.retain(|(known, _)| *known != name);
    }
}

/// An answer whose head has been read. Dropped, the connection is closed.
struct Answer {
    status: u16,
    head: String,
    rest: BufReader<TcpStream>,
}

impl Answer {
    fn read(stream: TcpStream) -> Self {
        let mut rest = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = rest.read_line(&mut head).expect("a head");
            assert_ne!(read, 0, "the head ends early: {head:?}");
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), rest }
    }

    /// What the body says in words.
    fn words(mut self) -> String {
        let length = self.head.split_once("content-length: ").expect("a length").1;
        let length = length.split("\r\n").next().and_then(|digits| digits.parse().ok()).expect("a number");
        let mut body = vec![0; length];
        self.rest.read_exact(&mut body).expect("a body");
        String::from_utf8(body).expect("text")
    }

    /// The next event. Each is a line of its own, between the sizes of the chunks.
    fn event(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.rest.read_line(&mut line).expect("a line"), 0, "no end was told");
            if line.starts_with('{') {
                return serde_json::from_str(&line).expect("an event");
            }
        }
    }

    /// Waits until the program has printed `text`.
    fn until(&mut self, text: &str) {
        let mut printed = String::new();
        while !printed.contains(text) {
            let event = self.event();
            assert_ne!(event["event"], "end", "it ended: {event}");
            printed.push_str(event["text"].as_str().unwrap_or(""));
        }
    }

    /// Everything it printed, what it complained about, and how it ended.
    fn all(mut self) -> (String, String, Value) {
        let (mut out, mut err) = (String::new(), String::new());
        loop {
            let event = self.event();
            let text = event["text"].as_str().unwrap_or("");
            match event["event"].as_str().expect("a name") {
                "out" => out.push_str(text),
                "err" => err.push_str(text),
                "end" => return (out, err, event),
                _ => {}
            }
        }
    }
}

fn token_in(page: &str) -> Option<String> {
    Some(page.split_once("<meta name=\"lab-token\" content=\"")?.1.split_once('"')?.0.to_owned())
}

fn shell(script: &str) -> Listed {
    let args = ["-c", script].map(str::to_owned).to_vec();
    Listed {
        shown: "a script".to_owned(),
        start: Start::Program { program: PathBuf::from("sh"), args },
        expected: None,
    }
}

/// A named pipe: a program that opens it for writing holds it open until the last of its processes is gone.
struct Held {
    path: PathBuf,
    gone: mpsc::Receiver<()>,
}

impl Held {
    fn new() -> (TempDir, Self) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("held");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        let (tell, gone) = mpsc::channel();
        let fifo = path.clone();
        std::thread::spawn(move || {
            let mut nothing = Vec::new();
            let mut fifo = std::fs::File::open(fifo).expect("the program opens it, too");
            fifo.read_to_end(&mut nothing).expect("it is closed");
            // A test that has failed no longer listens.
            let _ = tell.send(());
        });
        (dir, Held { path, gone })
    }

    /// A script that never ends, and has started another process that never ends.
    fn forever(&self) -> String {
        format!("exec 3>{}; sleep 600 & echo begun; wait", self.path.display())
    }

    fn until_gone(&self) {
        self.gone.recv_timeout(PATIENCE).expect("every process is ended");
    }
}

#[test]
fn a_run_is_told_line_by_line_and_ends_with_its_exit_code() {
    let lab = Lab::with(&[("a", "echo one; echo oh >&2; echo two; exit 3")]);
    let mut answer = lab.run("a");
    assert!(answer.head.contains("content-type: application/x-ndjson\r\n"), "{}", answer.head);
    assert_eq!(answer.event(), serde_json::json!({"event": "running", "command": "a script"}));
    let (out, err, end) = answer.all();
    assert_eq!((out.as_str(), err.as_str()), ("one\ntwo\n", "oh\n"));
    assert_eq!((&end["how"], &end["code"], &end["same"]), (&"exited".into(), &3.into(), &Value::Null));
    assert!(end["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{end}");
}

#[test]
fn what_it_prints_is_told_while_it_runs() {
    let (_dir, held) = Held::new();
    let lab = Lab::with(&[("a", &held.forever())]);
    lab.run("a").until("begun");
}

#[test]
fn the_server_says_whether_it_printed_what_was_recorded() {
    let recorded = |text: &str| {
        let rules = Rules { times: true, races: Vec::new() };
        let mut listed = shell("echo took 12ms at 127.0.0.1:$$");
        listed.expected = Some(Expected { recorded: text.to_owned(), rules });
        listed
    };
    let list = vec![
        ("same".to_owned(), recorded("took TIME at 127.0.0.1:PORT\n")),
        ("other".to_owned(), recorded("answer: 3\n")),
    ];
    let lab = Lab::of(list, Limits::default(), |runs| runs);
    let (_, _, end) = lab.run("same").all();
    assert_eq!((&end["same"], &end["difference"]), (&true.into(), &Value::Null), "{end}");
    let (_, _, end) = lab.run("other").all();
    assert_eq!(end["same"], false);
    assert!(end["difference"].as_str().is_some_and(|text| text.contains("- answer: 3")), "{end}");
}

#[test]
fn it_knows_nothing_of_the_readers_proxies() {
    let lab = Lab::with(&[("a", "env")]);
    let (out, _, _) = lab.run("a").all();
    let names: Vec<_> = out.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.contains(&"PATH"), "{names:?}");
    // This test itself was started by Cargo, which has set many.
    assert!(!names.iter().any(|name| name.to_lowercase().contains("proxy") || name.starts_with("CARGO")), "{names:?}");
}

#[test]
fn a_page_of_somebody_else_is_refused() {
    let lab = Lab::with(&[("a", "echo a")]);
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"] {
        let answer = lab.ask("a", |asked| asked.set("Origin", origin));
        assert_eq!(answer.status, 403, "{origin}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
        assert_eq!(answer.words(), "the lab runs programs for its own pages only\n");
    }
    assert_eq!(lab.ask("a", |asked| asked.without("Origin")).status, 403);
}

#[test]
fn a_browser_that_asks_first_for_a_foreign_page_is_not_encouraged() {
    let lab = Lab::with(&[("a", "echo a")]);
    let answer = lab.ask("a", |asked| {
        asked.line = "OPTIONS /run/a HTTP/1.1".to_owned();
        asked.set("Origin", "http://evil.example");
    });
    assert_eq!(answer.status, 405);
    assert!(!answer.head.contains("access-control"), "{}", answer.head);
}

#[test]
fn under_a_name_that_was_made_to_point_here_nothing_runs_and_no_page_has_the_token() {
    let lab = Lab::with(&[("a", "echo a")]);
    let rebound = format!("evil.example:{}", lab.port);
    let answer = lab.ask("a", |asked| {
        asked.set("Host", &rebound);
        asked.set("Origin", &format!("http://{rebound}"));
    });
    assert_eq!(answer.status, 403);
    assert_eq!(answer.words(), "the lab runs nothing under this host name\n");
    assert_eq!(token_in(&lab.page(&rebound)), None);
    assert_eq!(token_in(&lab.page(&format!("localhost:{}", lab.port))), Some(lab.token()));
    assert_eq!(lab.ask("a", |asked| asked.without("Host")).status, 403);
    assert_eq!(lab.ask("a", |asked| asked.line = "POST http://evil.example/run/a HTTP/1.1".to_owned()).status, 403);
}

#[test]
fn without_this_starts_token_nothing_runs() {
    let lab = Lab::with(&[("a", "echo a")]);
    let other = Lab::with(&[]).token();
    for token in ["", "0", &other, &lab.token().to_uppercase()[1..]] {
        assert_eq!(lab.ask("a", |asked| asked.set("X-Lab-Token", token)).status, 403, "{token:?}");
    }
    assert_eq!(lab.ask("a", |asked| asked.without("X-Lab-Token")).status, 403);
}

#[test]
fn only_a_post_of_the_right_type_runs_something() {
    let lab = Lab::with(&[("a", "echo a")]);
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = lab.ask("a", |asked| asked.line = format!("{method} /run/a HTTP/1.1"));
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("allow: post\r\n"), "{}", answer.head);
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        assert_eq!(lab.ask("a", |asked| asked.set("Content-Type", content_type)).status, 415, "{content_type}");
    }
}

#[test]
fn what_is_not_listed_does_not_run_however_it_is_written() {
    let lab = Lab::with(&[("a", "echo a"), ("book/scenarios/a.toml", "echo a")]);
    let tricks = [
        "",
        "b",
        "a/",
        "/a",
        "./a",
        "../a",
        "a/../a",
        "%61",
        "a%00",
        "a%20",
        "a?x",
        "..%2fa",
        "%2e%2e/a",
        "/bin/sh",
        "A",
        "book/scenarios/../scenarios/a.toml",
        "book/scenarios/a.toml%00",
        "book\\scenarios\\a.toml",
        "a;id",
        "a--help",
    ];
    for name in tricks {
        assert_eq!(lab.ask(name, |_| {}).status, 404, "{name:?}");
    }
    assert_eq!(lab.ask("a\0", |_| {}).status, 400, "that is no request line");
    assert_eq!(lab.run("book/scenarios/a.toml").all().0, "a\n");
}

#[test]
fn a_flood_is_cut_and_its_program_ended() {
    let (_dir, held) = Held::new();
    let flood = format!("exec 3>{}; while :; do echo 0123456789; done", held.path.display());
    let limits = Limits { output: 1000, ..Limits::default() };
    let lab = Lab::limited(&[("a", &flood), ("b", "while :; do echo 0123456789 >&2; done")], limits);
    let (out, _, end) = lab.run("a").all();
    assert_eq!(out.len(), 1000);
    assert_eq!((&end["how"], &end["limit"]), (&"too_much".into(), &1000.into()));
    held.until_gone();
    let (_, err, end) = lab.run("b").all();
    assert_eq!((err.len(), &end["how"]), (1000, &"too_much".into()), "both channels count");
}

#[test]
fn what_does_not_end_is_ended_when_its_time_is_over() {
    let (_dir, held) = Held::new();
    let limits = Limits { run: Duration::from_millis(300), ..Limits::default() };
    let lab = Lab::limited(&[("a", &held.forever())], limits);
    let (_, _, end) = lab.run("a").all();
    assert_eq!(end["how"], "too_long");
    held.until_gone();
}

#[test]
fn its_time_is_over_even_if_the_page_does_not_read() {
    let (_dir, held) = Held::new();
    // More than fits into the sockets between, so that the answer is stuck.
    let flood =
        format!("exec 3>{}; while :; do echo 0123456789012345678901234567890123456789; done", held.path.display());
    let limits = Limits { run: Duration::from_millis(300), output: usize::MAX, ..Limits::default() };
    let lab = Lab::limited(&[("a", &flood)], limits);
    let _unread = lab.run("a");
    held.until_gone();
}

#[test]
fn what_a_program_leaves_behind_is_ended_with_it() {
    let (_dir, held) = Held::new();
    // The one that is left behind holds the output open, too: the end is told all the same.
    let lab = Lab::with(&[("a", &format!("exec 3>{}; sleep 600 & echo begun", held.path.display()))]);
    let (out, _, end) = lab.run("a").all();
    assert_eq!((out.as_str(), &end["how"], &end["code"]), ("begun\n", &"exited".into(), &0.into()));
    held.until_gone();
}

#[test]
fn when_the_page_goes_away_the_program_is_ended_and_its_place_is_free() {
    let (_dir, held) = Held::new();
    let pipe = held.path.display();
    let lab = Lab::with(&[("a", &format!("[ -p {pipe} ] || {{ echo again; exit; }}; {}", held.forever()))]);
    let mut answer = lab.run("a");
    answer.until("begun");
    assert_eq!(lab.ask("a", |_| {}).status, 409);
    drop(answer);
    held.until_gone();
    std::fs::remove_file(&held.path).expect("the pipe was there");
    assert_eq!(lab.run("a").all().0, "again\n");
}

#[test]
fn two_run_at_once_and_a_third_is_told_to_wait() {
    let (_one, first) = Held::new();
    let (_two, second) = Held::new();
    let lab = Lab::with(&[("a", &first.forever()), ("b", &second.forever()), ("c", "echo c")]);
    let (mut a, mut b) = (lab.run("a"), lab.run("b"));
    a.until("begun");
    b.until("begun");
    let same = lab.ask("a", |_| {});
    assert_eq!(same.status, 409);
    assert_eq!(same.words(), "`a` is running already; one at a time\n");
    let third = lab.ask("c", |_| {});
    assert_eq!(third.status, 429);
    assert_eq!(third.words(), "2 programs are running; stop one, or wait for its end\n");
    drop(a);
    first.until_gone();
    assert_eq!(lab.run("c").all().0, "c\n");
}

#[test]
fn when_the_lab_ends_its_programs_do_and_their_pages_are_told() {
    let (_dir, held) = Held::new();
    let mut lab = Lab::with(&[("a", &held.forever())]);
    let mut answer = lab.run("a");
    answer.until("begun");
    lab.stop();
    held.until_gone();
    assert_eq!(answer.all().2["how"], "stopped");
}

#[test]
fn without_cargo_an_example_is_not_run_and_the_page_is_told() {
    let start = Start::Example { example: "a".to_owned(), args: Vec::new() };
    let listed = Listed { shown: "cargo run --example a".to_owned(), start, expected: None };
    let lab = Lab::of(vec![("a".to_owned(), listed)], Limits::default(), |runs| runs.with_cargo("no-such-cargo"));
    let mut answer = lab.run("a");
    assert_eq!(answer.event()["event"], "building");
    assert_eq!(answer.all().2["how"], "no_cargo");
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let start = Start::Program { program: PathBuf::from("no-such-program"), args: Vec::new() };
    let listed = Listed { shown: "none".to_owned(), start, expected: None };
    let lab = Lab::of(vec![("a".to_owned(), listed)], Limits::default(), |runs| runs);
    assert_eq!(lab.run("a").all().2["how"], "not_started");
    assert!(lab.path().is_dir());
}

/// The lab as a program, in a tiny repository: ended when the value is dropped.
struct Served {
    child: std::process::Child,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn of(book: &TinyBook) -> Self {
        let mut child = book.command(&["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().expect("the lab starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        let port = first.split_once("127.0.0.1:").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        Served { child, port: port.unwrap_or_else(|| panic!("no port in {first:?}")) }
    }

    fn run(&self, name: &str) -> Answer {
        let host = format!("127.0.0.1:{}", self.port);
        let connect = || TcpStream::connect(&host).expect("it listens");
        let mut stream = connect();
        write!(stream, "GET /one.html HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it goes out");
        let mut page = String::new();
        stream.read_to_string(&mut page).expect("a page");
        assert!(page.contains("data-run=\"tiny\""), "{page}");
        let token = token_in(&page).expect("a token");
        let mut stream = connect();
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        write!(
            stream,
            "POST /run/{name} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nX-Lab-Token: {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"
        )
        .expect("it goes out");
        Answer::read(stream)
    }
}

#[test]
fn the_example_of_a_page_is_built_run_and_held_against_its_recording() {
    let book = TinyBook::new();
    let lab = Served::of(&book);
    let mut answer = lab.run("tiny");
    assert_eq!(answer.event()["event"], "building");
    let (out, _, end) = answer.all();
    assert!(out.ends_with("answer: 3\n"), "{out}");
    assert_eq!((&end["code"], &end["same"]), (&0.into(), &true.into()), "{end}");
    book.edit("examples/examples/tiny.rs", "answer: 3", "answer: 5");
    let (_, _, end) = lab.run("tiny").all();
    assert!(end["difference"].as_str().is_some_and(|text| text.contains("+ answer: 5")), "{end}");
    book.append("examples/examples/tiny.rs", "fn main");
    let (_, err, end) = lab.run("tiny").all();
    assert_eq!(end["how"], "not_built");
    assert!(err.contains("error"), "the compiler's words are shown: {err}");
}

#[test]
fn ctrl_c_ends_the_lab_with_what_it_runs() {
    let (_dir, held) = Held::new();
    let book = TinyBook::new();
    let mut lab = Served::of(&book);
    let forever = format!(
        "fn main() {{ let _held = std::fs::File::create({:?}); println!(\"begun\"); loop {{ std::thread::park() }} }}",
        held.path
    );
    book.write("examples/examples/tiny.rs", &forever);
    let mut answer = lab.run("tiny");
    answer.until("begun");
    let sent = Command::new("kill").args(["-INT", &lab.child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    assert_eq!(answer.all().2["how"], "stopped");
    held.until_gone();
    assert_eq!(lab.child.wait().expect("it ends").code(), Some(0));
}
