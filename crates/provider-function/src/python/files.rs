//! The worker's own code, which the server carries and writes where Python finds it.

use std::io;
use std::path::{Path, PathBuf};

macro_rules! files {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../../python/", $path)))),*] };
}

/// Path and text of each file.
const FILES: &[(&str, &str)] = files![
    "open_webui/__init__.py",
    "open_webui/config.py",
    "open_webui/constants.py",
    "open_webui/env.py",
    "open_webui/main.py",
    "open_webui/models/__init__.py",
    "open_webui/models/chats.py",
    "open_webui/models/files.py",
    "open_webui/models/models.py",
    "open_webui/models/ready.py",
    "open_webui/models/users.py",
    "open_webui/utils/__init__.py",
    "open_webui/utils/chat.py",
    "open_webui/utils/misc.py",
    "transom_ask.py",
    "transom_call.py",
    "transom_events.py",
    "transom_files.py",
    "transom_imports.py",
    "transom_limits.py",
    "transom_load.py",
    "transom_reads.py",
    "transom_request.py",
    "transom_run.py",
    "transom_wire.py",
    "transom_worker.py",
];

/// The packages that every function finds.
pub(super) const REQUIREMENTS: &str = include_str!("../../python/requirements.txt");

/// Writes the worker's code below `folder`, where it is not there as it should be, and gives the file to start.
pub(super) fn write(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.join("worker");
    for (path, text) in FILES {
        let path = folder.join(path);
        if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(folder.join("transom_worker.py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(folder: &Path, below: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" && name != "__pycache__" {
                collect(&path, below, found);
            } else if name.ends_with(".py") {
                found.push(path.strip_prefix(below).expect("below").to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_worker_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let mut found = Vec::new();
        collect(&folder, &folder, &mut found);
        found.sort();
        let mut carried: Vec<_> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        carried.sort();
        assert_eq!(carried, found);
    }

    #[test]
    fn files_are_written_anew_where_they_differ() {
        let folder = tempfile::tempdir().expect("a folder");
        let main = write(folder.path()).expect("written");
        std::fs::write(&main, "raise SystemExit").expect("damaged");
        assert_eq!(write(folder.path()).expect("written"), main);
        assert!(std::fs::read_to_string(main).expect("text").contains("class Worker"));
    }
}
