//! Searching and counting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::types::{Float32Type, UInt64Type};
use arrow_array::{Array, Float32Array, RecordBatch};
use futures_util::TryStreamExt;
use lance::Dataset;
use lance::dataset::scanner::RowAddrMask;
use lance::dataset::{ProjectionRequest, ROW_ID};
use lancedb::index::scalar::{FullTextSearchQuery, MatchQuery};
use transom_domain::FileId;
use transom_vector::{Hit, Query, Score, TermQuery, VectorError};

use crate::directory::Named;
use crate::error::from_lance;
use crate::rows::{BM25, CHUNK_COLUMNS, DISTANCE, FILE_ID, TERMS, VECTOR, numbers, strings, to_chunks};
use crate::tables::Opened;
use crate::{LanceConfig, exact};

/// Rows and their scores, best first.
pub(crate) type Ranked = Vec<(u64, f32)>;

/// Rows asked for beyond the limit, to see whether the limit would cut through equally good ones.
const BEYOND: usize = 8;

/// The chunks nearest to the question: nearest first, equally near ones by file and ordinal.
pub(crate) async fn search(opened: &Opened, config: &LanceConfig, query: &Query) -> Result<Vec<Hit>, VectorError> {
    let (dataset, named) = opened.rows(&query.files).await?;
    let limit = query.limit.min(named.count);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let ranked = if named.count <= config.exact_up_to || !opened.has_vector_index().await? {
        exact::nearest(&dataset, named.rows, &query.vector, limit).await?
    } else {
        let question =
            Question::Nearness { vector: query.vector.clone().into(), partitions: config.partitions(&named), refined: config.refined };
        rank_beyond(&dataset, &question, &named, limit).await?
    };
    hits(&dataset, ranked, limit, Score::Similarity).await
}

/// The chunks with the question's terms: best first, equally good ones by file and ordinal.
pub(crate) async fn search_terms(opened: &Opened, query: &TermQuery) -> Result<Vec<Hit>, VectorError> {
    let terms: BTreeSet<&str> = query.terms.iter().flat_map(|term| term.split_whitespace()).collect();
    let (dataset, named) = opened.rows(&query.files).await?;
    let limit = query.limit.min(named.count);
    if terms.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let terms = terms.into_iter().collect::<Vec<_>>().join(" ");
    let question = Question::Words(MatchQuery::new(terms).with_column(Some(TERMS.to_owned())).with_fuzziness(Some(0)));
    let ranked = rank_beyond(&dataset, &question, &named, limit).await?;
    hits(&dataset, ranked, limit, Score::Bm25).await
}

/// What LanceDB is asked.
enum Question {
    Nearness { vector: Float32Array, partitions: usize, refined: u32 },
    Words(MatchQuery),
}

/// The best of these rows. LanceDB breaks ties as it likes. Ours are broken by name, so all that are as good as the last one
/// are asked for.
async fn rank_beyond(dataset: &Dataset, question: &Question, named: &Named, limit: usize) -> Result<Ranked, VectorError> {
    let mut asked = limit.saturating_add(BEYOND).min(named.count);
    loop {
        let mut ranked = rank(dataset, question, named, asked).await?;
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let complete = ranked.len() < asked || asked == named.count;
        let parted = ranked.len() > limit && ranked[limit - 1].1 > ranked[ranked.len() - 1].1;
        if complete || parted {
            return Ok(ranked);
        }
        asked = asked.saturating_mul(4).min(named.count);
    }
}

async fn rank(dataset: &Dataset, question: &Question, named: &Named, limit: usize) -> Result<Ranked, VectorError> {
    let mut scan = dataset.scan();
    let measure = match question {
        Question::Nearness { vector, partitions, refined } => {
            scan.nearest(VECTOR, vector, limit).map_err(from_lance)?;
            scan.minimum_nprobes(*partitions).refine(*refined);
            DISTANCE
        }
        Question::Words(words) => {
            let most = i64::try_from(limit).ok();
            scan.full_text_search(FullTextSearchQuery::new_query(words.clone().into()).limit(most)).map_err(from_lance)?;
            scan.limit(most, None).map_err(from_lance)?;
            BM25
        }
    };
    scan.prefilter(true).with_row_id_prefilter(RowAddrMask::from_allowed(named.rows.clone()));
    scan.disable_scoring_autoprojection().with_row_id().project(&[measure]).map_err(from_lance)?;
    let batches: Vec<RecordBatch> = scan.try_into_stream().await.map_err(from_lance)?.try_collect().await.map_err(from_lance)?;
    let mut ranked = Ranked::new();
    for batch in &batches {
        let (ids, scores) = (numbers::<UInt64Type>(batch, ROW_ID)?, numbers::<Float32Type>(batch, measure)?);
        // A vector of zeros has no direction, so it is like no other.
        let valid = (0..batch.num_rows()).filter(|row| scores.is_valid(*row) && scores.value(*row).is_finite());
        ranked.extend(valid.map(|row| (ids.value(row), scores.value(row))));
    }
    if measure == DISTANCE {
        ranked.iter_mut().for_each(|row| row.1 = (1.0 - row.1).clamp(-1.0, 1.0));
    }
    Ok(ranked)
}

/// The chunks of ranked rows, equally good ones by file and ordinal.
async fn hits(dataset: &Arc<Dataset>, ranked: Ranked, limit: usize, score: fn(f32) -> Score) -> Result<Vec<Hit>, VectorError> {
    let ids: Vec<u64> = ranked.iter().map(|row| row.0).collect();
    let columns = ProjectionRequest::from_columns(CHUNK_COLUMNS, dataset.schema());
    let rows = dataset.take_rows(&ids, columns).await.map_err(from_lance)?;
    let chunks = to_chunks(&rows)?;
    if chunks.len() != ranked.len() {
        return Err(VectorError::Damaged(format!("{} of {} rows are missing", ranked.len() - chunks.len(), ranked.len())));
    }
    let mut hits: Vec<Hit> = chunks.into_iter().zip(ranked).map(|(chunk, row)| Hit { chunk, score: score(row.1) }).collect();
    hits.sort_by(|a, b| {
        let (this, other) = (&a.chunk, &b.chunk);
        let by_name = this.file_id.cmp(&other.file_id).then(this.ordinal.cmp(&other.ordinal));
        b.score.value().total_cmp(&a.score.value()).then(by_name)
    });
    hits.truncate(limit);
    Ok(hits)
}

/// How many chunks each file has, read anew: what cannot be read is found here.
pub(crate) async fn count(opened: &Opened) -> Result<BTreeMap<FileId, usize>, VectorError> {
    let dataset = opened.dataset().await?;
    let mut scan = dataset.scan();
    scan.project(&[FILE_ID]).map_err(from_lance)?;
    let mut rows = scan.try_into_stream().await.map_err(from_lance)?;
    let mut counts = BTreeMap::new();
    while let Some(batch) = rows.try_next().await.map_err(from_lance)? {
        let files = strings(&batch, FILE_ID)?;
        for row in 0..files.len() {
            *counts.entry(FileId::from(files.value(row))).or_default() += 1;
        }
    }
    Ok(counts)
}
