//! A chunked body with its trailers, as a hostile server might send it.

#![no_main]

libfuzzer_sys::fuzz_target!(|wire: &[u8]| {
    // Either way is fine: what must hold for both is asserted inside.
    let _read_or_refused = persistconn::fuzzing::chunked_body(wire);
});
