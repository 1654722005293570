//! A body in the caller's hands: each byte is compared with what the origin sent for this request.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use httptrace::Runtime;
use persistconn::Error as ConnError;
use stepper::{Seam, drop_after, yield_now};
use tokio::io::ReadBuf;
use transport::Body;

use crate::answer::{Answer, Framing};
use crate::findings::Findings;
use crate::giving_up::{GivingUp, wait};
use crate::plan::{By, End, Errand, Read, Treat};

pub(crate) struct Reading {
    seam: Arc<Seam>,
    findings: Findings,
    answer: Answer,
    treat: Treat,
    giving_up: GivingUp,
    /// read_loop may wait for the end of the write before it says anything, and does not listen meanwhile (Go's neither).
    in_time: bool,
    /// The origin or the request's own body breaks the connection.
    may_fail: bool,
    body: Body,
    got: usize,
    fickle: usize,
    over: Option<Over>,
}

/// How reading ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Over {
    /// The caller saw the end, at this time; whether the request was given up before that.
    Eof {
        at: Duration,
        given_up: bool,
    },
    Failed,
}

impl Reading {
    pub(crate) fn new(seam: &Arc<Seam>, findings: &Findings, errand: &Errand, giving_up: GivingUp, body: Body) -> Self {
        Reading {
            seam: Arc::clone(seam),
            findings: findings.clone(),
            answer: errand.answer.clone(),
            treat: errand.treat,
            giving_up,
            may_fail: errand.answer.fails || errand.ask.breaks(),
            in_time: errand.ask.is_written_late().is_none(),
            body,
            got: 0,
            fickle: errand.treat.fickle,
            over: None,
        }
    }

    /// Does with the body what the plan says. The answer is how reading ended, if it did.
    pub(crate) async fn treat(mut self) -> Option<Over> {
        if let Some(hold) = self.treat.hold {
            wait(&self.seam, hold).await;
        }
        let Some(moves_after) = self.treat.moves_after else { return self.finish().await };
        self.read(part(self.treat.read, moves_after), By::Pieces).await;
        if self.over.is_none() && self.treat.read != Read::Nothing {
            // The task that goes away leaves its waker behind.
            self.fickle += 1;
            self.step(By::Pieces, None).await;
        }
        let seam = Arc::clone(&self.seam);
        seam.start("heir", self.finish()).await.flatten()
    }

    async fn finish(mut self) -> Option<Over> {
        self.read(self.treat.read, self.treat.by).await;
        let before = self.seam.now();
        match self.treat.end {
            End::Close => self.body.close().await,
            End::CloseAndLeave(polls) => drop(drop_after(polls, self.body.close()).await),
            End::Drop => {}
        }
        let took = self.seam.now() - before;
        self.findings.check(took.is_zero() || !self.in_time, || {
            format!("request {}: close waited for {took:?}", self.answer.number)
        });
        self.over
    }

    async fn read(&mut self, read: Read, by: By) {
        let limit = match read {
            Read::Nothing => Some(0),
            Read::All => None,
            Read::Exactly => Some(self.answer.body.len()),
            Read::Part(n) => Some(n),
        };
        while self.over.is_none() && limit.is_none_or(|limit| self.got < limit) {
            self.step(by, limit.map(|limit| limit - self.got)).await;
        }
    }

    /// One read, of at most so many bytes where that can be said.
    async fn step(&mut self, by: By, most: Option<usize>) {
        let since = self.seam.now();
        let read = match by {
            By::ReadAll if most.is_none() => match self.body.read_all().await {
                Ok(all) => {
                    self.took(&all);
                    Ok(Bytes::new())
                }
                Err(error) => Err(error),
            },
            By::ReadAll | By::Buffer(_) => {
                let size = if let By::Buffer(size) = by { size } else { usize::MAX };
                self.buffer(most.map_or(size, |most| most.min(size))).await
            }
            By::Pieces if self.fickle > 0 => {
                self.fickle -= 1;
                match drop_after(1, self.body.piece()).await {
                    Some(piece) => piece.transpose().map(Option::unwrap_or_default),
                    None => return yield_now().await,
                }
            }
            By::Pieces => self.body.piece().await.transpose().map(Option::unwrap_or_default),
        };
        if self.in_time {
            self.giving_up.check_prompt(&self.findings, self.answer.number, since, "a read");
        }
        match read {
            Ok(piece) if piece.is_empty() => self.ended(),
            Ok(piece) => self.took(&piece),
            Err(error) => self.failed(&error),
        }
    }

    async fn buffer(&mut self, size: usize) -> Result<Bytes, ConnError> {
        let mut bytes = vec![0; size];
        let mut buf = ReadBuf::new(&mut bytes);
        poll_fn(|cx| self.body.poll_read(cx, &mut buf)).await?;
        let n = buf.filled().len();
        bytes.truncate(n);
        Ok(bytes.into())
    }

    fn took(&mut self, piece: &[u8]) {
        let Answer { number, body, .. } = &self.answer;
        let expected = body.get(self.got..self.got + piece.len());
        if expected != Some(piece) {
            let at = expected.map_or(0, |expected| piece.iter().zip(expected).take_while(|(a, b)| a == b).count());
            let whose = piece.get(at).map_or(0, |byte| byte >> 4);
            self.findings.add(format!(
                "request {number}: byte {} of the body is not what the origin sent for it: {:?}… (of request {whose}?)",
                self.got + at,
                piece[at..].iter().take(12).collect::<Vec<_>>(),
            ));
        }
        self.got += piece.len();
        // Whoever has read all of a body knows as much as one who has seen its end.
        if self.got == body.len() && self.answer.framing == Framing::Length {
            self.over = Some(self.eof());
        }
    }

    fn ended(&mut self) {
        let Answer { number, body, framing, fails, .. } = &self.answer;
        self.findings.check(!fails, || format!("request {number}: a body that was cut short has an end"));
        let missing = body.len().saturating_sub(self.got);
        self.findings.check(missing == 0, || format!("request {number}: the end comes {missing} bytes early"));
        let sum = self.body.trailers().get("x-sum").map(|sum| sum.as_bytes().to_vec());
        let trailer = *framing == Framing::Chunked { trailer: true };
        let wanted = trailer.then(|| number.to_string().into_bytes());
        self.findings.check(sum == wanted, || format!("request {number}: the trailer is {sum:?}"));
        self.over = Some(self.eof());
    }

    fn eof(&self) -> Over {
        Over::Eof { at: self.seam.now(), given_up: self.giving_up.fired().is_some() }
    }

    fn failed(&mut self, error: &ConnError) {
        let expected = self.giving_up.explains_read(error)
            || (self.may_fail && !matches!(error, ConnError::Canceled(_) | ConnError::Body(_)));
        let number = self.answer.number;
        self.findings.check(expected, || format!("request {number}: reading failed: {error}"));
        self.over = Some(Over::Failed);
    }
}

/// The part that comes before the move.
fn part(read: Read, most: usize) -> Read {
    match read {
        Read::All | Read::Exactly => Read::Part(most),
        Read::Part(n) => Read::Part(n.min(most)),
        Read::Nothing => Read::Nothing,
    }
}
