//! What a function costs: milliseconds that a warm pipe adds to a call, the first call, a worker's memory, calls a second.
//!
//! ```sh
//! cargo run --release -p transom-provider-function --example measure -- FOLDER
//! ```
//!
//! The folder keeps the environment, so that a second run installs nothing. Everything stays in this process and its
//! workers: what HTTP adds is not in the numbers.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use transom_llm::wire;
use transom_llm::{Body, CallContext, ChatAnswer, ChatRequest, Function, FunctionRuntime, LlmError};
use transom_provider_function::{Call, Launcher, Pipe, PythonConfig, PythonRuntime, Reply, pipe};

const CALLS: usize = 2_000;
const AT_ONCE: usize = 50;

const PLAIN: &str = r#"
class Pipe:
    async def pipe(self, body, __user__):
        return f"{body['messages'][-1]['content']} for {__user__['name']}"
"#;

const IN_A_THREAD: &str = r#"
class Pipe:
    def pipe(self, body, __user__):
        return f"{body['messages'][-1]['content']} for {__user__['name']}"
"#;

const HUNDRED_PIECES: &str = r#"
class Pipe:
    async def pipe(self, body):
        for n in range(100):
            yield "word "
"#;

const MEMORY: &str = r#"
import os
class Pipe:
    async def pipe(self, body):
        return str(os.getpid())
"#;

const MEMORY_WITH_PACKAGES: &str = r#"
import os, httpx, requests, aiohttp
from fastapi import Request
from pydantic import BaseModel
class Pipe:
    async def pipe(self, body):
        return str(os.getpid())
"#;

struct InRust;

#[async_trait]
impl Pipe for InRust {
    fn id(&self) -> &str {
        "rust"
    }

    async fn answer(&self, call: Call) -> Result<Reply, LlmError> {
        Ok(Reply::text(format!("{} for {}", call.question(), call.context.user["name"].as_str().unwrap_or_default())))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, confine, confinement] = arguments.as_slice()
        && confine == "confine"
    {
        return Err(transom_confine::run(confinement).into());
    }
    let folder = arguments.get(1).ok_or("a folder is missing")?;
    tokio::runtime::Runtime::new()?.block_on(measured(folder))
}

async fn measured(folder: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    let config = PythonConfig::new(folder, Launcher::own("confine")?, std::env::vars_os());
    let runtime = PythonRuntime::new(config);
    // Sets the environment up where it is not there.
    ask(&runtime.function("warm", PLAIN), false).await?;

    let mut first = Vec::new();
    for _ in 0..9 {
        let begun = Instant::now();
        ask(&runtime.function("first", PLAIN), false).await?;
        first.push(begun.elapsed());
    }
    writeln!(out, "first call, environment present: {}", shown(&mut first))?;

    for (name, source) in [("a worker", MEMORY), ("a worker with httpx, requests, aiohttp, fastapi, pydantic", MEMORY_WITH_PACKAGES)] {
        let function = runtime.function("memory", source);
        let answer: Value = serde_json::from_slice(&ask(&function, false).await?)?;
        let pid = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("unknown").trim();
        writeln!(out, "{name}: {resident} resident")?;
    }

    let functions = [
        ("Rust", pipe(InRust)),
        ("Python, async", runtime.function("plain", PLAIN)),
        ("Python, in a thread", runtime.function("thread", IN_A_THREAD)),
        ("Python, 100 pieces streamed", runtime.function("pieces", HUNDRED_PIECES)),
    ];
    for (name, function) in &functions {
        let stream = name.ends_with("streamed");
        for _ in 0..50 {
            ask(function, stream).await?;
        }
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            ask(function, stream).await?;
            times.push(begun.elapsed());
        }
        writeln!(out, "{name}, one after the other: {}", shown(&mut times))?;
        let begun = Instant::now();
        let callers = (0..AT_ONCE).map(|_| {
            let function = function.clone();
            tokio::spawn(async move {
                for _ in 0..CALLS / AT_ONCE {
                    ask(&function, stream).await?;
                }
                Ok::<_, LlmError>(())
            })
        });
        for caller in join_all(callers).await {
            caller??;
        }
        writeln!(out, "{name}, {AT_ONCE} at once: {:.0} calls/s", CALLS as f64 / begun.elapsed().as_secs_f64())?;
    }
    Ok(())
}

async fn ask(function: &Arc<dyn Function>, stream: bool) -> Result<Vec<u8>, LlmError> {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": stream});
    let user = serde_json::from_value(json!({"id": "u", "name": "Ada", "email": "a@example.com", "role": "user"})).unwrap_or_default();
    let context = CallContext { user, ..CallContext::default() };
    let request = ChatRequest { body: Body::from(&body), stream, context: Some(Arc::new(context)) };
    match function.chat(request).await? {
        ChatAnswer::Whole(json) => Ok(json.to_vec()),
        streamed => {
            let mut all = Vec::new();
            let mut bytes = wire::sse(streamed, "m");
            while let Some(part) = bytes.next().await {
                all.extend_from_slice(&part?);
            }
            Ok(all)
        }
    }
}

fn shown(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!("median {:.3} ms, p99 {:.3} ms", at(0.5), at(0.99))
}
