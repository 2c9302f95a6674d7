//! Chat while others sign in: hashing passwords must leave room.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use serde_json::json;
use tokio::task::LocalSet;

use super::{milliseconds, short_chat};
use crate::bench::Bench;
use crate::load;
use crate::report::Named;
use crate::server::{EMAIL, PASSWORD};
use crate::target::Call;

/// Who signs in, again and again.
const SIGNING_IN: usize = 4;

pub async fn beside_chat(bench: &mut Bench) -> Result<(), String> {
    let named = |name, unit| Named { scenario: "Chat while four sign in", name, unit, aim: None };
    let target = bench.transom()?;
    let mut connection = target.connect().await?;
    let alone = load::one_caller(&mut connection, &short_chat(), 200, 600).await?;
    let local = LocalSet::new();
    let (over, signed_in, begin) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0u32)), Instant::now());
    let others: Vec<_> = (0..SIGNING_IN)
        .map(|_| {
            let (target, over, signed_in) = (target.clone(), over.clone(), signed_in.clone());
            local.spawn_local(async move {
                let call = Call::post("/v1/auths/signin", &json!({"email": EMAIL, "password": PASSWORD}));
                let mut connection = target.connect().await?;
                while !over.get() {
                    connection.whole(&call).await?;
                    signed_in.set(signed_in.get() + 1);
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    let beside = local.run_until(load::one_caller(&mut connection, &short_chat(), 200, 600)).await?;
    over.set(true);
    let rate = f64::from(signed_in.get()) / begin.elapsed().as_secs_f64();
    local.await;
    for other in others {
        other.await.map_err(|error| error.to_string())??;
    }
    let report = &mut bench.report;
    report.take(named("sign-ins", "a second"), &target.name, rate);
    for (name, times, quantile) in [
        ("chat without them, p50", &alone, 0.5),
        ("chat without them, p99", &alone, 0.99),
        ("chat beside them, p50", &beside, 0.5),
        ("chat beside them, p99", &beside, 0.99),
    ] {
        report.take(named(name, "ms"), &target.name, milliseconds(times, quantile));
    }
    Ok(())
}
