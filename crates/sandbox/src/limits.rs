//! What a child may take, and what keeps it from taking more.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A million bytes.
pub(crate) const MEGABYTE: usize = 1_000_000;

/// What one document may cost. Megabytes are of a million bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Larger files are not read at all.
    pub file_megabytes: usize,
    /// Longer texts are not taken.
    pub text_megabytes: usize,
    /// Memory that a child may ask for, beyond what it has when it begins.
    pub memory_megabytes: usize,
    /// Processor time that reading may take, in all threads of the child.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_megabytes: 256, text_megabytes: 50, memory_megabytes: 1024, time: Duration::from_secs(45) }
    }
}

/// What the system let a child give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Address space is limited. Linux only.
    pub memory: bool,
    /// System calls that reach beyond the process are refused: files, sockets, processes. Linux on the usual processors.
    pub calls: bool,
    /// The kernel would refuse files and connections even so. Linux from 5.13, where its administrator allows it.
    pub files: bool,
}

impl Protection {
    /// What is missing, in words; nothing where everything is there.
    pub fn missing(&self) -> Vec<&'static str> {
        let Self { memory, calls, files } = *self;
        [(memory, "a limit on memory"), (calls, "a filter of system calls"), (files, "Landlock")]
            .into_iter()
            .filter_map(|(there, name)| (!there).then_some(name))
            .collect()
    }
}
