//! One caller at a fixed rate: what each target adds to a whole answer.

use serde_json::json;

use super::{milliseconds, short_chat};
use crate::bench::{Bench, DIRECT};
use crate::load::{self, Times};
use crate::report::Named;
use crate::target::{Call, Target};
use crate::upstream::{EMBEDDER, SHORT};

/// Calls a second: far below what any of them can do.
const RATE: u32 = 200;
/// Calls of one round.
const COUNT: u32 = 800;
/// Those before them, which make connections.
const WARM: u32 = 50;

/// The aims of a scenario; there are some for chat alone.
#[derive(Clone, Copy, Default)]
struct Aims {
    p50: Option<&'static str>,
    p99: Option<&'static str>,
    processor: Option<&'static str>,
}

pub async fn chat(bench: &mut Bench) -> Result<(), String> {
    let aims = Aims { p50: Some("0.12"), p99: Some("0.25"), processor: Some("90") };
    let targets = bench.in_turn();
    let calls = targets.into_iter().map(|target| (target, short_chat())).collect();
    compare(bench, "Whole chat, one caller", aims, calls).await
}

pub async fn ollama(bench: &mut Bench) -> Result<(), String> {
    let body =
        json!({"model": format!("{SHORT}:latest"), "stream": false, "messages": [{"role": "user", "content": "Why is the sky blue?"}]});
    let call = Call::post("/chat", &body);
    let calls = [(bench.direct()?.below("/api"), call.clone()), (bench.transom()?.below("/ollama/api"), call)];
    compare(bench, "Ollama's own chat, one caller", Aims::default(), calls.into()).await
}

pub async fn embeddings(bench: &mut Bench) -> Result<(), String> {
    let call = Call::post("/embeddings", &json!({"model": EMBEDDER, "input": "Why is the sky blue?"}));
    let calls = [(bench.direct()?, call.clone()), (bench.transom()?, call)];
    compare(bench, "Embeddings, one caller", Aims::default(), calls.into()).await
}

/// Measures the calls after one another, and takes the difference to the direct one of the same round.
async fn compare(bench: &mut Bench, scenario: &'static str, aims: Aims, calls: Vec<(Target, Call)>) -> Result<(), String> {
    let mut measured = Vec::new();
    for (target, call) in calls {
        let one = one(&target, &call).await;
        if let Some((times, processor)) = bench.excuse(&target.name, one)? {
            measured.push((target.name, milliseconds(&times, 0.5), milliseconds(&times, 0.99), processor));
        }
    }
    let (p50, p99) = measured.iter().find(|(name, ..)| name == DIRECT).map_or((0.0, 0.0), |(_, p50, p99, _)| (*p50, *p99));
    let named = |name, unit, aim| Named { scenario, name, unit, aim };
    for (target, own_p50, own_p99, processor) in measured {
        bench.report.take(named("answered in, p50", "ms", None), &target, own_p50);
        bench.report.take(named("answered in, p99", "ms", None), &target, own_p99);
        if target != DIRECT {
            bench.report.take(named("added, p50", "ms", aims.p50), &target, own_p50 - p50);
            bench.report.take(named("added, p99", "ms", aims.p99), &target, own_p99 - p99);
        }
        if let Some(processor) = processor {
            bench.report.take(named("processor time a call", "µs", aims.processor), &target, processor);
        }
    }
    Ok(())
}

/// The times of one target's answers, and its processor time a call in microseconds.
async fn one(target: &Target, call: &Call) -> Result<(Times, Option<f64>), String> {
    let mut connection = target.connect().await?;
    load::one_caller(&mut connection, call, RATE, WARM).await?;
    let before = target.processes.map(|processes| processes.read().cpu);
    let times = load::one_caller(&mut connection, call, RATE, COUNT).await?;
    let after = target.processes.map(|processes| processes.read().cpu);
    let processor = after.zip(before).map(|(after, before)| after.saturating_sub(before) as f64 / 1000.0 / f64::from(COUNT));
    Ok((times, processor))
}
