//! Passages by vectors and by words.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::OnceCell;
use transom_domain::{Chunk, File, FileId};
use transom_llm::Purpose;
use transom_vector::{Hit, Query, Space, TermQuery};
use transom_words::{Analyser, Language, question_terms};

use super::fuse::{Ranked, fuse};
use super::join::{Passage, join};
use super::search::damaged;
use super::{Question, Retrieval, RetrievalSettings};
use crate::Error;
use crate::jobs::{chunk_language, chunk_terms};

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

/// The files that are searched, with what their languages and those of the questions say.
struct Searched<'a> {
    files: HashMap<&'a FileId, (&'a File, Vec<Language>)>,
    /// All languages of the files.
    languages: Vec<Language>,
    /// The language of each question, where it can be told.
    asked_in: Vec<Option<Language>>,
}

impl<'a> Searched<'a> {
    fn new(files: &'a [File], queries: &[String]) -> Self {
        let with_languages =
            files.iter().map(|file| (&file.id, (file, file.languages.iter().filter_map(|code| Language::from_code(code)).collect())));
        let files: HashMap<_, (_, Vec<Language>)> = with_languages.collect();
        let languages: BTreeSet<Language> = files.values().flat_map(|(_, languages)| languages.iter().copied()).collect();
        let languages: Vec<Language> = languages.into_iter().collect();
        let asked_in = queries.iter().map(|query| Language::of_question(query, &languages)).collect();
        Self { files, languages, asked_in }
    }

    fn language(&self, chunk: &Chunk) -> Option<Language> {
        self.files.get(&chunk.file_id).and_then(|(_, languages)| chunk_language(&chunk.text, languages))
    }

    fn ids(&self) -> Vec<FileId> {
        self.files.keys().map(|id| (*id).clone()).collect()
    }
}

impl Retrieval {
    /// The passages of `files` on what is asked, best first.
    pub(super) async fn passages(&self, files: &[File], asked: &Asked<'_>, plan: &Plan) -> Result<Vec<Passage>, Error> {
        if files.is_empty() || plan.limit == 0 {
            return Ok(Vec::new());
        }
        let searched = Searched::new(files, asked.queries);
        let candidates = plan.limit.max(RERANKED_OF_ONE * plan.kept_by_reranker);
        let rankings = self.rankings(&searched, asked, plan, candidates).await?;
        let fused = fuse(rankings, |chunk| self.words_share(&searched, chunk, plan));
        if let Some(passages) = self.reranked(&fused[..fused.len().min(candidates)], asked, plan).await {
            return Ok(join(passages));
        }
        let mut passages = Vec::with_capacity(plan.limit);
        for ranked in fused {
            let score = self.score(&ranked, &searched, asked, plan);
            if score >= plan.threshold {
                passages.push(Passage::new(ranked.chunk, score));
            }
            if passages.len() == plan.limit {
                break;
            }
        }
        Ok(join(passages))
    }

    /// How much a chunk's place counts in a ranking by words, from 0 to 1.
    fn words_share(&self, searched: &Searched<'_>, chunk: &Chunk, plan: &Plan) -> f32 {
        match plan.words {
            _ if !plan.hybrid => 0.0,
            Some(words) => words,
            None if self.knows(searched, chunk) => SHARE_OF_KNOWN,
            None => SHARE_OF_UNKNOWN,
        }
    }

    /// Whether the likeness of a chunk's vector and a question's says something: the embedder knows the languages of both.
    fn knows(&self, searched: &Searched<'_>, chunk: &Chunk) -> bool {
        let asked_in = searched.asked_in.iter().copied().flatten();
        asked_in.chain(searched.language(chunk)).all(|language| self.embedder.knows(language.code()))
    }

    /// A ranking by vectors and one by words for each question, as far as their shares make them count.
    async fn rankings(&self, searched: &Searched<'_>, asked: &Asked<'_>, plan: &Plan, candidates: usize) -> Result<Vec<Vec<Hit>>, Error> {
        let space = Space { fingerprint: self.embedder.fingerprint().clone(), dimension: self.embedder.dimension().await? };
        let limit = if plan.hybrid { candidates.max(DEPTH) } else { candidates };
        let mut rankings = Vec::with_capacity(2 * asked.queries.len());
        if plan.hybrid {
            for (query, language) in asked.queries.iter().zip(&searched.asked_in) {
                let terms = question_terms(query, *language, &searched.languages);
                if !terms.is_empty() {
                    let query = TermQuery { terms, files: searched.ids(), limit };
                    rankings.push(self.vectors.search_terms(&space, &query).await.map_err(damaged)?);
                }
            }
        }
        if !plan.hybrid || plan.words != Some(1.0) {
            let embed = async || self.embedder.embed(asked.queries, Purpose::Query).await;
            for vector in asked.vectors.get_or_try_init(embed).await? {
                let query = Query { vector: vector.clone(), files: searched.ids(), limit };
                rankings.push(self.vectors.search(&space, &query).await.map_err(damaged)?);
            }
        }
        Ok(rankings)
    }

    /// How near a chunk is to what is asked, from 0 to 1: by its vector, or by the part of a question's words that it has; what says more.
    fn score(&self, ranked: &Ranked, searched: &Searched<'_>, asked: &Asked<'_>, plan: &Plan) -> f32 {
        let by_vector = ranked.similarity.map_or(0.0, |similarity| f32::midpoint(similarity, 1.0).clamp(0.0, 1.0));
        if !plan.hybrid {
            return by_vector;
        }
        let analyser = Analyser::new(searched.language(&ranked.chunk));
        let words: HashSet<String> = chunk_terms(&analyser, &ranked.chunk).into_iter().collect();
        let covered = asked.queries.iter().map(|query| {
            let wanted: HashSet<String> = analyser.terms(query).into_iter().collect();
            wanted.intersection(&words).count() as f32 / wanted.len().max(1) as f32
        });
        let by_words = covered.fold(0.0, f32::max);
        if self.knows(searched, &ranked.chunk) { by_vector.max(by_words) } else { by_words }
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
