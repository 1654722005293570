//! What the origin answers one request: bytes of this request's own, in pieces, with pauses.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use origin::Script;

use crate::dice::Dice;

/// How the client knows where the body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    Length,
    Chunked {
        trailer: bool,
    },
    UntilClose,
    /// There is none: 204, 304, a length of 0, or a HEAD.
    None,
}

/// What the origin does after the last piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// It waits for the next request.
    Keeps,
    /// It closes, as the answer said.
    Closes,
    /// It closes, though the answer said nothing of it.
    HangsUp,
    /// The answer is not whole; it closes.
    Cut,
    /// The answer is not whole; it resets.
    Reset,
}

/// One response, decided to the last byte.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) number: usize,
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    pub(crate) after: After,
    /// What the caller is to see of the body.
    pub(crate) body: Bytes,
    /// The caller must be told that something is missing.
    pub(crate) fails: bool,
    /// The pauses before the head is complete.
    pub(crate) head_delay: Duration,
    pieces: Vec<(Option<Duration>, Bytes)>,
}

impl Answer {
    pub(crate) fn draw(dice: &mut Dice, number: usize, head_only: bool) -> Self {
        let framing = match dice.below(10) {
            _ if head_only => Framing::None,
            0..=3 => Framing::Length,
            4..=6 => Framing::Chunked { trailer: dice.one_in(2) },
            7 => Framing::UntilClose,
            _ => Framing::None,
        };
        let status = match framing {
            Framing::None if !head_only => dice.of(&[200, 204, 304]),
            _ => 200,
        };
        let whole = content(number, if framing == Framing::None { 0 } else { length(dice) });
        let after = match dice.below(32) {
            0 => After::HangsUp,
            1 | 2 => After::Cut,
            3 => After::Reset,
            4..=7 => After::Closes,
            _ if framing == Framing::UntilClose => After::Closes,
            _ => After::Keeps,
        };

        let mut wire = Vec::new();
        if dice.one_in(10) {
            wire.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
        }
        wire.extend_from_slice(format!("HTTP/1.1 {status} Status\r\nX-Request: {number}\r\n").as_bytes());
        if after == After::Closes && framing != Framing::UntilClose {
            wire.extend_from_slice(b"Connection: close\r\n");
        }
        match framing {
            Framing::Length => wire.extend_from_slice(format!("Content-Length: {}\r\n", whole.len()).as_bytes()),
            Framing::Chunked { .. } => wire.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Framing::None if head_only => wire.extend_from_slice(b"Content-Length: 99\r\n"),
            Framing::None if status == 200 => wire.extend_from_slice(b"Content-Length: 0\r\n"),
            Framing::UntilClose | Framing::None => {}
        }
        wire.extend_from_slice(b"\r\n");
        let head = wire.len();
        let mut tempting = vec![head];
        if let Framing::Chunked { trailer } = framing {
            for chunk in whole.chunks(dice.of(&[1, 100, 5000, 200_000]).max(whole.len() / 20)) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            tempting.push(wire.len());
            wire.extend_from_slice(b"0\r\n");
            if trailer {
                wire.extend_from_slice(format!("X-Sum: {number}\r\n").as_bytes());
            }
            wire.extend_from_slice(b"\r\n");
        } else {
            wire.extend_from_slice(&whole);
        }
        tempting.push(wire.len() - 1);

        let (mut body, mut fails) = (whole, false);
        if matches!(after, After::Cut | After::Reset) {
            let at = if dice.one_in(2) { dice.of(&tempting) } else { dice.below(wire.len()) };
            wire.truncate(at.min(wire.len() - 1));
            // Without a length nobody can know that more was to come.
            fails = framing != Framing::UntilClose || wire.len() < head || after == After::Reset;
            if framing == Framing::UntilClose {
                body.truncate(wire.len().saturating_sub(head));
            }
        }
        let (mut pieces, mut head_delay) = cut(dice, &wire, head, &tempting);
        if after == After::Reset || wire.is_empty() {
            // Time must pass: see `may_be_silent`.
            pieces[0].0.get_or_insert(Duration::from_millis(1));
            head_delay += Duration::from_millis(1);
        }
        Answer { number, status, framing, after, body, fails, head_delay, pieces }
    }

    /// What the origin does once the request is in.
    pub(crate) fn script(&self) -> Script {
        let mut script = Script::new();
        for (pause, piece) in &self.pieces {
            if let Some(pause) = pause {
                script = script.pause(*pause);
            }
            script = script.send(piece.clone());
        }
        match self.after {
            After::Keeps => script,
            After::Closes | After::HangsUp | After::Cut => script.close(),
            After::Reset => script.reset(),
        }
    }

    /// The caller may see no byte of it (a reset takes back what was sent). Its request is sent again on a connection
    /// that counts as used, and such a connection need not have carried a request: the spare dial of the attempt before
    /// will do. So it can go on for ever, as in Go, until the caller gives up.
    pub(crate) fn may_be_silent(&self) -> bool {
        self.after == After::Reset || self.pieces.iter().all(|(_, piece)| piece.is_empty())
    }

    /// The connection can carry another request after it.
    pub(crate) fn keeps(&self) -> bool {
        self.after == After::Keeps
    }
}

/// `length` bytes that only this request has: another request's byte, and one that is lost or doubled, shows.
pub(crate) fn content(number: usize, length: usize) -> Bytes {
    const PERIOD: u32 = 4093;
    let high = u8::try_from(number).expect("a run has few requests") << 4;
    let unit: Vec<u8> = (0..PERIOD).map(|at| high | (at.wrapping_mul(2_654_435_761) >> 28) as u8).collect();
    let mut bytes = unit.repeat(length.div_ceil(unit.len()));
    bytes.truncate(length);
    bytes.into()
}

/// Around the tail that a body holds back, around a read buffer, and around what a drain reads.
fn length(dice: &mut Dice) -> usize {
    if dice.one_in(16) {
        return dice.of(&[256 << 10, (256 << 10) + 1, 300_000]);
    }
    dice.of(&[1, 13, 511, 512, 513, 600, 2000, 5000, 40_000])
}

type Pieces = Vec<(Option<Duration>, Bytes)>;

/// Cuts the bytes where it may hurt, or anywhere, and puts pauses in between: some are longer than a drain waits.
fn cut(dice: &mut Dice, wire: &[u8], head: usize, tempting: &[usize]) -> (Pieces, Duration) {
    let mut cuts: Vec<usize> = (0..dice.below(5))
        .map(|_| if dice.one_in(2) { dice.of(tempting) } else { dice.below(wire.len().max(1)) })
        .filter(|&at| 0 < at && at < wire.len())
        .collect();
    cuts.push(wire.len());
    cuts.sort_unstable();
    cuts.dedup();
    let (mut pieces, mut from, mut head_delay) = (Vec::new(), 0, Duration::ZERO);
    for to in cuts {
        let pause = dice.one_in(4).then(|| dice.millis(&[1, 10, 40, 60, 200]));
        if from < head {
            head_delay += pause.unwrap_or_default();
        }
        pieces.push((pause, Bytes::copy_from_slice(&wire[from..to])));
        from = to;
    }
    (pieces, head_delay)
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { status, framing, after, body, pieces, .. } = self;
        write!(f, "{status} {framing:?} of {} bytes, then {after:?}; in pieces:", body.len())?;
        for (pause, piece) in pieces {
            match pause {
                Some(pause) => write!(f, " ({pause:?}) {}", piece.len())?,
                None => write!(f, " {}", piece.len())?,
            }
        }
        Ok(())
    }
}
