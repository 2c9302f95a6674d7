//! Where each file's rows are.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use arrow_array::types::UInt64Type;
use futures_util::TryStreamExt;
use lance::Dataset;
use lance::dataset::ROW_ID;
use lance::dataset::scanner::RowAddrTreeMap;
use transom_domain::FileId;
use transom_vector::VectorError;

use crate::error::from_lance;
use crate::rows::{FILE_ID, numbers, strings};

/// The rows of every file of a table, so that a search names rows: a condition on thousands of file ids would have to be
/// parsed, planned and tried on a million rows at each question.
///
/// A fragment's rows never change their file; they are only deleted, which LanceDB minds itself. So only fragments that are
/// new are read. A file's rows follow one another: ten thousand files are a few megabytes here.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    fragments: HashSet<u32>,
    files: HashMap<FileId, Vec<Range<u64>>>,
}

impl Directory {
    /// Learns what this version of the table has, which is none older than the last.
    pub(crate) async fn refresh(&mut self, dataset: &Dataset) -> Result<(), VectorError> {
        let present: HashSet<u32> = dataset.get_fragments().iter().map(|fragment| fragment.id() as u32).collect();
        let unknown: Vec<_> =
            dataset.fragments().iter().filter(|fragment| !self.fragments.contains(&(fragment.id as u32))).cloned().collect();
        if !unknown.is_empty() {
            let mut scan = dataset.scan();
            scan.with_fragments(unknown).with_row_id().project(&[FILE_ID]).map_err(from_lance)?;
            let mut rows = scan.try_into_stream().await.map_err(from_lance)?;
            while let Some(batch) = rows.try_next().await.map_err(from_lance)? {
                let (files, ids) = (strings(&batch, FILE_ID)?, numbers::<UInt64Type>(&batch, ROW_ID)?);
                let rows: Vec<(&str, u64)> = files.iter().flatten().zip(ids.values().iter().copied()).collect();
                for run in rows.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
                    self.learn(FileId::from(run[0].0), run[0].1..run[0].1 + run.len() as u64);
                }
            }
        }
        if !self.fragments.is_subset(&present) {
            self.files.retain(|_, rows| {
                rows.retain(|rows| present.contains(&fragment_of(rows)));
                !rows.is_empty()
            });
        }
        self.fragments = present;
        Ok(())
    }

    fn learn(&mut self, file: FileId, run: Range<u64>) {
        let rows = self.files.entry(file).or_default();
        match rows.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            _ => rows.push(run),
        }
    }

    /// Every row of these files, and how many; deleted ones may be among them.
    pub(crate) fn rows<'a>(&self, files: impl IntoIterator<Item = &'a FileId>) -> (RowAddrTreeMap, usize) {
        let mut rows = RowAddrTreeMap::new();
        let mut count = 0;
        for range in files.into_iter().filter_map(|file| self.files.get(file)).flatten() {
            count += rows.insert_range(range.clone());
        }
        (rows, count as usize)
    }

    /// Whether there may be rows of one of these files.
    pub(crate) fn has(&self, files: &[FileId]) -> bool {
        files.iter().any(|file| self.files.contains_key(file))
    }
}

fn fragment_of(rows: &Range<u64>) -> u32 {
    (rows.start >> 32) as u32
}
