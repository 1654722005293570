//! Every question has its key, is asked once, and has its answer at the end of the book.

use crate::check::summary;
use crate::error::{Error, Fault};
use crate::expand::Expander;
use crate::question::survey::Survey;
use crate::workspace::Workspace;

/// Looks at every question, and at every chapter for the questions that it asks. Returns the number of questions.
///
/// # Errors
///
/// When a chapter cannot be read.
pub fn check(workspace: &Workspace, expander: &Expander, faults: &mut Vec<Fault>) -> Result<usize, Error> {
    let questions = expander.questions();
    for question in questions.list() {
        let wrong = question.answer(expander.sources()).err();
        faults.extend(wrong.map(|what| Fault::in_file("book/questions", what)));
    }
    let mut survey = Survey::default();
    for file in summary::chapters(workspace)? {
        let text = Error::read(&workspace.src().join(&file))?;
        survey.chapter(&format!("book/src/{file}"), "", &text);
    }
    faults.extend(survey.faults(questions));
    Ok(questions.list().len())
}
