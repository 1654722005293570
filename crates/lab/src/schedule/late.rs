//! What to cut when there is too little time left.

use crate::schedule::day::{Day, Slot};
use crate::schedule::plan::{Clock, Cut, Plan};

/// The rest of a day that is late.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Late {
    /// What is cut, in the order of the plan's list.
    pub cuts: Vec<Cut>,
    /// What is still to come, with its new times.
    pub slots: Vec<Slot>,
    /// How many minutes are missing all the same.
    pub missing: u32,
}

/// Cuts until `minutes` are saved, from the item `at` on (a page's name, or the title of what is no page), or from the
/// first.
///
/// # Errors
///
/// When the plan does not list `at`.
pub fn cut(plan: &Plan, day: &Day, minutes: u32, at: Option<&str>) -> Result<Late, String> {
    let first = match at {
        None => 0,
        Some(at) => day
            .slots
            .iter()
            .position(|slot| slot.is(at))
            .ok_or_else(|| format!("{}: `{at}` is not in the plan", plan.name.word()))?,
    };
    let mut slots = day.slots[first..].to_vec();
    let (mut cuts, mut missing) = (Vec::new(), minutes);
    for cut in &plan.late {
        // What is over cannot be cut.
        let Some(slot) = slots.iter_mut().find(|slot| slot.is(&cut.of)) else { continue };
        if missing == 0 {
            break;
        }
        let saves = cut.saves.min(slot.minutes);
        slot.minutes -= saves;
        slot.shorter = saves;
        missing = missing.saturating_sub(saves);
        cuts.push(Cut { saves, ..cut.clone() });
    }
    let mut from = slots.first().map_or(plan.begins, |slot| slot.from);
    from = Clock(from.0 + minutes);
    for slot in &mut slots {
        slot.from = from;
        from = Clock(from.0 + slot.minutes);
    }
    // A page that is cut to nothing is left out.
    slots.retain(|slot| slot.minutes > 0);
    Ok(Late { cuts, slots, missing })
}
