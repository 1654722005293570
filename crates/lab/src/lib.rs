//! The workbench behind `cargo run`: it builds the book, serves it, and holds every number in it against
//! the code that prints it.
//!
//! # Layout
//!
//! - [`cli`]: the commands
//! - [`workspace`]: where things lie in the repository
//! - [`error`]: what can go wrong, and where
//!
//! From chapters to pages:
//!
//! - [`build`]: the book, built in-process with mdBook as a library
//! - [`paper`]: the page for printing
//! - [`zipped`]: the book in one file, to take along
//! - [`preprocess`]: the lab as mdBook's preprocessor, in-process and over stdin
//! - [`expand`]: a chapter's directives, each replaced by what it names
//! - [`listing`]: code from compiled files, by anchors
//! - [`recording`]: what examples printed, as it lies in `book/recordings/`
//! - [`measured`]: what real Go did, beside what the examples print
//! - [`data`]: tables that a program has written, and figures by their names
//! - [`walk`]: a place of ours and Go's beside each other
//! - [`dictionary`]: Go's names and what stands for each here
//! - [`symbols`]: Go's names in the documentation of the crates, and where Go has them
//! - [`gotree`]: a tree of Go's sources on the reader's machine
//! - [`outputs`]: where every recording and every figure comes from
//! - [`pages`]: the chapters as they are written
//! - [`exits`]: every way out of the loops and waits, from the table that the port uses
//! - [`question`]: predictions and questions, whose keys are read from recordings
//! - [`slides`]: which parts of a chapter are shown to a room
//! - [`schedule`]: the workshops, with clock times and sums
//! - [`guide`]: what an instructor needs to know about a page
//! - [`exercise`]: small crates for the reader to solve, and the commands for them
//! - [`gallery`]: programs that do not compile, and what the compiler says
//! - [`picture`]: pictures of tasks, drawn from traces
//! - [`prose`]: the words that a reader reads
//! - [`lint`]: code and output that was typed by hand is refused
//! - [`html`]: text into HTML
//! - [`search`]: the index of the built pages
//! - [`serve`]: the book on a loopback port
//! - [`runner`]: a listed program, run for somebody who watches
//!
//! For a workshop:
//!
//! - [`doctor`]: what this machine has, and what it lacks
//! - [`bundle`]: all that a classroom without a network needs, in one archive
//!
//! Small experiments:
//!
//! - [`scenarios`]: the commands that run them
//! - [`with_go`]: the commands that need real Go, or what is recorded of it
//!
//! From code to recordings, and back:
//!
//! - [`record`]: runs examples and keeps what they print
//! - [`normalise`]: what may differ from run to run
//! - [`check`]: looks for everything that is not so
//! - [`commands`]: the commands that README.md and the book print, run in a clean clone
//! - [`diff`]: two texts, and where they part

pub mod build;
pub mod bundle;
pub mod check;
pub mod cli;
pub mod commands;
pub mod data;
pub mod dictionary;
pub mod diff;
pub mod doctor;
pub mod error;
pub mod exercise;
pub mod exits;
pub mod expand;
pub mod fuzz;
pub mod gallery;
pub mod gotree;
pub mod guide;
pub mod html;
pub mod lint;
pub mod listing;
pub mod measured;
pub mod normalise;
pub mod outputs;
pub mod pages;
pub mod paper;
pub mod picture;
pub mod preprocess;
pub mod prose;
pub mod question;
pub mod record;
pub mod recording;
pub mod runner;
pub mod scenarios;
pub mod schedule;
pub mod search;
pub mod serve;
pub mod slides;
pub mod symbols;
pub mod walk;
pub mod with_go;
pub mod workspace;
pub mod zipped;
