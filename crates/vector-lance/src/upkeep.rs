//! What has to be done after writes: pieces are merged, indexes follow, old versions go.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use lancedb::Table;
use lancedb::index::Index;
use lancedb::index::scalar::FtsIndexBuilder;
use lancedb::index::vector::IvfRqIndexBuilder;
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};
use lancedb::{DistanceType, index};
use tokio::sync::Mutex;
use transom_vector::VectorError;

use crate::LanceConfig;
use crate::error::{guard, translate};
use crate::rows::{TERMS, VECTOR};
use crate::store::Inner;
use crate::tables::Opened;

/// Pieces of fewer rows are merged. LanceDB's own million would write a whole table again each time.
const ROWS_OF_A_PIECE: usize = 25_000;

/// A search looks into some dozens of partitions; smaller ones make it quicker, and finding them slower.
pub(crate) const ROWS_OF_A_PARTITION: u32 = 2_048;

/// The index of words follows in pieces of its own; from this many on they are merged into one.
const WORD_PIECES: u32 = 8;

/// Whether a space was written to so much that it is tidied at once: after many writes, and when so much is new to the index
/// of words that its ranking would suffer, for what is new to it is ranked by itself.
pub(crate) fn is_due(opened: &Opened, config: &LanceConfig) -> bool {
    let fresh = opened.fresh_rows.load(Ordering::Relaxed);
    opened.writes.load(Ordering::Relaxed) >= config.tidy_after
        || fresh >= config.fresh_rows && fresh > opened.tidied_rows.load(Ordering::Relaxed) / 4
}

/// Tidies a space. Everything is tried, so that a merge that fails does not let the folder grow; the first failure is told.
///
/// Merging and pruning hold up writers; indexes, which take long, are made beside them.
pub(crate) async fn tidy(inner: &Inner, opened: &Arc<Opened>) -> Result<(), VectorError> {
    match tidy_open(opened, &inner.config, &inner.writer).await {
        Err(_) if opened.dropped.load(Ordering::Relaxed) => Ok(()),
        Err(VectorError::Damaged(reason)) => {
            inner.tables.damaged(opened, &reason).await;
            Err(VectorError::Damaged(reason))
        }
        outcome => outcome,
    }
}

async fn tidy_open(opened: &Opened, config: &LanceConfig, writer: &Mutex<()>) -> Result<(), VectorError> {
    let _alone = opened.upkeep.lock().await;
    if !opened.untidy.swap(false, Ordering::Relaxed) {
        return Ok(());
    }
    opened.writes.store(0, Ordering::Relaxed);
    opened.fresh_rows.store(0, Ordering::Relaxed);
    let merged = {
        let _writer = writer.lock().await;
        guard(merge(&opened.table)).await
    };
    let indexed = guard(index(opened, config)).await;
    let pruned = {
        let _writer = writer.lock().await;
        guard(prune(&opened.table, config)).await
    };
    let outcome = merged.and(indexed).and(pruned);
    if !matches!(outcome, Ok(false)) {
        opened.untidy.store(true, Ordering::Relaxed);
    }
    outcome.map(|_| ())
}

async fn merge(table: &Table) -> Result<(), VectorError> {
    let options = CompactionOptions { target_rows_per_fragment: ROWS_OF_A_PIECE, ..Default::default() };
    table.optimize(OptimizeAction::Compact { options, remap_options: None }).await.map_err(translate)?;
    Ok(())
}

async fn index(opened: &Opened, config: &LanceConfig) -> Result<(), VectorError> {
    let table = &opened.table;
    let rows = table.count_rows(None).await.map_err(translate)?;
    if rows > 0 {
        index_words(opened).await?;
        follow(table, TERMS).await?;
        opened.tidied_rows.store(rows as u64, Ordering::Relaxed);
    }
    // LanceDB quantises whole bytes. A space of another dimension goes without: every model's is a multiple of eight.
    if rows >= config.index_from && opened.space.dimension.is_multiple_of(8) && !follow(table, VECTOR).await? {
        // One bit a dimension: 48 bytes for 384 dimensions. LanceDB splits partitions as they grow.
        let index = IvfRqIndexBuilder::default().distance_type(DistanceType::Cosine).num_bits(1).target_partition_size(ROWS_OF_A_PARTITION);
        table.create_index(&[VECTOR], Index::IvfRq(index)).execute().await.map_err(translate)?;
    }
    Ok(())
}

/// Makes the index of words with the first rows: without it LanceDB would compare words by rules of its own, and one that was made
/// over no rows finds nothing. Rows that it does not have yet are looked at one by one.
pub(crate) async fn index_words(opened: &Opened) -> Result<(), VectorError> {
    if opened.worded.load(Ordering::Relaxed) {
        return Ok(());
    }
    let table = &opened.table;
    if find(table, TERMS).await?.is_none() {
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

async fn find(table: &Table, column: &str) -> Result<Option<index::IndexConfig>, VectorError> {
    let indices = table.list_indices().await.map_err(translate)?;
    Ok(indices.into_iter().find(|index| index.columns == [column]))
}

/// Brings a column's index up to date, where there is one: new rows first become a piece of their own.
async fn follow(table: &Table, column: &str) -> Result<bool, VectorError> {
    let Some(index) = find(table, column).await? else { return Ok(false) };
    let Some(stats) = table.index_stats(&index.name).await.map_err(translate)? else { return Ok(true) };
    if stats.num_unindexed_rows > 0 {
        let mut options = OptimizeOptions::default();
        options.index_names = Some(vec![index.name]);
        if column == TERMS {
            let pieces = stats.num_indices.unwrap_or_default();
            options.num_indices_to_merge = Some(if pieces < WORD_PIECES { 0 } else { pieces as usize });
        }
        table.optimize(OptimizeAction::Index(options)).await.map_err(translate)?;
    }
    Ok(true)
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
