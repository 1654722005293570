//! What a small GET may cost in memory. Instructions and system calls are looked at by `--bin steady`.

use std::alloc::System;
use std::path::Path;

use benches::program::Server;
use benches::steady::lines::Lines;
use benches::steady::{allocations, heap};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test, since the counters are the process's: two at once would count each other.
#[test]
fn a_small_get_and_an_idle_connection_stay_within_their_lines() {
    let server = Server::start(Path::new(env!("CARGO_BIN_EXE_compare"))).expect("a server");
    let lines = Lines::read();
    let figures = [
        lines.allocations.check(allocations(&server, || COUNTING.stats()).expect("answers")),
        lines.heap.check(heap(&server, || COUNTING.stats()).expect("answers")),
    ];
    for figure in figures {
        println!("{}", figure.expect("within its line"));
    }
}
