//! Who may set a cookie for whom.

use std::net::Ipv4Addr;

/// Knows under which names anybody can have a name of their own: `com`, `co.uk`.
///
/// The crates `psl` and `publicsuffix` have such lists.
///
/// Go twin: net/http/cookiejar type PublicSuffixList
pub trait PublicSuffixList: Send + Sync + 'static {
    /// The public suffix of `domain`, which is in lower case, in ASCII and without a dot at its ends.
    #[doc(alias = "PublicSuffix")]
    fn public_suffix(&self, domain: &str) -> String;
}

/// For whom a cookie is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scope {
    pub(super) domain: String,
    /// Not for hosts below `domain`.
    pub(super) host_only: bool,
}

/// Why a cookie is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// The host has no say about that domain. Go: `errIllegalDomain`.
    Illegal,
    /// The domain is none. Go: `errMalformedDomain`.
    Malformed,
}

/// For whom a cookie is that `host` has set with this attribute Domain.
///
/// Go: (*Jar).domainAndType
#[doc(alias = "domainAndType")]
pub(super) fn domain_and_type(
    host: &str,
    attribute: &str,
    suffixes: Option<&dyn PublicSuffixList>,
) -> Result<Scope, Refused> {
    let host_only = Ok(Scope { domain: host.to_owned(), host_only: true });
    if attribute.is_empty() {
        return host_only;
    }
    if is_ip(host) {
        return if host == attribute { host_only } else { Err(Refused::Illegal) };
    }
    let domain = attribute.strip_prefix('.').unwrap_or(attribute);
    if domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') || !domain.is_ascii() {
        return Err(Refused::Malformed);
    }
    let domain = domain.to_ascii_lowercase();
    if let Some(suffixes) = suffixes {
        let suffix = suffixes.public_suffix(&domain);
        if !suffix.is_empty() && !has_dot_suffix(&domain, &suffix) {
            return if host == domain { host_only } else { Err(Refused::Illegal) };
        }
    }
    if host != domain && !has_dot_suffix(host, &domain) {
        return Err(Refused::Illegal);
    }
    Ok(Scope { domain, host_only: false })
}

/// The part of `host` that all who may share cookies have in common: the public suffix and one label more, or the last
/// two labels where nobody knows the suffixes.
///
/// Go: jarKey
#[doc(alias = "jarKey")]
pub(super) fn jar_key<'a>(host: &'a str, suffixes: Option<&dyn PublicSuffixList>) -> &'a str {
    if is_ip(host) {
        return host;
    }
    // Where the suffix begins; without a list, the dot before the last label.
    let end = match suffixes {
        None => host.rfind('.').unwrap_or(0),
        Some(suffixes) => {
            let begin = host.len().saturating_sub(suffixes.public_suffix(host).len());
            // A list may name what does not stand there.
            if begin > 0 && host.as_bytes()[begin - 1] == b'.' { begin } else { 0 }
        }
    };
    if end == 0 {
        return host;
    }
    &host[host[..end - 1].rfind('.').map_or(0, |dot| dot + 1)..]
}

/// Go: hasDotSuffix
#[doc(alias = "hasDotSuffix")]
pub(super) fn has_dot_suffix(text: &str, suffix: &str) -> bool {
    text.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

/// Go: isIP
pub(super) fn is_ip(host: &str) -> bool {
    host.contains([':', '%']) || host.parse::<Ipv4Addr>().is_ok()
}
