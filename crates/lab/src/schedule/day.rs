//! A plan with its clock: every item gets the time at which it begins.

use std::collections::BTreeSet;

use crate::error::Fault;
use crate::guide::Guide;
use crate::schedule::Sources;
use crate::schedule::plan::{Clock, FILE, Item, Plan};

/// How many minutes a plan may be over its target.
pub const TOLERANCE: u32 = 5;

/// A plan whose times are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Day {
    /// One for each item.
    pub slots: Vec<Slot>,
}

/// An item and its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// When it begins.
    pub from: Clock,
    /// How long it takes.
    pub minutes: u32,
    /// What it is called.
    pub title: String,
    /// What is done in it.
    pub kind: Kind,
    /// More about it.
    pub note: Option<String>,
    /// How many minutes were cut from it because the day is late.
    pub shorter: u32,
}

/// What is done in a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A page is told and its demo shown.
    Demo {
        /// Its name.
        page: String,
    },
    /// A page, and the room does its exercise.
    Exercise {
        /// Its name.
        page: String,
        /// The exercise.
        exercise: String,
    },
    /// One of these pages.
    OneOf {
        /// Their names and titles.
        pages: Vec<(String, String)>,
    },
    /// Anything else.
    Other,
    /// No teaching.
    Break,
}

impl Slot {
    /// Whether a cut that says so is of this slot: it names the page, or the title of what is no page.
    pub fn is(&self, of: &str) -> bool {
        match &self.kind {
            Kind::Demo { page } | Kind::Exercise { page, .. } => page == of,
            Kind::OneOf { .. } | Kind::Other | Kind::Break => self.title == of,
        }
    }
}

impl Day {
    /// All minutes, from the beginning to the end.
    pub fn minutes(&self) -> u32 {
        self.slots.iter().map(|slot| slot.minutes).sum()
    }

    /// The minutes that are no breaks.
    pub fn teaching(&self) -> u32 {
        self.slots.iter().filter(|slot| slot.kind != Kind::Break).map(|slot| slot.minutes).sum()
    }

    /// When it ends.
    pub fn ends(&self, plan: &Plan) -> Clock {
        Clock(plan.begins.0 + self.minutes())
    }
}

/// Computes the times of a plan. What is wrong with it is added to `faults`.
pub fn day(plan: &Plan, sources: &Sources, faults: &mut Vec<Fault>) -> Day {
    let mut maker = Maker { plan, sources, faults, seen: BTreeSet::new() };
    let (mut from, mut slots) = (plan.begins, Vec::new());
    for item in &plan.item {
        let slot = maker.slot(item, from);
        from = Clock(from.0 + slot.minutes);
        slots.push(slot);
    }
    let day = Day { slots };
    maker.whole(&day);
    day
}

struct Maker<'a> {
    plan: &'a Plan,
    sources: &'a Sources,
    faults: &'a mut Vec<Fault>,
    /// The pages that had their turn.
    seen: BTreeSet<String>,
}

impl Maker<'_> {
    fn fault(&mut self, what: impl std::fmt::Display) {
        self.faults.push(Fault::in_file(FILE, format!("{}: {what}", self.plan.name.word())));
    }

    fn slot(&mut self, item: &Item, from: Clock) -> Slot {
        match item {
            Item::Page { page, exercise, note } => {
                let (title, minutes) = self.page(page);
                let kind = match exercise {
                    Some(exercise) => {
                        self.exercise(page, exercise, minutes);
                        Kind::Exercise { page: page.clone(), exercise: exercise.clone() }
                    }
                    None => Kind::Demo { page: page.clone() },
                };
                Slot { from, minutes, title, kind, note: note.clone(), shorter: 0 }
            }
            Item::OneOf { title, pages, note } => {
                let found: Vec<_> = pages.iter().map(|page| (page.clone(), self.page(page))).collect();
                let minutes = found.iter().map(|(_, (_, minutes))| *minutes).max().unwrap_or(0);
                let pages = found.into_iter().map(|(page, (title, _))| (page, title)).collect();
                Slot {
                    from,
                    minutes,
                    title: title.clone(),
                    kind: Kind::OneOf { pages },
                    note: note.clone(),
                    shorter: 0,
                }
            }
            Item::Other { title, minutes, note } => Slot {
                from,
                minutes: *minutes,
                title: title.clone(),
                kind: Kind::Other,
                note: note.clone(),
                shorter: 0,
            },
            Item::Break { title, minutes } => {
                Slot { from, minutes: *minutes, title: title.clone(), kind: Kind::Break, note: None, shorter: 0 }
            }
        }
    }

    /// The title of a page, and how long it takes.
    fn page(&mut self, name: &str) -> (String, u32) {
        if !self.seen.insert(name.to_owned()) {
            self.fault(format!("`{name}` comes twice"));
        }
        let title = self.sources.page(name).map(|page| page.title.clone());
        if title.is_none() {
            self.fault(format!("there is no page `{name}` in SUMMARY.md"));
        }
        let minutes = self.sources.guides.get(name).map(|guide| self.plan.name.minutes(&guide.minutes));
        match minutes {
            None => self.fault(format!("`{name}` has no book/guide/{name}.toml, which would say how long it takes")),
            Some(0) => {
                let word = self.plan.name.word();
                self.fault(format!("book/guide/{name}.toml has 0 minutes for {word}, and yet the plan lists the page"));
            }
            Some(_) => {}
        }
        (title.unwrap_or_else(|| name.to_owned()), minutes.unwrap_or(0))
    }

    fn exercise(&mut self, page: &str, name: &str, minutes: u32) {
        match self.sources.exercises.get(name).map(|exercise| exercise.about.minutes) {
            Err(what) => self.fault(format!("`{page}`: {what}")),
            Ok(needed) if needed >= minutes && minutes > 0 => self.fault(format!(
                "`{page}` has {minutes} minutes, and its exercise `{name}` takes {needed} of them: nothing is left to tell"
            )),
            Ok(_) => {}
        }
    }

    /// What is wrong with the plan as a whole.
    fn whole(&mut self, day: &Day) {
        for (name, guide) in self.sources.guides.list() {
            let minutes = self.plan.name.minutes(&guide.minutes);
            if minutes > 0 && !self.seen.contains(name) {
                self.fault(format!(
                    "book/guide/{name}.toml has {minutes} minutes for it, and the plan does not list the page"
                ));
            }
        }
        for (what, has, may) in [
            ("minutes in all", day.minutes(), self.plan.target),
            ("minutes of teaching", day.teaching(), self.plan.teaching),
        ] {
            if has > may + TOLERANCE {
                let shorter = self.shorter(day);
                self.fault(format!("{has} {what} are {} over the {may} that are planned{shorter}", has - may));
            }
        }
        for cut in &self.plan.late {
            match day.slots.iter().find(|slot| slot.is(&cut.of)) {
                None => self.fault(format!("`late` cuts `{}`, which the plan does not list", cut.of)),
                Some(slot) if slot.minutes > 0 && cut.saves > slot.minutes => {
                    let what =
                        format!("`late` saves {} minutes of `{}`, which has {}", cut.saves, cut.of, slot.minutes);
                    self.fault(what);
                }
                Some(_) => {}
            }
        }
    }

    /// What could be shorter: the first cut of every page that is listed.
    fn shorter(&self, day: &Day) -> String {
        let first = |page: &str| self.sources.guides.get(page).and_then(Guide::first_cut);
        let lines = day.slots.iter().filter_map(|slot| match &slot.kind {
            Kind::Demo { page } | Kind::Exercise { page, .. } => {
                Some(format!("\n    {page} ({} minutes): {}", slot.minutes, first(page)?))
            }
            Kind::OneOf { .. } | Kind::Other | Kind::Break => None,
        });
        let lines: String = lines.collect();
        if lines.is_empty() { lines } else { format!("; what could go first:{lines}") }
    }
}
