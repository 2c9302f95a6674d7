//! What happens to a folder of vectors.

use std::path::{Path, PathBuf};

use super::chance::Chance;
use crate::place::{Place, files_below};

/// Does some harm to the vectors of a stopped server, and says which.
pub fn some(place: &Place, chance: &mut Chance) -> &'static str {
    let folder = place.folder().join("vectors");
    match chance.below(3) {
        0 => {
            std::fs::remove_dir_all(folder).unwrap();
            "the folder of vectors is deleted"
        }
        1 => {
            std::fs::write(newest(&folder, "manifest"), b"").unwrap();
            "the newest manifest is emptied"
        }
        _ => {
            let file = std::fs::File::options().write(true).open(newest(&folder, "lance")).unwrap();
            file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            "a data file is cut in half"
        }
    }
}

fn newest(folder: &Path, ending: &str) -> PathBuf {
    let mut files: Vec<PathBuf> =
        files_below(folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    files.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    files.pop().expect("there is one")
}
