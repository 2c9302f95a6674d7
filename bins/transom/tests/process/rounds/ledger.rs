//! What clients know: what was acknowledged, and what was broken off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// How many sentences a text has.
pub const SENTENCES: [usize; 4] = [1, 8, 40, 120];

/// A file that was sent.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who sent it.
    pub owner: usize,
    /// Its name.
    pub name: String,
    /// The one word that no other text has.
    pub town: String,
    /// How long it is.
    pub sentences: usize,
}

impl Known {
    pub fn new(owner: usize, town: String, sentences: usize) -> Self {
        Self { owner, name: format!("{town}-{sentences}.txt"), town, sentences }
    }

    /// Sentences that can be told apart.
    pub fn text(&self) -> String {
        (0..self.sentences).map(|year| format!("In the year {year:04} the people of {} built bridge{year:04}. ", self.town)).collect()
    }
}

/// What all clients together know.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Files whose upload was acknowledged, by id.
    pub files: BTreeMap<String, Known>,
    /// Files whose deletion was acknowledged since the last comparison.
    pub gone: Vec<String>,
    /// Files in collections.
    pub collections: BTreeMap<String, BTreeSet<String>>,
    /// Uploads that were not answered, by name: each is there as a whole, or not at all.
    pub doubtful_uploads: BTreeMap<String, Known>,
    /// Deletions that were not answered.
    pub doubtful_deletions: BTreeSet<String>,
    /// Additions that were not answered, or refused: collection and file.
    pub doubtful_members: BTreeSet<(String, String)>,
}

/// The ledger that clients share.
pub type Record = Arc<Mutex<Ledger>>;

impl Ledger {
    /// Notes that a file is gone.
    pub fn delete(&mut self, file: &str) {
        self.files.remove(file);
        for members in self.collections.values_mut() {
            members.remove(file);
        }
        self.gone.push(file.to_owned());
    }
}
