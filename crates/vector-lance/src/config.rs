//! Settings.

use std::time::Duration;

/// Where the vectors are, and how much is spent on them.
#[derive(Clone, Debug)]
pub struct LanceConfig {
    /// A folder, which is made where it is missing, or an address that LanceDB takes.
    pub uri: String,
    /// Bytes of index kept in memory. LanceDB's own default is 6 GiB.
    pub index_cache: usize,
    /// Bytes of metadata kept in memory. LanceDB's own default is 1 GiB.
    pub metadata_cache: usize,
    /// From this many chunks on, a space has an index of its files; below, looking at all of them is as fast.
    pub index_from: usize,
    /// After this many writes a space is tidied by the write itself, so that a long import does not wait for
    /// the next [`optimize`](transom_vector::VectorStore::optimize) with thousands of small pieces.
    pub tidy_after: u64,
    /// How long a version stays after it was replaced, for searches that still read it.
    pub keep_versions: Duration,
}

impl LanceConfig {
    /// The usual settings, for this folder.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            index_cache: 32 << 20,
            metadata_cache: 32 << 20,
            index_from: 4_096,
            tidy_after: 256,
            keep_versions: Duration::from_secs(120),
        }
    }
}
