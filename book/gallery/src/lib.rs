//! Pairs of programs that differ in a line or two: one of each compiles, the other does not. Each is an example of this package,
//! a file of `programs`; `cargo lab gallery NAME` says what the compiler says. `crates/client/src/impossible.rs` explains them.
