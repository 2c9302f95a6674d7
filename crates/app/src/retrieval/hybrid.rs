//! Passages by vectors and by words.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::OnceCell;
use transom_domain::{File, FileId};
use transom_llm::Purpose;
use transom_vector::{Hit, Query, Space, TermQuery};
use transom_words::{Analyser, Language, question_terms};

use super::fuse::{Ranked, fuse};
use super::join::{Passage, join};
use super::search::damaged;
use super::{Question, Retrieval, RetrievalSettings};
use crate::Error;
use crate::jobs::chunk_terms;

/// How deep rankings are read, so that what one half has far up and the other half further down is found.
const DEPTH: usize = 50;
/// The words' share in a language that the embedder knows.
const SHARE_OF_KNOWN: f32 = 0.5;
/// The words' share in any other language: vectors only tell apart what the words leave equal, and fill up where those find too little.
const SHARE_OF_UNKNOWN: f32 = 0.99;
/// A reranker reads so many times what it may keep, and all that would be given without it.
const RERANKED_OF_ONE: usize = 4;

/// How passages are looked for: as the settings say, and a request in their place.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Chunks at most.
    pub limit: usize,
    kept_by_reranker: usize,
    threshold: f32,
    hybrid: bool,
    words: Option<f32>,
}

impl Plan {
    pub(super) fn new(settings: &RetrievalSettings, question: &Question) -> Self {
        let words = question.bm25_weight.or(settings.bm25_weight).map(|words| words.clamp(0.0, 1.0));
        let limit = question.limit.unwrap_or(settings.top_k);
        Self {
            limit,
            kept_by_reranker: question.reranked.unwrap_or(settings.top_k_reranker).min(limit),
            threshold: question.threshold.unwrap_or(settings.relevance_threshold),
            hybrid: question.hybrid.unwrap_or(settings.hybrid) && words != Some(0.0),
            words,
        }
    }
}

/// What is asked, and its vectors once somebody needed them.
pub(super) struct Asked<'a> {
    queries: &'a [String],
    vectors: OnceCell<Vec<Vec<f32>>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(queries: &'a [String]) -> Self {
        Self { queries, vectors: OnceCell::new() }
    }
}

impl Retrieval {
    /// The passages of `files` on what is asked, best first.
    pub(super) async fn passages(&self, files: &[File], asked: &Asked<'_>, plan: &Plan) -> Result<Vec<Passage>, Error> {
        if files.is_empty() || plan.limit == 0 {
            return Ok(Vec::new());
        }
        let by_id: HashMap<&FileId, &File> = files.iter().map(|file| (&file.id, file)).collect();
        let share = |id: &FileId| by_id.get(id).map_or(0.0, |file| self.words_share(file, plan));
        let candidates = plan.limit.max(RERANKED_OF_ONE * plan.kept_by_reranker);
        let rankings = self.rankings(files, asked, plan, candidates).await?;
        let fused = fuse(rankings, share);
        if let Some(passages) = self.reranked(&fused[..fused.len().min(candidates)], asked, plan).await {
            return Ok(join(passages));
        }
        let mut passages = Vec::with_capacity(plan.limit);
        for ranked in fused {
            let score = self.score(&ranked, by_id.get(&ranked.chunk.file_id).copied(), asked, plan);
            if score >= plan.threshold {
                passages.push(Passage::new(ranked.chunk, score));
            }
            if passages.len() == plan.limit {
                break;
            }
        }
        Ok(join(passages))
    }

    /// Of the places that a chunk of the file has, how much those by words count.
    fn words_share(&self, file: &File, plan: &Plan) -> f32 {
        match plan.words {
            _ if !plan.hybrid => 0.0,
            Some(words) => words,
            None if self.knows(file) => SHARE_OF_KNOWN,
            None => SHARE_OF_UNKNOWN,
        }
    }

    fn knows(&self, file: &File) -> bool {
        file.language.as_deref().is_none_or(|language| self.embedder.knows(language))
    }

    /// A ranking by vectors and one by words for each query, as far as their shares make them count.
    async fn rankings(&self, files: &[File], asked: &Asked<'_>, plan: &Plan, candidates: usize) -> Result<Vec<Vec<Hit>>, Error> {
        let space = Space { fingerprint: self.embedder.fingerprint().clone(), dimension: self.embedder.dimension().await? };
        let ids: Vec<FileId> = files.iter().map(|file| file.id.clone()).collect();
        let limit = if plan.hybrid { candidates.max(DEPTH) } else { candidates };
        let mut rankings = Vec::with_capacity(2 * asked.queries.len());
        if plan.hybrid {
            let languages: BTreeSet<Option<Language>> = files.iter().map(language).collect();
            for query in asked.queries {
                let query = TermQuery { terms: question_terms(query, languages.iter().copied()), files: ids.clone(), limit };
                if !query.terms.is_empty() {
                    rankings.push(self.vectors.search_terms(&space, &query).await.map_err(damaged)?);
                }
            }
        }
        if !plan.hybrid || plan.words != Some(1.0) {
            let embed = async || self.embedder.embed(asked.queries, Purpose::Query).await;
            for vector in asked.vectors.get_or_try_init(embed).await? {
                let query = Query { vector: vector.clone(), files: ids.clone(), limit };
                rankings.push(self.vectors.search(&space, &query).await.map_err(damaged)?);
            }
        }
        Ok(rankings)
    }

    /// How near a chunk is to what is asked, from 0 to 1: by its vector, or by the part of a question's words that it has; what says more.
    fn score(&self, ranked: &Ranked, file: Option<&File>, asked: &Asked<'_>, plan: &Plan) -> f32 {
        let by_vector = ranked.similarity.map_or(0.0, |similarity| f32::midpoint(similarity, 1.0).clamp(0.0, 1.0));
        if !plan.hybrid {
            return by_vector;
        }
        let analyser = Analyser::new(file.and_then(language));
        let words: HashSet<String> = chunk_terms(&analyser, &ranked.chunk).into_iter().collect();
        let covered = asked.queries.iter().map(|query| {
            let wanted: HashSet<String> = analyser.terms(query).into_iter().collect();
            wanted.intersection(&words).count() as f32 / wanted.len().max(1) as f32
        });
        let by_words = covered.fold(0.0, f32::max);
        if file.is_some_and(|file| self.knows(file)) { by_vector.max(by_words) } else { by_words }
    }

    /// The best as the reranker sees them; `None` where there is none, or it fails: a question is answered all the same.
    async fn reranked(&self, candidates: &[Ranked], asked: &Asked<'_>, plan: &Plan) -> Option<Vec<Passage>> {
        let reranker = self.reranker.as_ref().filter(|_| plan.hybrid && !candidates.is_empty())?;
        let texts: Vec<String> = candidates.iter().map(|ranked| ranked.chunk.text.clone()).collect();
        match reranker.rerank(&asked.queries.join("\n"), &texts, plan.kept_by_reranker).await {
            Ok(order) => {
                let kept = order.into_iter().take(plan.kept_by_reranker).filter(|relevance| relevance.score >= plan.threshold);
                Some(kept.filter_map(|one| Some(Passage::new(candidates.get(one.index)?.chunk.clone(), one.score))).collect())
            }
            Err(reason) => {
                tracing::warn!(%reason, "the reranker failed, so passages stay in the order of the search");
                None
            }
        }
    }
}

fn language(file: &File) -> Option<Language> {
    file.language.as_deref().and_then(Language::from_code)
}
