//! The head of a response.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, PRAGMA};
use httptrace::go_text::quote;
use memchr::{memchr, memchr_iter};

use crate::error::Error;
use crate::response::Response;
use crate::wire::request::write_canonical;

/// What nearly every head begins with: known, it need not be taken apart.
const USUAL_LINE: &[u8] = b"HTTP/1.1 200 OK";

/// How many header fields are parsed without an allocation.
const USUAL_FIELDS: usize = 64;

/// How many of them in a block of at most [`SHORT_BLOCK`] bytes.
const FEW_FIELDS: usize = 16;
const SHORT_BLOCK: usize = 512;

/// How many different names a `HeaderMap` takes; one more, and `append` would panic.
const MOST_NAMES: usize = 24_576;

/// Finds the end of a head: the byte after the first empty line. `scanned` says how much was looked at by
/// earlier calls, so that a head that drips in is not searched again and again.
pub(crate) fn find_end(bytes: &[u8], scanned: &mut usize) -> Option<usize> {
    // An empty line may begin up to two bytes before what is new.
    let mut from = scanned.saturating_sub(2);
    while let Some(lf) = memchr(b'\n', &bytes[from..]) {
        let after = from + lf + 1;
        match bytes[after..] {
            [b'\n', ..] => return Some(after + 1),
            [b'\r', b'\n', ..] => return Some(after + 2),
            _ => from = after,
        }
    }
    *scanned = bytes.len();
    None
}

/// Parses a whole head, its empty line included, into a response that has no body yet. Go: `ReadResponse` up to the
/// header.
///
/// # Errors
///
/// [`Error::Malformed`] with Go's text.
#[doc(alias = "ReadResponse")]
pub(crate) fn parse(head: &Bytes) -> Result<Box<Response>, Error> {
    let line_end = memchr(b'\n', head).unwrap_or(head.len());
    let (proto, status, reason) = parse_status_line(head, line_end)?;
    let fields = head.slice((line_end + 1).min(head.len())..);
    let mut response = Box::new(Response::of_head(proto, status, reason, parse_fields(&fields)?));
    let header = &mut response.header;
    if is_there(header, &PRAGMA) && header[PRAGMA] == "no-cache" && !is_there(header, &CACHE_CONTROL) {
        // The older word for it (RFC 9111 section 5.4). Go: fixPragmaCacheControl
        header.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    Ok(response)
}

/// Why a head that breaks off cannot be read. Go reads it line by line, so a fault in what did come is told first, and a
/// last line without its end counts as a line.
pub(crate) fn cut_short(came: &[u8]) -> Error {
    if came.is_empty() {
        // Behind an interim response, not a byte of the next one.
        return Error::UnexpectedEof;
    }
    match parse(&[came, b"\r\n\r\n"].concat().into()) {
        Ok(_) => Error::UnexpectedEof,
        Err(fault) => fault,
    }
}

/// Refuses what cannot be a status line, in a head that is not complete. Says whether that line was there. Go reads a
/// head line by line, and so does not wait for the second one when the first is of no use. `searched` says how much was
/// looked at by earlier calls: a line may be as long as all heads may be.
///
/// # Errors
///
/// As [`parse`].
pub(crate) fn check_status_line(came: &[u8], searched: &mut usize) -> Result<bool, Error> {
    let from = (*searched).min(came.len());
    *searched = came.len();
    let Some(line_end) = memchr(b'\n', &came[from..]).map(|at| from + at) else { return Ok(false) };
    parse_status_line(&Bytes::copy_from_slice(&came[..line_end]), line_end)?;
    Ok(true)
}

/// Refuses what cannot be header fields, in a head that is not complete and whose status line is there. As above: Go does not
/// wait for the rest. A line without a colon is refused when it is there; all else may go on in the next line, so it is looked
/// at when that has begun. `checked` says up to where earlier calls have looked.
///
/// # Errors
///
/// As [`parse`].
pub(crate) fn check_fields(came: &[u8], checked: &mut usize) -> Result<(), Error> {
    let fields = memchr(b'\n', came).map_or(came.len(), |line_end| line_end + 1);
    let from = (*checked).max(fields);
    let Some(lines) = came[from..].iter().rposition(|&byte| byte == b'\n').map(|at| &came[from..=from + at]) else {
        return Ok(());
    };
    if let Some((at, line)) = without_colon(lines) {
        return parse_fields(&[&lines[..at], b"\r\n"].concat().into()).and(Err(missing_colon(line)));
    }
    let goes_on = |at: usize| matches!(came[at], b' ' | b'\t');
    let mut ends = lines.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| from + at + 1);
    let Some(to) = ends.find(|to| *to < came.len() && !goes_on(*to)) else { return Ok(()) };
    *checked = to;
    parse_fields(&[&came[from..to], b"\r\n"].concat().into()).map(drop)
}

/// `HTTP/d.d NNN reason`. Go accepts any version of that form, and any three digits.
fn parse_status_line(head: &Bytes, line_end: usize) -> Result<((u8, u8), u16, Bytes), Error> {
    let line = &head[..line_end];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line == USUAL_LINE {
        return Ok(((1, 1), 200, Bytes::from_static(b"OK")));
    }
    let (proto, rest) = match line.iter().position(|&byte| byte == b' ') {
        Some(space) => (&line[..space], after_blanks(&line[space + 1..])),
        None => return Err(Error::malformed(format!("malformed HTTP response {}", quote(line)))),
    };
    let code_len = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
    let (code, reason) = rest.split_at(code_len);
    // Three bytes that are a number for Go: `+20` is one too.
    let digits = code.strip_prefix(b"+").unwrap_or(code);
    if code.len() != 3 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::malformed(format!("malformed HTTP status code {}", quote(code))));
    }
    let status = digits.iter().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    let proto = match proto {
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => (major - b'0', minor - b'0'),
        _ => return Err(Error::malformed(format!("malformed HTTP version {}", quote(proto)))),
    };
    Ok((proto, status, head.slice_ref(reason.trim_ascii_start())))
}

/// Without the blanks that it begins with. A tab is none here.
fn after_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| byte == b' ').count()..]
}

/// Header fields up to an empty line; trailers have the same form.
pub(crate) fn parse_fields(block: &Bytes) -> Result<HeaderMap, Error> {
    if matches!(block.first(), Some(b' ' | b'\t')) {
        let line = block.split(|&byte| byte == b'\n').next().unwrap_or(block);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        return Err(Error::malformed(format!("malformed MIME header initial line: {}", quote(line))));
    }
    // httparse refuses folded lines; they are rare enough to be looked for only then.
    parse_unfolded(block).or_else(|refused| {
        let Some(unfolded) = unfold(block) else { return Err(refused) };
        // Go looks for the colon before it looks whether the line goes on.
        let Some((at, line)) = without_colon(block) else { return parse_unfolded(&unfolded) };
        parse_fields(&[&block[..at], b"\r\n"].concat().into()).and(Err(missing_colon(line)))
    })
}

/// The first line without a colon that begins a field, and where it begins.
fn without_colon(block: &[u8]) -> Option<(usize, &[u8])> {
    let mut at = 0;
    for whole in block.split_inclusive(|&byte| byte == b'\n') {
        let line = without_line_end(whole.strip_suffix(b"\n").unwrap_or(whole));
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        if !goes_on && !line.is_empty() && !line.contains(&b':') {
            return Some((at, line));
        }
        at += whole.len();
    }
    None
}

fn parse_unfolded(block: &Bytes) -> Result<HeaderMap, Error> {
    // The array is cleared before it is used, so a short block gets a short one.
    let few = if block.len() <= SHORT_BLOCK {
        parse_into(block, &mut [httparse::EMPTY_HEADER; FEW_FIELDS])
    } else {
        parse_into(block, &mut [httparse::EMPTY_HEADER; USUAL_FIELDS])
    };
    few.unwrap_or_else(|TooMany| {
        // One field a line: there cannot be more.
        let lines = memchr_iter(b'\n', block).count();
        parse_into(block, &mut vec![httparse::EMPTY_HEADER; lines])
            .unwrap_or_else(|TooMany| Err(malformed_field(block)))
    })
}

/// There are more fields than the array has room for.
struct TooMany;

fn parse_into<'a>(block: &'a Bytes, fields: &mut [httparse::Header<'a>]) -> Result<Result<HeaderMap, Error>, TooMany> {
    match httparse::parse_headers(block, fields) {
        Ok(httparse::Status::Complete((_, fields))) => Ok(collect(block, fields)),
        Err(httparse::Error::TooManyHeaders) => Err(TooMany),
        Ok(httparse::Status::Partial) | Err(_) => Ok(Err(malformed_field(block))),
    }
}

/// Whether a field of this name is there. A head has a handful of fields, and most of those that are asked for are not
/// among them: a look at all names costs less than one lookup in the map (100 instructions, measured).
pub(crate) fn is_there(header: &HeaderMap, name: &HeaderName) -> bool {
    header.keys().any(|there| there == name)
}

/// Names are copied (the usual ones are known to `http` and cost nothing), values share the block's memory.
fn collect(block: &Bytes, fields: &[httparse::Header<'_>]) -> Result<HeaderMap, Error> {
    // Differs from Go: so many names and no more, since a map takes no more. Go asks only how many bytes they have.
    let too_many = |_full| Error::malformed(format!("http: response with more than {MOST_NAMES} header names"));
    let mut header = HeaderMap::try_with_capacity(fields.len().min(MOST_NAMES)).map_err(too_many)?;
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| malformed_field(block))?;
        let value = HeaderValue::from_maybe_shared(block.slice_ref(field.value)).map_err(|_| malformed_field(block))?;
        header.try_append(name, value).map_err(too_many)?;
    }
    Ok(header)
}

/// A line that begins with white space continues the one before it (obs-fold, RFC 9112 section 5.2). httparse
/// refuses it and Go joins it with one space, so it is joined before httparse sees it.
fn unfold(block: &[u8]) -> Option<Bytes> {
    let folded = |pair: &[u8]| matches!(pair, [b'\n', b' ' | b'\t']);
    if !block.windows(2).any(folded) {
        return None;
    }
    let mut joined: Vec<u8> = Vec::with_capacity(block.len());
    for line in block.split_inclusive(|&byte| byte == b'\n') {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            let kept = joined.trim_ascii_end().len();
            joined.truncate(kept);
            joined.push(b' ');
            joined.extend_from_slice(line.trim_ascii_start());
            if line.trim_ascii().is_empty() {
                joined.extend_from_slice(b"\r\n");
            }
        } else {
            joined.extend_from_slice(line);
        }
    }
    Some(joined.into())
}

/// A line as Go's reader has it: without one CR.
fn without_line_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Without the blanks around it: spaces and tabs, and nothing else.
fn without_blanks(line: &[u8]) -> &[u8] {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let begins = line.iter().take_while(is_blank).count();
    let ends = line.len() - line[begins..].iter().rev().take_while(is_blank).count();
    &line[begins..ends]
}

/// Says which line cannot be read, in Go's words.
fn malformed_field(block: &[u8]) -> Error {
    let fault = |line: &[u8]| {
        let Some((name, value)) = split_at_colon(line) else { return Some(missing_colon(line)) };
        let told = match HeaderName::from_bytes(name) {
            Err(_) => line.to_vec(),
            // Go has read the name, and made it canonical, before it looks at the value.
            Ok(name) if has_control(value) => [&canonical(&name)[..], b":", value].concat(),
            Ok(_) => return None,
        };
        Some(Error::malformed(format!("malformed MIME header line: {}", quote(without_blanks(&told)))))
    };
    let lines = block.split(|&byte| byte == b'\n').map(without_line_end);
    // Go reads line by line, so the first one counts.
    let mut lines = lines.filter(|line| !without_blanks(line).is_empty());
    lines.find_map(fault).unwrap_or_else(|| Error::malformed("malformed MIME header line: \"\"".to_owned()))
}

fn split_at_colon(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    Some((&line[..colon], &line[colon + 1..]))
}

fn has_control(value: &[u8]) -> bool {
    value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f)
}

fn canonical(name: &HeaderName) -> Vec<u8> {
    let mut text = Vec::new();
    write_canonical(&mut text, name);
    text
}

/// The line is told with its blanks.
fn missing_colon(line: &[u8]) -> Error {
    Error::malformed(format!("malformed MIME header: missing colon: {}", quote(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static str) -> Result<Box<Response>, Error> {
        parse(&Bytes::from_static(text.as_bytes()))
    }

    fn text_of(result: Result<Box<Response>, Error>) -> String {
        result.expect_err("malformed").to_string()
    }

    #[test]
    fn a_head_ends_at_its_first_empty_line_however_it_is_cut() {
        for head in ["HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", "HTTP/1.1 200 OK\nA: b\n\nbody"] {
            let end = head.len() - "body".len();
            for cut in 0..end {
                let mut scanned = 0;
                assert_eq!(find_end(&head.as_bytes()[..cut], &mut scanned), None, "{head:?} cut at {cut}");
                assert_eq!(find_end(head.as_bytes(), &mut scanned), Some(end), "{head:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn the_status_line_is_read_as_go_reads_it() {
        let head = parsed("HTTP/2.0 099 \r\n\r\n").unwrap();
        assert_eq!((head.proto, head.status, &head.reason[..]), ((2, 0), 99, &b""[..]));
        let head = parsed("HTTP/1.1 404 Not Found\r\n\r\n").unwrap();
        assert_eq!((head.status, &head.reason[..]), (404, &b"Not Found"[..]));
    }

    #[test]
    fn a_malformed_status_line_reads_like_go() {
        assert_eq!(text_of(parsed("garbage\r\n\r\n")), r#"malformed HTTP response "garbage""#);
        assert_eq!(text_of(parsed("HTTP/1.1 20 OK\r\n\r\n")), r#"malformed HTTP status code "20""#);
        assert_eq!(text_of(parsed("HTTX/1.1 200 OK\r\n\r\n")), r#"malformed HTTP version "HTTX/1.1""#);
        assert_eq!(text_of(parsed("\r\n\r\n")), r#"malformed HTTP response """#);
        // Blanks at the end count, and a tab is none.
        assert_eq!(text_of(parsed("HTTP/1.1 \r\n\r\n")), r#"malformed HTTP status code """#);
        assert_eq!(text_of(parsed("garbage\t\r\n\r\n")), r#"malformed HTTP response "garbage\t""#);
        assert_eq!(text_of(parsed("HTTP/1.1 \t200 OK\r\n\r\n")), r#"malformed HTTP status code "\t200""#);
        assert_eq!(parsed("HTTP/1.1 200 \r\n\r\n").unwrap().status, 200);
    }

    #[test]
    fn a_head_that_breaks_off_reads_like_go() {
        let text = |came: &str| cut_short(came.as_bytes()).to_string();
        for came in
            ["", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b", "HTTP/1.1 200 OK\r\nA: b\r\n"]
        {
            assert_eq!(text(came), "unexpected EOF", "{came:?}");
        }
        assert_eq!(text("HTTP/1.1"), r#"malformed HTTP response "HTTP/1.1""#);
        assert_eq!(text("HTTP/1.1 200 OK\r\nCont"), r#"malformed MIME header: missing colon: "Cont""#);
    }

    #[test]
    fn malformed_fields_read_like_go() {
        let missing = text_of(parsed("HTTP/1.1 200 OK\r\nA: b\r\nnocolon\r\n\r\n"));
        assert_eq!(missing, r#"malformed MIME header: missing colon: "nocolon""#);
        let first = text_of(parsed("HTTP/1.1 200 OK\r\nA(b): c\r\nnocolon\r\n\r\n"));
        assert_eq!(first, r#"malformed MIME header line: "A(b): c""#);
        let folded = text_of(parsed("HTTP/1.1 200 OK\r\nA: b\r\n c\r\nnocolon\r\n d: e\r\n\r\n"));
        assert_eq!(folded, r#"malformed MIME header: missing colon: "nocolon""#);
        let leading = text_of(parsed("HTTP/1.1 200 OK\r\n A: b\r\n\r\n"));
        assert_eq!(leading, r#"malformed MIME header initial line: " A: b""#);
        let value = text_of(parsed("HTTP/1.1 200 OK\r\nx-lower: a\rb\r\n\r\n"));
        assert_eq!(value, r#"malformed MIME header line: "X-Lower: a\rb""#);
        let name = text_of(parsed("HTTP/1.1 200 OK\r\nx(lower: a\r\n\r\n"));
        assert_eq!(name, r#"malformed MIME header line: "x(lower: a""#);
        let blank = text_of(parsed("HTTP/1.1 200 OK\r\n \r\n\r\n"));
        assert_eq!(blank, r#"malformed MIME header initial line: " ""#);
    }

    #[test]
    fn a_malformed_field_is_refused_before_the_head_is_complete() {
        let mut checked = 0;
        let mut check = |came: &str| check_fields(came.as_bytes(), &mut checked).map_err(|error| error.to_string());
        assert_eq!(check("HTTP/1.1 200 OK\r\n"), Ok(()));
        assert_eq!(check("HTTP/1.1 200 OK\r\nA: b\r\nno"), Ok(()));
        assert_eq!(check("HTTP/1.1 200 OK\r\nA: b\r\nC(d): e\r\n"), Ok(()), "it may go on in the next line");
        let refused = check("HTTP/1.1 200 OK\r\nA: b\r\nC(d): e\r\nF");
        assert_eq!(refused, Err(r#"malformed MIME header line: "C(d): e""#.to_owned()));
        let refused = check_fields(b"HTTP/1.1 200 OK\r\nA: b\r\nnocolon \r\n", &mut 0).unwrap_err().to_string();
        assert_eq!(refused, r#"malformed MIME header: missing colon: "nocolon ""#);
    }

    #[test]
    fn a_folded_field_is_joined_with_one_space() {
        let head = parsed("HTTP/1.1 200 OK\r\nA: one\r\n  two\r\nB: c\r\n\r\n").unwrap();
        assert_eq!(head.header["a"], "one two");
        assert_eq!(head.header["b"], "c");
    }

    #[test]
    fn the_older_word_for_no_cache_is_understood() {
        let cache_control = |fields: &str| {
            let head = parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into()).unwrap();
            head.header.get(CACHE_CONTROL).cloned()
        };
        assert_eq!(cache_control("Pragma: no-cache\r\n").unwrap(), "no-cache");
        assert_eq!(cache_control("Pragma: no-cache\r\nCache-Control: private\r\n").unwrap(), "private");
        assert_eq!(cache_control("Pragma: other\r\n"), None);
    }

    #[test]
    fn a_server_that_never_ends_its_header_is_refused() {
        let head = |fields: &str| parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into());
        let names = |n: usize| -> String { (0..n).map(|n| format!("X-{n}: {n}\r\n")).collect() };
        assert_eq!(head(&names(MOST_NAMES)).unwrap().header.len(), MOST_NAMES);
        let refused = head(&names(MOST_NAMES + 1)).unwrap_err();
        assert_eq!(refused.to_string(), "http: response with more than 24576 header names");
        assert_eq!(head(&"A: b\r\n".repeat(2 * MOST_NAMES)).unwrap().header.len(), 2 * MOST_NAMES);
    }

    #[test]
    fn more_fields_than_usual_are_read_too() {
        let fields: String = (0..200).map(|n| format!("X-{n}: {n}\r\n")).collect();
        let head = parse(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n").into()).unwrap();
        assert_eq!(head.header.len(), 200);
        assert_eq!(head.header["x-199"], "199");
    }
}
