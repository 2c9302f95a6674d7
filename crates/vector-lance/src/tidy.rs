//! What has to be done after many writes. The caller holds the writer's lock.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use lancedb::Table;
use lancedb::index::Index;
use lancedb::index::scalar::{BTreeIndexBuilder, FtsIndexBuilder};
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};
use transom_vector::VectorError;

use crate::LanceConfig;
use crate::error::translate;
use crate::rows::{FILE_ID, TERMS};
use crate::tables::Opened;

/// Pieces of fewer rows are merged. LanceDB's own million would write a whole table again each time.
const ROWS_OF_A_PIECE: usize = 25_000;

/// Merges small pieces, keeps the index, removes old versions. All three are tried, so that a merge that fails does
/// not let the folder grow; the first failure is told.
pub(crate) async fn tidy(opened: &Opened, config: &LanceConfig) -> Result<(), VectorError> {
    if !opened.untidy.load(Ordering::Relaxed) {
        return Ok(());
    }
    opened.writes.store(0, Ordering::Relaxed);
    let merged = merge(&opened.table).await;
    let indexed = index(&opened.table, config.index_from).await;
    let pruned = prune(&opened.table, config).await;
    merged.and(indexed).and(pruned.map(|left| opened.untidy.store(left, Ordering::Relaxed)))
}

async fn merge(table: &Table) -> Result<(), VectorError> {
    let options = CompactionOptions { target_rows_per_fragment: ROWS_OF_A_PIECE, ..Default::default() };
    table.optimize(OptimizeAction::Compact { options, remap_options: None }).await.map_err(translate)?;
    Ok(())
}

/// Makes the index of words with the first rows: without it LanceDB would compare words by rules of its own, and one that was made
/// over no rows finds nothing. Rows that it does not have yet are looked at one by one.
pub(crate) async fn index_words(opened: &Opened) -> Result<(), VectorError> {
    if opened.worded.load(Ordering::Relaxed) {
        return Ok(());
    }
    let table = &opened.table;
    let indices = table.list_indices().await.map_err(translate)?;
    if !indices.iter().any(|index| index.columns == [TERMS]) {
        // What is not named here would change terms that are analysed already.
        let index = FtsIndexBuilder::default()
            .base_tokenizer("whitespace".to_owned())
            .max_token_length(None)
            .lower_case(false)
            .stem(false)
            .remove_stop_words(false)
            .ascii_folding(false)
            .with_position(false);
        table.create_index(&[TERMS], Index::FTS(index)).execute().await.map_err(translate)?;
    }
    opened.worded.store(true, Ordering::Relaxed);
    Ok(())
}

async fn index(table: &Table, from: usize) -> Result<(), VectorError> {
    let indices = table.list_indices().await.map_err(translate)?;
    let Some(index) = indices.iter().find(|index| index.columns == [FILE_ID]) else {
        if table.count_rows(None).await.map_err(translate)? >= from {
            let index = Index::BTree(BTreeIndexBuilder::default());
            table.create_index(&[FILE_ID], index).execute().await.map_err(translate)?;
        }
        return Ok(());
    };
    let stats = table.index_stats(&index.name).await.map_err(translate)?;
    if stats.is_some_and(|stats| stats.num_unindexed_rows > 0) {
        table.optimize(OptimizeAction::Index(OptimizeOptions::default())).await.map_err(translate)?;
    }
    Ok(())
}

/// Removes versions, and tells whether some are left for later. A version may go when it was replaced long enough ago
/// that no search reads it any more: its successor's age counts, not its own.
async fn prune(table: &Table, config: &LanceConfig) -> Result<bool, VectorError> {
    let versions = table.list_versions().await.map_err(translate)?;
    let cutoff = SystemTime::now() - config.keep_versions;
    let times = versions.iter().map(|version| version.timestamp);
    let current_then = times.filter(|timestamp| SystemTime::from(*timestamp) <= cutoff).max();
    let Some(current_then) = current_then else { return Ok(versions.len() > 1) };
    // `OptimizeAction::Prune` takes an age; measured from now, it would also take versions replaced a moment ago.
    // No other process writes, and here nobody else holds the writer's lock: what no version names is left over from
    // writes that failed.
    table.optimize_prune_before(current_then, Some(true), None).await.map_err(translate)?;
    Ok(table.list_versions().await.map_err(translate)?.len() > 1)
}
