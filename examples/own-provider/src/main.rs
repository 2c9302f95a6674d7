//! The server with a provider of one's own: `own-provider serve`, and all else that `transom` does.

mod parrot;

use std::process::ExitCode;

// ANCHOR: main
fn main() -> ExitCode {
    transom::main(transom::Extensions::new().with_provider(parrot::Parrot))
}
// ANCHOR_END: main
