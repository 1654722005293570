//! Cancellation, its cause and a deadline in one value; and the older token beside it.

use std::any::Any;
use std::error;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use httptrace::{ClientTrace, Runtime, select};
use tokio_util::sync::CancellationToken;

/// Why a request was given up. Go: `context.Cause`.
#[derive(Clone)]
pub enum Cause {
    /// The context was cancelled. Go: `context.Canceled`.
    Canceled,
    /// The context's deadline passed. Go: `context.DeadlineExceeded`.
    DeadlineExceeded,
    /// The time that the client gives a whole exchange is over. Its text is what a read of the body fails with; the
    /// client words it in its own way where no head has come yet. Go: the field `Client.Timeout`.
    ClientTimeout,
    /// The request's own [`CancelToken`] fired, or the caller dropped its future. Go: `errRequestCanceled`.
    RequestCanceled,
    /// The context was cancelled with a reason of the caller's own. Go: `context.WithCancelCause`.
    Custom(Arc<dyn error::Error + Send + Sync>),
}

impl Cause {
    /// Whether it was a time limit. Go: `net.Error.Timeout`.
    pub fn is_timeout(&self) -> bool {
        match self {
            Cause::DeadlineExceeded | Cause::ClientTimeout => true,
            Cause::Canceled | Cause::RequestCanceled | Cause::Custom(_) => false,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Canceled => f.write_str("context canceled"),
            Cause::DeadlineExceeded => f.write_str("context deadline exceeded"),
            Cause::ClientTimeout => {
                f.write_str("context deadline exceeded (Client.Timeout or context cancellation while reading body)")
            }
            Cause::RequestCanceled => f.write_str("net/http: request canceled"),
            Cause::Custom(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({self})")
    }
}

/// Two causes are equal when a person could not tell them apart.
impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Cause::Custom(a), Cause::Custom(b)) => a.to_string() == b.to_string(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// Carries a request's cancellation, its cause and its deadline.
///
/// A context with a parent ends when the parent does. [`Context::background`] never ends and costs
/// nothing: its arm in a select is pending for ever.
///
/// Go twin: package `context` (`WithCancelCause`, `WithDeadline`, `Cause`).
#[derive(Clone, Default)]
pub struct Context {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    token: CancellationToken,
    cause: OnceLock<Cause>,
    /// The earliest deadline of this context and its ancestors, and the clock it is on.
    deadline: Option<Deadline>,
    parent: Context,
    value: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone)]
struct Deadline {
    at: Duration,
    rt: Arc<dyn Runtime>,
    cause: Cause,
}

impl Context {
    /// A context that never ends. Go: `context.Background`.
    pub const fn background() -> Self {
        Context { inner: None }
    }

    /// A child that can be cancelled.
    #[must_use]
    pub fn with_cancel(&self) -> (Context, Cancel) {
        let context = self.child(self.earliest().cloned());
        (context.clone(), Cancel { context })
    }

    /// A child that ends `timeout` from now on the clock of `rt`, if nothing ends it before.
    #[must_use]
    pub fn with_timeout(&self, rt: &Arc<dyn Runtime>, timeout: Duration) -> Context {
        self.with_timeout_cause(rt, timeout, Cause::DeadlineExceeded)
    }

    /// As [`with_timeout`](Self::with_timeout), for a reason of one's own. A deadline of an ancestor that comes earlier
    /// keeps the ancestor's reason.
    ///
    /// Go: `context.WithTimeoutCause`
    #[doc(alias = "WithTimeoutCause")]
    #[must_use]
    pub fn with_timeout_cause(&self, rt: &Arc<dyn Runtime>, timeout: Duration, cause: Cause) -> Context {
        let mine = Deadline { at: rt.now() + timeout, rt: Arc::clone(rt), cause };
        let earliest = match self.earliest() {
            Some(inherited) if inherited.at < mine.at => inherited.clone(),
            _ => mine,
        };
        self.child(Some(earliest))
    }

    fn child(&self, deadline: Option<Deadline>) -> Context {
        let token = match &self.inner {
            Some(inner) => inner.token.child_token(),
            None => CancellationToken::new(),
        };
        self.inherit(token, deadline, None)
    }

    fn inherit(
        &self,
        token: CancellationToken,
        deadline: Option<Deadline>,
        value: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Context {
        let inner = Inner { token, cause: OnceLock::new(), deadline, parent: self.clone(), value };
        Context { inner: Some(Arc::new(inner)) }
    }

    /// A child that carries `value` to hooks which are handed a context, as a dialler of one's own is. A value of the same
    /// type further up is hidden.
    ///
    /// Go: `context.WithValue`; the type is the key.
    #[doc(alias = "WithValue")]
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Context {
        let token = self.inner.as_ref().map_or_else(CancellationToken::new, |inner| inner.token.child_token());
        self.inherit(token, self.earliest().cloned(), Some(Arc::new(value)))
    }

    /// The value of this type that the context carries. Go: `context.Context.Value`
    pub fn value<T: Any + Send + Sync>(&self) -> Option<&T> {
        let mut context = self;
        loop {
            let inner = context.inner.as_deref()?;
            if let Some(value) = inner.value.as_deref().and_then(|value| value.downcast_ref()) {
                return Some(value);
            }
            context = &inner.parent;
        }
    }

    /// A child whose requests call these hooks, each before the one of the same name that this context has.
    ///
    /// Go: httptrace.WithClientTrace
    #[doc(alias = "WithClientTrace")]
    #[must_use]
    pub fn with_client_trace(&self, trace: ClientTrace) -> Context {
        self.with_value(Arc::new(match self.client_trace() {
            Some(older) => trace.compose(older),
            None => trace,
        }))
    }

    /// The hooks that requests with this context call, those of its ancestors among them.
    ///
    /// Go: httptrace.ContextClientTrace
    #[doc(alias = "ContextClientTrace")]
    #[inline]
    pub fn client_trace(&self) -> Option<&Arc<ClientTrace>> {
        self.value()
    }

    /// A context with the values of this one that does not end with it. Go: `context.WithoutCancel`
    #[doc(alias = "WithoutCancel")]
    #[must_use]
    pub fn without_cancel(&self) -> Context {
        match self.inner {
            Some(_) => self.inherit(CancellationToken::new(), None, None),
            None => Context::background(),
        }
    }

    fn earliest(&self) -> Option<&Deadline> {
        self.inner.as_ref()?.deadline.as_ref()
    }

    /// When this context ends at the latest: a moment on the clock of the runtime that it was made with. `None` where
    /// only a cancel can end it. Go: `context.Context.Deadline`.
    pub fn deadline(&self) -> Option<Duration> {
        self.earliest().map(|deadline| deadline.at)
    }

    /// Why this context has ended, or `None` while it has not.
    pub fn cause(&self) -> Option<Cause> {
        let inner = self.inner.as_ref()?;
        if inner.token.is_cancelled() {
            return Some(inner.cause.get().cloned().or_else(|| inner.parent.cause()).unwrap_or(Cause::Canceled));
        }
        let deadline = inner.deadline.as_ref()?;
        (deadline.rt.now() >= deadline.at).then(|| deadline.cause.clone())
    }

    /// Whether the time that a client gives is over, also where something else has ended the context before. An earlier
    /// deadline of the caller's own has taken the place of that time, and then it never is.
    pub(crate) fn client_timeout_passed(&self) -> bool {
        self.earliest().is_some_and(|limit| limit.cause == Cause::ClientTimeout && limit.rt.now() >= limit.at)
    }

    /// Waits until the context has ended and says why.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: nothing is taken.
    pub async fn done(&self) -> Cause {
        // ANCHOR: done
        let Some(inner) = &self.inner else { return pending().await };
        // - cancelled: by `Cancel`, here or at an ancestor
        // - deadline: by the clock; pending for ever where there is none
        select! {
            () = inner.token.cancelled() => self.cause().unwrap_or(Cause::Canceled),
            cause = reached(inner.deadline.as_ref()) => cause,
        }
        // ANCHOR_END: done
    }
}

async fn reached(deadline: Option<&Deadline>) -> Cause {
    match deadline {
        Some(deadline) => {
            deadline.rt.timer(deadline.at).await;
            deadline.cause.clone()
        }
        None => pending().await,
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.inner, self.cause()) {
            (None, _) => f.write_str("Context(background)"),
            (Some(_), None) => f.write_str("Context(live)"),
            (Some(_), Some(cause)) => write!(f, "Context({cause})"),
        }
    }
}

/// Ends the context it was made with. Dropping it does nothing.
#[derive(Clone, Debug)]
pub struct Cancel {
    context: Context,
}

impl Cancel {
    /// Ends the context with [`Cause::Canceled`]. The first call decides.
    pub fn cancel(&self) {
        self.cancel_with(Cause::Canceled);
    }

    /// Ends the context for a reason of the caller's own. The first call decides.
    pub fn cancel_with(&self, cause: Cause) {
        let inner = self.context.inner.as_ref().expect("only a child context has a Cancel");
        if !inner.token.is_cancelled() {
            let _first_wins = inner.cause.set(cause);
            inner.token.cancel();
        }
    }
}

/// The per-request cancel of Go before contexts: a select arm of its own in the article.
///
/// Go twin: the field `Request.Cancel`. Its error is always `net/http: request canceled`, with `while waiting for connection`
/// behind it where none was there yet.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(CancellationToken);

impl CancelToken {
    /// A token that has not fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fires the token, for every request that carries it.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it has fired.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// Waits until the older of the two ways to cancel fires, see [`CancelToken`]; without a token it never does.
///
/// # Cancel safety
///
/// Cancel-safe: a token that has fired stays so.
pub async fn legacy_cancel(token: Option<&CancelToken>) {
    match token {
        Some(token) => token.0.cancelled().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_ends_with_its_parent_and_for_the_parents_reason() {
        let (parent, cancel) = Context::background().with_cancel();
        let (child, _cancel_child) = parent.with_cancel();
        assert_eq!(child.cause(), None);
        cancel.cancel_with(Cause::Custom("enough".into_error()));
        assert_eq!(child.cause().unwrap().to_string(), "enough");
        cancel.cancel();
        assert_eq!(parent.cause().unwrap().to_string(), "enough", "the first reason stays");
    }

    #[test]
    fn a_parent_lives_on_after_its_child() {
        let (parent, _cancel) = Context::background().with_cancel();
        let (child, cancel_child) = parent.with_cancel();
        cancel_child.cancel();
        assert_eq!(child.cause(), Some(Cause::Canceled));
        assert_eq!(parent.cause(), None);
    }

    #[test]
    fn the_earlier_deadline_counts() {
        let counted = httptrace::Counted::new().unwrap();
        let rt: Arc<dyn Runtime> = counted.seam();
        let outer = Context::background().with_timeout(&rt, Duration::from_millis(1));
        let inner = outer.with_timeout(&rt, Duration::from_secs(3600));
        counted.block_on(async { assert_eq!(inner.done().await, Cause::DeadlineExceeded) });
        assert_eq!(inner.cause(), Some(Cause::DeadlineExceeded));
    }

    #[test]
    fn of_two_deadlines_the_earlier_one_gives_the_reason() {
        let counted = httptrace::Counted::new().unwrap();
        let rt: Arc<dyn Runtime> = counted.seam();
        let (soon, late) = (Duration::ZERO, Duration::from_secs(3600));
        let callers = Context::background().with_timeout(&rt, soon);
        let clients = callers.with_timeout_cause(&rt, late, Cause::ClientTimeout);
        assert_eq!((clients.cause(), clients.deadline()), (Some(Cause::DeadlineExceeded), callers.deadline()));
        let callers = Context::background().with_timeout(&rt, late);
        let clients = callers.with_timeout_cause(&rt, soon, Cause::ClientTimeout);
        assert_eq!(clients.cause(), Some(Cause::ClientTimeout));
        counted.block_on(async { assert_eq!(clients.done().await, Cause::ClientTimeout) });
        assert_eq!(Context::background().deadline(), None);
    }

    #[test]
    fn values_are_found_through_all_children_also_when_these_do_not_end_with_their_parent() {
        let (parent, cancel) = Context::background().with_value(7_u8).with_cancel();
        let (child, _cancel) = parent.with_value("seven").with_cancel();
        assert_eq!(
            (child.value::<u8>(), child.value::<&str>(), child.value::<u16>()),
            (Some(&7), Some(&"seven"), None)
        );
        assert_eq!(child.with_value(8_u8).value::<u8>(), Some(&8));
        let detached = child.without_cancel();
        cancel.cancel();
        assert_eq!((child.cause(), detached.cause(), detached.value::<u8>()), (Some(Cause::Canceled), None, Some(&7)));
    }

    trait IntoError {
        fn into_error(self) -> Arc<dyn error::Error + Send + Sync>;
    }

    impl IntoError for &'static str {
        fn into_error(self) -> Arc<dyn error::Error + Send + Sync> {
            Arc::from(Box::<dyn error::Error + Send + Sync>::from(self))
        }
    }
}
