//! The settings of the transport, from Go's names to the port's.

use std::sync::Arc;
use std::time::Duration;

use client::{Config, Proxy, TlsSettings};
use httptrace::Runtime;
use url::Url;

use crate::host::Host;
use crate::scenario::{Policy, Scenario};

pub(super) fn config(scenario: &Scenario, policy: Policy, host: &Host, rt: Arc<dyn Runtime>) -> Config {
    let settings = &scenario.caller.transport;
    let limit = |us: u64| (us > 0).then(|| Duration::from_micros(us));
    // 0 is no limit in Go.
    let most = |count: i64| usize::try_from(count).ok().filter(|count| *count > 0);
    let zero = Config::zero(rt);
    Config {
        proxy: match host.url(&settings.proxy).and_then(|url| Url::parse(&url).ok()) {
            Some(url) => Proxy::Url(url),
            None => Proxy::None,
        },
        max_idle_conns: most(settings.max_idle_conns),
        max_idle_conns_per_host: match settings.max_idle_conns_per_host {
            0 => zero.max_idle_conns_per_host,
            negative if negative < 0 => None,
            count => most(count),
        },
        max_conns_per_host: most(settings.max_conns_per_host),
        idle_conn_timeout: limit(settings.idle_conn_timeout),
        dial_timeout: limit(settings.dial_timeout),
        tls: TlsSettings { roots: host.roots(), ..TlsSettings::default() },
        tls_handshake_timeout: limit(settings.tls_handshake_timeout),
        response_header_timeout: limit(settings.response_header_timeout),
        expect_continue_timeout: Duration::from_micros(settings.expect_continue_timeout),
        max_response_header_bytes: match settings.max_response_header_bytes {
            0 => zero.max_response_header_bytes,
            bytes => bytes,
        },
        disable_keep_alives: settings.disable_keep_alives,
        disable_compression: settings.disable_compression,
        early_close: policy.early_close(),
        ..zero
    }
}
