//! Indexes a folder, asks it a question and prints the passages that answer it, with file, page and score:
//! `folder-answers FOLDER QUESTION`.
//!
//! The embedding model is built in and the store is in memory, so it needs no server, no database and no network.
//! A store that keeps takes the place of `MemoryStore`: `LanceStore::open(LanceConfig::new(folder))` of `transom-vector-lance`.
//! Then keep what `add` gives back too, with the file's size and time, and add at the next start what has changed.
//!
//! Files are read in this process: fine for one's own. For other people's there is `transom-sandbox`, another `Reader`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use transom_domain::FileId;
use transom_embed::MiniLm;
use transom_index::{Asked, Index, Search, Source};
use transom_ingest::{Document, InProcess, Reader};
use transom_vector::MemoryStore;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, question] = arguments.as_slice() else {
        eprintln!("usage: folder-answers FOLDER QUESTION");
        return ExitCode::FAILURE;
    };
    match answer(Path::new(folder), question).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: answer
async fn answer(folder: &Path, question: &str) -> Outcome<()> {
    let index = Index::new(Arc::new(MemoryStore::new()), Arc::new(MiniLm::default()));
    let reader = InProcess::default();
    let mut indexed = Vec::new();
    for path in files(folder)? {
        let (id, name) = (FileId::from(path.to_string_lossy().into_owned()), path.file_name().unwrap_or_default().to_string_lossy());
        match reader.read(Document::whole(std::fs::read(&path)?, name.clone(), None)).await {
            Ok(text) => indexed.push(index.add(Source { id: &id, filename: &name, content_type: None }, text).await?),
            Err(reason) => eprintln!("{} is left out: {reason}", path.display()),
        }
    }
    for passage in index.find(&indexed, &Asked::one(question), &Search::default()).await? {
        let page = passage.chunk.page.map(|page| format!(", page {page}")).unwrap_or_default();
        println!("{}{page} ({:.2})\n{}\n", passage.chunk.file_id, passage.score, passage.chunk.text);
    }
    Ok(())
}
// ANCHOR_END: answer

/// Every file below a folder, by name.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
