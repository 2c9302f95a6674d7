//! Function models: Rust functions linked in, Python functions in worker processes.
