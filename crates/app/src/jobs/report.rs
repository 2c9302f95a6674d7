//! What a comparison of rows, bytes and vectors found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use transom_domain::{File, FileId};

use crate::files::is_upload;

/// What a comparison of rows, bytes and vectors found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Files there are.
    pub files: usize,
    /// Uploaded objects that belong to no file.
    pub orphan_bytes: Vec<String>,
    /// What is left of uploads that were broken off by the end of a server.
    pub unfinished: Vec<String>,
    /// Objects that belong to no file and whose names Transom does not give. They are never removed.
    pub foreign_bytes: usize,
    /// Whether objects are stored, and none of them belongs to a file: the database may be the wrong one.
    pub bytes_of_others: bool,
    /// Files whose bytes are missing; their text and vectors may still be there.
    pub missing_bytes: Vec<FileId>,
    /// Ids that have vectors but no file.
    pub orphan_vectors: Vec<FileId>,
    /// Whether some file has vectors of the present embedder: only then are vectors without a file known to be left over.
    pub vectors_known: bool,
    /// Completed files without vectors.
    pub missing_vectors: Vec<FileId>,
    /// Files whose vectors are another embedder's: only a re-index helps.
    pub other_embedder: Vec<FileId>,
    /// Whether the present embedder's vectors cannot be read at all.
    pub damaged: bool,
}

impl Report {
    /// Whether there is nothing to put right. Objects of others are nothing that Transom could put right.
    pub fn is_clean(&self) -> bool {
        let Report { orphan_bytes, unfinished, missing_bytes, orphan_vectors, missing_vectors, other_embedder, damaged, .. } = self;
        orphan_bytes.is_empty()
            && unfinished.is_empty()
            && missing_bytes.is_empty()
            && orphan_vectors.is_empty()
            && missing_vectors.is_empty()
            && other_embedder.is_empty()
            && !damaged
    }

    /// Objects that could be removed because they belong to no file.
    pub fn removable(&self) -> usize {
        self.orphan_bytes.len() + self.unfinished.len()
    }

    /// Compares files with the stored objects. `erasing` are objects that a job is still to erase, which are nobody's and no finding.
    pub(super) fn compare_bytes(&mut self, files: &BTreeMap<FileId, File>, objects: &Objects, erasing: &BTreeSet<String>) {
        let owned: BTreeSet<&str> = files.values().map(|file| file.object_path.as_str()).collect();
        let (known, without): (Vec<&String>, Vec<&String>) = objects.whole.iter().partition(|path| owned.contains(path.as_str()));
        self.files = files.len();
        self.bytes_of_others = known.is_empty() && !objects.whole.is_empty();
        for path in without.into_iter().filter(|path| !erasing.contains(*path)) {
            match is_upload(path) {
                true => self.orphan_bytes.push(path.clone()),
                false => self.foreign_bytes += 1,
            }
        }
        self.unfinished = objects.unfinished.clone();
        self.foreign_bytes += objects.foreign;
        self.missing_bytes = files.values().filter(|file| !objects.whole.contains(&file.object_path)).map(|file| file.id.clone()).collect();
    }
}

/// The stored objects, as they were at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// Those that are whole.
    pub whole: BTreeSet<String>,
    /// Those that are not.
    pub unfinished: Vec<String>,
    /// Unfinished ones of others.
    pub foreign: usize,
}
