//! Telling the hooks of a request which fields its head has.

use std::borrow::Cow;

use httptrace::ClientTrace;

use crate::request::Request;
use crate::wire::request::callers_names;

/// Fields that the connection writes, one call of the hook each; the caller's of these names are not written.
const CONNECTIONS_OWN: [&[u8]; 5] = [b"Host", b"User-Agent", b"Content-Length", b"Transfer-Encoding", b"Trailer"];

/// Calls the hook for each field in `head`, which was made of `request`, in the order of writing: once for each name of the
/// caller's with all values, once for each line of anybody else's.
///
/// Go: the calls of WroteHeaderField in request.go (*Request).write, (*transferWriter).writeHeader and Header.writeSubset.
/// Differs from Go: the head is complete by then, since it was made before a connection was asked for.
#[doc(alias = "WroteHeaderField")]
#[cold]
pub(crate) fn tell_fields(request: &Request, head: &[u8], hooks: &ClientTrace) {
    if !hooks.wants_header_fields() {
        return;
    }
    let mut lines = head.split(|&byte| byte == b'\n').skip(1).filter_map(split_field);
    let mut close = request.close;
    let mut names = callers_names(request).into_iter().peekable();
    while let Some((name, first)) = lines.next() {
        let mut values = vec![first];
        if CONNECTIONS_OWN.contains(&name) {
            if name == b"Trailer" {
                values = first.split(|&byte| byte == b',').collect();
            }
        } else if close && name == b"Connection" {
            close = false;
        } else if let Some(callers) = names.next_if(|callers| callers.as_str().as_bytes().eq_ignore_ascii_case(name)) {
            let more = request.header.get_all(callers).iter().skip(1);
            values.extend(more.zip(&mut lines).map(|(_, (_, value))| value));
        }
        let values: Vec<Cow<'_, str>> = values.into_iter().map(String::from_utf8_lossy).collect();
        let values: Vec<&str> = values.iter().map(|value| &**value).collect();
        hooks.tell_wrote_header_field(&String::from_utf8_lossy(name), &values);
    }
}

fn split_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::header::{ACCEPT, CONNECTION, HeaderName, HeaderValue, USER_AGENT};
    use http::{HeaderMap, Method};
    use url::Url;

    use super::*;
    use crate::request::{RequestBody, RequestTrailers};
    use crate::round_trip::{EncodedHead, ExtraFields};

    fn told(request: &Request, extra: ExtraFields<'_>) -> Vec<String> {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let notes = Arc::clone(&told);
        let hooks = ClientTrace::new()
            .wrote_header_field(move |name, values| notes.lock().unwrap().push(format!("{name}: {values:?}")));
        tell_fields(request, &EncodedHead::new(request, extra).unwrap().bytes, &hooks);
        let told = told.lock().unwrap();
        told.clone()
    }

    fn request(method: Method) -> Request {
        Request::new(method, Url::parse("http://example.com:8080/a?b").unwrap())
    }

    #[test]
    fn a_plain_get_has_two_fields() {
        let expected = [r#"Host: ["example.com:8080"]"#, r#"User-Agent: ["Go-http-client/1.1"]"#];
        assert_eq!(told(&request(Method::GET), ExtraFields::default()), expected);
    }

    #[test]
    fn the_values_of_one_name_of_the_callers_come_together() {
        let mut post = request(Method::POST);
        for (name, value) in [("x-b", "1"), ("x-a", "2"), ("x-b", " 3 ")] {
            post.header.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        post.header.insert(ACCEPT, HeaderValue::from_bytes(b"\xff").unwrap());
        post.header.insert(USER_AGENT, HeaderValue::from_static(""));
        post.body = RequestBody::reader(&b""[..], None);
        let names = [HeaderName::from_static("x-sum"), HeaderName::from_static("x-end")];
        post.trailers = Some(RequestTrailers::new(names, HeaderMap::new));
        let expected = [
            r#"Host: ["example.com:8080"]"#,
            r#"Transfer-Encoding: ["chunked"]"#,
            r#"Trailer: ["X-End", "X-Sum"]"#,
            r#"Accept: ["�"]"#,
            r#"X-A: ["2"]"#,
            r#"X-B: ["1", "3"]"#,
            r#"Accept-Encoding: ["gzip"]"#,
        ];
        assert_eq!(told(&post, ExtraFields { accept_gzip: true, ..ExtraFields::default() }), expected);
    }

    #[test]
    fn what_the_connection_adds_is_told_beside_what_the_caller_says() {
        let mut get = request(Method::GET);
        get.close = true;
        get.header.append(CONNECTION, HeaderValue::from_static("x-a"));
        get.header.append(CONNECTION, HeaderValue::from_static("x-b"));
        let all = told(&get, ExtraFields { close: true, ..ExtraFields::default() });
        let expected = [r#"Connection: ["close"]"#, r#"Connection: ["x-a", "x-b"]"#, r#"Connection: ["close"]"#];
        assert_eq!(all[2..], expected);
    }
}
