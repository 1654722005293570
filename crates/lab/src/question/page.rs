//! Questions as they stand in a chapter, and their answers as they stand at the end of the book.

use crate::html;
use crate::question::key::Sources;
use crate::question::{Choice, Question};

/// The page with the answers, from a page beside it.
pub const ANSWERS: &str = "answers.html";

/// What kind of question it is, which is how it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Before the run.
    Prediction,
    /// At the end of a chapter, the how-manieth.
    Check(usize),
}

/// The question as one block of HTML. Without script all of it shows; on paper the reasons stand with the answers.
///
/// # Errors
///
/// As [`Question::answer`].
pub fn ask(question: &Question, kind: Kind, sources: Sources<'_>) -> Result<String, String> {
    let key = question.answer(sources)?;
    let id = html::escape(&question.id);
    let begin = match kind {
        Kind::Prediction => "Predict.".to_owned(),
        Kind::Check(number) => format!("{number}."),
    };
    let measured = if question.key.is_measured() { " data-measured" } else { "" };
    let typed = if question.typed { " data-typed" } else { "" };
    let mut out = format!(
        "<div class=\"predict\" id=\"q-{id}\" data-id=\"{id}\"{measured}{typed}>\n<fieldset>\n\
         <legend><strong>{begin}</strong> {}</legend>\n",
        html::inline(&question.text.en)
    );
    if question.typed {
        out.push_str(
            "<p class=\"predict-typed\"><label>Your answer: <input type=\"text\" inputmode=\"numeric\" \
             autocomplete=\"off\" size=\"8\"></label></p>\n",
        );
    }
    for (i, option) in question.option.iter().enumerate() {
        let right = option.value == key;
        let value = html::escape(&option.value);
        let class = if right { "predict-option predict-right" } else { "predict-option" };
        let label = match question.typed {
            true => format!("<p class=\"predict-value\">{value}</p>"),
            false => format!(
                "<label><input type=\"radio\" name=\"{id}\" value=\"{value}\" aria-describedby=\"{id}-{i}\"> {value}</label>"
            ),
        };
        out.push_str(&format!(
            "<div class=\"{class}\" data-value=\"{value}\">\n{label}\n\
             <p class=\"predict-why\" id=\"{id}-{i}\"><strong>{}</strong> {}</p>\n</div>\n",
            verdict(question, right),
            html::inline(&option.explanation.en)
        ));
    }
    out.push_str(&format!(
        "<p class=\"predict-source\">{}</p>\n\
         <p class=\"predict-paper\">The answer stands at the end of the book: <a href=\"{ANSWERS}#a-{id}\">answer</a>.</p>\n\
         <p class=\"predict-verdict\" role=\"status\"></p>\n</fieldset>\n</div>\n",
        question.key.source(sources)?
    ));
    Ok(out)
}

/// The answer with the reasons of all options, as one block of HTML. `page` is where the question is asked.
///
/// # Errors
///
/// As [`Question::answer`].
pub fn answer(question: &Question, page: &str, sources: Sources<'_>) -> Result<String, String> {
    let key = question.answer(sources)?;
    let (right, wrong): (Vec<&Choice>, Vec<&Choice>) = question.option.iter().partition(|option| option.value == key);
    let id = html::escape(&question.id);
    let mut out = format!(
        "<div class=\"answer\" id=\"a-{id}\" data-id=\"{id}\" data-value=\"{}\">\n<p><a href=\"{page}#q-{id}\">{}</a></p>\n",
        html::escape(&key),
        html::inline(&question.text.en)
    );
    for option in right.into_iter().chain(wrong) {
        let right = option.value == key;
        let class = if right { "answer-right" } else { "answer-wrong" };
        out.push_str(&format!(
            "<p class=\"{class}\"><strong>{}</strong>. {} {}</p>\n",
            html::escape(&option.value),
            verdict(question, right),
            html::inline(&option.explanation.en)
        ));
    }
    out.push_str(&format!("<p class=\"predict-source\">{}</p>\n</div>\n", question.key.source(sources)?));
    Ok(out)
}

fn verdict(question: &Question, right: bool) -> &'static str {
    match (right, question.key.is_measured()) {
        (true, true) => "Measured.",
        (true, false) => "Right.",
        (false, _) => "Not so.",
    }
}
