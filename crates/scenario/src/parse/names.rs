//! Which requests a name stands for, and what they are at.

use super::source::{Broken, did_you_mean, listed};
use super::table::Item;

/// Where a step stands: the rounds of the loops around it, from the outermost one.
#[derive(Clone, Default)]
pub(super) struct Scope(Vec<Round>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Round {
    /// Where the loop begins in the file.
    of: usize,
    round: usize,
}

impl Scope {
    /// In this round of a loop inside.
    pub(super) fn round(&self, of: usize, round: usize) -> Self {
        Scope(self.0.iter().copied().chain([Round { of, round }]).collect())
    }

    /// The name that `base` has here: `r.2`.
    pub(super) fn named(&self, base: &str) -> String {
        self.0.iter().fold(base.to_owned(), |name, round| format!("{name}.{}", round.round))
    }

    /// Whether what was sent in `other` is meant here: it is of the same round of every loop that both are in.
    fn sees(&self, other: &Scope) -> bool {
        let both = self.0.iter().zip(&other.0).take_while(|(mine, its)| mine.of == its.of);
        both.into_iter().all(|(mine, its)| mine.round == its.round)
    }
}

/// The requests so far.
#[derive(Default)]
pub(super) struct Names(Vec<Known>);

struct Known {
    base: String,
    name: String,
    scope: Scope,
    /// Where its `send` stands in the file, and in which line.
    at: usize,
    line: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Idle,
    /// A `send` that is `later`.
    Sending {
        line: usize,
    },
    /// A `read` that is `later`.
    Reading {
        line: usize,
    },
    Dropped {
        line: usize,
    },
}

impl Names {
    /// Whether a request of this name was sent, in any round.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.base == name || is_of(&known.name, name))
    }

    /// The names as they stand in the file.
    pub(super) fn bases(&self) -> impl Iterator<Item = &str> {
        let first = |at: usize| !self.0[..at].iter().any(|other| other.base == self.0[at].base);
        (0..self.0.len()).filter(move |at| first(*at)).map(|at| self.0[at].base.as_str())
    }

    /// A new request.
    pub(super) fn sent(&mut self, item: Item<'_>, scope: &Scope, later: bool) -> Result<String, Broken> {
        let (base, line) = (item.text()?, item.line());
        if let Some(other) = self.0.iter().find(|known| known.base == base && known.at != item.span().start) {
            return Err(item.broken(format!(
                "a request `{base}` is sent in line {} already; give this one another name",
                other.line
            )));
        }
        let name = scope.named(base);
        let state = if later { State::Sending { line } } else { State::Idle };
        let at = item.span().start;
        self.0.push(Known { base: base.to_owned(), name: name.clone(), scope: scope.clone(), at, line, state });
        Ok(name)
    }

    /// Those that a name stands for here.
    fn meant(&self, item: Item<'_>, scope: &Scope) -> Result<Vec<usize>, Broken> {
        let name = item.text()?;
        let is_meant = |known: &Known| (known.base == name && scope.sees(&known.scope)) || is_of(&known.name, name);
        let meant: Vec<usize> = (0..self.0.len()).filter(|at| is_meant(&self.0[*at])).collect();
        if meant.is_empty() {
            let what = format!(
                "no request `{name}` was sent before this step{}; sent so far: {}",
                did_you_mean(name, self.bases()),
                listed(self.bases())
            );
            return Err(item.broken(what));
        }
        Ok(meant)
    }

    fn names(&self, meant: &[usize]) -> Vec<String> {
        meant.iter().map(|at| self.0[*at].name.clone()).collect()
    }

    /// Those that a name stands for, whatever they are at.
    pub(super) fn any(&self, item: Item<'_>, scope: &Scope) -> Result<Vec<String>, Broken> {
        Ok(self.names(&self.meant(item, scope)?))
    }

    /// Those that a name stands for; none may be at something. `later`: from now on they read.
    pub(super) fn idle(&mut self, item: Item<'_>, scope: &Scope, later: bool) -> Result<Vec<String>, Broken> {
        let meant = self.meant(item, scope)?;
        for at in &meant {
            let known = &mut self.0[*at];
            match known.state {
                State::Idle if later => known.state = State::Reading { line: item.line() },
                State::Idle => {}
                State::Sending { line } | State::Reading { line } => {
                    let what = format!(
                        "what `{}` does `later` (line {line}) may be under way still; `finish` it before",
                        known.name
                    );
                    return Err(item.broken(what));
                }
                State::Dropped { line } => {
                    return Err(item.broken(format!("`{}` was dropped in line {line}", known.name)));
                }
            }
        }
        Ok(self.names(&meant))
    }

    /// Those that a name stands for; all must be at something, and are not any more.
    pub(super) fn finished(&mut self, item: Item<'_>, scope: &Scope) -> Result<Vec<String>, Broken> {
        let meant = self.meant(item, scope)?;
        for at in &meant {
            let known = &mut self.0[*at];
            match known.state {
                State::Sending { .. } | State::Reading { .. } => known.state = State::Idle,
                State::Idle => {
                    let what = format!(
                        "`{}` does nothing `later`, so there is nothing to finish; take the step out, or add `later = true`",
                        known.name
                    );
                    return Err(item.broken(what));
                }
                State::Dropped { line } => {
                    return Err(item.broken(format!("`{}` was dropped in line {line}", known.name)));
                }
            }
        }
        Ok(self.names(&meant))
    }

    /// Those that a name stands for; they are gone from now on.
    pub(super) fn dropped(&mut self, item: Item<'_>, scope: &Scope) -> Result<Vec<String>, Broken> {
        let meant = self.meant(item, scope)?;
        for at in &meant {
            let known = &mut self.0[*at];
            if let State::Dropped { line } = known.state {
                return Err(item.broken(format!("`{}` was dropped in line {line} already", known.name)));
            }
            known.state = State::Dropped { line: item.line() };
        }
        Ok(self.names(&meant))
    }
}

/// Whether `name` is `round`, or a round inside it: `r.2.1` is of `r.2`.
fn is_of(name: &str, round: &str) -> bool {
    round.contains('.') && name.strip_prefix(round).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
