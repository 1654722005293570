//! A day in a terminal and on a page.

use mdbook_markdown::pulldown_cmark::Event;
use mdbook_markdown::{MarkdownOptions, new_cmark_parser};

use crate::html;
use crate::schedule::day::{Day, Kind, Slot};
use crate::schedule::late::Late;
use crate::schedule::plan::Plan;

/// The whole day for a terminal, with its sums.
pub fn terminal(plan: &Plan, day: &Day) -> String {
    let (all, teaching) = (day.minutes(), day.teaching());
    format!(
        "{}, {} to {}\n{}{all} minutes (planned: {}), {teaching} of them teaching (planned: {}), {} breaks",
        plan.title,
        plan.begins,
        day.ends(plan),
        lines(&day.slots),
        plan.target,
        plan.teaching,
        all - teaching,
    )
}

/// The rest of a day that is late, for a terminal.
pub fn late(plan: &Plan, late: &Late) -> String {
    let saved: u32 = late.cuts.iter().map(|cut| cut.saves).sum();
    let cuts: String =
        late.cuts.iter().map(|cut| format!("    {:>3}  {}: {}\n", cut.saves, cut.of, plain(&cut.what))).collect();
    let cuts = if cuts.is_empty() { "    nothing in the plan's list is still to come\n".to_owned() } else { cuts };
    let rest = match late.missing {
        0 => format!("{saved} minutes are saved."),
        missing => format!("{saved} minutes are saved; it ends {missing} minutes late."),
    };
    format!("{}, late; cut\n{cuts}{}{rest}", plan.title, lines(&late.slots))
}

fn lines(slots: &[Slot]) -> String {
    let width = slots.iter().map(|slot| slot.title.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for slot in slots {
        let Slot { from, minutes, title, kind: _, note, shorter } = slot;
        // What is cut may be just what is done there.
        let more = match shorter {
            0 => doing(slot).into_iter().chain(note.as_deref().map(plain)).collect(),
            shorter => vec![format!("{shorter} minutes shorter")],
        };
        out.push_str(format!("{from:>6} {minutes:>4}  {title:<width$}  {}", more.join("; ")).trim_end());
        out.push('\n');
    }
    out
}

/// What the room does, in words for a terminal.
fn doing(slot: &Slot) -> Vec<String> {
    match &slot.kind {
        Kind::Demo { .. } => vec!["demo only".to_owned()],
        Kind::Exercise { exercise, .. } => vec![format!("exercise {exercise}")],
        Kind::OneOf { pages } => {
            vec![format!("one of {}", pages.iter().map(|(page, _)| page.as_str()).collect::<Vec<_>>().join(", "))]
        }
        Kind::Other | Kind::Break => Vec::new(),
    }
}

/// The whole day as a table of Markdown.
pub fn markdown(plan: &Plan, day: &Day) -> String {
    let mut out = "| from | min | what | in the room |\n|--:|--:|---|---|\n".to_owned();
    for slot in &day.slots {
        let link = |page: &str, title: &str| format!("[{}]({page}.md)", title.replace('|', "\\|"));
        let (what, mut room) = match &slot.kind {
            Kind::Demo { page } => (link(page, &slot.title), vec!["demo only".to_owned()]),
            Kind::Exercise { page, exercise } => {
                (link(page, &slot.title), vec![format!("exercise <code>{}</code>", html::escape(exercise))])
            }
            Kind::OneOf { pages } => {
                let links: Vec<_> = pages.iter().map(|(page, title)| link(page, title)).collect();
                (slot.title.clone(), vec![links.join(", ")])
            }
            Kind::Other => (slot.title.clone(), Vec::new()),
            Kind::Break => (format!("*{}*", slot.title), Vec::new()),
        };
        room.extend(slot.note.clone());
        out.push_str(&format!("| {} | {} | {what} | {} |\n", slot.from, slot.minutes, room.join("; ")));
    }
    let (all, teaching) = (day.minutes(), day.teaching());
    out.push_str(&format!(
        "\nFrom {} to {}: {all} minutes, {teaching} of them teaching and {} breaks.\n",
        plan.begins,
        day.ends(plan),
        all - teaching
    ));
    if !plan.late.is_empty() {
        out.push_str("\nWhen it is late, this goes, in this order:\n\n");
        for cut in &plan.late {
            let title = day.slots.iter().find(|slot| slot.is(&cut.of)).map_or(cut.of.as_str(), |slot| &slot.title);
            out.push_str(&format!("- {} minutes of *{title}*: {}\n", cut.saves, cut.what));
        }
    }
    out
}

/// The words of a line of Markdown, without links and marks.
fn plain(text: &str) -> String {
    let mut options = MarkdownOptions::default();
    options.smart_punctuation = false;
    let words = new_cmark_parser(text, &options).filter_map(|event| match event {
        Event::Text(words) | Event::Code(words) => Some(words.into_string()),
        _ => None,
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_the_words_alone() {
        assert_eq!(plain("Run `a b`, see [\"c\"](d.md)."), "Run a b, see \"c\".");
    }
}
