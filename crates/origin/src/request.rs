//! One request as it arrived.

use std::borrow::Cow;

use bytes::Bytes;

use crate::framing::Framing;

/// A request, raw, with a few ways to look into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    pub(crate) raw: Bytes,
    pub(crate) head: usize,
    pub(crate) size: u64,
    pub(crate) whole: bool,
}

impl Request {
    /// The bytes: the head and as much of the body as is kept (see [`Plan::keep_body`](crate::Plan::keep_body)).
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// How many bytes arrived for it, kept or not.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it arrived to its end.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The head, with the empty line that ends it.
    pub fn head(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.raw[..self.head])
    }

    /// The request line, such as `GET / HTTP/1.1`.
    pub fn line(&self) -> &str {
        self.lines().next().unwrap_or("")
    }

    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        self.line().split(' ').next().unwrap_or("")
    }

    /// The target as it was sent: a path with its query, `*`, an authority, or a whole URL to a proxy.
    pub fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or("")
    }

    /// The path of the target, without scheme, authority and query.
    pub fn path(&self) -> &str {
        let target = self.target();
        let path = match target.split_once("://") {
            Some((_scheme, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => target,
        };
        path.split('?').next().unwrap_or(path)
    }

    /// The header lines in order, names as they were sent, values without the blanks around them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body that is kept so far, without the marks of chunked coding.
    pub fn body(&self) -> Vec<u8> {
        let mut framing = self.framing().unwrap_or(Framing::Done);
        let mut rest = &self.raw[self.head..];
        let mut body = Vec::new();
        while let Ok(Some(piece)) = framing.take(rest) {
            body.extend_from_slice(&rest[piece.content]);
            rest = &rest[piece.used..];
        }
        body
    }

    /// Whether the client asks that the connection ends after the response: `Connection: close`, or
    /// HTTP/1.0 without `Connection: keep-alive`.
    pub fn wants_close(&self) -> bool {
        let said = |token: &str| {
            self.headers()
                .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
                .flat_map(|(_, value)| value.split(','))
                .any(|option| option.trim().eq_ignore_ascii_case(token))
        };
        said("close") || (self.line().ends_with("HTTP/1.0") && !said("keep-alive"))
    }

    pub(crate) fn framing(&self) -> Result<Framing, String> {
        Framing::of(self.headers())
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        // A line that is not UTF-8 reads as empty; `raw` has it as it is.
        self.raw[..self.head]
            .split(|&byte| byte == b'\n')
            .map(|line| std::str::from_utf8(line).unwrap_or("").trim_end_matches('\r'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str, body: &str) -> Request {
        let raw = Bytes::from(format!("{head}{body}"));
        Request { size: raw.len() as u64, raw, head: head.len(), whole: true }
    }

    #[test]
    fn names_the_parts_of_the_head() {
        let request = request("POST http://h:1/a/b?c=d HTTP/1.1\r\nHost: h\r\nX:  y \r\n\r\n", "");
        assert_eq!((request.method(), request.path()), ("POST", "/a/b"));
        assert_eq!(request.header("host"), Some("h"));
        assert_eq!(request.header("x"), Some("y"));
        assert_eq!(request.headers().count(), 2);
    }

    #[test]
    fn takes_the_marks_of_chunked_coding_out_of_the_body() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(request(head, "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n").body(), b"abcd");
    }

    #[test]
    fn wants_close_as_its_version_and_connection_header_say() {
        assert!(!request("GET / HTTP/1.1\r\n\r\n", "").wants_close());
        assert!(request("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", "").wants_close());
        assert!(request("GET / HTTP/1.0\r\n\r\n", "").wants_close());
        assert!(!request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "").wants_close());
    }
}
