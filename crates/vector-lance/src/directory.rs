//! Where each file's rows are.

use std::collections::HashMap;
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
    /// How many rows each fragment had when it was read.
    fragments: HashMap<u32, u64>,
    files: HashMap<FileId, Vec<Range<u64>>>,
}

/// Rows to search; deleted ones may be among them.
pub(crate) struct Named {
    pub(crate) rows: RowAddrTreeMap,
    /// How many they are.
    pub(crate) count: usize,
    /// Of how many.
    pub(crate) of: usize,
}

impl Directory {
    /// Learns what this version of the table has, which is none older than the last.
    pub(crate) async fn refresh(&mut self, dataset: &Dataset) -> Result<(), VectorError> {
        let mut present: HashMap<u32, u64> = dataset.fragments().iter().map(|fragment| (fragment.id as u32, 0)).collect();
        let gone = self.fragments.keys().any(|fragment| !present.contains_key(fragment));
        let unknown: Vec<_> =
            dataset.fragments().iter().filter(|fragment| !self.fragments.contains_key(&(fragment.id as u32))).cloned().collect();
        present.iter_mut().for_each(|(fragment, rows)| *rows = self.fragments.get(fragment).copied().unwrap_or_default());
        if !unknown.is_empty() {
            let mut scan = dataset.scan();
            scan.with_fragments(unknown).with_row_id().project(&[FILE_ID]).map_err(from_lance)?;
            let mut rows = scan.try_into_stream().await.map_err(from_lance)?;
            while let Some(batch) = rows.try_next().await.map_err(from_lance)? {
                let (files, ids) = (strings(&batch, FILE_ID)?, numbers::<UInt64Type>(&batch, ROW_ID)?);
                let rows: Vec<(&str, u64)> = files.iter().flatten().zip(ids.values().iter().copied()).collect();
                for run in rows.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1) {
                    let rows = run[0].1..run[0].1 + run.len() as u64;
                    *present.entry(fragment_of(&rows)).or_default() += run.len() as u64;
                    self.learn(FileId::from(run[0].0), rows);
                }
            }
        }
        if gone {
            self.files.retain(|_, rows| {
                rows.retain(|rows| present.contains_key(&fragment_of(rows)));
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

    /// Every row of these files.
    pub(crate) fn rows<'a>(&self, files: impl IntoIterator<Item = &'a FileId>) -> Named {
        let mut rows = RowAddrTreeMap::new();
        let mut count = 0;
        for range in files.into_iter().filter_map(|file| self.files.get(file)).flatten() {
            count += rows.insert_range(range.clone());
        }
        Named { rows, count: count as usize, of: self.fragments.values().sum::<u64>() as usize }
    }

    /// Whether there may be rows of one of these files.
    pub(crate) fn has(&self, files: &[FileId]) -> bool {
        files.iter().any(|file| self.files.contains_key(file))
    }
}

fn fragment_of(rows: &Range<u64>) -> u32 {
    (rows.start >> 32) as u32
}
