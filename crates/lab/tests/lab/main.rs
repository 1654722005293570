//! The lab as a reader meets it: the built program, in a tiny repository of its own.
//!
//! # Layout
//!
//! - [`support`]: the tiny repository
//! - [`book`]: the book of this repository itself
//! - [`exits`]: the page of exits, and the scenarios behind it
//! - [`faults`]: each kind of fault is planted, and must be found
//! - [`exercises`]: from the first exercise to the last, and what an exercise must hold
//! - [`commands`]: what the texts tell a reader to type is typed, in a clean clone
//! - [`serve`]: the book on a port, until Ctrl-C
//! - [`run`]: programs that a page has run, and everybody who may not
//! - [`go`]: Go's places, names and lines beside ours
//! - [`mdbook`]: plain mdBook talks to the lab
//! - [`take_along`]: the book in one file, and on paper
//! - [`bundle`]: all that a classroom needs, in one archive
//! - [`doctor`]: machines that lack something
//! - [`workshop`]: plans, guides, and the instructor's page
//! - [`scenarios`]: scenarios from the command line, and the page on them
//! - [`with_go`]: what needs real Go, or what is recorded of it

mod book;
mod bundle;
mod commands;
mod doctor;
mod exercises;
mod exits;
mod faults;
mod go;
mod mdbook;
#[cfg(unix)]
mod run;
mod scenarios;
mod serve;
mod support;
mod take_along;
#[cfg(unix)]
mod with_go;
mod workshop;
