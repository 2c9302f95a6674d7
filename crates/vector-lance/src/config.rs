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
    /// A search that names files of at most this many chunks together compares with each of them.
    pub exact_up_to: usize,
    /// From this many chunks on, a space has an index of its vectors; below, comparing with all of them is as fast.
    pub index_from: usize,
    /// How many of the index's partitions a search looks into at least.
    pub partitions_searched: usize,
    /// The index's approximate distances find this many times the chunks that are asked for; exact ones choose among them.
    pub refined: u32,
    /// After this many writes a space is tidied without waiting for the next
    /// [`optimize`](transom_vector::VectorStore::optimize), so that a long import does not leave thousands of small pieces.
    pub tidy_after: u64,
    /// The same after this many new chunks, if they are a good part of all.
    pub fresh_rows: u64,
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
            exact_up_to: 20_000,
            index_from: 50_000,
            partitions_searched: 32,
            refined: 10,
            tidy_after: 256,
            fresh_rows: 1_000,
            keep_versions: Duration::from_secs(120),
        }
    }
}
