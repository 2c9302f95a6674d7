//! `transom doctor`: what fits together and what does not.

use std::time::Duration;

use transom_app::jobs::{Orphans, Pipeline, Report, WorkerConfig, Workers};
use transom_config::Config;

use crate::cli::Doctor;
use crate::house::House;
use crate::{functions, installation};

/// How often the work that is left is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Looks, says, and mends where it is asked to. An error where something is left to mend.
pub async fn run(config: Config, doctor: &Doctor) -> Result<(), String> {
    installation::require_folder(&config).await?;
    let house = House::build(&config).await?;
    let repair = house.repair();
    let report = repair.look().await.map_err(|error| error.to_string())?;
    if config.functions.plugins {
        say(&match functions::python(&config)?.interpreter().await {
            Ok(version) => format!("functions run in Python {version}"),
            Err(sentence) => sentence,
        });
    }
    tell(&report);
    if report.is_clean() {
        say("everything fits together");
        return Ok(());
    }
    if doctor.fix {
        let orphans = orphans(&report, doctor.remove_orphans);
        repair.fix(&report, orphans).await.map_err(|error| error.to_string())?;
    }
    if doctor.reindex {
        let files = repair.reindex().await.map_err(|error| error.to_string())?;
        say(&format!("embedding {files} files again"));
    }
    if !doctor.fix && !doctor.reindex {
        return Err("something does not fit together; transom doctor --fix mends what can be".to_owned());
    }
    work_off(house.pipeline, house.workers).await?;
    let left = repair.look().await.map_err(|error| error.to_string())?;
    if left.is_clean() {
        say("done");
        return Ok(());
    }
    say("what could be mended is; left are:");
    tell(&left);
    Err("something is left that does not fit together".to_owned())
}

/// What is done with objects and vectors that belong to no file; it is said before it is done.
fn orphans(report: &Report, remove_all: bool) -> Orphans {
    let count = report.removable();
    let bytes_kept = count > 0 && report.bytes_of_others && !remove_all;
    let vectors_kept = !report.orphan_vectors.is_empty() && !report.vectors_known && !remove_all;
    if bytes_kept || vectors_kept {
        say("what is stored belongs to no file of this database, which may be new or the wrong one: it is kept");
        say("transom doctor --fix --remove-orphans removes it all the same");
    }
    if count > 0 && !bytes_kept {
        say(&format!("removing {count} objects that belong to no file"));
    }
    if remove_all { Orphans::RemoveAll } else { Orphans::RemoveOurs }
}

fn tell(report: &Report) {
    let findings = [
        ("objects that belong to no file", report.orphan_bytes.len()),
        ("halves of uploads that were broken off", report.unfinished.len()),
        ("objects that Transom did not write; they are left as they are", report.foreign_bytes),
        ("files whose bytes are missing: upload them again", report.missing_bytes.len()),
        ("deleted files that still have vectors", report.orphan_vectors.len()),
        ("completed files without vectors", report.missing_vectors.len()),
        ("files embedded by another model: transom doctor --reindex", report.other_embedder.len()),
    ];
    say(&format!("{} files", report.files));
    for (what, count) in findings.iter().filter(|(_, count)| *count > 0) {
        say(&format!("{count} {what}"));
    }
    if report.damaged {
        say("the stored vectors cannot be read");
    }
}

/// Does the work that mending left, here and now: a later server finds everything in place.
async fn work_off(pipeline: Pipeline, workers: WorkerConfig) -> Result<(), String> {
    let store = pipeline.store.clone();
    let workers = Workers::start(pipeline, workers).await.map_err(|error| error.to_string())?;
    while store.count_jobs().await.map_err(|error| error.to_string())? > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    workers.stop().await;
    Ok(())
}

/// A finding is the command's output, not a log line.
#[allow(clippy::print_stdout)]
pub fn say(line: &str) {
    println!("{line}");
}
