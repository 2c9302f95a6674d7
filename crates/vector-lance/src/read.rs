//! Searching and counting.

use std::collections::BTreeMap;

use arrow_array::{Array, RecordBatch};
use futures_util::TryStreamExt;
use lancedb::expr::{DfExpr, col, is_in, lit};
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::{DistanceType, Table};
use transom_domain::FileId;
use transom_vector::{Hit, Query, VectorError};

use crate::error::translate;
use crate::rows::{CHUNK_COLUMNS, FILE_ID, VECTOR, strings, to_hits};

/// Rows asked for beyond the limit, to see whether the limit would cut through equally near ones.
const BEYOND: usize = 8;

/// Rows of these files, and no others.
pub(crate) fn of_files<'a>(files: impl IntoIterator<Item = &'a FileId>) -> DfExpr {
    is_in(col(FILE_ID), files.into_iter().map(|file| lit(file.as_ref())).collect())
}

/// The chunks nearest to the question: nearest first, equally near ones by file and ordinal.
pub(crate) async fn search(table: &Table, query: &Query) -> Result<Vec<Hit>, VectorError> {
    let rows = table.count_rows(None).await.map_err(translate)?;
    let limit = query.limit.min(rows);
    if limit == 0 || query.files.is_empty() {
        return Ok(Vec::new());
    }
    let mut files: Vec<&FileId> = query.files.iter().collect();
    files.sort_unstable();
    files.dedup();
    let filter = of_files(files);

    // LanceDB breaks ties as it likes. Ours are broken by name, so all that are as near as the last one are needed.
    let mut asked = limit.saturating_add(BEYOND).min(rows);
    loop {
        let mut hits = nearest(table, &query.vector, filter.clone(), asked).await?;
        hits.sort_by(|a, b| {
            let names = |hit: &Hit| (hit.chunk.file_id.clone(), hit.chunk.ordinal);
            b.similarity.total_cmp(&a.similarity).then_with(|| names(a).cmp(&names(b)))
        });
        let complete = hits.len() < asked || asked == rows;
        let parted = hits.len() > limit && hits[limit - 1].similarity > hits[hits.len() - 1].similarity;
        if complete || parted {
            hits.truncate(limit);
            return Ok(hits);
        }
        asked = asked.saturating_mul(4).min(rows);
    }
}

async fn nearest(table: &Table, vector: &[f32], filter: DfExpr, limit: usize) -> Result<Vec<Hit>, VectorError> {
    let query = table.query().nearest_to(vector).map_err(translate)?;
    let found = query
        .column(VECTOR)
        .distance_type(DistanceType::Cosine)
        .bypass_vector_index()
        .only_if_expr(filter)
        .select(Select::columns(&CHUNK_COLUMNS))
        .limit(limit)
        .execute()
        .await
        .map_err(translate)?;
    let batches: Vec<RecordBatch> = found.try_collect().await.map_err(translate)?;
    let mut hits = Vec::new();
    for batch in &batches {
        hits.append(&mut to_hits(batch)?);
    }
    Ok(hits)
}

/// How many chunks each file has.
pub(crate) async fn count(table: &Table) -> Result<BTreeMap<FileId, usize>, VectorError> {
    let mut rows = table.query().select(Select::columns(&[FILE_ID])).execute().await.map_err(translate)?;
    let mut counts = BTreeMap::new();
    while let Some(batch) = rows.try_next().await.map_err(translate)? {
        let files = strings(&batch, FILE_ID)?;
        for row in 0..files.len() {
            *counts.entry(FileId::from(files.value(row))).or_default() += 1;
        }
    }
    Ok(counts)
}
