//! What a run has to complain about.

use std::sync::{Arc, Mutex};

/// Shared by all tasks of a run. They note what is wrong and go on, so that the first complaint is the cause and
/// not whatever broke after it.
#[derive(Clone, Default)]
pub(crate) struct Findings(Arc<Mutex<Vec<String>>>);

impl Findings {
    pub(crate) fn add(&self, finding: impl Into<String>) {
        self.0.lock().expect("a push cannot fail half-way").push(finding.into());
    }

    pub(crate) fn check(&self, holds: bool, finding: impl FnOnce() -> String) {
        if !holds {
            self.add(finding());
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("a push cannot fail half-way").clone()
    }
}
