//! Searching and counting.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use arrow_array::{Array, RecordBatch};
use futures_util::TryStreamExt;
use lancedb::expr::{DfExpr, col, is_in, lit};
use lancedb::index::scalar::{FullTextSearchQuery, MatchQuery};
use lancedb::query::{ExecutableQuery, Query as Rows, QueryBase, Select};
use lancedb::{DistanceType, Table};
use transom_domain::{Chunk, FileId};
use transom_vector::{Hit, Query, TermQuery, VectorError};

use crate::error::translate;
use crate::rows::{BM25, CHUNK_COLUMNS, DISTANCE, FILE_ID, ORDINAL, TERMS, VECTOR, strings, to_chunks, to_hits};

/// Rows asked for beyond the limit, to see whether the limit would cut through equally good ones.
const BEYOND: usize = 8;

/// Rows of these files, and no others.
pub(crate) fn of_files<'a>(files: impl IntoIterator<Item = &'a FileId>) -> DfExpr {
    is_in(col(FILE_ID), files.into_iter().map(|file| lit(file.as_ref())).collect())
}

/// What to rank chunks by.
enum Ranking<'a> {
    Nearness(&'a [f32]),
    Words(MatchQuery),
}

/// The chunks nearest to the question: nearest first, equally near ones by file and ordinal.
pub(crate) async fn search(table: &Table, query: &Query) -> Result<Vec<Hit>, VectorError> {
    best(table, &Ranking::Nearness(&query.vector), &query.files, query.limit).await
}

/// The chunks with the question's terms: best first, equally good ones by file and ordinal.
pub(crate) async fn search_terms(table: &Table, query: &TermQuery) -> Result<Vec<Hit>, VectorError> {
    let terms: BTreeSet<&str> = query.terms.iter().flat_map(|term| term.split_whitespace()).collect();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let terms = terms.into_iter().collect::<Vec<_>>().join(" ");
    let matching = MatchQuery::new(terms).with_column(Some(TERMS.to_owned())).with_fuzziness(Some(0));
    best(table, &Ranking::Words(matching), &query.files, query.limit).await
}

/// The best of these files' chunks. LanceDB breaks ties as it likes. Ours are broken by name, so all that are as good as
/// the last one are needed.
async fn best(table: &Table, ranking: &Ranking<'_>, files: &[FileId], limit: usize) -> Result<Vec<Hit>, VectorError> {
    let rows = table.count_rows(None).await.map_err(translate)?;
    let limit = limit.min(rows);
    if limit == 0 || files.is_empty() {
        return Ok(Vec::new());
    }
    let filter = of_files(files.iter().collect::<BTreeSet<_>>());
    let mut asked = limit.saturating_add(BEYOND).min(rows);
    loop {
        let mut hits = rank(table, ranking, filter.clone(), asked).await?;
        hits.sort_by(|a, b| {
            let names = |hit: &Hit| (hit.chunk.file_id.clone(), hit.chunk.ordinal);
            b.score.value().total_cmp(&a.score.value()).then_with(|| names(a).cmp(&names(b)))
        });
        let complete = hits.len() < asked || asked == rows;
        let parted = hits.len() > limit && hits[limit - 1].score.value() > hits[hits.len() - 1].score.value();
        if complete || parted {
            hits.truncate(limit);
            return Ok(hits);
        }
        asked = asked.saturating_mul(4).min(rows);
    }
}

async fn rank(table: &Table, ranking: &Ranking<'_>, filter: DfExpr, limit: usize) -> Result<Vec<Hit>, VectorError> {
    match ranking {
        Ranking::Nearness(vector) => {
            let near = table.query().nearest_to(*vector).map_err(translate)?;
            let near = near.column(VECTOR).distance_type(DistanceType::Cosine).bypass_vector_index();
            collect(near.only_if_expr(filter).limit(limit), DISTANCE).await
        }
        Ranking::Words(words) => {
            let worded = table.query().full_text_search(FullTextSearchQuery::new_query(words.clone().into()));
            collect(worded.only_if_expr(filter).limit(limit), BM25).await
        }
    }
}

async fn collect(query: impl QueryBase + ExecutableQuery, measure: &str) -> Result<Vec<Hit>, VectorError> {
    let columns: Vec<&str> = CHUNK_COLUMNS.into_iter().chain([measure]).collect();
    let found = query.select(Select::columns(&columns)).execute().await.map_err(translate)?;
    let batches: Vec<RecordBatch> = found.try_collect().await.map_err(translate)?;
    let mut hits = Vec::new();
    for batch in &batches {
        hits.append(&mut to_hits(batch, measure)?);
    }
    Ok(hits)
}

/// A file's chunks with these ordinals, in their order.
pub(crate) async fn chunks(table: &Table, file: &FileId, ordinals: Range<u32>) -> Result<Vec<Chunk>, VectorError> {
    let between = col(ORDINAL).gt_eq(lit(ordinals.start)).and(col(ORDINAL).lt(lit(ordinals.end)));
    let rows: Rows = table.query().only_if_expr(of_files([file]).and(between)).select(Select::columns(&CHUNK_COLUMNS));
    let batches: Vec<RecordBatch> = rows.execute().await.map_err(translate)?.try_collect().await.map_err(translate)?;
    let mut chunks = Vec::new();
    for batch in &batches {
        chunks.append(&mut to_chunks(batch)?);
    }
    chunks.sort_by_key(|chunk| chunk.ordinal);
    Ok(chunks)
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
