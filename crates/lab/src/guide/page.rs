//! The guides of all pages, as the page for the instructor shows them: `{{#guides}}`.
//!
//! What stands in a guide is Markdown. The commands to show come as blocks of their own, so that
//! [`commands`](crate::commands) finds and runs them.

use crate::guide::{Demo, Guide, Minutes, WrongAnswer};
use crate::html;
use crate::pages::{self, Page};
use crate::question::Questions;
use crate::question::survey::Survey;
use crate::recording::Recordings;
use crate::workspace::Workspace;

/// What a guide refers to.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The repository.
    pub workspace: &'a Workspace,
    /// The questions of the wrong answers.
    pub questions: &'a Questions,
    /// Where they are asked; without it they are not linked.
    pub survey: &'a Survey,
    /// What stands in for a command.
    pub recordings: &'a Recordings,
}

/// All guides in the order of the book, each under a heading that links to its page.
///
/// # Errors
///
/// When a guide names a question or a recording that is not there, or the pages cannot be read.
pub fn markdown(guides: &crate::guide::Guides, around: Around<'_>) -> Result<String, String> {
    let mut parts = Vec::new();
    for page in pages::read(around.workspace).map_err(|error| error.to_string())? {
        if let Some(guide) = guides.get(page.name()) {
            let part = one(&page, guide, around);
            parts.push(part.map_err(|what| format!("book/guide/{}.toml: {what}", page.name()))?);
        }
    }
    Ok(parts.join("\n"))
}

fn one(page: &Page, guide: &Guide, around: Around<'_>) -> Result<String, String> {
    let Guide { minutes, prompt, wrong, demo, stuck, cut, further } = guide;
    let mut out = format!("### [{}]({}.md)\n\n*{}*\n\n**Ask.**\n\n", page.title, page.name(), times(minutes));
    for (i, prompt) in prompt.iter().enumerate() {
        let (ask, listen_for) = (indented(&prompt.ask, 4), indented(&prompt.listen_for, 4));
        out.push_str(&format!("{}. {ask}\n\n    *Listen for:* {listen_for}\n\n", i + 1));
    }
    if !wrong.is_empty() {
        out.push_str("\n**Wrong answers to expect, and why they tempt.**\n\n");
        for (i, answer) in wrong.iter().enumerate() {
            // Answers to one question stand under it.
            if i == 0 || wrong[i - 1].question != answer.question {
                out.push_str(&format!("- {}\n", question(answer, around)?));
            }
            out.push_str(&format!(
                "    - <strong>{}</strong>. {}\n",
                html::inline(&answer.answer),
                indented(&answer.tempts, 8)
            ));
        }
    }
    if !demo.is_empty() {
        out.push_str("\n**Show.**\n");
        for demo in demo {
            out.push_str(&shown(demo, around)?);
        }
    }
    for (title, list) in [("Where people get stuck", stuck), ("What fits, and what to leave out", cut)] {
        if !list.is_empty() {
            let list: String = list.iter().map(|item| format!("- {}\n", indented(item, 4))).collect();
            out.push_str(&format!("\n**{title}.**\n\n{list}"));
        }
    }
    out.push_str(&format!("\n**One question further.** {}\n", line(further)));
    Ok(out)
}

/// `20 minutes alone, 15 in the half day, not in the full day`.
fn times(minutes: &Minutes) -> String {
    let Minutes { alone, half_day, full_day } = minutes;
    let taught = |minutes: u32, plan: &str| match minutes {
        0 => format!("not in {plan}"),
        _ => format!("{minutes} in {plan}"),
    };
    format!("{alone} minutes alone, {}, {}", taught(*half_day, "the half day"), taught(*full_day, "the full day"))
}

/// The question of a wrong answer, with a link to where it is asked.
fn question(wrong: &WrongAnswer, around: Around<'_>) -> Result<String, String> {
    let text = html::inline(&around.questions.get(&wrong.question)?.text.en);
    let asked = around.survey.asked.iter().find(|asked| asked.id == wrong.question);
    Ok(asked.map_or(text.clone(), |asked| {
        format!("<a href=\"{}#q-{}\">{text}</a>", html::escape(&asked.page), html::escape(&asked.id))
    }))
}

/// The command, what to point at, and the recording for a room in which it cannot be run.
fn shown(demo: &Demo, around: Around<'_>) -> Result<String, String> {
    let recording = around.recordings.get(&demo.recording)?;
    Ok(format!(
        "\n```console\n$ {}\n```\n\n{} (<a href=\"outputs.html#recording-{name}\">Recorded</a> as <code>{name}</code>.)\n",
        demo.command,
        line(&demo.show),
        name = html::escape(&recording.name),
    ))
}

/// A text over several lines on one for each paragraph, so that it can be an item of a list.
fn indented(text: &str, margin: usize) -> String {
    let between = format!("\n\n{}", " ".repeat(margin));
    text.trim().split("\n\n").map(line).collect::<Vec<_>>().join(&between)
}

/// A text over several lines on one.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_paragraph_stays_in_its_item() {
        assert_eq!(indented("a\nb\n\nc", 4), "a b\n\n    c");
    }

    #[test]
    fn the_minutes_say_where_a_page_is_not_taught() {
        let minutes = Minutes { alone: 30, half_day: 0, full_day: 25 };
        assert_eq!(times(&minutes), "30 minutes alone, not in the half day, 25 in the full day");
    }
}
