//! Empty still.
