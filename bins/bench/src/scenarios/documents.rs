//! What sources add to a chat, and how long a file takes until it can be asked.

use std::fmt::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{chat_body, milliseconds, short_chat};
use crate::bench::Bench;
use crate::load;
use crate::report::Named;
use crate::server::Transom;
use crate::target::{Call, Target};
use crate::upstream::SHORT;

/// Size of the file, in bytes.
const SIZE: usize = 100_000;
/// Longest wait for it.
const PATIENCE: Duration = Duration::from_secs(300);

pub async fn documents(bench: &mut Bench) -> Result<(), String> {
    let named = |name, unit| Named { scenario: "A text of 100 kB", name, unit, aim: None };
    let server = Transom::start(&bench.setting("documents")?).await?;
    let key = server.key(&server.sign_up().await?).await?;
    // The first file waits for the embedding model to be read.
    for name in ["upload to completed, first file", "upload to completed"] {
        let begin = Instant::now();
        let id = upload(&key, name).await?;
        wait_for(&key, &id).await?;
        bench.report.take(named(name, "s"), &key.name, begin.elapsed().as_secs_f64());
        if name.ends_with("completed") {
            compare(bench, &key, &id).await?;
        }
    }
    server.stop()
}

/// The same chat without and with the file.
async fn compare(bench: &mut Bench, key: &Target, id: &str) -> Result<(), String> {
    let named = |name| Named { scenario: "A text of 100 kB", name, unit: "ms", aim: None };
    let mut body = chat_body(SHORT, false);
    body["files"] = json!([{"type": "file", "id": id}]);
    let asking = Call::post("/chat/completions", &body);
    let cited: Value = key.json(&asking).await?;
    if cited["sources"].as_array().is_none_or(Vec::is_empty) {
        return Err("an answer about the file cites nothing".to_owned());
    }
    let mut connection = key.connect().await?;
    let without = load::one_caller(&mut connection, &short_chat(), 20, 60).await?;
    let with = load::one_caller(&mut connection, &asking, 20, 60).await?;
    let report = &mut bench.report;
    for (name, quantile) in [("sources add to a chat, p50", 0.5), ("sources add to a chat, p99", 0.99)] {
        report.take(named(name), &key.name, milliseconds(&with, quantile) - milliseconds(&without, quantile));
    }
    Ok(())
}

async fn upload(key: &Target, seed: &str) -> Result<String, String> {
    let mut text = String::with_capacity(SIZE + 100);
    let mut line = 0;
    while text.len() < SIZE {
        line += 1;
        let _ = writeln!(
            text,
            "Paragraph {line} ({seed}) says why the sky is blue at hour {} and that number {} is not green.\n",
            line % 24,
            line * 7
        );
    }
    const EDGE: &str = "bench-boundary";
    let body = format!(
        "--{EDGE}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sky.txt\"\r\ncontent-type: text/plain\r\n\r\n{text}\r\n--{EDGE}--\r\n"
    );
    let media = format!("multipart/form-data; boundary={EDGE}");
    let answer = key.json(&Call { method: Method::POST, path: "/v1/files/".into(), body: Bytes::from(body), media }).await?;
    answer["id"].as_str().map(str::to_owned).ok_or_else(|| format!("the upload was answered without an id: {answer}"))
}

async fn wait_for(key: &Target, id: &str) -> Result<(), String> {
    let (call, begin) = (Call::get(&format!("/v1/files/{id}/process/status")), Instant::now());
    let mut connection = key.connect().await?;
    loop {
        let state: Value = serde_json::from_slice(&connection.whole(&call).await?).map_err(|error| error.to_string())?;
        match state["status"].as_str() {
            Some("completed") => return Ok(()),
            Some("failed") => return Err(format!("the file failed: {state}")),
            _ if begin.elapsed() > PATIENCE => return Err(format!("the file is still not done: {state}")),
            _ => sleep(Duration::from_millis(10)).await,
        }
    }
}
