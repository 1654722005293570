//! A listener that hands everything on to the `tracing` crate.

use std::borrow::Cow;

use tracing::{Level, enabled, event};

use crate::event::{Actor, ConnId, Event};
use crate::trace::Listener;

/// The target of events that have the name of one of Go's hooks. Their level is DEBUG.
pub const HOOK_TARGET: &str = "httptrace::hook";

/// The target of all other events: steps of the chain, messages, tasks, ways out. Their level is TRACE.
pub const STEP_TARGET: &str = "httptrace::step";

/// Makes a `tracing` event of each event of a transport.
///
/// Its message is the event's name. Its fields are `task` (whose lane it belongs to) and, where there is one, `conn` (the
/// number of the connection), `what` (an address, a name, a message, an exit), `code` (the status of an interim response),
/// `reused`, `was_idle` and `idle_us` (of a connection that a request has got) and `error`. Made only where a subscriber
/// wants it.
///
/// ```
/// use std::sync::Arc;
///
/// use httptrace::{Trace, TracingListener};
///
/// // To be handed to a transport: the field `trace` of its settings.
/// let trace = Trace::to(Arc::new(TracingListener));
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct TracingListener;

impl Listener for TracingListener {
    fn event(&self, actor: Actor, conn: Option<ConnId>, event: Event) {
        let (task, conn) = (lane(actor), conn.map(|ConnId(number)| number));
        // `tracing` must know target and level when it is compiled.
        if is_hook(&event) {
            if enabled!(target: HOOK_TARGET, Level::DEBUG) {
                let Fields { name, what, code, reused, was_idle, idle_us, error } = Fields::of(&event);
                let what = what.as_deref();
                event!(
                    target: HOOK_TARGET, Level::DEBUG,
                    task, conn, what, code, reused, was_idle, idle_us, error, "{name}"
                );
            }
        } else if enabled!(target: STEP_TARGET, Level::TRACE) {
            let Fields { name, what, .. } = Fields::of(&event);
            let what = what.as_deref();
            event!(target: STEP_TARGET, Level::TRACE, task, conn, what, "{name}");
        }
    }
}

fn lane(actor: Actor) -> &'static str {
    match actor {
        Actor::Caller => "caller",
        Actor::Dial => "dial",
        Actor::ReadLoop => "read_loop",
        Actor::WriteLoop => "write_loop",
        Actor::Pool => "pool",
    }
}

/// Whether Go has a hook of this name.
fn is_hook(event: &Event) -> bool {
    match event {
        Event::GetConn { .. }
        | Event::GotConn { .. }
        | Event::DnsStart { .. }
        | Event::DnsDone { .. }
        | Event::ConnectStart { .. }
        | Event::ConnectDone { .. }
        | Event::TlsHandshakeStart
        | Event::TlsHandshakeDone { .. }
        | Event::WroteHeaders
        | Event::WroteRequest { .. }
        | Event::Wait100Continue
        | Event::Got100Continue
        | Event::Got1xxResponse { .. }
        | Event::GotFirstResponseByte
        | Event::PutIdleConn { .. } => true,
        Event::Call { .. }
        | Event::RemoveIdleConn { .. }
        | Event::TaskStarted { .. }
        | Event::TaskEnded { .. }
        | Event::Sent { .. }
        | Event::ConnClosed { .. }
        | Event::ConnFreed
        | Event::Exit { .. }
        | Event::Unsolicited { .. }
        | Event::Log { .. } => false,
    }
}

/// What an event knows, in the shape that all have in common.
#[derive(Default)]
struct Fields<'a> {
    name: &'static str,
    what: Option<Cow<'a, str>>,
    code: Option<u16>,
    reused: Option<bool>,
    was_idle: Option<bool>,
    idle_us: Option<u64>,
    error: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(event: &'a Event) -> Self {
        match event {
            Event::Call { step } => Fields::new("Call").what(step.go_name()),
            Event::GetConn { host_port } => Fields::new("GetConn").what(host_port),
            &Event::GotConn { reused, was_idle, idle_us } => Fields {
                reused: Some(reused),
                was_idle: Some(was_idle),
                idle_us: Some(idle_us),
                ..Fields::new("GotConn")
            },
            Event::DnsStart { host } => Fields::new("DnsStart").what(host),
            Event::DnsDone { addrs, error } => {
                let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
                Fields::new("DnsDone").what(addrs.join(" ")).error(error)
            }
            Event::ConnectStart { addr } => Fields::new("ConnectStart").what(addr),
            Event::ConnectDone { addr, error } => Fields::new("ConnectDone").what(addr).error(error),
            Event::TlsHandshakeStart => Fields::new("TlsHandshakeStart"),
            Event::TlsHandshakeDone { error } => Fields::new("TlsHandshakeDone").error(error),
            Event::WroteHeaders => Fields::new("WroteHeaders"),
            Event::WroteRequest { error } => Fields::new("WroteRequest").error(error),
            Event::Wait100Continue => Fields::new("Wait100Continue"),
            Event::Got100Continue => Fields::new("Got100Continue"),
            &Event::Got1xxResponse { code } => Fields { code: Some(code), ..Fields::new("Got1xxResponse") },
            Event::GotFirstResponseByte => Fields::new("GotFirstResponseByte"),
            Event::PutIdleConn { error } => Fields::new("PutIdleConn").error(error),
            Event::RemoveIdleConn { reason } => Fields::new("RemoveIdleConn").what(reason),
            Event::TaskStarted { name } => Fields::new("TaskStarted").what(name.as_str()),
            Event::TaskEnded { name } => Fields::new("TaskEnded").what(name.as_str()),
            Event::Sent { channel, what } => Fields::new("Sent").what(format!("{channel:?}: {what}")),
            Event::ConnClosed { reason } => Fields::new("ConnClosed").what(reason),
            Event::ConnFreed => Fields::new("ConnFreed"),
            Event::Exit { id } => Fields::new("Exit").what(id.id()),
            Event::Unsolicited { starts_with } => Fields::new("Unsolicited").what(starts_with),
            Event::Log { category, message } => Fields::new("Log").what(format!("{category}: {message}")),
        }
    }

    fn new(name: &'static str) -> Self {
        Fields { name, ..Fields::default() }
    }

    fn what(self, what: impl Into<Cow<'a, str>>) -> Self {
        Fields { what: Some(what.into()), ..self }
    }

    fn error(self, error: &'a Option<String>) -> Self {
        Fields { error: error.as_deref(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use super::*;
    use crate::exit::Exit;
    use crate::trace::Trace;

    /// Writes a line for each event, of all levels up to one.
    struct Lines {
        most: Level,
        lines: Arc<Mutex<Vec<String>>>,
    }

    impl Subscriber for Lines {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= self.most
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            let mut line = Line(format!("{} {}", event.metadata().level(), event.metadata().target()));
            event.record(&mut line);
            self.lines.lock().unwrap().push(line.0);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            write!(self.0, " {}={value:?}", field.name()).expect("writing into a string cannot fail");
        }
    }

    fn lines(most: Level) -> Vec<String> {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let subscriber = Lines { most, lines: Arc::clone(&lines) };
        tracing::subscriber::with_default(subscriber, || {
            let trace = Trace::to(Arc::new(TracingListener));
            let conn = Some(ConnId(7));
            trace.emit(Actor::Caller, None, || Event::GetConn { host_port: "example.com:80".into() });
            let got = Event::GotConn { reused: true, was_idle: true, idle_us: 12 };
            trace.emit(Actor::Caller, conn, || got);
            trace.emit(Actor::ReadLoop, conn, || Event::Got1xxResponse { code: 103 });
            trace.emit(Actor::ReadLoop, conn, || Event::PutIdleConn { error: Some("too many".into()) });
            trace.emit(Actor::ReadLoop, conn, || Event::Exit { id: Exit::BodyEofKept });
        });
        let lines = lines.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn events_come_with_their_fields_under_the_level_of_their_kind() {
        let hooks = [
            r#"DEBUG httptrace::hook message=GetConn task="caller" what="example.com:80""#,
            r#"DEBUG httptrace::hook message=GotConn task="caller" conn=7 reused=true was_idle=true idle_us=12"#,
            r#"DEBUG httptrace::hook message=Got1xxResponse task="read_loop" conn=7 code=103"#,
            r#"DEBUG httptrace::hook message=PutIdleConn task="read_loop" conn=7 error="too many""#,
        ];
        let step = r#"TRACE httptrace::step message=Exit task="read_loop" conn=7 what="RL-B1""#;
        assert_eq!(lines(Level::DEBUG), hooks);
        assert_eq!(lines(Level::TRACE), [&hooks[..], &[step]].concat());
        assert_eq!(lines(Level::INFO), [""; 0]);
    }
}
