//! The lab as a reader meets it: the built program, in a tiny repository of its own.
//!
//! # Layout
//!
//! - [`support`]: the tiny repository
//! - [`book`]: the book of this repository itself
//! - [`faults`]: each kind of fault is planted, and must be found
//! - [`exercises`]: from the first exercise to the last, and what an exercise must hold
//! - [`serve`]: the book on a port, until Ctrl-C
//! - [`go`]: Go's places, names and lines beside ours
//! - [`mdbook`]: plain mdBook talks to the lab
//! - [`take_along`]: the book in one file, and on paper

mod book;
mod exercises;
mod faults;
mod go;
mod mdbook;
mod serve;
mod support;
mod take_along;
