//! Replacing and deleting, one at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lancedb::expr::{DfExpr, col, is_in, lit};
use transom_domain::FileId;
use transom_vector::{EmbeddedChunk, Space, VectorError};

use crate::error::{guard, translate};
use crate::rows::{FILE_ID, to_rows};
use crate::store::Inner;
use crate::tables::Opened;
use crate::upkeep::{index_words, is_due, tidy};

/// Files named in one delete. LanceDB writes the condition into the table's log.
const FILES_AT_ONCE: usize = 1_000;

/// Replaces a file's chunks. After a crash in the middle the file has none, and its job runs again.
pub(crate) async fn replace(inner: &Arc<Inner>, space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError> {
    let opened = if chunks.is_empty() {
        let Some(opened) = inner.tables.get(space).await? else { return Ok(()) };
        opened
    } else {
        inner.tables.get_or_make(space).await?
    };
    let count = chunks.len();
    let written = guard(async {
        delete(&opened, std::slice::from_ref(file)).await?;
        if count > 0 {
            opened.table.add(to_rows(space, file, chunks)?).execute().await.map_err(translate)?;
            wrote(&opened, count);
            index_words(&opened).await?;
        }
        Ok(())
    });
    finish(inner, &opened, written.await).await
}

/// Removes files from every space. All are tried; the first failure is told.
pub(crate) async fn delete_everywhere(inner: &Arc<Inner>, files: &[FileId]) -> Result<(), VectorError> {
    let mut outcome = Ok(());
    for name in inner.tables.names().await? {
        let deleted = match inner.tables.by_name(&name).await {
            Ok(Some(opened)) => finish(inner, &opened, guard(delete(&opened, files)).await).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        outcome = outcome.and(deleted);
    }
    outcome
}

async fn delete(opened: &Opened, files: &[FileId]) -> Result<(), VectorError> {
    for files in files.chunks(FILES_AT_ONCE) {
        // Deleting nothing would write a version all the same.
        if opened.has(files).await? {
            opened.table.delete(&of_files(files)).await.map_err(translate)?;
            wrote(opened, 0);
        }
    }
    Ok(())
}

/// Rows of these files, and no others.
fn of_files(files: &[FileId]) -> DfExpr {
    is_in(col(FILE_ID), files.iter().map(|file| lit(file.as_ref())).collect())
}

fn wrote(opened: &Opened, rows: usize) {
    opened.writes.fetch_add(1, Ordering::Relaxed);
    opened.fresh_rows.fetch_add(rows as u64, Ordering::Relaxed);
    opened.untidy.store(true, Ordering::Relaxed);
}

/// After a write: remembers damage, tidies in the background where it is time.
async fn finish(inner: &Arc<Inner>, opened: &Arc<Opened>, outcome: Result<(), VectorError>) -> Result<(), VectorError> {
    if let Err(VectorError::Damaged(reason)) = &outcome {
        inner.tables.damaged(opened, reason).await;
    }
    outcome?;
    if is_due(opened, &inner.config) && opened.upkeep.try_lock().is_ok() {
        let (inner, opened) = (inner.clone(), opened.clone());
        tokio::spawn(async move {
            if let Err(error) = tidy(&inner, &opened).await {
                // The writes are done all the same; the next `optimize` tells, if it fails again.
                tracing::warn!(%error, table = opened.table.name(), "vectors could not be tidied after many writes");
            }
        });
    }
    Ok(())
}
