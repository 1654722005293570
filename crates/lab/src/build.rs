//! The book, built in-process with mdBook as a library.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata, span};

use crate::error::{Error, Fault, Faults};
use crate::expand::Used;
use crate::paper;
use crate::preprocess::Lab;
use crate::search;
use crate::workspace::Workspace;

/// A book that has been built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Built {
    /// The directory with index.html.
    pub dest: PathBuf,
    /// What was put in place on the way.
    pub used: Used,
}

/// Where `lab build` puts the book without `--dest`, as book.toml says it.
///
/// # Errors
///
/// When book.toml cannot be read.
pub fn default_dest(workspace: &Workspace) -> Result<PathBuf, Error> {
    Ok(workspace.book().join(config(workspace)?.build.build_dir))
}

/// Builds the book into `dest`. What mdBook only warns about is a fault here.
///
/// # Errors
///
/// [`Error::Faults`] with all that is wrong in the chapters; [`Error::Mdbook`] when mdBook refuses.
pub fn build(workspace: &Workspace, dest: &Path) -> Result<Built, Error> {
    let mut config = config(workspace)?;
    config.build.build_dir = dest.to_path_buf();
    let used = Rc::new(Cell::new(Used::default()));
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        let mut book = MDBook::load_with_config(workspace.book(), config).map_err(from_mdbook)?;
        book.with_preprocessor(Lab::counting(workspace.clone(), Rc::clone(&used)));
        book.build().map_err(from_mdbook)
    })?;
    let faults = warnings.take().into_iter().map(|warning| Fault::in_file("book", format!("mdBook warns: {warning}")));
    Faults::none(faults.collect())?;
    paper::prepare(dest)?;
    search::write(dest)?;
    Ok(Built { dest: dest.to_path_buf(), used: used.get() })
}

/// The book's title, as book.toml says it.
///
/// # Errors
///
/// When book.toml cannot be read.
pub fn title(workspace: &Workspace) -> Result<String, Error> {
    Ok(config(workspace)?.book.title.unwrap_or_default())
}

fn config(workspace: &Workspace) -> Result<Config, Error> {
    Config::from_disk(workspace.book().join("book.toml")).map_err(from_mdbook)
}

/// Our own faults come back out of mdBook's error; its own keep their chain of causes.
fn from_mdbook(error: mdbook_driver::errors::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(theirs) => Error::Mdbook(theirs.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")),
    }
}

/// Collects what mdBook says at the levels warning and error. It says it through `tracing` and goes on.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("a push cannot fail half-way"))
    }
}

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.0.lock().expect("a push cannot fail half-way").push(message.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
