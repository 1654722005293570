//! The lab as a program: it serves the book until it is told to stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{TinyBook, said};

/// No answer of the lab takes longer; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running lab; it is ended when the value is dropped, whatever the test did.
struct Served {
    child: Child,
    address: String,
    _book: TinyBook,
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(args: &[&str]) -> Self {
        Self::of(TinyBook::new(), args)
    }

    fn of(book: TinyBook, args: &[&str]) -> Self {
        let mut child = book.command(args).stdout(Stdio::piped()).spawn().expect("the lab starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        let url = first.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"));
        let address = url.unwrap_or_else(|| panic!("no URL in {first:?}")).trim_start_matches("http://").to_owned();
        Served { child, address, _book: book }
    }

    /// Sends one request exactly as written and returns the status and the whole answer.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("the lab listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).expect("the request goes out");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap_or_else(|| panic!("no status in {answer:?}")), answer)
    }

    #[cfg(unix)]
    fn stopped_by(mut self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success());
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0), "after {signal}");
    }
}

#[test]
fn pages_come_with_their_type_and_are_not_kept() {
    let lab = Served::start(&["serve", "--port", "0"]);
    for path in ["/", "/one.html", "/two.html"] {
        let (status, answer) = lab.get(path);
        assert_eq!(status, 200, "{path}");
        let head = answer.to_ascii_lowercase();
        assert!(head.contains("content-type: text/html; charset=utf-8"), "{answer}");
        assert!(head.contains("cache-control: no-store"), "{answer}");
    }
    let (_, page) = lab.get("/one.html");
    assert!(page.contains("answer: 3"), "the recorded output is on the page");
    assert!(page.contains("<svg"), "the picture is on the page");
}

#[test]
fn a_missing_page_and_every_way_out_of_the_book_get_the_books_404_page() {
    let lab = Served::start(&["serve", "--port", "0"]);
    let tricks =
        ["/none.html", "/../book.toml", "/%2e%2e/book.toml", "/..%2f..%2fCargo.toml", "/..\\book.toml", "//etc/passwd"];
    for path in tricks {
        let (status, answer) = lab.get(path);
        assert_eq!(status, 404, "{path}");
        assert!(answer.contains("Document not found"), "{path}: {answer}");
        assert!(!answer.contains("[book]") && !answer.contains("[workspace]"), "{path}: {answer}");
    }
}

#[test]
fn gos_lines_are_on_the_served_page_and_not_in_the_built_book() {
    let book = TinyBook::with_go();
    let (ok, said) = book.lab(&["build"]);
    assert!(ok, "{said}");
    let built = book.read("book/html/two.html");
    assert!(built.contains("transport.go</code>, lines 5–6</a> of Go 1.27.3"), "{built}");
    assert!(!built.contains("go a()"), "Go's lines are in the built book: {built}");
    let tree = book.path().join("go").display().to_string();
    let lab = Served::of(book, &["serve", "--port", "0", "--go-tree", &tree]);
    for page in ["/two.html", "/print.html"] {
        let (_, served) = lab.get(page);
        assert!(served.contains("lines 5–6 of your Go 1.27.3"), "{served}");
        assert!(served.contains("<code class=\"language-go\">go a()\ngo b()\n</code>"), "{served}");
    }
}

#[test]
fn a_tree_whose_lines_differ_is_told_so() {
    let book = TinyBook::with_go();
    book.edit("go/src/net/http/transport.go", "go b()", "go c()");
    book.edit("go/VERSION", "go1.27.3", "go1.27.1");
    let tree = book.path().join("go").display().to_string();
    let lab = Served::of(book, &["serve", "--port", "0", "--go-tree", &tree]);
    let (_, served) = lab.get("/two.html");
    assert!(
        served.contains("Your tree is Go 1.27.1: these lines differ. The whole function there: lines 3–7"),
        "{served}"
    );
}

#[test]
fn a_directory_that_is_no_go_tree_is_an_error() {
    let output = TinyBook::new().command(&["serve", "--go-tree", "book"]).output().expect("the lab starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said(&output), "error: `book` is no Go tree: it has no src/net/http/transport.go\n");
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_both_end_it_with_exit_code_0() {
    for signal in ["-INT", "-TERM"] {
        Served::start(&["serve", "--port", "0"]).stopped_by(signal);
    }
}

#[cfg(unix)]
#[test]
fn a_connection_that_asks_for_nothing_does_not_keep_it_from_ending() {
    let lab = Served::start(&["serve", "--port", "0"]);
    let _silent = TcpStream::connect(&lab.address).expect("the lab listens");
    lab.stopped_by("-INT");
}

#[test]
fn a_port_in_use_is_told_with_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    let output = TinyBook::new().command(&["serve", "--port", &port]).output().expect("the lab starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        said(&output),
        format!(
            "error: port {port} on 127.0.0.1 is in use; choose another with --port, or none and the lab finds one\n"
        )
    );
}

#[cfg(unix)]
#[test]
fn without_a_command_it_serves_at_port_3000_or_the_next_free_one() {
    // Whether 3000 is free is not for a test to say; a second lab must be somewhere else in any case.
    let (first, second) = (Served::start_by_itself(), Served::start_by_itself());
    assert_ne!(first.address, second.address);
    assert_eq!(second.get("/").0, 200);
}

#[cfg(unix)]
impl Served {
    /// Starts it without arguments and skips the line about the taken port.
    fn start_by_itself() -> Self {
        let book = TinyBook::new();
        let mut child = book.command(&[]).stdout(Stdio::piped()).spawn().expect("the lab starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find_map(|word| Some(word.strip_prefix("http://")?.to_owned())));
        Served { child, address: address.expect("a URL"), _book: book }
    }
}
