//! Function models: Rust functions linked in, Python functions in worker processes.

mod python;

pub use python::{Limits, PythonConfig, PythonRuntime};
