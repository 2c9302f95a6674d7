//! The server by itself: how soon it is there, what it takes while nobody asks, and how large it is.

use std::time::Duration;

use tokio::time::sleep;

use super::short_chat;
use crate::bench::Bench;
use crate::report::Named;
use crate::server::Transom;

/// Starts of one round; their median is its value.
const STARTS: usize = 5;
/// How long nobody asks, before memory is looked at.
const QUIET: Duration = Duration::from_secs(10);

pub async fn house(bench: &mut Bench) -> Result<(), String> {
    let named = |name, unit, aim| Named { scenario: "By itself", name, unit, aim };
    let setting = bench.setting("house")?;
    let server = Transom::start(&setting).await?;
    let key = server.key(&server.sign_up().await?).await?;
    sleep(QUIET).await;
    let name = key.name.clone();
    let signed_up = server.processes().read().resident;
    server.stop()?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = Transom::start(&setting).await?;
        starts.push(server.started_in.as_secs_f64() * 1000.0);
        server.stop()?;
    }
    let server = Transom::start(&setting).await?;
    let key = server.target().with_key(key.key.unwrap_or_default());
    key.json(&short_chat()).await?;
    sleep(QUIET).await;
    let idle = server.processes().read();
    server.stop()?;
    let size = std::fs::metadata(&bench.binary).map_err(|error| error.to_string())?.len();
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    let report = &mut bench.report;
    report.take(named("start to the first answer", "ms", Some("150")), &name, crate::report::median(&starts));
    report.take(named("idle memory after a chat", "MiB", Some("45")), &name, mebibytes(idle.resident));
    report.take(named("of it not the program's own file", "MiB", None), &name, mebibytes(idle.anonymous));
    report.take(named("idle memory after the first sign-up", "MiB", None), &name, mebibytes(signed_up));
    report.take(named("the program's file", "MiB", None), &name, size as f64 / f64::from(1 << 20));
    let peers: Vec<_> = bench.targets.iter().filter(|target| target.name != name).cloned().collect();
    for peer in peers {
        if let Some(processes) = peer.processes.filter(|_| bench.round == 0) {
            bench.report.take(named("idle memory after a chat", "MiB", Some("45")), &peer.name, mebibytes(processes.read().resident));
        }
    }
    Ok(())
}
