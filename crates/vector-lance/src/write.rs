//! Replacing and deleting, one at a time.

use std::sync::atomic::Ordering;

use lancedb::expr::expr_to_sql_string;
use transom_domain::FileId;
use transom_vector::{EmbeddedChunk, Space, VectorError};

use crate::error::{guard, translate};
use crate::read::of_files;
use crate::rows::to_rows;
use crate::store::Inner;
use crate::tables::Opened;
use crate::tidy::{index_words, tidy};

/// Files named in one delete. LanceDB writes the condition into the table's log.
const FILES_AT_ONCE: usize = 1_000;

/// Replaces a file's chunks. After a crash in the middle the file has none, and its job runs again.
pub(crate) async fn replace(inner: &Inner, space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<(), VectorError> {
    let opened = if chunks.is_empty() {
        let Some(opened) = inner.tables.get(space).await? else { return Ok(()) };
        opened
    } else {
        inner.tables.get_or_make(space).await?
    };
    let written = async {
        delete(&opened, std::slice::from_ref(file)).await?;
        if !chunks.is_empty() {
            opened.table.add(to_rows(space, file, chunks)?).execute().await.map_err(translate)?;
            wrote(&opened);
            index_words(&opened).await?;
        }
        Ok(())
    };
    finish(inner, &opened, written.await).await
}

/// Removes files from every space. All are tried; the first failure is told.
pub(crate) async fn delete_everywhere(inner: &Inner, files: &[FileId]) -> Result<(), VectorError> {
    let mut outcome = Ok(());
    for name in inner.tables.names().await? {
        let deleted = match inner.tables.by_name(&name).await {
            Ok(Some(opened)) => finish(inner, &opened, delete(&opened, files).await).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        outcome = outcome.and(deleted);
    }
    outcome
}

async fn delete(opened: &Opened, files: &[FileId]) -> Result<(), VectorError> {
    for files in files.chunks(FILES_AT_ONCE) {
        let filter = of_files(files);
        // Deleting nothing would write a version all the same.
        let condition = expr_to_sql_string(&filter).map_err(translate)?;
        let count = async { opened.table.count_rows(Some(condition)).await.map_err(translate) };
        if guard(count).await? > 0 {
            opened.table.delete(&filter).await.map_err(translate)?;
            wrote(opened);
        }
    }
    Ok(())
}

fn wrote(opened: &Opened) {
    opened.writes.fetch_add(1, Ordering::Relaxed);
    opened.untidy.store(true, Ordering::Relaxed);
}

/// After a write: forgets a damaged handle, tidies where it is time.
async fn finish(inner: &Inner, opened: &std::sync::Arc<Opened>, outcome: Result<(), VectorError>) -> Result<(), VectorError> {
    if let Err(VectorError::Damaged(_)) = &outcome {
        inner.tables.forget(opened).await;
    }
    outcome?;
    if opened.writes.load(Ordering::Relaxed) >= inner.config.tidy_after
        && let Err(error) = tidy(opened, &inner.config).await
    {
        // The write is done all the same; the next `optimize` tells, if it fails again.
        tracing::warn!(%error, table = opened.table.name(), "vectors could not be tidied after many writes");
    }
    Ok(())
}
