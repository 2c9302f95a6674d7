//! Measures the store at scale: time, recall against an exact comparison, memory and disk.
//!
//! `cargo run --release -p transom-vector-lance --example scale -- FOLDER CHUNKS [PROBES:REFINE:CACHE]...`
//! A folder that is filled already is measured again as it is.

mod made;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Write, stdout};
use std::path::Path;
use std::time::{Duration, Instant};

use made::{CHUNKS_OF_A_FILE, DIMENSION, Dice, World, chunks, file_id, word};
use transom_domain::{FileId, Fingerprint};
use transom_vector::{Query, Space, TermQuery, VectorStore};
use transom_vector_lance::{LanceConfig, LanceStore};

const QUESTIONS: usize = 300;
const LIMIT: usize = 10;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let (folder, count) = (arguments.next().ok_or("a folder")?, arguments.next().ok_or("how many chunks")?.parse::<usize>()?);
    let files = count.div_ceil(CHUNKS_OF_A_FILE);
    let settings: Vec<LanceConfig> = arguments.map(|setting| settings(&folder, &setting)).collect::<Outcome<_>>()?;
    let space = Space { fingerprint: Fingerprint("scale".to_owned()), dimension: DIMENSION };
    let world = World::new();

    let store = LanceStore::open(LanceConfig::new(&folder)).await?;
    let there = store.files(&space).await?.len();
    let start = Instant::now();
    for file in there..files {
        store.replace(&space, &file_id(file), chunks(&world, file)).await?;
        if file % 400 == 399 {
            say(&format!(
                "{} chunks after {:.0} s, {} MB resident",
                (file + 1) * CHUNKS_OF_A_FILE,
                start.elapsed().as_secs_f64(),
                resident()
            ))?;
        }
    }
    say(&format!("written after {:.1} s", start.elapsed().as_secs_f64()))?;
    let start = Instant::now();
    store.optimize().await?;
    say(&format!(
        "tidied and indexed after {:.1} s more; {} MB resident, {} MB at peak",
        start.elapsed().as_secs_f64(),
        resident(),
        peak()
    ))?;
    drop(store);

    let questions = questions(&world, files);
    for config in [LanceConfig::new(&folder)].into_iter().chain(settings) {
        let (probes, refined, cache) = (config.partitions_searched, config.refined, config.index_cache >> 20);
        let store = LanceStore::open(config).await?;
        let start = Instant::now();
        store.search(&space, &Query { vector: questions[0].vector.clone(), files: vec![file_id(0)], limit: LIMIT }).await?;
        say(&format!(
            "\n{probes} partitions, refined {refined}, a cache of {cache} MB: first search {:.1} ms",
            start.elapsed().as_secs_f64() * 1e3
        ))?;
        for named in [1, 16, 17, 40, files / 5, files] {
            measure(&store, &space, &world, &questions, named, files).await?;
        }
        say(&format!("{} MB resident", resident()))?;
    }
    say(&format!("{} MB on disk", disk(Path::new(&folder))? >> 20))
}

struct Question {
    vector: Vec<f32>,
    terms: Vec<String>,
    file: usize,
}

/// Each about a chunk of some file, with a common word and three others.
fn questions(world: &World, files: usize) -> Vec<Question> {
    let mut dice = Dice::new(42);
    let question = |_| {
        let file = dice.below(files as u64) as usize;
        let about = dice.below(CHUNKS_OF_A_FILE as u64) as usize;
        let vector = world.question(&world.vectors(file)[about], &mut dice);
        Question { vector, terms: (0..4).map(|_| word(&mut dice)).collect(), file }
    };
    (0..QUESTIONS).map(question).collect()
}

/// Searches `named` of the files, the one that the question is about among them.
async fn measure(store: &LanceStore, space: &Space, world: &World, questions: &[Question], named: usize, files: usize) -> Outcome<()> {
    let names = |question: &Question| -> Vec<usize> { (0..named).map(|n| (question.file + n) % files).collect() };
    let truth = truth(world, questions, files, named);
    let (mut near, mut worded, mut found) = (Vec::new(), Vec::new(), 0);
    for (question, truth) in questions.iter().zip(&truth) {
        let ids: Vec<FileId> = names(question).into_iter().map(file_id).collect();
        let query = Query { vector: question.vector.clone(), files: ids.clone(), limit: LIMIT };
        let start = Instant::now();
        let hits = store.search(space, &query).await?;
        near.push(start.elapsed());
        found += hits.iter().filter(|hit| truth.contains(&(hit.chunk.file_id.to_string(), hit.chunk.ordinal))).count();
        let query = TermQuery { terms: question.terms.clone(), files: ids, limit: LIMIT };
        let start = Instant::now();
        store.search_terms(space, &query).await?;
        worded.push(start.elapsed());
    }
    let wanted: usize = truth.iter().map(BTreeSet::len).sum();
    let recall = found as f64 / wanted as f64;
    say(&format!("{named:>6} files: recall {recall:.4}, vectors {}, words {}", times(near), times(worded)))
}

/// The nearest by an exact comparison with every chunk.
fn truth(world: &World, questions: &[Question], files: usize, named: usize) -> Vec<BTreeSet<(String, u32)>> {
    let mut best: Vec<Vec<(f32, usize, u32)>> = vec![Vec::new(); questions.len()];
    for file in 0..files {
        let asked: Vec<usize> = (0..questions.len()).filter(|n| (file + files - questions[*n].file) % files < named).collect();
        if asked.is_empty() {
            continue;
        }
        let vectors = world.vectors(file);
        for n in asked {
            for (ordinal, vector) in (0..).zip(&vectors) {
                let likeness = vector.iter().zip(&questions[n].vector).map(|(a, b)| a * b).sum();
                let best = &mut best[n];
                if best.len() < LIMIT || best[LIMIT - 1].0 < likeness {
                    let place = best.partition_point(|other| other.0 >= likeness);
                    best.insert(place, (likeness, file, ordinal));
                    best.truncate(LIMIT);
                }
            }
        }
    }
    best.into_iter().map(|best| best.into_iter().map(|(_, file, ordinal)| (file_id(file).to_string(), ordinal)).collect()).collect()
}

fn settings(folder: &str, setting: &str) -> Outcome<LanceConfig> {
    let numbers: Vec<usize> = setting.split(':').map(str::parse).collect::<Result<_, _>>()?;
    let [probes, refined, cache] = numbers[..] else { return Err("PROBES:REFINE:CACHE".into()) };
    let refined = u32::try_from(refined)?;
    Ok(LanceConfig { partitions_searched: probes, refined, index_cache: cache << 20, ..LanceConfig::new(folder) })
}

fn times(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!("p50 {:.2} ms p99 {:.2} ms", at(0.5), at(0.99))
}

fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value =
        status.lines().find_map(|text| text.strip_prefix(line)).and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    value.unwrap_or_default() / 1024
}

fn resident() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

fn disk(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { disk(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

fn say(line: &str) -> Outcome<()> {
    writeln!(stdout(), "{line}")?;
    Ok(())
}
