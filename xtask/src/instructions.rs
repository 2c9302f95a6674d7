//! Counts the instructions of the hot path's pieces, since time on shared machines proves nothing.
//!
//! A program repeats them under callgrind, which writes its count between any two. The counts are of a debug build, most of which the
//! tests have made already: they tell more work from less, not how fast a release is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{place, run};

/// What a count may grow by, in percent.
const ROOM: u64 = 10;

/// Where the counts are kept.
const COUNTS: &str = "xtask/instructions.json";

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// Keep the new counts
    #[arg(long)]
    update: bool,
}

/// Counts, and compares with what is kept.
pub fn run(options: &Options) -> Result<(), String> {
    if !has_callgrind() {
        return Err("valgrind is not installed (Debian: apt-get install valgrind)".into());
    }
    run::run(&mut run::cargo(["build", "--workspace", "--example", "instructions"]))?;
    let program = place::metadata()?.target_directory.join("debug/examples/instructions");
    let counted = count(&program)?;
    let file = place::root().join(COUNTS);
    if options.update {
        let text = serde_json::to_string_pretty(&counted).map_err(|error| error.to_string())?;
        return std::fs::write(&file, text + "\n").map_err(|error| format!("{COUNTS}: {error}"));
    }
    let kept = std::fs::read_to_string(&file).map_err(|error| format!("{COUNTS}: {error}"))?;
    let kept: BTreeMap<String, u64> = serde_json::from_str(&kept).map_err(|error| format!("{COUNTS}: {error}"))?;
    compare(&kept, &counted)
}

/// The step of `cargo xtask ci`.
pub fn where_counted() -> Result<(), String> {
    if has_callgrind() {
        return run(&Options { update: false });
    }
    println!("skipped: valgrind is not installed");
    Ok(())
}

/// What each piece takes, once.
fn count(program: &Path) -> Result<BTreeMap<String, u64>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let counts = folder.path().join("counts");
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--dump-before=*the_mark_between_pieces*"]);
    command.arg(format!("--callgrind-out-file={}", counts.display())).arg(program).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("the pieces could not be counted:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let repeated = String::from_utf8_lossy(&output.stdout).into_owned();
    let pieces = repeated.lines().filter_map(|line| line.split_once(' '));
    // A piece's count is what was written at the mark after it; at the one before, everything until then.
    let counted = pieces.enumerate().map(|(place, (piece, times))| {
        let file = folder.path().join(format!("counts.{}", 2 * place + 2));
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<u64>().ok());
        let once = total.zip(times.parse::<u64>().ok().filter(|times| *times > 0)).map(|(total, times)| total / times);
        Ok((piece.to_owned(), once.ok_or_else(|| format!("{piece} has no count"))?))
    });
    counted.collect()
}

fn compare(kept: &BTreeMap<String, u64>, counted: &BTreeMap<String, u64>) -> Result<(), String> {
    let mut grown = Vec::new();
    println!("{:<10} {:>12} {:>12}", "piece", "kept", "now");
    for (piece, now) in counted {
        let before = kept.get(piece).ok_or_else(|| format!("{COUNTS} has no {piece}; `cargo xtask instructions --update` adds it"))?;
        println!("{piece:<10} {before:>12} {now:>12}");
        if now * 100 > before * (100 + ROOM) {
            grown.push(format!("{piece} took {before} instructions and takes {now}"));
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}; where that is what it is worth, `cargo xtask instructions --update` keeps the new counts, to be committed",
        grown.join("; ")
    ))
}

fn has_callgrind() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(count: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("chat".to_owned(), count)])
    }

    #[test]
    fn a_rise_of_more_than_a_tenth_fails_with_both_numbers() {
        assert!(compare(&counts(1000), &counts(1100)).is_ok());
        let sentence = compare(&counts(1000), &counts(1101)).expect_err("it grew");
        assert!(sentence.contains("1000") && sentence.contains("1101"), "{sentence}");
    }

    #[test]
    fn a_piece_that_nobody_kept_is_named() {
        assert!(compare(&BTreeMap::new(), &counts(1)).expect_err("unknown").contains("chat"));
    }
}
