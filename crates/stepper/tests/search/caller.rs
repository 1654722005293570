//! A caller: makes its requests one after the other, and knows what it may expect.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use httptrace::{ConnId, Event, Recorder, Runtime, TaskName};
use stepper::{Seam, drop_after};
use transport::{Error, Request, RequestBody, Response, Transport};

use crate::answer::{Framing, content};
use crate::findings::Findings;
use crate::giving_up::GivingUp;
use crate::plan::{Ask, Errand, GiveUp, Plan};
use crate::reading::{Over, Reading};
use crate::sending::Source;

pub(crate) struct Caller {
    pub(crate) seam: Arc<Seam>,
    pub(crate) transport: Transport,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) findings: Findings,
    pub(crate) plan: Arc<Plan>,
    /// Which of the plan's callers this is.
    pub(crate) index: usize,
}

/// A connection that lies in the pool since this moment: the caller has seen the end of a response on it.
#[derive(Clone, Copy)]
struct Kept {
    host: usize,
    conn: Option<ConnId>,
    at: Duration,
}

impl Caller {
    pub(crate) async fn run(self) {
        let (mut kept, mut orderly) = (None, true);
        for errand in &self.plan.callers[self.index] {
            if let Some(pause) = errand.pause {
                self.seam.timer(self.seam.now() + pause).await;
            }
            kept = self.request(errand, kept, orderly).await;
            orderly &= kept.is_some();
        }
    }

    /// One request from its beginning to the end of its body. `orderly`: all before it were read to their end.
    async fn request(&self, errand: &Errand, kept: Option<Kept>, orderly: bool) -> Option<Kept> {
        let number = errand.answer.number;
        let mut request = self.ask(errand);
        let giving_up = GivingUp::arm(&self.seam, errand.give_up, &mut request);
        let (since, before) = (self.seam.now(), self.recorder.records().len());
        let round_trip = self.transport.round_trip(request);
        let result = match errand.give_up {
            GiveUp::Drop(polls) => drop_after(polls, round_trip).await,
            GiveUp::Never | GiveUp::Context(_) | GiveUp::Legacy(_) | GiveUp::Deadline(_) => Some(round_trip.await),
        };
        giving_up.check_prompt(&self.findings, number, since, "round_trip");
        let conn = self.check_reuse(errand, before, kept.filter(|kept| self.is_certain(kept, errand, since)), orderly);
        let response = match result? {
            Ok(response) => response,
            Err(error) => {
                let expected = giving_up.explains(&error) || self.is_expected(errand, &error);
                self.findings.check(expected, || format!("request {number}: {error} ({error:?})"));
                return None;
            }
        };
        self.check_head(errand, &response);
        let at = self.seam.now();
        let given_up = giving_up.fired().is_some();
        let bodyless = errand.answer.framing == Framing::None;
        let reading = Reading::new(&self.seam, &self.findings, errand, giving_up, response.body);
        let over = reading.treat().await;
        let over = if bodyless { Some(Over::Eof { at, given_up }) } else { over };
        match over {
            Some(Over::Eof { at, given_up: false }) if self.is_kept(errand) => {
                Some(Kept { host: errand.host, conn, at })
            }
            Some(_) | None => None,
        }
    }

    fn ask(&self, errand: &Errand) -> Request {
        let number = errand.answer.number;
        let url = format!("http://host-{}.test/{number}", errand.host).parse().expect("a plain URL");
        let (method, body) = match errand.ask {
            Ask::Get => (Method::GET, RequestBody::Empty),
            Ask::Head => (Method::HEAD, RequestBody::Empty),
            Ask::Post(length) => (Method::POST, content(number, length).into()),
            Ask::PostSlowly { length, declared, pause, at_end, breaks } => {
                let rt: Arc<dyn Runtime> = Arc::clone(&self.seam) as Arc<dyn Runtime>;
                let source = Source::new(content(number, length), rt, pause, at_end, breaks);
                (Method::POST, RequestBody::reader(source, declared.then_some(length as u64)))
            }
        };
        let mut request = Request::new(method, url);
        request.body = body;
        request.close = errand.says_close;
        request
    }

    /// What the origin must have received.
    pub(crate) fn sent(errand: &Errand) -> Bytes {
        match errand.ask {
            Ask::Get | Ask::Head => Bytes::new(),
            Ask::Post(length) | Ask::PostSlowly { length, .. } => content(errand.answer.number, length),
        }
    }

    /// The connection can serve again, and nothing that this plan does keeps the pool from having it.
    fn is_kept(&self, errand: &Errand) -> bool {
        self.plan.settings.keeps()
            && errand.answer.keeps()
            && !errand.says_close
            && !errand.ask.breaks()
            && errand.ask.is_written_late().is_none_or(|late| late < Duration::from_millis(50))
            && !self.plan.hangs_up()
            && self.plan.closes_idle_midway.is_none()
    }

    /// Nobody else can have taken it, and it has not been idle for too long.
    fn is_certain(&self, kept: &Kept, errand: &Errand, now: Duration) -> bool {
        self.plan.callers.len() == 1
            && kept.host == errand.host
            && (kept.at == now || self.plan.settings.idle_conn_timeout.is_none())
    }

    /// Go's `eofc` guarantee: who has seen the end of a body finds the connection in the pool. Returns the connection
    /// that this request got, where that can be known.
    fn check_reuse(&self, errand: &Errand, before: usize, kept: Option<Kept>, orderly: bool) -> Option<ConnId> {
        if self.plan.callers.len() > 1 {
            return None;
        }
        let number = errand.answer.number;
        for record in &self.recorder.records()[before..] {
            match record.event {
                Event::TaskStarted { name: TaskName::Dial } => {
                    self.findings.check(kept.is_none(), || {
                        format!("request {number} dials, and the connection of the one before it lies idle")
                    });
                }
                Event::GotConn { was_idle, .. } => {
                    if let Some(kept) = kept {
                        let same = !orderly || record.conn == kept.conn;
                        self.findings.check(was_idle && same, || {
                            format!(
                                "request {number} got {:?}, not the {:?} of the one before it",
                                record.conn, kept.conn
                            )
                        });
                    }
                    return record.conn;
                }
                _ => {}
            }
        }
        None
    }

    /// This request may fail like that, though nobody gave it up.
    fn is_expected(&self, errand: &Errand, error: &Error) -> bool {
        match error {
            Error::Conn(persistconn::Error::Canceled(_)) => false,
            Error::Conn(persistconn::Error::HeaderTimeout) => {
                self.plan.settings.response_header_timeout.is_some_and(|limit| errand.answer.head_delay >= limit)
            }
            Error::Conn(_) => errand.answer.fails || errand.ask.breaks() || self.plan.hangs_up(),
            Error::Dial(_) => self.plan.network.refuses.is_some(),
            Error::Canceled(_)
            | Error::CanceledWaiting
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

    fn check_head(&self, errand: &Errand, response: &Response) {
        let number = errand.answer.number;
        let whose = response.header.get("x-request").and_then(|number| number.to_str().ok()).unwrap_or("none");
        self.findings.check(whose == number.to_string() && response.status == errand.answer.status, || {
            format!("request {number} got the response of request {whose}, status {}", response.status)
        });
    }
}
