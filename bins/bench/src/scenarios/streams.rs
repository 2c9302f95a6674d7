//! Streams: their first token, the gaps between their tokens, and a thousand of them at once.

use std::time::{Duration, Instant};

use tokio::task::LocalSet;
use tokio::time::sleep_until;

use super::{chat_call, milliseconds};
use crate::bench::{Bench, DIRECT};
use crate::load::{self, Times, record, times};
use crate::report::Named;
use crate::sample::Reading;
use crate::target::{Call, Streamed, Target};
use crate::upstream::{BRISK, PACED};

pub async fn one(bench: &mut Bench) -> Result<(), String> {
    let named = |name, unit, aim| Named { scenario: "Stream, one reader", name, unit, aim };
    let call = chat_call(BRISK, true);
    let mut measured = Vec::new();
    for target in bench.in_turn() {
        let streams = read(&target, &call).await;
        if let Some(streams) = bench.excuse(&target.name, streams)? {
            measured.push((target.name, streams));
        }
    }
    let direct = measured.iter().find(|(name, _)| name == DIRECT).ok_or("nothing was called directly")?;
    let right: Vec<u8> = direct.1.first().map(|(_, stream)| stream.bytes.clone()).unwrap_or_default();
    let figures =
        |streams: &[(Instant, Streamed)]| Ok::<_, String>((first_tokens(streams)?, gaps(streams.iter().map(|(_, s)| &s.frames))?));
    let (direct_first, direct_gaps) = figures(&direct.1)?;
    for (target, streams) in &measured {
        let (first, gaps) = figures(streams)?;
        let same = streams.iter().filter(|(_, stream)| stream.bytes == right).count() as f64 / streams.len() as f64 * 100.0;
        let report = &mut bench.report;
        report.take(named("first token, p50", "ms", None), target, milliseconds(&first, 0.5));
        report.take(named("gap between tokens, p99", "ms", None), target, milliseconds(&gaps, 0.99));
        if target != DIRECT {
            report.take(
                named("first token later, p50", "ms", Some("0.2")),
                target,
                milliseconds(&first, 0.5) - milliseconds(&direct_first, 0.5),
            );
            report.take(named("gap longer, p99", "ms", None), target, milliseconds(&gaps, 0.99) - milliseconds(&direct_gaps, 0.99));
            report.take(named("streams with the upstream's own bytes", "%", Some("100")), target, same);
        }
    }
    Ok(())
}

async fn read(target: &Target, call: &Call) -> Result<Vec<(Instant, Streamed)>, String> {
    let mut connection = target.connect().await?;
    load::one_reader(&mut connection, call, 8, 2).await?;
    load::one_reader(&mut connection, call, 8, 40).await
}

fn first_tokens(streams: &[(Instant, Streamed)]) -> Result<Times, String> {
    let mut taken = times()?;
    streams.iter().filter_map(|(begin, stream)| Some(*stream.frames.first()? - *begin)).for_each(|time| record(&mut taken, time));
    Ok(taken)
}

fn gaps<'a>(streams: impl Iterator<Item = &'a Vec<Instant>>) -> Result<Times, String> {
    let mut taken = times()?;
    // The finish and `[DONE]` come with the last token, so their gaps are none.
    streams.for_each(|frames| {
        frames.windows(2).take(frames.len().saturating_sub(3)).for_each(|pair| record(&mut taken, pair[1] - pair[0]));
    });
    Ok(taken)
}

/// Streams begun in a second.
const BEGUN: u32 = 500;
/// Frames of a stream: its tokens, the finish and `[DONE]`.
const FRAMES: usize = 502;

pub async fn many(bench: &mut Bench) -> Result<(), String> {
    for target in bench.in_turn() {
        many_at(bench, &target).await?;
    }
    Ok(())
}

async fn many_at(bench: &mut Bench, target: &Target) -> Result<(), String> {
    let named = |name, unit, aim| Named { scenario: "1,000 streams at once of 50 tokens a second", name, unit, aim };
    let streams = bench.streams;
    let read = || target.processes.map_or_else(Reading::default, |processes| processes.read());
    let call = chat_call(PACED, true);
    let (local, start, idle) = (LocalSet::new(), Instant::now(), read());
    let readers: Vec<_> = (0..streams)
        .map(|place| {
            let (target, call) = (target.clone(), call.clone());
            local.spawn_local(async move {
                let planned = start + Duration::from_secs(1) / BEGUN * place;
                sleep_until(planned.into()).await;
                let streamed = target.connect().await?.streamed(&call, false).await?;
                Ok::<_, String>((planned, streamed))
            })
        })
        .collect();
    let begun = Duration::from_secs(1) / BEGUN * streams;
    let (mut before, mut after, mut peak) = (Reading::default(), Reading::default(), Reading::default());
    // What it costs is looked at while all of them run: after the last has begun, and before the first one ends.
    local
        .run_until(async {
            sleep_until((start + begun + Duration::from_secs(1)).into()).await;
            before = read();
            sleep_until((start + begun + Duration::from_secs(6)).into()).await;
            (after, peak) = (read(), read());
        })
        .await;
    local.await;
    let mut done = Vec::new();
    for reader in readers {
        match reader.await.map_err(|error| error.to_string())? {
            Ok(streamed) => done.push(streamed),
            Err(error) => bench.report.note(format!("A stream of {} was lost: {error}", target.name)),
        }
    }
    let whole = done.iter().filter(|(_, stream)| stream.frames.len() == FRAMES).count();
    let firsts = first_tokens(&done)?;
    let gaps = gaps(done.iter().map(|(_, stream)| &stream.frames))?;
    let report = &mut bench.report;
    report.take(named("streams that were not whole", "", Some("0")), &target.name, f64::from(streams) - whole as f64);
    report.take(named("first token, p99", "ms", None), &target.name, milliseconds(&firsts, 0.99));
    report.take(named("gap between tokens, p99", "ms", None), &target.name, milliseconds(&gaps, 0.99));
    if target.processes.is_some() {
        let cores = after.cpu.saturating_sub(before.cpu) as f64 / 5e9;
        let memory = peak.resident.saturating_sub(idle.resident) as f64 / f64::from(streams);
        report.take(named("cores", "", Some("1")), &target.name, cores);
        report.take(named("memory a stream", "KiB", Some("40")), &target.name, memory);
        report.take(
            named("descriptors a stream", "", None),
            &target.name,
            peak.descriptors.saturating_sub(idle.descriptors) as f64 / f64::from(streams),
        );
    }
    Ok(())
}
