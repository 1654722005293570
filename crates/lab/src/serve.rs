//! The book on a loopback port.
//!
//! # Layout
//!
//! - [`desk`]: programs run at the wish of a page
//! - [`guard`]: which pages may wish so
//!
//! The built book is read into memory once, and a request can only name what is in there: a path with
//! `..`, plain or encoded, is no key of the map and never becomes a path on disk.

pub mod desk;
pub mod guard;

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;

use crate::error::Error;
use crate::gotree::GoTree;
use crate::runner::list::Runs;
use crate::serve::desk::Desk;
use crate::serve::guard::Guard;
use crate::walk::Walks;
use crate::walk::shown::fill;

/// The port that is tried first when none is asked for.
pub const FIRST_PORT: u16 = 3000;
/// How many ports after it are tried.
pub const MORE_PORTS: u16 = 20;
/// How long requests under way may take once Ctrl-C was pressed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A listening socket on 127.0.0.1: at `port` when one is asked for (0 is any free one), or at the first
/// free one from 3000 on.
///
/// # Errors
///
/// [`Error::PortInUse`], [`Error::NoFreePort`], or what the operating system says.
pub async fn bind(port: Option<u16>) -> Result<TcpListener, Error> {
    if let Some(port) = port {
        return listen(port).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Error::PortInUse(port),
            _ => Error::Io { what: format!("cannot listen on 127.0.0.1:{port}"), source: error },
        });
    }
    let last = FIRST_PORT + MORE_PORTS;
    first_free(FIRST_PORT..=last).await?.ok_or(Error::NoFreePort(FIRST_PORT, last))
}

async fn first_free(ports: impl Iterator<Item = u16>) -> Result<Option<TcpListener>, Error> {
    for port in ports {
        match listen(port).await {
            Ok(listener) => return Ok(Some(listener)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(Error::io(format!("cannot listen on 127.0.0.1:{port}"))(error)),
        }
    }
    Ok(None)
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// A built book in memory, by the paths of its URLs.
#[derive(Debug, Default)]
pub struct Site {
    files: HashMap<String, File>,
}

#[derive(Debug)]
struct File {
    content_type: &'static str,
    bytes: Bytes,
}

impl File {
    /// The bytes; in a page with the token where its script looks for it.
    fn with(&self, token: Option<&str>) -> Bytes {
        let page = token.filter(|_| self.content_type.starts_with("text/html"));
        let split = page.and_then(|_| std::str::from_utf8(&self.bytes).ok()?.split_once("</head>"));
        match (page, split) {
            (Some(token), Some((head, rest))) => {
                Bytes::from(format!("{head}<meta name=\"lab-token\" content=\"{token}\">\n    </head>{rest}"))
            }
            (Some(_) | None, _) => self.bytes.clone(),
        }
    }
}

impl Site {
    /// Reads everything under `dir`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let mut site = Site::default();
        site.read_into(dir, "")?;
        Ok(site)
    }

    fn read_into(&mut self, dir: &Path, prefix: &str) -> Result<(), Error> {
        let failed = || Error::io(format!("cannot read {}", dir.display()));
        for entry in std::fs::read_dir(dir).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let key = format!("{prefix}/{name}");
            if path.is_dir() {
                self.read_into(&path, &key)?;
            } else {
                let bytes = std::fs::read(&path).map_err(Error::io(format!("cannot read {}", path.display())))?;
                self.files.insert(key, File { content_type: content_type(name), bytes: Bytes::from(bytes) });
            }
        }
        Ok(())
    }

    /// Puts Go's lines from the reader's own trees where pages keep a place for them. Only the book in memory has them.
    pub fn show_go(&mut self, walks: &Walks, trees: &[GoTree]) {
        for (_, file) in self.files.iter_mut().filter(|(path, _)| path.ends_with(".html")) {
            // A page is what mdBook wrote, which is UTF-8.
            if let Ok(page) = std::str::from_utf8(&file.bytes) {
                file.bytes = Bytes::from(fill(page, walks, trees));
            }
        }
    }

    /// The page or the file. A page gets `token`, with which it may have programs run.
    fn answer(&self, method: &Method, uri: &Uri, token: Option<&str>) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", Bytes::new());
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let found = decode(uri.path()).and_then(|mut path| {
            if path.ends_with('/') {
                path.push_str("index.html");
            }
            self.files.get(&path)
        });
        match (found, self.files.get("/404.html")) {
            (Some(file), _) => page(StatusCode::OK, file.content_type, file.with(token)),
            (None, Some(missing)) => page(StatusCode::NOT_FOUND, missing.content_type, missing.bytes.clone()),
            (None, None) => {
                page(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", Bytes::from_static(b"not found\n"))
            }
        }
    }
}

fn page(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The path with `%41` as `A`; `None` when that is no text.
fn decode(path: &str) -> Option<String> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(out).ok()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Serves `site` until Ctrl-C or SIGTERM, and runs `runs` for its pages. `ready` is called once both signals would be
/// heard.
///
/// # Errors
///
/// When the signals cannot be watched, or the socket fails.
pub async fn serve(listener: TcpListener, site: Site, runs: Runs, ready: impl FnOnce()) -> Result<(), Error> {
    let stop = stop_signal()?;
    ready();
    serve_until(listener, site, runs, stop).await
}

/// Serves `site` until `stop`. Programs under way are ended then; other requests have a second to end.
///
/// # Errors
///
/// When the socket fails.
pub async fn serve_until(
    listener: TcpListener,
    site: Site,
    runs: Runs,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let port = listener.local_addr().map_err(Error::io("cannot tell the port"))?.port();
    let (site, guard, desk) = (Arc::new(site), Arc::new(Guard::new(port)?), Desk::new(runs));
    let at_the_desk = Arc::clone(&desk);
    let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap| {
        let (site, guard, desk) = (Arc::clone(&site), Arc::clone(&guard), Arc::clone(&at_the_desk));
        async move {
            match uri.path().starts_with(desk::PREFIX) {
                true => desk.answer(&guard, &method, &uri, &headers),
                false => site.answer(&method, &uri, guard.token_for(&uri, &headers)),
            }
        }
    });
    let stopped = Arc::new(tokio::sync::Notify::new());
    let bell = Arc::clone(&stopped);
    let last_runs = Arc::clone(&desk);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop.await;
        last_runs.stop().await;
        bell.notify_one();
    });
    // A browser may hold a connection open on which it never asks for anything.
    let limit = async {
        stopped.notified().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        done = server => done.map_err(Error::io("the server failed")),
        () = limit => Ok(()),
    }
}

/// Resolves at the first Ctrl-C or SIGTERM. The handlers stand as soon as this returns.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let watch = |kind| signal(kind).map_err(Error::io("cannot watch for Ctrl-C"));
    let (mut interrupt, mut terminate) = (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at the first Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Error> {
    Ok(async {
        // Without a handler the process ends by itself, which is what was wanted.
        let _ = tokio::signal::ctrl_c().await;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("inner")).unwrap();
        for (name, text) in [("index.html", "home"), ("404.html", "lost"), ("a b.css", "x"), ("inner/index.html", "in")]
        {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Site::read(dir.path()).expect("a site")
    }

    fn get(path: &str) -> (u16, String) {
        let response = site().answer(&Method::GET, &path.parse().expect("a path"), None);
        let content_type = response.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        (response.status().as_u16(), content_type)
    }

    #[test]
    fn a_page_comes_with_its_type() {
        for path in ["/", "/index.html", "/inner/", "/?query"] {
            assert_eq!(get(path), (200, "text/html; charset=utf-8".to_owned()), "{path}");
        }
        assert_eq!(get("/a%20b.css"), (200, "text/css; charset=utf-8".to_owned()));
    }

    #[test]
    fn what_is_not_in_the_book_gets_the_books_404_page() {
        for path in
            ["/none.html", "/inner", "/%2e%2e/index.html", "/inner/..%2findex.html", "/%", "/%ff", "//index.html"]
        {
            assert_eq!(get(path), (404, "text/html; charset=utf-8".to_owned()), "{path}");
        }
    }

    #[test]
    fn only_a_page_gets_the_token_and_only_in_its_head() {
        let file = |content_type, text| File { content_type, bytes: Bytes::from_static(text) };
        let page = file("text/html; charset=utf-8", b"<head></head><p></head>");
        assert_eq!(
            page.with(Some("abc")),
            "<head><meta name=\"lab-token\" content=\"abc\">\n    </head><p></head>".as_bytes()
        );
        assert_eq!(page.with(None), page.bytes);
        let script = file("text/javascript; charset=utf-8", b"</head>");
        assert_eq!(script.with(Some("abc")), script.bytes);
    }

    #[test]
    fn only_reading_is_allowed() {
        let response = site().answer(&Method::POST, &"/".parse().unwrap(), None);
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
    }

    #[tokio::test]
    async fn without_a_port_the_next_free_one_is_taken() {
        let taken = listen(0).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        // Port 0 stands for a next port that is free for certain.
        let found = first_free([port, 0].into_iter()).await.unwrap().expect("the second is free");
        assert_ne!(found.local_addr().unwrap().port(), port);
        assert!(first_free([port].into_iter()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
        let taken = listen(0).await.unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(matches!(bind(Some(port)).await, Err(Error::PortInUse(p)) if p == port));
    }
}
