//! The client over real sockets: a counted runtime on this side, a scripted origin on the other.

mod chain;
mod errors;
mod exits_on_sockets;
mod journey;
mod nginx;
mod pool;
mod soak;
mod support;
