//! Passages by vectors and by words.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::sync::OnceCell;
use transom_domain::{Chunk, FileId};
use transom_vector::{Hit, Query, Score, TermQuery};
use transom_words::{Analyser, Language, question_terms};

use crate::fuse::{Ranked, fuse};
use crate::join::{Passage, join};
use crate::prepare::{chunk_language, chunk_terms};
use crate::{Index, IndexError, Indexed};

/// How deep rankings are read, so that what one half has far up and the other half further down is found.
const DEPTH: usize = 50;
/// The words' share in a language that the embedder knows.
const SHARE_OF_KNOWN: f32 = 0.5;
/// The words' share in any other language: vectors only tell apart what the words leave equal, and fill up where those find too little.
const SHARE_OF_UNKNOWN: f32 = 0.99;
/// The deepest that they are read where equal texts fill them.
const DEEPEST: usize = 3_200;
/// How much deeper each time.
const DEEPER: usize = 8;
/// A reranker reads so many times what it may keep, and all that would be given without it.
const RERANKED_OF_ONE: usize = 4;

/// How passages are looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Chunks at most.
    pub limit: usize,
    /// Chunks at most that a reranker keeps of those.
    pub kept_by_reranker: usize,
    /// Chunks whose vectors are less like the question's than this are left out: a cosine, above 0 to 1; 0 leaves out nothing. Where
    /// the likeness says nothing, the part of the question's words that a chunk has is compared. A reranker's scores are compared
    /// in their place.
    pub threshold: f32,
    /// Whether words are searched beside vectors.
    pub hybrid: bool,
    /// How much the words count, from 0 to 1; `None`: as well as the embedder knows each text's language.
    pub words: Option<f32>,
    /// Whether the words of a file's name count as words of each of its chunks.
    pub names: bool,
}

impl Default for Search {
    /// Three passages, by vectors and words.
    fn default() -> Self {
        Self { limit: 3, kept_by_reranker: 3, threshold: 0.0, hybrid: true, words: None, names: false }
    }
}

impl Search {
    fn by_words(&self) -> bool {
        self.hybrid && self.words != Some(0.0)
    }

    fn by_vectors(&self) -> bool {
        !self.by_words() || self.words != Some(1.0)
    }

    fn kept_by_reranker(&self) -> usize {
        self.kept_by_reranker.min(self.limit)
    }
}

/// What is asked: one question, or several that are looked for together. Its vectors are computed once, for as many searches as it is used in.
pub struct Asked<'a> {
    pub(crate) queries: Cow<'a, [String]>,
    pub(crate) vectors: OnceCell<Vec<Vec<f32>>>,
}

impl<'a> Asked<'a> {
    /// Several questions for one thing.
    pub fn new(queries: &'a [String]) -> Self {
        Self { queries: Cow::Borrowed(queries), vectors: OnceCell::new() }
    }

    /// One question.
    pub fn one(question: impl Into<String>) -> Self {
        Self { queries: Cow::Owned(vec![question.into()]), vectors: OnceCell::new() }
    }
}

/// The texts that are searched, with what their languages and those of the questions say.
pub(crate) struct Searched<'a> {
    pub(crate) files: HashMap<&'a FileId, Vec<Language>>,
    /// Their names, where those count.
    pub(crate) names: HashMap<&'a FileId, &'a str>,
    /// All languages of the texts.
    languages: Vec<Language>,
    /// The language of each question, where it can be told.
    asked_in: Vec<Option<Language>>,
}

impl<'a> Searched<'a> {
    fn new(files: &'a [Indexed], queries: &[String], search: &Search) -> Self {
        let named = files.iter().filter(|_| search.names && search.by_words());
        let names = named.map(|file| (&file.id, file.name.as_str())).collect();
        let known = |file: &Indexed| file.languages.iter().filter_map(|code| Language::from_code(code)).collect();
        let files: HashMap<&FileId, Vec<Language>> = files.iter().map(|file| (&file.id, known(file))).collect();
        let languages: BTreeSet<Language> = files.values().flatten().copied().collect();
        let languages: Vec<Language> = languages.into_iter().collect();
        let asked_in = queries.iter().map(|query| Language::of_question(query, &languages)).collect();
        Self { files, names, languages, asked_in }
    }

    fn language(&self, chunk: &Chunk) -> Option<Language> {
        self.files.get(&chunk.file_id).and_then(|languages| chunk_language(&chunk.text, languages))
    }

    fn ids(&self) -> Vec<FileId> {
        self.files.keys().map(|id| (*id).clone()).collect()
    }
}

impl Index {
    /// The passages of `files` on what is asked, best first; neighbours that were both found are one. No other file is looked at.
    ///
    /// # Errors
    /// The embedding model's or the store's. A reranker that fails is no error: then passages stay in the order of the search.
    pub async fn find(&self, files: &[Indexed], asked: &Asked<'_>, search: &Search) -> Result<Vec<Passage>, IndexError> {
        if files.is_empty() || search.limit == 0 {
            return Ok(Vec::new());
        }
        let searched = Searched::new(files, &asked.queries, search);
        let candidates = search.limit.max(search.kept_by_reranker().saturating_mul(RERANKED_OF_ONE));
        let (fused, unseen) = self.fused(&searched, asked, search, candidates).await?;
        if let Some(passages) = self.reranked(&fused[..fused.len().min(candidates)], asked, search).await {
            return Ok(join(passages));
        }
        let mut passages = Vec::with_capacity(search.limit.min(fused.len()));
        for ranked in fused {
            let (score, relevance) = self.score(&ranked, &searched, asked, search, unseen);
            if search.threshold <= 0.0 || relevance >= search.threshold {
                passages.push(Passage::new(ranked.chunk, score));
            }
            if passages.len() == search.limit {
                break;
            }
        }
        Ok(join(passages))
    }

    /// Chunks by all rankings, best first, each text once: as many as are asked for, where there are so many. Beside it the greatest
    /// likeness that a chunk can have which no ranking by vectors reached.
    async fn fused(
        &self,
        searched: &Searched<'_>,
        asked: &Asked<'_>,
        search: &Search,
        candidates: usize,
    ) -> Result<(Vec<Ranked>, Option<f32>), IndexError> {
        let mut depth = if search.by_words() { candidates.max(DEPTH) } else { candidates };
        loop {
            let rankings = self.rankings(searched, asked, search, depth).await?;
            let full = rankings.iter().filter(|ranking| ranking.len() >= depth);
            let last = |ranking: &Vec<Hit>| ranking.last().map(|hit| hit.score);
            let unseen = full.clone().filter_map(last).filter_map(Score::similarity).reduce(f32::max);
            let is_full = full.count() > 0;
            let fused = fuse(rankings, |chunk| self.words_share(searched, chunk, search));
            if fused.len() >= candidates || !is_full || depth >= DEEPEST {
                return Ok((fused, unseen));
            }
            // A heading that stands on every page, or a file that was uploaded many times: others are further down.
            depth = depth.saturating_mul(DEEPER);
        }
    }

    /// How much a chunk's place counts in a ranking by words, from 0 to 1.
    fn words_share(&self, searched: &Searched<'_>, chunk: &Chunk, search: &Search) -> f32 {
        match search.words {
            _ if !search.by_words() => 0.0,
            Some(words) => words.clamp(0.0, 1.0),
            None if self.knows(searched, chunk) => SHARE_OF_KNOWN,
            None => SHARE_OF_UNKNOWN,
        }
    }

    /// Whether the likeness of a chunk's vector and a question's says something: the embedder knows the languages of both.
    fn knows(&self, searched: &Searched<'_>, chunk: &Chunk) -> bool {
        let asked_in = searched.asked_in.iter().copied().flatten();
        asked_in.chain(searched.language(chunk)).all(|language| self.embedder().knows(language.code()))
    }

    /// A ranking by vectors and one by words for each question, as far as their shares make them count.
    async fn rankings(
        &self,
        searched: &Searched<'_>,
        asked: &Asked<'_>,
        search: &Search,
        limit: usize,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        let space = self.space().await?;
        let mut rankings = Vec::with_capacity(2 * asked.queries.len());
        if search.by_words() {
            for (place, (query, language)) in asked.queries.iter().zip(&searched.asked_in).enumerate() {
                let terms = question_terms(query, *language, &searched.languages);
                if terms.is_empty() {
                    continue;
                }
                rankings.extend(self.ranked_by_name(searched, asked, place, &terms, limit).await?);
                let query = TermQuery { terms, files: searched.ids(), limit };
                rankings.push(self.vectors().search_terms(&space, &query).await?);
            }
        }
        if search.by_vectors() {
            for vector in self.vectors_of(asked).await? {
                let query = Query { vector: vector.clone(), files: searched.ids(), limit };
                rankings.push(self.vectors().search(&space, &query).await?);
            }
        }
        Ok(rankings)
    }

    /// How near a chunk is to what is asked, from 0 to 1, as clients are shown it: by its vector, or by the part of a question's words
    /// that it has; what says more. Beside it what the threshold is compared with, which is the cosine of the vectors as in the
    /// reference, where that says something.
    fn score(&self, ranked: &Ranked, searched: &Searched<'_>, asked: &Asked<'_>, search: &Search, unseen: Option<f32>) -> (f32, f32) {
        let by_vector = ranked.similarity.map_or(0.0, |similarity| f32::midpoint(similarity, 1.0).clamp(0.0, 1.0));
        if !search.by_words() {
            return (by_vector, ranked.similarity.unwrap_or(0.0));
        }
        let analyser = Analyser::new(searched.language(&ranked.chunk));
        let mut words: HashSet<String> = chunk_terms(&analyser, &ranked.chunk).into_iter().collect();
        words.extend(searched.name_terms(&ranked.chunk.file_id));
        let covered = asked.queries.iter().map(|query| {
            let wanted: HashSet<String> = analyser.terms(query).into_iter().collect();
            wanted.intersection(&words).count() as f32 / wanted.len().max(1) as f32
        });
        let by_words = covered.fold(0.0, f32::max);
        if !self.knows(searched, &ranked.chunk) {
            return (by_words, by_words);
        }
        // What only its words found is no more like the question than the last that its vector found.
        let too_far = || unseen.filter(|unseen| *unseen < search.threshold);
        (by_vector.max(by_words), ranked.similarity.or_else(too_far).unwrap_or(by_words))
    }

    /// The best as the reranker sees them; `None` where there is none, or it fails: a question is answered all the same.
    async fn reranked(&self, candidates: &[Ranked], asked: &Asked<'_>, search: &Search) -> Option<Vec<Passage>> {
        let reranker = self.reranker().filter(|_| search.by_words() && !candidates.is_empty())?;
        let texts: Vec<String> = candidates.iter().map(|ranked| ranked.chunk.text.clone()).collect();
        match reranker.rerank(&asked.queries.join("\n"), &texts, search.kept_by_reranker()).await {
            Ok(order) => {
                let kept = order.into_iter().take(search.kept_by_reranker()).filter(|relevance| relevance.score >= search.threshold);
                Some(kept.filter_map(|one| Some(Passage::new(candidates.get(one.index)?.chunk.clone(), one.score))).collect())
            }
            Err(reason) => {
                tracing::warn!(%reason, "the reranker failed, so passages stay in the order of the search");
                None
            }
        }
    }
}
