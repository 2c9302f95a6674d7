//! Calls at a fixed rate, timed from when they were meant to be sent.
//!
//! A server that stalls is not spared the calls that it made wait: each is timed from its own place in the plan, whenever it got out.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::LocalSet;
use tokio::time::sleep_until;

use crate::target::{Call, Connection, Streamed, Target};

/// Times in microseconds.
pub type Times = Histogram<u64>;

/// No times yet; longer ones than ten minutes count as ten minutes.
pub fn times() -> Result<Times, String> {
    Times::new_with_bounds(1, 600_000_000, 3).map_err(|error| error.to_string())
}

/// Connections that keep a server fully busy.
const MANY: usize = 32;

/// How long a busy server is watched.
const WATCHED: Duration = Duration::from_secs(3);

/// A rate is kept steadily where 99 of 100 calls are answered within this.
const STEADY: Duration = Duration::from_millis(50);

/// Waits for a call's place in the plan, and says from when it is timed. Where the caller was free before, that is when it really
/// begins: that our own timer is up to a millisecond late is not the server's fault. Where the answer before came too late, it is the plan.
async fn turn(planned: Instant) -> Instant {
    if Instant::now() >= planned {
        return planned;
    }
    sleep_until(planned.into()).await;
    Instant::now()
}

/// One caller with one connection, `count` calls at `rate` a second; the times of its whole answers.
pub async fn one_caller(connection: &mut Connection, call: &Call, rate: u32, count: u32) -> Result<Times, String> {
    let mut taken = times()?;
    let start = Instant::now();
    for place in 0..count {
        let begin = turn(start + Duration::from_secs(1) / rate * place).await;
        connection.whole(call).await?;
        record(&mut taken, begin.elapsed());
    }
    Ok(taken)
}

/// Streams after one another: when each began, and what came.
pub async fn one_reader(connection: &mut Connection, call: &Call, rate: u32, count: u32) -> Result<Vec<(Instant, Streamed)>, String> {
    let mut all = Vec::new();
    let start = Instant::now();
    for place in 0..count {
        let begin = turn(start + Duration::from_secs(1) / rate * place).await;
        all.push((begin, connection.streamed(call, true).await?));
    }
    Ok(all)
}

/// What a server did under load.
pub struct Load {
    /// Calls answered a second.
    pub rate: f64,
    /// How long they took.
    pub taken: Times,
    /// Processor time of one, in microseconds.
    pub processor: Option<f64>,
}

/// The highest rate at which answers stay quick: what the server does when it is never left alone, or as much less as it takes.
pub async fn highest_rate(target: &Target, call: &Call) -> Result<Load, String> {
    let mut rate = under_load(target, call, None).await?.rate;
    for _ in 0..20 {
        rate *= 0.95;
        let load = under_load(target, call, Some(rate)).await?;
        if load.taken.value_at_quantile(0.99) <= STEADY.as_micros() as u64 && load.rate > rate * 0.98 {
            return Ok(load);
        }
    }
    Err(format!("{}: no steady rate was found down to {rate:.0} calls a second", target.name))
}

/// Many callers for a while, at a rate together or as fast as they are answered.
async fn under_load(target: &Target, call: &Call, rate: Option<f64>) -> Result<Load, String> {
    let mut connections = Vec::new();
    for _ in 0..MANY {
        let mut connection = target.connect().await?;
        connection.whole(call).await?;
        connections.push(connection);
    }
    let before = target.processes.map(|processes| processes.read().cpu);
    let (start, next) = (Instant::now(), Rc::new(Cell::new(0u32)));
    let local = LocalSet::new();
    let callers: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let (call, next) = (call.clone(), next.clone());
            local.spawn_local(async move {
                let mut taken = times()?;
                loop {
                    // Whoever is free takes the next place of the plan.
                    let planned = rate.map(|rate| start + Duration::from_secs_f64(f64::from(next.get()) / rate));
                    next.set(next.get() + 1);
                    if planned.unwrap_or_else(Instant::now) >= start + WATCHED {
                        return Ok::<_, String>(taken);
                    }
                    if let Some(planned) = planned {
                        sleep_until(planned.into()).await;
                    }
                    let begin = planned.unwrap_or_else(Instant::now);
                    connection.whole(&call).await?;
                    record(&mut taken, begin.elapsed());
                }
            })
        })
        .collect();
    local.await;
    let ended = start.elapsed();
    let mut taken = times()?;
    for caller in callers {
        taken.add(caller.await.map_err(|error| error.to_string())??).map_err(|error| error.to_string())?;
    }
    let after = target.processes.map(|processes| processes.read().cpu);
    let processor = after.zip(before).map(|(after, before)| after.saturating_sub(before) as f64 / 1000.0 / taken.len() as f64);
    Ok(Load { rate: taken.len() as f64 / ended.as_secs_f64(), taken, processor })
}

pub fn record(taken: &mut Times, time: Duration) {
    taken.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}
