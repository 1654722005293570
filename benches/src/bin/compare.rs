//! This client and others, side by side. See the module `compare` of the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::compare::main()
}
