//! Where events go.

use std::fmt;
use std::sync::Arc;

use crate::client_trace::ClientTrace;
use crate::event::{Actor, ConnId, Event};

/// Someone who wants to be told. Called on the task where the event happens, so be quick and never
/// call back into the client.
pub trait Listener: Send + Sync + 'static {
    /// `actor` did or saw `event`, on connection `conn` where there is one yet.
    fn event(&self, actor: Actor, conn: Option<ConnId>, event: Event);
}

/// A cheap handle to a listener, or to none.
///
/// With no listener an event costs one branch: [`Trace::emit`] takes a closure, so it is not even made.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<dyn Listener>>);

impl Trace {
    /// Nobody listens.
    pub const fn none() -> Self {
        Trace(None)
    }

    /// Everything goes to `listener`.
    pub fn to(listener: Arc<dyn Listener>) -> Self {
        Trace(Some(listener))
    }

    /// Tells the listener, if there is one.
    #[inline]
    pub fn emit(&self, actor: Actor, conn: Option<ConnId>, event: impl FnOnce() -> Event) {
        if let Some(listener) = &self.0 {
            listener.event(actor, conn, event());
        }
    }

    /// Tells the request's own hooks, if it has any, and the listener, if there is one.
    #[inline]
    pub fn emit_to(
        &self,
        hooks: Option<&ClientTrace>,
        actor: Actor,
        conn: Option<ConnId>,
        event: impl FnOnce() -> Event,
    ) {
        match hooks {
            None => self.emit(actor, conn, event),
            Some(hooks) => self.emit_to_both(hooks, actor, conn, event()),
        }
    }

    /// Out of the way of requests without hooks, which are nearly all.
    #[cold]
    fn emit_to_both(&self, hooks: &ClientTrace, actor: Actor, conn: Option<ConnId>, event: Event) {
        hooks.tell(&event);
        self.emit(actor, conn, || event);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Trace(listening)" } else { "Trace(none)" })
    }
}
