//! What one run does: all of it is drawn from the seed before the run begins.

use std::sync::Arc;
use std::time::Duration;

use httptrace::{Runtime, Trace};
use transport::{Config, EarlyClose};

use crate::answer::{After, Answer};
use crate::dice::Dice;

/// A run.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) network: Network,
    /// The requests of each caller, one after the other.
    pub(crate) callers: Vec<Vec<Errand>>,
    /// CloseIdleConnections is called after so many turns, while the callers are at work.
    pub(crate) closes_idle_midway: Option<usize>,
    /// The callers are done before anything is closed.
    pub(crate) settles_first: bool,
    pub(crate) ending: Ending,
}

/// How many are at work at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Company {
    /// One to three callers, with up to four requests each.
    Few,
    /// Two to eight callers, with one or two requests each.
    Crowd,
}

/// The transport's.
#[derive(Debug)]
pub(crate) struct Settings {
    early_close: EarlyClose,
    max_conns_per_host: Option<usize>,
    max_idle_conns_per_host: Option<usize>,
    max_idle_conns: Option<usize>,
    pub(crate) idle_conn_timeout: Option<Duration>,
    pub(crate) response_header_timeout: Option<Duration>,
    disable_keep_alives: bool,
}

/// The stepper's.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) buffer: usize,
    pub(crate) read_pieces: Option<usize>,
    pub(crate) write_pieces: Option<usize>,
    pub(crate) dial_latency: Duration,
    /// Dials are refused for so many turns.
    pub(crate) refuses: Option<usize>,
}

/// How the pool is emptied in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    CloseIdle,
    DropTransport,
    /// IdleConnTimeout does it, if it is set.
    Expire,
}

/// One request, what is answered, and how the caller treats it.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) host: usize,
    /// Before it.
    pub(crate) pause: Option<Duration>,
    pub(crate) ask: Ask,
    /// `Request.Close` is set.
    pub(crate) says_close: bool,
    pub(crate) answer: Answer,
    pub(crate) give_up: GiveUp,
    pub(crate) treat: Treat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    Get,
    Head,
    /// With a body in memory.
    Post(usize),
    /// With a body that comes in pieces, and pauses before the last one or before its end.
    PostSlowly {
        length: usize,
        declared: bool,
        pause: Option<Duration>,
        at_end: bool,
        /// Its end is an error.
        breaks: bool,
    },
}

impl Ask {
    /// Its write fails.
    pub(crate) fn breaks(self) -> bool {
        matches!(self, Ask::PostSlowly { breaks: true, .. })
    }

    /// The origin may have all of the request, and answer, so long before the write of it is over.
    pub(crate) fn is_written_late(self) -> Option<Duration> {
        match self {
            Ask::PostSlowly { length, declared: true, pause, at_end, .. } if at_end || length == 0 => pause,
            Ask::PostSlowly { .. } | Ask::Get | Ask::Head | Ask::Post(_) => None,
        }
    }
}

/// Whether, how and when the caller gives the request up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GiveUp {
    Never,
    Context(When),
    Legacy(When),
    Deadline(Duration),
    /// The future is dropped after so many polls.
    Drop(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    Turns(usize),
    Time(Duration),
}

/// What the caller does with the response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Treat {
    /// At first it is left alone for so long.
    pub(crate) hold: Option<When>,
    pub(crate) read: Read,
    pub(crate) by: By,
    /// After so many bytes another task goes on reading.
    pub(crate) moves_after: Option<usize>,
    /// So many of its reads are dropped after a poll or two, and begun again.
    pub(crate) fickle: usize,
    pub(crate) end: End,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Read {
    All,
    /// All bytes, without asking for more.
    Exactly,
    Part(usize),
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum By {
    Pieces,
    Buffer(usize),
    ReadAll,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Close,
    /// The future of `close` is dropped after so many polls.
    CloseAndLeave(usize),
    Drop,
}

impl Plan {
    pub(crate) fn draw(seed: u64, company: Company) -> Self {
        let dice = &mut Dice::new(seed);
        let settings = Settings::draw(dice);
        let hosts = if dice.one_in(4) { 2 } else { 1 };
        let (callers, longest) = match company {
            // Half of the runs have one caller: there it is known which connection the next request must find.
            Company::Few => match dice.of(&[1, 1, 2, 3]) {
                1 => (1, 4),
                several => (several, 3),
            },
            Company::Crowd => (2 + dice.below(7), 2),
        };
        let patient = dice.one_in(4);
        let mut number = 0;
        let callers: Vec<Vec<Errand>> = (0..callers)
            .map(|_| {
                (0..1 + dice.below(longest))
                    .map(|_| {
                        number += 1;
                        Errand::draw(dice, number, hosts, patient)
                    })
                    .collect()
            })
            .collect();
        let large = callers.iter().flatten().any(|errand| errand.answer.body.len() > 10_000);
        Plan {
            settings,
            network: Network::draw(dice, large),
            callers,
            closes_idle_midway: dice.one_in(12).then(|| dice.below(40)),
            settles_first: !dice.one_in(3),
            ending: dice.of(&[Ending::CloseIdle, Ending::DropTransport, Ending::Expire]),
        }
    }

    /// An origin hangs up without a word: the next request on that connection may fail.
    pub(crate) fn hangs_up(&self) -> bool {
        self.callers.iter().flatten().any(|errand| errand.answer.after == After::HangsUp)
    }
}

impl Settings {
    fn draw(dice: &mut Dice) -> Self {
        Settings {
            early_close: dice.of(&[EarlyClose::Kill, EarlyClose::GO_1_27]),
            max_conns_per_host: dice.of(&[None, None, Some(1), Some(2)]),
            max_idle_conns_per_host: dice.of(&[Some(2), Some(2), Some(2), Some(1), Some(1), None]),
            max_idle_conns: dice.of(&[None, None, Some(1)]),
            idle_conn_timeout: dice.of(&[None, Some(Duration::from_millis(30)), Some(Duration::from_secs(90))]),
            response_header_timeout: dice.of(&[None, None, None, Some(Duration::from_millis(20))]),
            disable_keep_alives: dice.one_in(24),
        }
    }

    pub(crate) fn config(&self, rt: Arc<dyn Runtime>, trace: Trace) -> Config {
        Config {
            trace,
            early_close: self.early_close,
            max_conns_per_host: self.max_conns_per_host,
            max_idle_conns_per_host: self.max_idle_conns_per_host,
            max_idle_conns: self.max_idle_conns,
            idle_conn_timeout: self.idle_conn_timeout,
            response_header_timeout: self.response_header_timeout,
            disable_keep_alives: self.disable_keep_alives,
            ..Config::zero(rt)
        }
    }

    /// A connection that could be used again is kept.
    pub(crate) fn keeps(&self) -> bool {
        !self.disable_keep_alives && self.max_idle_conns_per_host.is_some()
    }
}

impl Network {
    fn draw(dice: &mut Dice, large: bool) -> Self {
        let refuses = dice.one_in(24).then(|| dice.below(30));
        let dial_latency = dice.millis(&[0, 0, 5, 30]);
        if large {
            return Network {
                buffer: dice.of(&[20_000, 64 << 10]),
                read_pieces: dice.of(&[None, Some(50_000)]),
                write_pieces: None,
                dial_latency,
                refuses,
            };
        }
        Network {
            buffer: dice.of(&[200, 2000, 64 << 10]),
            read_pieces: dice.of(&[None, None, Some(100), Some(2000)]),
            write_pieces: dice.of(&[None, None, Some(60), Some(2000)]),
            dial_latency,
            refuses,
        }
    }
}

impl Errand {
    fn draw(dice: &mut Dice, number: usize, hosts: usize, patient: bool) -> Self {
        let ask = match dice.below(12) {
            0 => Ask::Head,
            1 => Ask::Post(dice.of(&[1, 200, 3000])),
            2 | 3 => Ask::PostSlowly {
                length: dice.of(&[0, 1, 200, 3000]),
                declared: dice.one_in(2),
                pause: dice.one_in(2).then(|| dice.millis(&[1, 60])),
                at_end: dice.one_in(2),
                breaks: dice.one_in(8),
            },
            _ => Ask::Get,
        };
        let answer = Answer::draw(dice, number, ask == Ask::Head);
        let treat = Treat::draw(dice, answer.body.len());
        let give_up = match if patient { GiveUp::Never } else { GiveUp::draw(dice) } {
            GiveUp::Never if answer.may_be_silent() => GiveUp::Deadline(Duration::from_millis(300)),
            drawn => drawn,
        };
        Errand {
            host: dice.below(hosts),
            pause: dice.one_in(6).then(|| dice.millis(&[1, 20, 30, 100])),
            ask,
            says_close: dice.one_in(24),
            give_up,
            answer,
            treat,
        }
    }
}

impl GiveUp {
    fn draw(dice: &mut Dice) -> Self {
        match dice.below(12) {
            0 => GiveUp::Context(When::draw(dice)),
            1 => GiveUp::Legacy(When::draw(dice)),
            2 => GiveUp::Deadline(dice.millis(&[0, 1, 5, 20, 50, 70, 300])),
            3 => GiveUp::Drop(dice.below(16)),
            _ => GiveUp::Never,
        }
    }
}

impl When {
    fn draw(dice: &mut Dice) -> Self {
        if dice.one_in(2) { When::Turns(dice.below(40)) } else { When::Time(dice.millis(&[0, 1, 5, 20, 50, 70, 300])) }
    }
}

impl Treat {
    fn draw(dice: &mut Dice, length: usize) -> Self {
        Treat {
            hold: dice.one_in(5).then(|| When::draw(dice)),
            read: match dice.below(10) {
                0..=4 => Read::All,
                5 => Read::Exactly,
                6 | 7 => Read::Part(dice.below(length + 1)),
                _ => Read::Nothing,
            },
            by: dice.of(&[By::Pieces, By::ReadAll, By::Buffer(1 + length / 3), By::Buffer(100 + length / 20)]),
            moves_after: dice.one_in(4).then(|| dice.below(length + 1)),
            fickle: dice.of(&[0, 0, 1, 3]),
            end: match dice.below(5) {
                0 | 1 => End::Close,
                2 => End::CloseAndLeave(dice.below(3)),
                _ => End::Drop,
            },
        }
    }
}
