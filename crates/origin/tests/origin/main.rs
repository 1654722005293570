//! The server over real sockets, seen by a client that speaks bytes.

use origin::{Plan, TcpOrigin};

mod hosts;
mod replies;
mod scripts;
mod support;

fn start(plan: impl Into<Plan>) -> TcpOrigin {
    TcpOrigin::start(plan).expect("a free port of loopback")
}
