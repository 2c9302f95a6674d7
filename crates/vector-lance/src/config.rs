//! Settings.

use std::time::Duration;

use crate::directory::Named;
use crate::upkeep::ROWS_OF_A_PARTITION;

/// Where the vectors are, and how much is spent on them.
#[derive(Clone, Debug)]
pub struct LanceConfig {
    /// A folder, which is made where it is missing, or an address that LanceDB takes.
    pub uri: String,
    /// Bytes of index kept in memory at most: a million chunks of 384 dimensions need about 100 MB, and where they do not fit, a search
    /// takes three times as long. LanceDB's own default is 6 GiB.
    pub index_cache: usize,
    /// Bytes of metadata kept in memory. LanceDB's own default is 1 GiB.
    pub metadata_cache: usize,
    /// A search that names files of at most this many chunks together compares with each of them.
    pub exact_up_to: usize,
    /// From this many chunks on, a space has an index of its vectors; below, comparing with all of them is as fast.
    pub index_from: usize,
    /// How many of the index's partitions a search looks into at least.
    pub partitions_searched: usize,
    /// It looks into more where it names few of the chunks, until it has met about this many of those.
    pub met: usize,
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
            index_cache: 128 << 20,
            metadata_cache: 32 << 20,
            exact_up_to: 4_000,
            index_from: 50_000,
            partitions_searched: 32,
            met: 1_000,
            refined: 10,
            tidy_after: 256,
            fresh_rows: 1_000,
            keep_versions: Duration::from_secs(120),
        }
    }

    /// How many partitions are searched for these rows.
    pub(crate) fn partitions(&self, named: &Named) -> usize {
        let met = self.met.min(named.count) * named.of;
        self.partitions_searched.max(met.div_ceil(named.count.max(1) * ROWS_OF_A_PARTITION as usize))
    }
}
