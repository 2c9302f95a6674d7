//! How many calls a second.

use super::{milliseconds, short_chat};
use crate::bench::{Bench, DIRECT};
use crate::load;
use crate::report::Named;
use crate::server::Transom;
use crate::target::{Call, Target};

/// Models that are listed.
const LISTED: &str = "/500";

pub async fn chat(bench: &mut Bench) -> Result<(), String> {
    let calls = bench.in_turn().into_iter().map(|target| (target, short_chat())).collect();
    compare(bench, "Whole chat, 32 callers", None, Some("35"), calls).await
}

pub async fn models(bench: &mut Bench) -> Result<(), String> {
    let mut setting = bench.setting("models")?;
    setting.listing = LISTED;
    setting.more.push(("ENABLE_OLLAMA_API", "false".to_owned()));
    let server = Transom::start(&setting).await?;
    let key = server.key(&server.sign_up().await?).await?;
    let listed = key.json(&Call::get("/models")).await?["data"].as_array().map_or(0, Vec::len);
    if listed != 500 + 1 {
        return Err(format!("500 models and the server's own were to be listed, not {listed}"));
    }
    let direct = bench.direct()?.below("/500/v1");
    let nginx = bench.named("nginx").map(|nginx| nginx.below("/500/v1"));
    let targets = [Some(direct), nginx, Some(key)].into_iter().flatten();
    let calls = targets.map(|target| (target, Call::get("/models"))).collect();
    compare(bench, "500 models listed, 32 callers", Some("15,000"), None, calls).await?;
    server.stop()
}

async fn compare(
    bench: &mut Bench,
    scenario: &'static str,
    aim: Option<&'static str>,
    share: Option<&'static str>,
    calls: Vec<(Target, Call)>,
) -> Result<(), String> {
    let named = |name, unit, aim| Named { scenario, name, unit, aim };
    let mut rates = Vec::new();
    for (target, call) in calls {
        let load = load::highest_rate(&target, &call).await;
        let Some(load) = bench.excuse(&target.name, load)? else { continue };
        bench.report.take(named("highest steady rate", "calls/s", aim), &target.name, load.rate);
        bench.report.take(named("answered in at that rate, p50", "ms", None), &target.name, milliseconds(&load.taken, 0.5));
        if let Some(processor) = load.processor {
            bench.report.take(named("processor time a call at that rate", "µs", None), &target.name, processor);
        }
        rates.push((target.name, load.rate));
    }
    let direct = rates.iter().find(|(name, _)| name == DIRECT).map(|(_, rate)| *rate);
    for (target, rate) in rates {
        if let Some(direct) = direct.filter(|_| target != DIRECT) {
            bench.report.take(named("of the direct rate", "%", share), &target, rate / direct * 100.0);
        }
    }
    Ok(())
}
