//! Measures how well questions find the passages that answer them: `retrieval QUESTIONS SHARED CACHE`.
//!
//! QUESTIONS is a folder of files as `questions.rs` reads them, SHARED the folder that their documents are in, CACHE a file that keeps
//! vectors from one run to the next. Documents go through the real pipeline and questions through the real retrieval; rows are in a
//! database that is thrown away, vectors and words in memory, where search is exact.
//! Prints a JSON object a question: which halves find its passage among the first three and the first ten, in its document alone and
//! among all of them, and how long that takes.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cache;
mod questions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cache::Cached;
use object_store::memory::InMemory;
use questions::Document;
use serde_json::{Map, json};
use transom_app::files::{Files, FilesConfig, UploadOptions};
use transom_app::jobs::{Pipeline, PipelineConfig, Signals, WorkerConfig, Workers};
use transom_app::retrieval::{Passages, Question, Retrieval, RetrievalSettings};
use transom_domain::{Caller, FileId, NewUser, Role};
use transom_index::Index;
use transom_ingest::InProcess;
use transom_store::{Store, StoreConfig};
use transom_vector::MemoryStore;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The ways to search, and what a request says for each.
const WAYS: [(&str, bool, Option<f32>); 3] = [("words", true, Some(1.0)), ("vectors", false, None), ("both", true, None)];

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [questions, shared, cache] = arguments.as_slice() else { return Err("usage: retrieval QUESTIONS SHARED CACHE".into()) };
    let documents = questions::read(Path::new(questions))?;
    let embedder = Arc::new(Cached::open(Path::new(cache))?);

    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("transom.db").display());
    let store = Store::open(&StoreConfig { url, pool_size: 4 }).await?;
    let (objects, signals) = (Arc::new(InMemory::new()), Signals::default());
    let files = Files::new(store.clone(), objects.clone(), signals.clone(), FilesConfig::default());
    let index = Index::new(Arc::new(MemoryStore::new()), embedder.clone());
    let retrieval = Retrieval::new(store.clone(), files.clone(), index.clone(), RetrievalSettings::default());
    let pipeline = Pipeline {
        store: store.clone(),
        objects,
        index,
        reader: Arc::new(InProcess::default()),
        signals,
        config: PipelineConfig::default(),
    };
    let workers = Workers::start(pipeline, WorkerConfig::default()).await?;
    let caller = caller(&store).await?;
    let mut ids = BTreeMap::new();
    for document in &documents {
        let id = upload(&files, &caller, &Path::new(shared).join(&document.file)).await?;
        ids.insert(document.file.clone(), format!("file-{id}"));
    }
    workers.stop().await;
    embedder.save()?;

    let all: Vec<String> = ids.values().cloned().collect();
    for document in &documents {
        let alone = [ids[&document.file].clone()];
        for asked in &document.questions {
            let is_found = |passages: Passages| passages.documents.iter().flatten().any(|text| asked.is_answered_by(text));
            let mut line = Map::new();
            for (scope, names) in [("alone", alone.as_slice()), ("among_all", all.as_slice())] {
                for (way, hybrid, weight) in WAYS {
                    let ask = async |limit| {
                        let question = Question {
                            text: asked.text.clone(),
                            limit: Some(limit),
                            hybrid: Some(hybrid),
                            bm25_weight: weight,
                            ..Question::default()
                        };
                        retrieval.query(&caller, names, &question).await
                    };
                    let start = Instant::now();
                    let three = is_found(ask(3).await?);
                    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
                    let ten = three || is_found(ask(10).await?);
                    line.insert(format!("{scope}/{way}"), json!({"three": three, "ten": ten, "ms": milliseconds}));
                }
            }
            let Document { file, language, .. } = document;
            println!("{}", json!({"file": file, "language": language, "question": asked.text, "held_out": asked.held_out, "found": line}));
        }
    }
    Ok(())
}

async fn caller(store: &Store) -> Outcome<Caller> {
    let new =
        NewUser { email: "asker@example.com".into(), name: "Asker".into(), password_hash: "none".into(), profile_image_url: String::new() };
    Ok(Caller::new(store.create_user(new, Role::Admin).await?.id, Role::Admin))
}

async fn upload(files: &Files, caller: &Caller, path: &Path) -> Outcome<FileId> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let content_type = if name.ends_with(".pdf") { "application/pdf" } else { "text/plain" };
    let mut upload = files.begin(caller, &name, content_type)?;
    upload.write(Bytes::from(std::fs::read(path)?)).await?;
    let start = Instant::now();
    let file = upload.finish(caller, UploadOptions { metadata: Map::new(), process: true, wait: true, into: None }).await?;
    let problem = file.error.unwrap_or_default();
    eprintln!("{name}: {:?} {problem} after {:.1} s, languages {:?}", file.status, start.elapsed().as_secs_f64(), file.languages);
    Ok(file.id)
}
