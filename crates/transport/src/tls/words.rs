//! Go's wording of rustls' verdicts. The only place that knows both.

use std::io;
use std::net::{IpAddr, SocketAddr};

use persistconn::IoError;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, PeerMisbehaved};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::stream::Peeked;
use crate::tls_error::TlsError;

pub(super) const UNKNOWN_AUTHORITY: &str = "x509: certificate signed by unknown authority";

/// Why a handshake with `name` failed.
pub(super) fn handshake_error(
    error: &io::Error,
    peeked: &Peeked,
    name: &str,
    addrs: Option<(SocketAddr, SocketAddr)>,
) -> TlsError {
    match (verdict(error), peeked.first()) {
        (Some(Error::InvalidMessage(_)), Some(header)) if !is_record(header) => TlsError::NotTls { header },
        (Some(Error::InvalidCertificate(fault)), _) => TlsError::Certificate(certificate(fault, name).into()),
        (Some(Error::AlertReceived(alert)), _) => TlsError::Alert(alert_text(*alert).into()),
        (Some(other), _) => TlsError::Other(text(other).into()),
        (None, _) if is_end(error) && peeked.is_between_records() => TlsError::Eof,
        (None, _) if is_end(error) => TlsError::Io(IoError::bare(&cut())),
        (None, _) => TlsError::Io(match addrs {
            Some((local, peer)) => IoError::new(&format!("read tcp {local}->{peer}: read"), error),
            None => IoError::bare(error),
        }),
    }
}

/// An error of a secured stream after the handshake, in Go's words. What the stream below says stays as it is.
pub(super) fn stream_error(error: io::Error) -> io::Error {
    match verdict(&error) {
        Some(fault) => io::Error::new(io::ErrorKind::InvalidData, text(fault)),
        None if is_end(&error) => cut(),
        None => error,
    }
}

/// The stream below has ended without the goodbye of TLS.
pub(super) fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof && verdict(error).is_none()
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected EOF")
}

fn verdict(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether these can be the first bytes of a record: one of the four content types, and version 3.
fn is_record(header: [u8; 5]) -> bool {
    matches!(header, [0x14..=0x17, 3, ..])
}

fn text(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("remote error: tls: {}", alert_text(*alert)),
        Error::DecryptError => "local error: tls: bad record MAC".to_owned(),
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            "tls: server selected unadvertised ALPN protocol".to_owned()
        }
        // Differs from Go: the rarer faults are told in rustls' words.
        other => format!("tls: {other}"),
    }
}

/// Go: crypto/x509 the `Error` methods of HostnameError, CertificateInvalidError, UnknownAuthorityError
fn certificate(fault: &CertificateError, name: &str) -> String {
    match fault {
        CertificateError::UnknownIssuer => UNKNOWN_AUTHORITY.to_owned(),
        // Differs from Go: it names the authority that would have fitted by its name.
        CertificateError::BadSignature => format!("{UNKNOWN_AUTHORITY} (possibly because of a bad signature)"),
        CertificateError::NotValidForNameContext { presented, .. } => not_valid_for(name, presented),
        CertificateError::ExpiredContext { time, not_after } => {
            let (now, end) = (rfc_3339(*time), rfc_3339(*not_after));
            format!("x509: certificate has expired or is not yet valid: current time {now} is after {end}")
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            let (now, begin) = (rfc_3339(*time), rfc_3339(*not_before));
            format!("x509: certificate has expired or is not yet valid: current time {now} is before {begin}")
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "x509: certificate specifies an incompatible key usage".to_owned()
        }
        // Differs from Go: the rarer faults are told in rustls' words.
        other => format!("x509: {other}"),
    }
}

/// Go: crypto/x509 (HostnameError).Error
#[doc(alias = "HostnameError")]
fn not_valid_for(name: &str, presented: &[String]) -> String {
    const MOST_NAMES: usize = 100;
    let by_address = name.parse::<IpAddr>().is_ok();
    // rustls shows each name with its kind around it: `DnsName("a.test")`.
    let kind = if by_address { "IpAddress(" } else { "DnsName(" };
    let inner = |shown: &String| Some(shown.strip_prefix(kind)?.strip_suffix(')')?.trim_matches('"').to_owned());
    let mut names: Vec<String> = presented.iter().filter_map(inner).collect();
    if by_address {
        // rustls has a way of its own with the zeros of IPv6.
        names
            .iter_mut()
            .for_each(|name| *name = name.parse::<IpAddr>().map_or_else(|_| name.clone(), |ip| ip.to_string()));
    }
    match (names.len(), by_address) {
        (0, true) => format!("x509: cannot validate certificate for {name} because it doesn't contain any IP SANs"),
        (0, false) => format!("x509: certificate is not valid for any names, but wanted to match {name}"),
        (many @ MOST_NAMES.., _) => {
            let what = if by_address { "IP SANs" } else { "names" };
            format!("x509: certificate is valid for {many} {what}, but none matched {name}")
        }
        _ => format!("x509: certificate is valid for {}, not {name}", names.join(", ")),
    }
}

fn rfc_3339(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok());
    // A time beyond all calendars is shown as the number that it is.
    time.unwrap_or_else(|| seconds.to_string())
}

/// Go: crypto/tls/alert.go alertText
#[doc(alias = "alertText")]
fn alert_text(alert: AlertDescription) -> String {
    let text = match alert {
        AlertDescription::CloseNotify => "close notify",
        AlertDescription::UnexpectedMessage => "unexpected message",
        AlertDescription::BadRecordMac => "bad record MAC",
        AlertDescription::DecryptionFailed => "decryption failed",
        AlertDescription::RecordOverflow => "record overflow",
        AlertDescription::DecompressionFailure => "decompression failure",
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateRevoked => "revoked certificate",
        AlertDescription::CertificateExpired => "expired certificate",
        AlertDescription::CertificateUnknown => "unknown certificate",
        AlertDescription::IllegalParameter => "illegal parameter",
        AlertDescription::UnknownCA => "unknown certificate authority",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::DecodeError => "error decoding message",
        AlertDescription::DecryptError => "error decrypting message",
        AlertDescription::ExportRestriction => "export restriction",
        AlertDescription::ProtocolVersion => "protocol version not supported",
        AlertDescription::InsufficientSecurity => "insufficient security level",
        AlertDescription::InternalError => "internal error",
        AlertDescription::InappropriateFallback => "inappropriate fallback",
        AlertDescription::UserCanceled => "user canceled",
        AlertDescription::NoRenegotiation => "no renegotiation",
        AlertDescription::MissingExtension => "missing extension",
        AlertDescription::UnsupportedExtension => "unsupported extension",
        AlertDescription::CertificateUnobtainable => "certificate unobtainable",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::BadCertificateStatusResponse => "bad certificate status response",
        AlertDescription::BadCertificateHashValue => "bad certificate hash value",
        AlertDescription::UnknownPSKIdentity => "unknown PSK identity",
        AlertDescription::CertificateRequired => "certificate required",
        AlertDescription::NoApplicationProtocol => "no application protocol",
        AlertDescription::EncryptedClientHelloRequired => "encrypted client hello required",
        other => return format!("alert({})", u8::from(other)),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_that_does_not_fit_is_told_with_those_that_would() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let presented = names(&["DnsName(\"a.test\")", "DnsName(\"*.b.test\")", "IpAddress(127.0.0.1)"]);
        assert_eq!(not_valid_for("c.test", &presented), "x509: certificate is valid for a.test, *.b.test, not c.test");
        assert_eq!(not_valid_for("::1", &presented), "x509: certificate is valid for 127.0.0.1, not ::1");
        assert_eq!(
            not_valid_for("10.0.0.1", &names(&["DnsName(\"a.test\")"])),
            "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs"
        );
        assert_eq!(
            not_valid_for("c.test", &[]),
            "x509: certificate is not valid for any names, but wanted to match c.test"
        );
        assert_eq!(
            not_valid_for("c.test", &vec!["DnsName(\"a.test\")".to_owned(); 100]),
            "x509: certificate is valid for 100 names, but none matched c.test"
        );
    }

    #[test]
    fn a_certificate_out_of_its_time_is_told_with_both_times() {
        let at = |secs| UnixTime::since_unix_epoch(Duration::from_secs(secs));
        let expired = CertificateError::ExpiredContext { time: at(1_700_000_000), not_after: at(1_600_000_000) };
        assert_eq!(
            certificate(&expired, "a.test"),
            "x509: certificate has expired or is not yet valid: \
             current time 2023-11-14T22:13:20Z is after 2020-09-13T12:26:40Z"
        );
        let early = CertificateError::NotValidYetContext { time: at(1_600_000_000), not_before: at(1_700_000_000) };
        assert_eq!(
            certificate(&early, "a.test"),
            "x509: certificate has expired or is not yet valid: \
             current time 2020-09-13T12:26:40Z is before 2023-11-14T22:13:20Z"
        );
    }

    #[test]
    fn an_alert_without_a_name_is_shown_as_its_number() {
        assert_eq!(text(&Error::AlertReceived(AlertDescription::from(200))), "remote error: tls: alert(200)");
    }
}
