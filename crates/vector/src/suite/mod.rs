//! The behaviour suite that every store runs.
//!
//! Each behaviour is a function that takes a fresh, empty store. [`behaviours!`](crate::behaviours) makes a test of
//! each, so that a failing one is named:
//!
//! ```text
//! async fn make() -> (Arc<dyn VectorStore>, ()) {
//!     (Arc::new(MemoryStore::new()), ())
//! }
//! transom_vector::behaviours!(make);
//! ```
//!
//! `make` gives the store and whatever has to outlive it, such as its folder.
//! That a store keeps what it has over a restart is not here: not every store does.

mod searching;
mod spaces;
mod words;
mod writing;

pub use searching::*;
pub use spaces::*;
pub use words::*;
pub use writing::*;

use std::collections::BTreeMap;

use transom_domain::{Chunk, FileId, Fingerprint};

use crate::{EmbeddedChunk, Hit, Query, Score, Space, TermQuery, VectorStore};

/// Makes a test of every behaviour. Takes the name of an `async fn` that gives a fresh store and what keeps it alive.
#[macro_export]
macro_rules! behaviours {
    ($make:path) => {
        $crate::behaviours! { $make;
            a_replaced_file_is_found,
            replacing_again_leaves_only_the_new_chunks,
            the_same_content_twice_is_there_once,
            replacing_with_nothing_removes_the_file,
            replacing_one_file_leaves_the_others,
            a_replace_makes_a_missing_space,
            deleting_removes_only_the_named_files,
            deleting_what_is_missing_succeeds,
            deleting_reaches_every_space,
            deleting_many_files_at_once_works,
            concurrent_replaces_of_a_file_leave_one,
            concurrent_replaces_of_many_files_leave_all,
            every_field_of_a_chunk_comes_back,
            ids_are_data_and_never_syntax,
            a_vector_of_another_dimension_is_refused,
            a_refused_replace_changes_nothing,
            a_search_sees_the_named_files_only,
            naming_no_file_finds_nothing,
            a_file_named_twice_is_found_once,
            many_files_can_be_named,
            the_nearest_come_first,
            similarity_is_the_cosine,
            a_vector_without_direction_is_like_no_other_and_found_by_words_alone,
            the_limit_keeps_the_nearest,
            a_limit_of_nothing_finds_nothing,
            a_limit_without_bounds_finds_everything,
            equally_near_chunks_come_by_file_and_ordinal,
            a_question_of_another_dimension_is_refused,
            a_search_by_words_sees_the_named_files_only,
            naming_no_file_or_no_word_finds_nothing,
            chunks_without_terms_are_found_by_no_word,
            any_of_the_terms_is_enough_and_more_of_them_are_better,
            rare_terms_count_for_more_than_common_ones,
            a_term_that_comes_more_often_counts_for_more_and_a_long_chunk_for_less,
            only_whole_terms_are_found,
            terms_are_data_and_never_syntax,
            a_term_named_twice_counts_once,
            the_limit_keeps_the_best,
            equally_good_chunks_come_by_file_and_ordinal,
            many_files_can_be_named_beside_words,
            words_that_were_replaced_or_deleted_are_found_no_more,
            a_chunk_found_by_words_comes_back_whole,
            ensuring_a_space_twice_keeps_what_is_in_it,
            a_missing_space_is_empty,
            spaces_do_not_mix,
            fingerprints_may_hold_anything,
            a_dropped_space_is_gone_and_can_be_made_again,
            spaces_of_other_embedders_can_be_removed_together,
            optimizing_changes_nothing_for_readers,
            optimizing_beside_writers_and_readers_loses_nothing,
        }
    };
    ($make:path; $($behaviour:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let (store, _keeps) = $make().await;
                $crate::suite::$behaviour(store).await;
            }
        )+
    };
}

/// A space of the suite's embedder, with this many dimensions.
pub fn space(dimension: usize) -> Space {
    Space { fingerprint: Fingerprint("suite:model-1:none".to_owned()), dimension }
}

/// A file's id.
pub fn file(id: &str) -> FileId {
    FileId::from(id)
}

/// A chunk of a file, with its vector; the text tells which it is.
pub fn chunk(of: &str, ordinal: u32, vector: &[f32]) -> EmbeddedChunk {
    EmbeddedChunk {
        chunk: Chunk {
            file_id: file(of),
            ordinal,
            text: format!("{of}#{ordinal}"),
            start_index: ordinal as usize * 100,
            page: None,
            headings: Vec::new(),
        },
        vector: vector.to_vec(),
        terms: String::new(),
    }
}

/// A chunk of a file with these terms, somewhere in the plane.
pub fn worded(of: &str, ordinal: u32, terms: &str) -> EmbeddedChunk {
    EmbeddedChunk { terms: terms.to_owned(), ..chunk(of, ordinal, &at(0.0)) }
}

/// A question of these terms to these files.
pub fn asking(terms: &[&str], files: &[&str], limit: usize) -> TermQuery {
    TermQuery { terms: terms.iter().map(|&term| term.to_owned()).collect(), files: files.iter().map(|id| file(id)).collect(), limit }
}

/// A vector of length 1 in the plane, at this angle in degrees.
pub fn at(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin()]
}

async fn put(store: &dyn VectorStore, space: &Space, of: &str, vectors: &[Vec<f32>]) {
    let chunks = (0..).zip(vectors).map(|(ordinal, vector)| chunk(of, ordinal, vector)).collect();
    store.replace(space, &file(of), chunks).await.expect("the file is replaced");
}

async fn find(store: &dyn VectorStore, space: &Space, vector: &[f32], files: &[&str], limit: usize) -> Vec<Hit> {
    let query = Query { vector: vector.to_vec(), files: files.iter().map(|id| file(id)).collect(), limit };
    store.search(space, &query).await.expect("the search succeeds")
}

async fn found(store: &dyn VectorStore, space: &Space, vector: &[f32], files: &[&str], limit: usize) -> Vec<String> {
    find(store, space, vector, files, limit).await.into_iter().map(|hit| hit.chunk.text).collect()
}

async fn put_words(store: &dyn VectorStore, space: &Space, of: &str, chunks: &[&str]) {
    let chunks = (0..).zip(chunks).map(|(ordinal, terms)| worded(of, ordinal, terms)).collect();
    store.replace(space, &file(of), chunks).await.expect("the file is replaced");
}

async fn find_words(store: &dyn VectorStore, space: &Space, terms: &[&str], files: &[&str], limit: usize) -> Vec<Hit> {
    store.search_terms(space, &asking(terms, files, limit)).await.expect("the search succeeds")
}

async fn found_words(store: &dyn VectorStore, space: &Space, terms: &[&str], files: &[&str], limit: usize) -> Vec<String> {
    find_words(store, space, terms, files, limit).await.into_iter().map(|hit| hit.chunk.text).collect()
}

fn similarity(hit: &Hit) -> f32 {
    match hit.score {
        Score::Similarity(similarity) => similarity,
        Score::Bm25(_) => panic!("vectors were compared: {hit:?}"),
    }
}

async fn counts(store: &dyn VectorStore, space: &Space) -> BTreeMap<String, usize> {
    let files = store.files(space).await.expect("the files are counted");
    files.into_iter().map(|(id, chunks)| (id.to_string(), chunks)).collect()
}

fn counted<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(id, chunks)| (id.to_owned(), chunks)).collect()
}
