//! Reading cookies.

use std::time::Duration;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{COOKIE_MAX_NUM, Cookie, CookieError, SameSite, is_token, is_value_byte};

impl Cookie {
    /// Reads the value of a field `Cookie`, and names the first fault.
    ///
    /// # Errors
    ///
    /// As Go, in Go's words.
    ///
    /// Go: cookie.go ParseCookie
    #[doc(alias = "ParseCookie")]
    pub fn parse_cookie(line: &str) -> Result<Vec<Cookie>, CookieError> {
        let parts = line.split(';').count();
        if parts > COOKIE_MAX_NUM {
            return Err(CookieError::TooMany);
        }
        if parts == 1 && trim(line).is_empty() {
            return Err(CookieError::Blank);
        }
        line.split(';').map(trim).map(|part| pair(part, |name| name)).collect()
    }

    /// Reads the value of a field `Set-Cookie`.
    ///
    /// # Errors
    ///
    /// As Go, in Go's words. An attribute that cannot be understood is no error, see [`Cookie::unparsed`].
    ///
    /// Go: cookie.go ParseSetCookie
    #[doc(alias = "ParseSetCookie")]
    pub fn parse_set_cookie(line: &str) -> Result<Cookie, CookieError> {
        let trimmed = trim(line);
        if trimmed.is_empty() {
            return Err(CookieError::Blank);
        }
        let mut parts = trimmed.split(';').map(trim);
        let mut cookie = pair(parts.next().unwrap_or(""), trim)?;
        cookie.raw = line.to_owned();
        for part in parts.filter(|part| !part.is_empty()) {
            cookie.set_attribute(part);
        }
        Ok(cookie)
    }

    fn set_attribute(&mut self, part: &str) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !name.is_ascii() {
            return;
        }
        let known = value.bytes().all(is_value_byte) && self.set_known_attribute(&name.to_ascii_lowercase(), value);
        if !known {
            self.unparsed.push(part.to_owned());
        }
    }

    /// Whether the name is known, and the value can be understood.
    fn set_known_attribute(&mut self, name: &str, value: &str) -> bool {
        match name {
            "samesite" => self.same_site = Some(same_site(value)),
            "secure" => self.secure = true,
            "httponly" => self.http_only = true,
            "partitioned" => self.partitioned = true,
            "domain" => value.clone_into(&mut self.domain),
            "path" => value.clone_into(&mut self.path),
            "max-age" => match max_age(value) {
                Some(age) => self.max_age = Some(age),
                None => return false,
            },
            "expires" => {
                value.clone_into(&mut self.raw_expires);
                self.expires = time_of(value);
                return self.expires.is_some();
            }
            _ => return false,
        }
        true
    }
}

/// All that can be read of the fields `Cookie`; what cannot is passed over.
///
/// Go: cookie.go readCookies
#[doc(alias = "readCookies")]
pub(crate) fn read_cookies(header: &HeaderMap) -> Vec<Cookie> {
    let lines = || header.get_all(COOKIE).iter().map(text);
    // Differs from Go: the limit cannot be moved; GODEBUG is Go's own.
    if lines().map(|line| line.split(';').count()).sum::<usize>() > COOKIE_MAX_NUM {
        return Vec::new();
    }
    let mut cookies = Vec::new();
    for line in lines() {
        let parts = line.split(';').map(trim).filter(|part| !part.is_empty());
        cookies.extend(parts.filter_map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            cookie(trim(name), value).ok()
        }));
    }
    cookies
}

/// All that can be read of the fields `Set-Cookie`; what cannot is passed over.
///
/// Go: cookie.go readSetCookies
#[doc(alias = "readSetCookies")]
pub(crate) fn read_set_cookies(header: &HeaderMap) -> Vec<Cookie> {
    let lines = header.get_all(SET_COOKIE);
    if lines.iter().count() > COOKIE_MAX_NUM {
        return Vec::new();
    }
    lines.iter().filter_map(|line| Cookie::parse_set_cookie(&text(line)).ok()).collect()
}

/// A byte that is no text cannot stand in a cookie; its replacement cannot either.
fn text(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn pair(part: &str, trim_name: fn(&str) -> &str) -> Result<Cookie, CookieError> {
    let (name, value) = part.split_once('=').ok_or(CookieError::EqualNotFound)?;
    cookie(trim_name(name), value)
}

/// Go: cookie.go parseCookieValue
fn cookie(name: &str, value: &str) -> Result<Cookie, CookieError> {
    if !is_token(name) {
        return Err(CookieError::InvalidName);
    }
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let (value, quoted) = unquoted.map_or((value, false), |value| (value, true));
    if !value.bytes().all(is_value_byte) {
        return Err(CookieError::InvalidValue);
    }
    Ok(Cookie { quoted, ..Cookie::new(name, value) })
}

/// Go: textproto.TrimString
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

fn same_site(value: &str) -> SameSite {
    match value.to_ascii_lowercase().as_str() {
        "lax" => SameSite::Lax,
        "strict" => SameSite::Strict,
        "none" => SameSite::None,
        _ => SameSite::Default,
    }
}

/// Seconds; none left, or less, is "now".
fn max_age(value: &str) -> Option<Duration> {
    let seconds: i64 = value.parse().ok()?;
    if seconds != 0 && value.starts_with('0') {
        return None;
    }
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

/// `Wed, 23 Nov 2011 01:05:03 GMT`, also with `-` in the date.
///
/// Go reads any abbreviation of a zone and takes it for UTC (unless the machine stands in that zone).
fn time_of(value: &str) -> Option<i64> {
    const SPACES: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short case_sensitive:false], [day] [month repr:short case_sensitive:false] [year] [hour]:[minute]:[second]"
    );
    const DASHES: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short case_sensitive:false], [day]-[month repr:short case_sensitive:false]-[year] [hour]:[minute]:[second]"
    );
    let (date, zone) = value.rsplit_once(' ')?;
    if !(3..=5).contains(&zone.len()) || !zone.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let at = [SPACES, DASHES].into_iter().find_map(|format| PrimitiveDateTime::parse(date, format).ok())?;
    Some(at.assume_utc().unix_timestamp())
}
