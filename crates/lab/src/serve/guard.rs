//! Who may have a program run: a page of this lab, in a browser on this machine, and nobody else.
//!
//! Any page that a reader visits can send requests to 127.0.0.1. What such a page cannot do is name the lab as the origin
//! of its request, or read the token from the lab's own pages. A name of its own that it lets point to 127.0.0.1 (DNS
//! rebinding) shows in `Host`.

use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{Method, StatusCode, Uri};

use crate::error::Error;

/// The header with the token.
pub const TOKEN: HeaderName = HeaderName::from_static("x-lab-token");
/// The content type of a request to run something. No form can send it.
const CONTENT_TYPE: &str = "application/json";
/// How many random bytes are in a token.
const TOKEN_BYTES: usize = 16;

/// What this lab answers to.
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Vec<String>,
    token: String,
}

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It does not name this lab as its host.
    Host,
    /// It is no POST.
    Method,
    /// It comes from a page of somebody else's, or from no page.
    Origin,
    /// It has no token of this lab's.
    Token,
    /// It is of another content type.
    ContentType,
}

impl Refusal {
    /// The status and the words of the answer.
    pub fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Refusal::Host => (StatusCode::FORBIDDEN, "the lab runs nothing under this host name\n"),
            Refusal::Method => (StatusCode::METHOD_NOT_ALLOWED, "a program is run with POST\n"),
            Refusal::Origin => (StatusCode::FORBIDDEN, "the lab runs programs for its own pages only\n"),
            Refusal::Token => (StatusCode::FORBIDDEN, "this page is not of this start of the lab; load it again\n"),
            Refusal::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected content-type: application/json\n"),
        }
    }
}

impl Guard {
    /// A guard for the lab at `port`, with a token of its own.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bytes.
    pub fn new(port: u16) -> Result<Self, Error> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| std::io::Error::other(error.to_string()))
            .map_err(Error::io("no random bytes for a token"))?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        if port == 80 {
            // A browser leaves out the port that goes without saying.
            hosts.extend(names.map(str::to_owned));
        }
        Ok(Guard { hosts, token })
    }

    /// The token, for a page that was asked for under a name of this lab.
    pub fn token_for(&self, uri: &Uri, headers: &HeaderMap) -> Option<&str> {
        self.host(uri, headers).map(|_| self.token.as_str())
    }

    /// Lets a request to run something pass, or not.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.host(uri, headers).ok_or(Refusal::Host)?;
        if method != Method::POST {
            return Err(Refusal::Method);
        }
        if only(headers, &header::ORIGIN) != Some(&format!("http://{host}")) {
            return Err(Refusal::Origin);
        }
        if only(headers, &TOKEN) != Some(&self.token) {
            return Err(Refusal::Token);
        }
        match only(headers, &header::CONTENT_TYPE) {
            Some(CONTENT_TYPE) => Ok(()),
            Some(_) | None => Err(Refusal::ContentType),
        }
    }

    /// The host that was asked for, if it is this lab.
    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Option<&str> {
        let asked = only(headers, &header::HOST)?;
        // A request line may name a host, too; then both must agree.
        let agrees = uri.authority().is_none_or(|authority| authority.as_str() == asked);
        self.hosts.iter().find(|host| agrees && *host == asked).map(String::as_str)
    }
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (Some(_), Some(_)) | (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(guard: &Guard, change: impl FnOnce(&mut HeaderMap)) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        let token = guard.token.clone();
        for (name, value) in [
            (header::HOST, "127.0.0.1:3000"),
            (header::ORIGIN, "http://127.0.0.1:3000"),
            (TOKEN, token.as_str()),
            (header::CONTENT_TYPE, "application/json"),
        ] {
            headers.insert(name, value.parse().expect("a value"));
        }
        change(&mut headers);
        guard.admit(&Method::POST, &Uri::from_static("/run/a"), &headers)
    }

    #[test]
    fn a_page_of_this_lab_may_ask_under_each_of_its_names() {
        let guard = Guard::new(3000).expect("a guard");
        assert_eq!(asked(&guard, |_| {}), Ok(()));
        for host in ["localhost:3000", "[::1]:3000"] {
            let own = |headers: &mut HeaderMap| {
                headers.insert(header::HOST, host.parse().unwrap());
                headers.insert(header::ORIGIN, format!("http://{host}").parse().unwrap());
            };
            assert_eq!(asked(&guard, own), Ok(()), "{host}");
        }
    }

    #[test]
    fn everybody_else_is_refused() {
        let guard = Guard::new(3000).expect("a guard");
        let with = |name: HeaderName, value: &str| {
            asked(&guard, |headers| drop(headers.insert(&name, value.parse().expect("a value"))))
        };
        for host in ["evil.example:3000", "127.0.0.1", "127.0.0.1:3001", "127.0.0.1.evil.example:3000", ""] {
            assert_eq!(with(header::HOST, host), Err(Refusal::Host), "{host}");
        }
        for origin in ["http://evil.example", "null", "https://127.0.0.1:3000", "http://localhost:3000", ""] {
            assert_eq!(with(header::ORIGIN, origin), Err(Refusal::Origin), "{origin}");
        }
        let cut = guard.token[1..].to_owned();
        for token in ["", "0", cut.as_str()] {
            assert_eq!(with(TOKEN, token), Err(Refusal::Token), "{token}");
        }
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            assert_eq!(with(header::CONTENT_TYPE, content_type), Err(Refusal::ContentType), "{content_type}");
        }
    }

    #[test]
    fn what_must_be_there_once_is_not_there_twice_or_not_at_all() {
        let guard = Guard::new(3000).expect("a guard");
        for (name, refusal) in [
            (header::HOST, Refusal::Host),
            (header::ORIGIN, Refusal::Origin),
            (TOKEN, Refusal::Token),
            (header::CONTENT_TYPE, Refusal::ContentType),
        ] {
            assert_eq!(asked(&guard, |headers| drop(headers.remove(&name))), Err(refusal), "no {name}");
            let twice = |headers: &mut HeaderMap| {
                let value = headers[&name].clone();
                headers.append(&name, value);
            };
            assert_eq!(asked(&guard, twice), Err(refusal), "{name} twice");
        }
    }

    #[test]
    fn a_request_line_with_another_host_is_refused() {
        let guard = Guard::new(3000).expect("a guard");
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        let uri = Uri::from_static("http://evil.example/run/a");
        assert_eq!(guard.admit(&Method::POST, &uri, &headers), Err(Refusal::Host));
        assert_eq!(guard.token_for(&uri, &headers), None);
    }

    #[test]
    fn two_starts_have_two_tokens() {
        assert_ne!(Guard::new(3000).expect("a guard").token, Guard::new(3000).expect("a guard").token);
    }
}
