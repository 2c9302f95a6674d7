//! Names of files, where a question's words are looked for in them too.

use std::collections::HashSet;

use transom_domain::{ChunkId, FileId};
use transom_llm::Purpose;
use transom_vector::{Hit, Query, Score, TermQuery};
use transom_words::Analyser;

use crate::find::{Asked, Searched};
use crate::{Index, IndexError};

impl Index {
    /// The chunks of those files whose names hold a word of the question: a ranking by words as if each chunk held its file's name.
    ///
    /// Every chunk of such a file has the name's words, so first come those that have others too, and then those nearest to the question.
    pub(crate) async fn ranked_by_name(
        &self,
        searched: &Searched<'_>,
        asked: &Asked<'_>,
        place: usize,
        terms: &[String],
        limit: usize,
    ) -> Result<Option<Vec<Hit>>, IndexError> {
        let files: Vec<FileId> = searched.named_by(terms);
        if files.is_empty() {
            return Ok(None);
        }
        let space = self.space().await?;
        let query = TermQuery { terms: terms.to_vec(), files: files.clone(), limit };
        let mut ranking = self.vectors().search_terms(&space, &query).await?;
        let Some(vector) = self.vectors_of(asked).await?.get(place) else { return Ok(Some(ranking)) };
        let query = Query { vector: vector.clone(), files, limit };
        let nearest = self.vectors().search(&space, &query).await?;
        let ranked: HashSet<ChunkId> = ranking.iter().map(|hit| hit.chunk.id()).collect();
        let others = nearest.into_iter().filter(|hit| !ranked.contains(&hit.chunk.id()));
        ranking.extend(others.map(|hit| Hit { score: Score::Bm25(0.0), ..hit }));
        ranking.truncate(limit);
        Ok(Some(ranking))
    }

    /// The vectors of what is asked, computed once.
    pub(crate) async fn vectors_of<'b>(&self, asked: &'b Asked<'_>) -> Result<&'b [Vec<f32>], IndexError> {
        let embed = async || self.embedder().embed(&asked.queries, Purpose::Query).await;
        Ok(asked.vectors.get_or_try_init(embed).await?)
    }
}

impl Searched<'_> {
    /// The files whose names hold one of these terms.
    fn named_by(&self, terms: &[String]) -> Vec<FileId> {
        let named = |id: &FileId| self.name_terms(id).iter().any(|word| terms.contains(word));
        self.files.keys().filter(|id| named(id)).map(|id| (*id).clone()).collect()
    }

    /// The words of a file's name, in each language of its text.
    pub(crate) fn name_terms(&self, id: &FileId) -> Vec<String> {
        let (Some(name), Some(languages)) = (self.names.get(id), self.files.get(id)) else { return Vec::new() };
        let known = languages.iter().map(|language| Some(*language));
        let all = if languages.is_empty() { vec![None] } else { known.collect() };
        all.into_iter().flat_map(|language| Analyser::new(language).terms(name)).collect()
    }
}
