//! Everything that a change must pass.

use std::time::{Duration, Instant};

use crate::{attack, contract, description, instructions, place, run, tidy};

type Step = (&'static str, fn() -> Result<(), String>);

const STEPS: &[Step] = &[
    ("format", format),
    ("tidy", tidy::run),
    ("clippy", clippy),
    ("documentation", documentation),
    ("tests", run::unit_tests),
    ("examples", run::doc_tests),
    ("instructions", instructions::where_counted),
    ("contract", contract_where_it_is),
    ("description", description::in_brief),
    ("attack", attack::in_brief),
];

/// Runs every step, also after one has failed, and says at the end which did and how long each took.
pub fn run() -> Result<(), String> {
    let mut rows = Vec::new();
    for (name, step) in STEPS {
        println!("=== {name}");
        let start = Instant::now();
        let outcome = step();
        if let Err(sentence) = &outcome {
            eprintln!("{sentence}");
        }
        println!("=== {name}: {} in {}", if outcome.is_ok() { "passed" } else { "FAILED" }, spell(start.elapsed()));
        rows.push((*name, outcome.is_ok(), start.elapsed()));
    }
    println!("\nstep            result   time");
    for (name, passed, time) in &rows {
        println!("{name:<15} {:<8} {}", if *passed { "passed" } else { "FAILED" }, spell(*time));
    }
    let failed: Vec<_> = rows.iter().filter(|(_, passed, _)| !passed).map(|(name, ..)| *name).collect();
    let total = spell(rows.iter().map(|(.., time)| *time).sum());
    if failed.is_empty() {
        println!("ci: all {} steps passed in {total}", rows.len());
        Ok(())
    } else {
        Err(format!("ci: {} of {} steps failed in {total}: {}", failed.len(), rows.len(), failed.join(", ")))
    }
}

fn format() -> Result<(), String> {
    run::run(&mut run::cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), String> {
    run::run(&mut run::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn documentation() -> Result<(), String> {
    run::run(run::cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn contract_where_it_is() -> Result<(), String> {
    if place::shared("contract/run").is_some() {
        return contract::run(false, None);
    }
    println!("skipped: no contract suite in ../shared/contract, and TRANSOM_SHARED names none");
    Ok(())
}

fn spell(time: Duration) -> String {
    format!("{}m {:02}s", time.as_secs() / 60, time.as_secs() % 60)
}
