//! Every page that is taught has its guide, and what a guide refers to is there.

use crate::error::{Error, Fault};
use crate::expand::Expander;
use crate::guide::{Guide, Guides};
use crate::pages;
use crate::workspace::Workspace;

/// How many prompts a page has.
const PROMPTS: usize = 3;
/// The directive under the title of a page that is taught.
const MINUTES: &str = "{{#minutes}}";

/// Looks at every guide of `book/guide`, and at every chapter for its guide. Returns the number of guides.
///
/// # Errors
///
/// When a page or a guide cannot be read.
pub fn check(workspace: &Workspace, expander: &Expander, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let guides = Guides::load(workspace)?;
    let pages = pages::read(workspace)?;
    for (name, guide) in guides.list() {
        let file = format!("book/guide/{name}.toml");
        match pages.iter().find(|page| page.name() == name) {
            None => faults.push(Fault::in_file(&file, format!("there is no page {name}.md in SUMMARY.md"))),
            Some(page) if !page.text.lines().any(|line| line.trim_end() == MINUTES) => {
                faults.push(Fault::in_file(&page.file, format!("has a guide, and no `{MINUTES}` under its title")));
            }
            Some(_) => {}
        }
        faults.extend(wrong(guide, expander).into_iter().map(|what| Fault::in_file(&file, what)));
    }
    for page in pages.iter().filter(|page| is_chapter(page.name()) && guides.get(page.name()).is_none()) {
        faults
            .push(Fault::in_file(&page.file, format!("is a chapter, and there is no book/guide/{}.toml", page.name())));
    }
    Ok(guides.list().count())
}

/// Whether a page is a chapter by its name: `ch01_six_requests`.
fn is_chapter(name: &str) -> bool {
    let number = name.strip_prefix("ch").and_then(|rest| rest.split_once('_')).map(|(number, _)| number);
    number.is_some_and(|number| number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn wrong(guide: &Guide, expander: &Expander) -> Vec<String> {
    let mut wrong = Vec::new();
    if guide.prompt.len() != PROMPTS {
        wrong.push(format!("has {} prompts; there must be {PROMPTS}", guide.prompt.len()));
    }
    if guide.cut.is_empty() {
        wrong.push("does not say in `cut` what to leave out when time is short".to_owned());
    }
    for answer in &guide.wrong {
        match expander.questions().get(&answer.question) {
            Err(what) => wrong.push(what),
            Ok(question) => {
                let values: Vec<_> = question.option.iter().map(|option| option.value.as_str()).collect();
                if !values.contains(&answer.answer.as_str()) {
                    let (id, odd) = (&answer.question, &answer.answer);
                    wrong.push(format!("`{id}` has no option `{odd}`; it has: {}", values.join(", ")));
                } else if question.answer(expander.sources()).is_ok_and(|key| key == answer.answer) {
                    wrong.push(format!("`{}` is the right answer to `{}`", answer.answer, answer.question));
                }
            }
        }
    }
    for demo in &guide.demo {
        match expander.recordings().get(&demo.recording) {
            Err(what) => wrong.push(what),
            Ok(recording) if recording.command() != demo.command => wrong.push(format!(
                "`{}` stands in for `{}`, and was made by `{}`",
                demo.recording,
                demo.command,
                recording.command()
            )),
            Ok(_) => wrong.extend(expander.recordings().output(&demo.recording).err()),
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_is_known_by_its_name() {
        assert!(is_chapter("ch01_six_requests") && is_chapter("ch14_drain"));
        assert!(!is_chapter("lab_tls") && !is_chapter("ch1_x") && !is_chapter("chapter_x") && !is_chapter("ch01"));
    }
}
