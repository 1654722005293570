//! A request that may be given up while it is under way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use httptrace::Runtime;
use persistconn::Error as ConnError;
use stepper::{Seam, yield_now};
use transport::{CancelToken, Cause, Context, Error, Request};

use crate::findings::Findings;
use crate::plan::{GiveUp, When};

/// When the request was given up, and what its caller must be told then.
#[derive(Clone)]
pub(crate) struct GivingUp {
    seam: Arc<Seam>,
    fires: Fires,
}

#[derive(Clone)]
enum Fires {
    Never,
    At(Duration),
    /// A task of its own does it and writes the time down.
    ByHand {
        at: Arc<Mutex<Option<Duration>>>,
        cause: Cause,
    },
}

impl GivingUp {
    /// Puts the means into the request and starts the task that uses them.
    pub(crate) fn arm(seam: &Arc<Seam>, how: GiveUp, request: &mut Request) -> Self {
        let fires = match how {
            GiveUp::Never | GiveUp::Drop(_) => Fires::Never,
            GiveUp::Deadline(timeout) => {
                let rt: Arc<dyn Runtime> = Arc::clone(seam) as Arc<dyn Runtime>;
                request.context = Context::background().with_timeout(&rt, timeout);
                Fires::At(seam.now() + timeout)
            }
            GiveUp::Context(when) => {
                let (context, cancel) = Context::background().with_cancel();
                request.context = context;
                let cause = Cause::Custom(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("enough")));
                let why = cause.clone();
                by_hand(seam, when, cause, move || cancel.cancel_with(why))
            }
            GiveUp::Legacy(when) => {
                let token = CancelToken::new();
                request.cancel = Some(token.clone());
                by_hand(seam, when, Cause::RequestCanceled, move || token.cancel())
            }
        };
        GivingUp { seam: Arc::clone(seam), fires }
    }

    /// When it was given up, if it was by now.
    pub(crate) fn fired(&self) -> Option<Duration> {
        match &self.fires {
            Fires::Never => None,
            Fires::At(at) => (*at <= self.seam.now()).then_some(*at),
            Fires::ByHand { at, .. } => *at.lock().expect("a time is never left half set"),
        }
    }

    /// Nobody waits on after the request was given up: neither for its peer nor for a timer.
    pub(crate) fn check_prompt(&self, findings: &Findings, number: usize, since: Duration, what: &str) {
        let now = self.seam.now();
        if let Some(at) = self.fired() {
            findings.check(now <= at.max(since), || {
                format!("request {number}: {what} began at {since:?}, was given up at {at:?} and ended at {now:?}")
            });
        }
    }

    /// This is what someone is told whose request was given up.
    pub(crate) fn explains(&self, error: &Error) -> bool {
        match error {
            Error::Canceled(cause) => self.is_cause(cause),
            Error::CanceledWaiting => self.is_cause(&Cause::RequestCanceled),
            Error::Conn(error) => self.explains_read(error),
            Error::Dial(_)
            | Error::Tls(_)
            | Error::SchemeMismatch
            | Error::ProxyConnect(_)
            | Error::ProxyRefused { .. }
            | Error::ProxyTimeout
            | Error::Socks { .. }
            | Error::ProxyFunc(_)
            | Error::ProxyInCgi
            | Error::BadProxy(_)
            | Error::UnsupportedScheme(_)
            | Error::NoHost
            | Error::CannotRewind
            | Error::Rewind(_)
            | Error::RuntimeGone => false,
        }
    }

    /// The same for reading a body.
    pub(crate) fn explains_read(&self, error: &ConnError) -> bool {
        matches!(error, ConnError::Canceled(cause) if self.is_cause(cause))
    }

    fn is_cause(&self, found: &Cause) -> bool {
        self.fired().is_some()
            && match &self.fires {
                Fires::Never => false,
                Fires::At(_) => *found == Cause::DeadlineExceeded,
                Fires::ByHand { cause, .. } => found == cause,
            }
    }
}

fn by_hand(seam: &Arc<Seam>, when: When, cause: Cause, cancel: impl FnOnce() + Send + 'static) -> Fires {
    let at = Arc::new(Mutex::new(None));
    let fires = Fires::ByHand { at: Arc::clone(&at), cause };
    let clock = Arc::clone(seam);
    seam.start("canceller", async move {
        wait(&clock, when).await;
        *at.lock().expect("a time is never left half set") = Some(clock.now());
        cancel();
    });
    fires
}

/// Lets turns or time pass.
pub(crate) async fn wait(seam: &Seam, when: When) {
    match when {
        When::Turns(turns) => {
            for _ in 0..turns {
                yield_now().await;
            }
        }
        When::Time(time) => seam.timer(seam.now() + time).await,
    }
}
