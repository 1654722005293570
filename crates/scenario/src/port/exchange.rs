//! One request: what it is at, and what came of it so far.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;

use client::{Body, CancelToken, Error, Response};
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use super::told::Told;
use crate::caller::Amount;
use crate::outcome::{Ended, Read, RequestOutcome, Sent, StepOutcome};

/// How much is read at a time.
const PIECE: usize = 32 * 1024;

/// One request.
pub(super) struct Exchange {
    pub(super) at: At,
    pub(super) told: Arc<Told>,
    /// Fires for Go's `CancelRequest`.
    pub(super) cancel: Option<CancelToken>,
    pub(super) sent: Sent,
    pub(super) steps: Vec<StepOutcome>,
    trailers: BTreeMap<String, Vec<String>>,
}

/// What a request is at.
pub(super) enum At {
    /// Waiting for the head of its response.
    Sending,
    /// Reading, with the response in the reader's hands. Its place among the steps.
    Reading(usize),
    /// It has a response.
    Answered(Box<Response>),
    /// It failed.
    Failed,
    /// It was let go of.
    Dropped,
}

impl Exchange {
    pub(super) fn new(told: Arc<Told>, cancel: Option<CancelToken>) -> Self {
        let sent = Sent { pending: true, ..Sent::default() };
        Exchange { at: At::Sending, told, cancel, sent, steps: Vec::new(), trailers: BTreeMap::new() }
    }

    /// The sending has ended.
    pub(super) fn answered(&mut self, given: Result<Response, Error>) {
        match given {
            Ok(response) => {
                self.sent = sent(&response);
                self.note_trailers(&response);
                self.at = At::Answered(Box::new(response));
            }
            Err(error) => {
                self.sent = Sent { error: Some(error.to_string()), ..Sent::default() };
                self.at = At::Failed;
            }
        }
    }

    /// Takes the response to read from it; `None`, and a note of it, where there is none.
    pub(super) fn take_to_read(&mut self) -> Option<Box<Response>> {
        let reading = At::Reading(self.steps.len());
        match std::mem::replace(&mut self.at, reading) {
            At::Answered(response) => {
                self.steps.push(StepOutcome::Read(Read { pending: true, ..Read::default() }));
                Some(response)
            }
            other => {
                self.at = other;
                self.steps.push(StepOutcome::Read(Read { skipped: true, ..Read::default() }));
                None
            }
        }
    }

    /// A read has ended.
    pub(super) fn has_read(&mut self, response: Box<Response>, read: Read) {
        if let At::Reading(step) = self.at {
            self.steps[step] = StepOutcome::Read(read);
        }
        self.note_trailers(&response);
        self.at = At::Answered(response);
    }

    /// Lets go of whatever there is; what is under way is the caller's to drop.
    pub(super) fn dropped(&mut self) {
        let skipped = match std::mem::replace(&mut self.at, At::Dropped) {
            At::Sending => {
                self.sent = Sent { dropped: true, ..Sent::default() };
                return;
            }
            At::Reading(_) | At::Answered(_) => false,
            At::Failed | At::Dropped => true,
        };
        self.steps.push(StepOutcome::Drop(Ended { error: None, skipped }));
    }

    /// The state in a few words, if it is at something.
    pub(super) fn state(&self) -> &'static str {
        match &self.at {
            At::Sending => "waits for its response",
            At::Reading(_) => "reads",
            At::Answered(response) if response.body.is_end() => "has its response, read to its end",
            At::Answered(_) => "has its response",
            At::Failed => "has failed",
            At::Dropped => "was dropped",
        }
    }

    pub(super) fn outcome(&self) -> RequestOutcome {
        let told = self.told.so_far();
        RequestOutcome {
            sent: self.sent.clone(),
            steps: self.steps.clone(),
            trailers: self.trailers.clone(),
            conns: told.conns,
            events: told.events,
        }
    }

    /// Those that have come. That others are announced says nothing of what became of them.
    fn note_trailers(&mut self, response: &Response) {
        self.trailers = fields(response.body.trailers());
    }
}

fn sent(response: &Response) -> Sent {
    let (major, minor) = response.proto;
    Sent {
        status: Some(response.status),
        proto: Some(format!("HTTP/{major}.{minor}")),
        headers: Some(fields(&response.header)),
        content_length: Some(response.content_length.map_or(-1, |length| length as i64)),
        uncompressed: Some(response.uncompressed),
        ..Sent::default()
    }
}

fn fields(header: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in header {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        fields.entry(canonical(name.as_str())).or_default().push(value);
    }
    fields
}

/// `Content-Type` for `content-type`. Go: textproto.CanonicalMIMEHeaderKey
fn canonical(name: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + &rest.to_ascii_lowercase(),
        None => String::new(),
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

/// Reads from a response, and gives it back.
pub(super) async fn read(mut response: Box<Response>, amount: Amount) -> (Box<Response>, Read) {
    let wanted = match amount {
        Amount::All => u64::MAX,
        Amount::Bytes { bytes } | Amount::Exactly { bytes } => bytes,
    };
    let mut got = Vec::new();
    let error = loop {
        let left = (wanted - got.len() as u64).min(PIECE as u64) as usize;
        if left == 0 {
            break None;
        }
        match read_once(&mut response, left).await {
            Ok(piece) if piece.is_empty() => break short(amount, got.len()),
            Ok(piece) => got.extend_from_slice(&piece),
            Err(error) => break Some(error),
        }
    };
    (response, Read { error, ..Read::of(&got) })
}

/// What is said of a body that has ended.
fn short(amount: Amount, got: usize) -> Option<String> {
    match (amount, got) {
        (Amount::All | Amount::Bytes { .. }, _) => None,
        (Amount::Exactly { .. }, 0) => Some("EOF".to_owned()),
        (Amount::Exactly { .. }, _) => Some("unexpected EOF".to_owned()),
    }
}

async fn read_once(response: &mut Response, most: usize) -> Result<Vec<u8>, String> {
    let mut piece = vec![0; most];
    let read = match &mut response.upgraded {
        Some(upgraded) => upgraded.read(&mut piece).await.map_err(|error| error.to_string())?,
        None => read_body(&mut response.body, &mut piece).await?,
    };
    piece.truncate(read);
    Ok(piece)
}

async fn read_body(body: &mut Body, piece: &mut [u8]) -> Result<usize, String> {
    let mut buf = ReadBuf::new(piece);
    poll_fn(|cx| body.poll_read(cx, &mut buf)).await.map_err(|error| error.to_string())?;
    Ok(buf.filled().len())
}

/// Closes the body, or the connection that a 101 has left.
pub(super) async fn close(response: &mut Response) {
    match response.upgraded.take() {
        Some(upgraded) => drop(upgraded),
        None => response.body.close().await,
    }
}

/// Writes to the connection that a 101 has left.
pub(super) async fn write(response: &mut Response, text: &str) -> Ended {
    let Some(upgraded) = &mut response.upgraded else { return Ended { error: None, skipped: true } };
    let written = async {
        upgraded.write_all(text.as_bytes()).await?;
        upgraded.flush().await
    };
    Ended { error: written.await.err().map(|error| error.to_string()), skipped: false }
}
