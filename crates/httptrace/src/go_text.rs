//! How Go words what everybody words differently.

use std::io;

/// The text of an I/O error in Go's form: no error number, no capital: `connection reset by peer`.
pub fn go_io_text(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.find(" (os error")) {
        (Some(_), Some(end)) => text[..end].to_lowercase(),
        _ => text,
    }
}

/// The bytes between double quotes, as Go's `%q` shows them: text that can be printed as it is, all else escaped.
///
/// Go: strconv.Quote
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x0b' => out.push_str("\\v"),
                _ if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                _ if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_os_error_reads_like_go() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(go_io_text(&refused), "connection refused");
        assert_eq!(go_io_text(&io::Error::other("as it is")), "as it is");
    }

    #[test]
    fn a_quotation_reads_like_go() {
        assert_eq!(
            quote("it's \"é\" \\ \x07\x08\x0c\n\r\t\x0b\x00\x7f\u{85}".as_bytes()),
            r#""it's \"é\" \\ \a\b\f\n\r\t\v\x00\x7f\u0085""#
        );
        assert_eq!(quote(b"a\xffb"), r#""a\xffb""#);
    }
}
