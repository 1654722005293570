//! What the hooks of a request are told, by lane.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::ClientTrace;
use tokio::sync::Notify;

use crate::outcome::Events;

/// What was told of one request so far.
#[derive(Default)]
pub(super) struct Told {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) events: Events,
    /// This end's address of each connection that it got.
    pub(super) conns: Vec<String>,
    names: BTreeMap<&'static str, usize>,
}

#[derive(Clone, Copy)]
enum Lane {
    Caller,
    Dial,
    Writer,
    Reader,
    Pool,
}

impl Told {
    /// What was told so far.
    pub(super) fn so_far(&self) -> State {
        self.lock().clone()
    }

    /// Waits until the hook of this name was called.
    pub(super) async fn called(&self, hook: &str) {
        loop {
            let changed = self.changed.notified();
            if self.lock().names.contains_key(hook) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, lane: Lane, hook: &'static str, rest: &str) {
        let mut state = self.lock();
        let lane = match lane {
            Lane::Caller => &mut state.events.caller,
            Lane::Dial => &mut state.events.dial,
            Lane::Writer => &mut state.events.writer,
            Lane::Reader => &mut state.events.reader,
            Lane::Pool => &mut state.events.pool,
        };
        lane.push(format!("{hook}{rest}"));
        *state.names.entry(hook).or_default() += 1;
        drop(state);
        self.changed.notify_waiters();
    }

    /// The hooks. `got_1xx`: also the one that lifts the limit on interim responses.
    pub(super) fn hooks(self: &Arc<Self>, got_1xx: bool) -> ClientTrace {
        let tell = |lane: Lane, hook: &'static str| {
            let told = Arc::clone(self);
            move |rest: &str| told.tell(lane, hook, rest)
        };
        let plain = |lane: Lane, hook: &'static str| {
            let tell = tell(lane, hook);
            move || tell("")
        };
        let (get_conn, got_conn) = (tell(Lane::Caller, "GetConn"), Arc::clone(self));
        let (dns_start, dns_done) = (tell(Lane::Dial, "DNSStart"), tell(Lane::Dial, "DNSDone"));
        let (connect_start, connect_done) = (tell(Lane::Dial, "ConnectStart"), tell(Lane::Dial, "ConnectDone"));
        let (secured, wrote) = (tell(Lane::Dial, "TLSHandshakeDone"), tell(Lane::Writer, "WroteRequest"));
        let (interim, put_idle) = (tell(Lane::Reader, "Got1xxResponse"), tell(Lane::Pool, "PutIdleConn"));
        let hooks = ClientTrace::new()
            .get_conn(move |addr| get_conn(&format!(" {addr}")))
            .got_conn(move |info| {
                got_conn.lock().conns.extend(info.local_addr.map(|addr| addr.to_string()));
                let rest = format!(" reused={} was_idle={}", info.reused, info.was_idle);
                got_conn.tell(Lane::Caller, "GotConn", &rest);
            })
            .dns_start(move |info| dns_start(&format!(" {}", info.host)))
            .dns_done(move |info| dns_done(&failed(info.error)))
            .connect_start(move |_network, addr| connect_start(&format!(" {addr}")))
            .connect_done(move |_network, addr, error| connect_done(&format!(" {addr}{}", failed(error))))
            .tls_handshake_start(plain(Lane::Dial, "TLSHandshakeStart"))
            .tls_handshake_done(move |outcome| secured(&failed(outcome.err())))
            .wrote_headers(plain(Lane::Writer, "WroteHeaders"))
            .wait_100_continue(plain(Lane::Writer, "Wait100Continue"))
            .wrote_request(move |info| wrote(&failed(info.error)))
            .got_100_continue(plain(Lane::Reader, "Got100Continue"))
            .got_first_response_byte(plain(Lane::Reader, "GotFirstResponseByte"))
            .put_idle_conn(move |error| put_idle(&failed(error)));
        match got_1xx {
            false => hooks,
            true => hooks.got_1xx_response(move |code, _header| {
                interim(&format!(" {code}"));
                Ok(())
            }),
        }
    }
}

/// An error stands behind a colon.
fn failed(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!(": {error}"))
}
