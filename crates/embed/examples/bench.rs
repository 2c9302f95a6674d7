//! Measures the model: load, one question, a document's chunks, a question while a document is embedded, memory.
//! `bench [THREADS [BATCH_TOKENS]]`
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use transom_embed::{MiniLm, MiniLmSettings};
use transom_llm::{Embedder, LlmError, Purpose};

const CHUNKS: u32 = 128;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers = std::env::args().skip(1).map(|argument| argument.parse()).collect::<Result<Vec<usize>, _>>()?;
    let mut settings = MiniLmSettings::default();
    settings.threads = numbers.first().copied().unwrap_or(settings.threads);
    settings.batch_tokens = numbers.get(1).copied().unwrap_or(settings.batch_tokens);
    println!("{settings:?}; {}", memory());
    let model = Arc::new(MiniLm::new(settings));

    let begun = Instant::now();
    question(&model, 0).await?;
    println!("load and first question {:?}; {}", begun.elapsed(), memory());

    let begun = Instant::now();
    for number in 0..50 {
        question(&model, number).await?;
    }
    println!("a question {:?}", begun.elapsed() / 50);

    let sentence = "LanceDB stores vectors in an open columnar format and supports approximate nearest neighbour search and filtering. ";
    let chunks: Vec<String> = (0..CHUNKS).map(|number| format!("Document {number}: {}", sentence.repeat(8))).collect();
    let begun = Instant::now();
    model.embed(&chunks, Purpose::Document).await?;
    println!("{:.1} chunks of about 1,000 characters a second; {}", f64::from(CHUNKS) / begun.elapsed().as_secs_f64(), memory());

    let behind = tokio::spawn({
        let model = model.clone();
        async move { model.embed(&chunks, Purpose::Document).await.map(|vectors| vectors.len()) }
    });
    let mut waits = Vec::new();
    while !behind.is_finished() {
        let begun = Instant::now();
        question(&model, waits.len()).await?;
        waits.push(begun.elapsed());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    behind.await??;
    waits.sort();
    println!("a question beside a document: median {:?}, worst {:?}", waits[waits.len() / 2], waits[waits.len() - 1]);
    Ok(())
}

async fn question(model: &MiniLm, number: usize) -> Result<(), LlmError> {
    model.embed(&[format!("How do I configure number {number}?")], Purpose::Query).await.map(drop)
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS")).collect::<Vec<_>>().join(" ")
}
