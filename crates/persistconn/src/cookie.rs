//! A cookie, as it stands in the fields `Cookie` and `Set-Cookie`.
//!
//! Go takes less than RFC 6265 tells a user agent to take, and writes less than RFC 6265 lets a server write: names are
//! tokens, values printable ASCII. So nothing that came in as a cookie can end the field that it goes out in.

use std::fmt;
use std::time::Duration;

use httptrace::go_text::quote;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

mod parse;
#[cfg(test)]
mod tests;

pub(crate) use parse::{read_cookies, read_set_cookies};

/// Most cookies that are read from one message; of more, none is. Go: `defaultCookieMaxNum`.
pub const COOKIE_MAX_NUM: usize = 3000;

/// A cookie: of a request only name and value, of a response all that the server said.
///
/// Go twin: cookie.go type Cookie
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cookie {
    /// Its name, a token.
    pub name: String,
    /// Its value, without the quotes around it.
    pub value: String,
    /// The value stood between quotes, and is written so again.
    pub quoted: bool,
    /// The attribute Path; empty where there was none.
    pub path: String,
    /// The attribute Domain; empty where there was none.
    pub domain: String,
    /// When it ends, by the attribute Expires: seconds since 1970 began in Greenwich, fewer than none before that.
    pub expires: Option<i64>,
    /// The attribute Expires as it was read, also where no time could be made of it.
    pub raw_expires: String,
    /// How long it lives, by the attribute Max-Age. Zero: it is to be deleted now.
    pub max_age: Option<Duration>,
    /// Only for https.
    pub secure: bool,
    /// Not for scripts.
    pub http_only: bool,
    /// The attribute SameSite.
    pub same_site: Option<SameSite>,
    /// The attribute Partitioned.
    pub partitioned: bool,
    /// The whole text that it was read from.
    pub raw: String,
    /// Attributes that nobody knows, or whose values make no sense.
    pub unparsed: Vec<String>,
}

/// What the attribute SameSite says. Go: cookie.go type SameSite
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SameSite {
    /// The attribute is there and says nothing that is known.
    Default,
    /// `Lax`
    Lax,
    /// `Strict`
    Strict,
    /// `None`
    None,
}

/// What can be wrong with a cookie. The texts are Go's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CookieError {
    /// There is no cookie in the text. Go: `errBlankCookie`.
    #[error("http: blank cookie")]
    Blank,
    /// A cookie has no `=`. Go: `errEqualNotFoundInCookie`.
    #[error("http: '=' not found in cookie")]
    EqualNotFound,
    /// The name is no token. Go: `errInvalidCookieName`.
    #[error("http: invalid cookie name")]
    InvalidName,
    /// A byte of the value must not stand there. Go: `errInvalidCookieValue`.
    #[error("http: invalid cookie value")]
    InvalidValue,
    /// There are more than [`COOKIE_MAX_NUM`]. Go: `errCookieNumLimitExceeded`.
    #[error("http: number of cookies exceeded limit")]
    TooMany,
    /// The request has no cookie of that name. Go: `ErrNoCookie`.
    #[error("http: named cookie not present")]
    NotPresent,
    /// The cookie cannot stand in a header. (Go says so only when the request is sent.)
    #[error("net/http: invalid header field value for \"Cookie\"")]
    InvalidHeader,
    /// A field of a cookie that is to be sent has a value that it must not have.
    #[error("http: {0}")]
    Invalid(String),
}

impl Cookie {
    /// A cookie without attributes.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Cookie { name: name.into(), value: value.into(), ..Cookie::default() }
    }

    /// `name=value` as it is sent in `Cookie`, with all bytes left out that must not stand there.
    pub(crate) fn pair(&self) -> String {
        // Only this can end the field. What else the name must not have is found when the field is made.
        let name = self.name.replace(['\r', '\n'], "-");
        format!("{name}={}", self.written_value())
    }

    /// Go: cookie.go sanitizeCookieValue
    #[doc(alias = "sanitizeCookieValue")]
    fn written_value(&self) -> String {
        // Differs from Go: what is left out is not logged. There is no log that everybody reads.
        let value: String = only(&self.value, is_value_byte);
        if self.quoted || value.contains([' ', ',']) { format!("\"{value}\"") } else { value }
    }

    /// Whether a server could send it as it is.
    ///
    /// # Errors
    ///
    /// The first fault that Go would name.
    ///
    /// Go: cookie.go (*Cookie).Valid
    #[doc(alias = "Valid")]
    pub fn valid(&self) -> Result<(), CookieError> {
        let invalid = |what: &str| Err(CookieError::Invalid(format!("invalid {what}")));
        let byte = |byte: u8, what: &str| {
            let shown = quote(char::from(byte).encode_utf8(&mut [0; 4]).as_bytes());
            let shown = if byte == b'"' { "\"" } else { &shown[1..shown.len() - 1] };
            Err(CookieError::Invalid(format!("invalid byte '{shown}' in Cookie.{what}")))
        };
        if !is_token(&self.name) {
            return invalid("Cookie.Name");
        }
        if self.expires.is_some() && self.written_expires().is_none() {
            return invalid("Cookie.Expires");
        }
        if let Some(bad) = self.value.bytes().find(|&byte| !is_value_byte(byte)) {
            return byte(bad, "Value");
        }
        if let Some(bad) = self.path.bytes().find(|&byte| !is_path_byte(byte)) {
            return byte(bad, "Path");
        }
        if !self.domain.is_empty() && !is_cookie_domain(&self.domain) {
            return invalid("Cookie.Domain");
        }
        if self.partitioned && !self.secure {
            return Err(CookieError::Invalid("partitioned cookies must be set with Secure".to_owned()));
        }
        Ok(())
    }

    /// The time as it is written; `None` before the year 1601, which Go does not write. Go: validCookieExpires
    fn written_expires(&self) -> Option<String> {
        const FORMAT: &[BorrowedFormatItem<'_>] =
            format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
        let at = OffsetDateTime::from_unix_timestamp(self.expires?).ok()?;
        if at.year() < 1601 {
            return None;
        }
        at.format(FORMAT).ok()
    }
}

/// As it stands in `Set-Cookie`; empty if the name is no token.
///
/// Go: cookie.go (*Cookie).String
impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !is_token(&self.name) {
            return Ok(());
        }
        write!(f, "{}={}", self.name, self.written_value())?;
        if !self.path.is_empty() {
            write!(f, "; Path={}", only(&self.path, is_path_byte))?;
        }
        if is_cookie_domain(&self.domain) {
            write!(f, "; Domain={}", self.domain.strip_prefix('.').unwrap_or(&self.domain))?;
        }
        if let Some(expires) = self.written_expires() {
            write!(f, "; Expires={expires}")?;
        }
        if let Some(age) = self.max_age {
            write!(f, "; Max-Age={}", age.as_secs())?;
        }
        f.write_str(if self.http_only { "; HttpOnly" } else { "" })?;
        f.write_str(if self.secure { "; Secure" } else { "" })?;
        f.write_str(match self.same_site {
            Option::None | Some(SameSite::Default) => "",
            Some(SameSite::None) => "; SameSite=None",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::Strict) => "; SameSite=Strict",
        })?;
        f.write_str(if self.partitioned { "; Partitioned" } else { "" })
    }
}

/// The text without the bytes that must not stand there. Go: sanitizeOrWarn
#[doc(alias = "sanitizeOrWarn")]
fn only(text: &str, allowed: fn(u8) -> bool) -> String {
    text.bytes().filter(|&byte| allowed(byte)).map(char::from).collect()
}

/// Go: cookie.go validCookieValueByte
fn is_value_byte(byte: u8) -> bool {
    is_path_byte(byte) && byte != b'"' && byte != b'\\'
}

/// Go: cookie.go validCookiePathByte
fn is_path_byte(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f) && byte != b';'
}

/// RFC 9110 section 5.6.2
fn is_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

/// A host name or an IPv4 address. Go: cookie.go validCookieDomain, isCookieDomainName
#[doc(alias = "validCookieDomain")]
#[doc(alias = "isCookieDomainName")]
fn is_cookie_domain(text: &str) -> bool {
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let name = text.strip_prefix('.').unwrap_or(text);
    let mut labels = name.split('.').peekable();
    let mut well_formed = text.len() <= 255;
    while let Some(label) = labels.next() {
        let ends = label.starts_with('-') || label.ends_with('-');
        // One dot may stand at the end.
        let empty = label.is_empty() && labels.peek().is_some();
        let bytes = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        well_formed &= bytes && !ends && !empty && label.len() <= 63;
    }
    well_formed && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}
