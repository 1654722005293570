//! A jar that keeps cookies in memory, by the rules of RFC 6265 as Go reads them.
//!
//! (Not on a library: one that is well kept, `cookie_store`, decides by itself what time it is, who may set a cookie for
//! whom, where a cookie without a path belongs and which one goes first. In each of these Go has an answer of its own, and
//! nothing but a map would have been left.)

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use httptrace::Runtime;
use percent_encoding::percent_decode_str;
use transport::Cookie;
use url::Url;

use crate::cookie_jar::CookieJar;

mod domain;
#[cfg(test)]
mod tests;

pub use domain::PublicSuffixList;
use domain::{Scope, domain_and_type, has_dot_suffix, jar_key};

/// Keeps cookies in memory.
///
/// ```
/// use std::sync::Arc;
///
/// let client = client::default_client().clone();
/// let jar = client::Jar::new(Arc::clone(client.transport().runtime()));
/// let client = client.with_jar(Arc::new(jar));
/// # drop(client);
/// ```
///
/// Go twin: net/http/cookiejar type Jar
pub struct Jar {
    rt: Arc<dyn Runtime>,
    suffixes: Option<Arc<dyn PublicSuffixList>>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    /// By registrable domain, then by domain, path and name.
    by_key: HashMap<String, HashMap<Id, Entry>>,
    next_seq_num: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Id {
    domain: String,
    path: String,
    name: String,
}

/// Go twin: net/http/cookiejar type entry
struct Entry {
    value: String,
    quoted: bool,
    secure: bool,
    host_only: bool,
    /// Since 1970 began. `None`: until the jar ends.
    expires: Option<Duration>,
    /// The order of creation. An update keeps its place.
    seq_num: u64,
}

impl Jar {
    /// An empty jar on the wall clock of `rt`. It knows no public suffixes: `example.co.uk` may set cookies for all of
    /// `co.uk`.
    ///
    /// Go: `cookiejar.New(nil)`
    #[doc(alias = "cookiejar.New")]
    pub fn new(rt: Arc<dyn Runtime>) -> Self {
        Jar { rt, suffixes: None, entries: Mutex::default() }
    }

    /// The same jar, in which nobody can set a cookie for a public suffix. Meant for one that is empty.
    ///
    /// Go: `cookiejar.Options.PublicSuffixList`
    #[must_use]
    pub fn with_public_suffixes(self, suffixes: Arc<dyn PublicSuffixList>) -> Self {
        Jar { suffixes: Some(suffixes), ..self }
    }

    fn key(&self, host: &str) -> String {
        jar_key(host, self.suffixes.as_deref()).to_owned()
    }

    /// Go: (*Jar).setCookies
    fn set_cookies_at(&self, url: &Url, cookies: &[Cookie], now: Duration) {
        let Some(host) = host_of(url) else { return };
        let key = self.key(host);
        let mut entries = self.entries.lock().expect("no insertion fails half-way");
        let Entries { by_key, next_seq_num } = &mut *entries;
        for cookie in cookies {
            let scope = domain_and_type(host, &cookie.domain, self.suffixes.as_deref());
            let Ok(Scope { domain, host_only }) = scope else { continue };
            let path = if cookie.path.starts_with('/') { cookie.path.clone() } else { default_path(&path_of(url)) };
            let id = Id { domain, path, name: cookie.name.clone() };
            match ends(cookie, now) {
                Ends::Now => {
                    by_key.get_mut(&key).and_then(|of_key| of_key.remove(&id));
                }
                Ends::Later(expires) => {
                    let of_key = by_key.entry(key.clone()).or_default();
                    let seq_num = of_key.get(&id).map_or(*next_seq_num, |old| old.seq_num);
                    *next_seq_num = (*next_seq_num).max(seq_num + 1);
                    let Cookie { value, quoted, secure, .. } = cookie;
                    let (value, quoted, secure) = (value.clone(), *quoted, *secure);
                    of_key.insert(id, Entry { value, quoted, secure, host_only, expires, seq_num });
                }
            }
        }
        by_key.retain(|_key, of_key| !of_key.is_empty());
    }

    /// Go: (*Jar).cookies
    fn cookies_at(&self, url: &Url, now: Duration) -> Vec<Cookie> {
        let Some(host) = host_of(url) else { return Vec::new() };
        let key = self.key(host);
        let mut entries = self.entries.lock().expect("no insertion fails half-way");
        let Some(of_key) = entries.by_key.get_mut(&key) else { return Vec::new() };
        of_key.retain(|_id, entry| entry.expires.is_none_or(|expires| expires > now));
        let https = url.scheme() == "https";
        let path = path_of(url);
        let mut selected: Vec<(&Id, &Entry)> =
            of_key.iter().filter(|(id, entry)| should_send(id, entry, https, host, &path)).collect();
        // The longer path first. All of them are beginnings of one path, so this is also the order of their texts, by
        // which Go 1.27 sorts.
        selected.sort_unstable_by_key(|(id, entry)| (std::cmp::Reverse(id.path.len()), entry.seq_num));
        let cookie =
            |(id, entry): &(&Id, &Entry)| Cookie { quoted: entry.quoted, ..Cookie::new(&*id.name, &*entry.value) };
        let cookies = selected.iter().map(cookie).collect();
        if of_key.is_empty() {
            entries.by_key.remove(&key);
        }
        cookies
    }
}

impl CookieJar for Jar {
    fn set_cookies(&self, url: &Url, cookies: &[Cookie]) {
        self.set_cookies_at(url, cookies, self.rt.wall());
    }

    fn cookies(&self, url: &Url) -> Vec<Cookie> {
        self.cookies_at(url, self.rt.wall())
    }
}

/// When a cookie ends.
enum Ends {
    Now,
    Later(Option<Duration>),
}

/// Max-Age counts, and only without it Expires.
fn ends(cookie: &Cookie, now: Duration) -> Ends {
    let expires = cookie.expires.map(|expires| Duration::from_secs(expires.max(0).unsigned_abs()));
    match (cookie.max_age, expires) {
        (Some(age), _) if age.is_zero() => Ends::Now,
        // Differs from Go: an age that no clock reaches is for ever. There it wraps round into the past.
        (Some(age), _) => Ends::Later(now.checked_add(age)),
        (None, Some(expires)) if expires <= now => Ends::Now,
        (None, expires) => Ends::Later(expires),
    }
}

/// Go: (*entry).shouldSend
fn should_send(id: &Id, entry: &Entry, https: bool, host: &str, path: &str) -> bool {
    let domain = id.domain == host || !entry.host_only && has_dot_suffix(host, &id.domain);
    domain && path_match(&id.path, path) && (!entry.secure || https || is_local(&id.domain))
}

/// RFC 6265 section 5.1.4. Go: (*entry).pathMatch
#[doc(alias = "pathMatch")]
fn path_match(path: &str, requested: &str) -> bool {
    requested.strip_prefix(path).is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

/// What is on this machine needs no TLS. Go: (*entry).secureMatch, isLocalhost
#[doc(alias = "secureMatch")]
fn is_local(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    last == "localhost"
        || host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
        || host.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback())
}

/// The directory of the path. Go: defaultPath
#[doc(alias = "defaultPath")]
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => path[..end].to_owned(),
        _ => "/".to_owned(),
    }
}

/// The host in the form in which cookies are kept: without brackets and without the dot that may end a name. `None` for
/// what is neither http nor https. (A `Url` has its host in lower case and in ASCII.)
///
/// Go: canonicalHost
#[doc(alias = "canonicalHost")]
fn host_of(url: &Url) -> Option<&str> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    Some(host.strip_suffix('.').unwrap_or(host))
}

/// Cookies are kept for a path without its escapes, as in Go.
fn path_of(url: &Url) -> Cow<'_, str> {
    percent_decode_str(url.path()).decode_utf8_lossy()
}

/// Only the number: cookies are secrets.
impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.lock().expect("no insertion fails half-way");
        write!(f, "Jar({} cookies)", entries.by_key.values().map(HashMap::len).sum::<usize>())
    }
}
