//! How well questions find the passages that answer them: measured by an example of `transom-app`, written into the book as a table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Deserialize;

use crate::{place, run};

/// What can be chosen.
#[derive(clap::Args)]
pub struct Options {
    /// The folder with the documents and seeds; unset, ../shared or TRANSOM_SHARED
    #[arg(long)]
    shared: Option<PathBuf>,
    /// Write the table from the lines that an earlier run left in the build folder
    #[arg(long)]
    again: bool,
}

const BEGIN: &str = "<!-- table: cargo xtask retrieval -->";
const END: &str = "<!-- end of table -->";

/// One question, as the example prints it.
#[derive(Deserialize)]
struct Line {
    file: String,
    language: String,
    held_out: bool,
    found: BTreeMap<String, Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    three: bool,
    ten: bool,
    ms: f64,
}

/// Measures and writes the table.
pub fn run(options: &Options) -> Result<(), String> {
    let target = place::metadata()?.target_directory;
    let kept = target.join("retrieval.jsonl");
    if !options.again {
        let lines = measure(options, &target)?;
        std::fs::write(&kept, lines).map_err(|error| format!("{}: {error}", kept.display()))?;
    }
    let lines = std::fs::read_to_string(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let lines: Vec<Line> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let page = place::root().join("docs/src/retrieval.md");
    let text = std::fs::read_to_string(&page).map_err(|error| format!("{}: {error}", page.display()))?;
    let table = table(&lines);
    println!("{table}");
    let (Some((before, rest)), true) = (text.split_once(BEGIN), text.contains(END)) else {
        return Err(format!("{} has no place for the table: {BEGIN} and {END}", page.display()));
    };
    let after = rest.split_once(END).map_or("", |(_, after)| after);
    std::fs::write(&page, format!("{before}{BEGIN}\n\n{table}\n{END}{after}")).map_err(|error| format!("{}: {error}", page.display()))
}

fn measure(options: &Options, target: &std::path::Path) -> Result<Vec<u8>, String> {
    let shared = options.shared.clone().or_else(|| place::shared("documents").and_then(|documents| documents.parent().map(Into::into)));
    let Some(shared) = shared.filter(|shared| shared.join("documents").is_dir() && shared.join("seeds").is_dir()) else {
        return Err("the documents are not in the repository: name the folder that holds `documents` and `seeds` with --shared".into());
    };
    let mut command = run::cargo(["run", "-q", "-p", "transom-app", "--example", "retrieval", "--"]);
    command.arg(place::root().join("xtask/retrieval")).arg(shared).arg(target.join("retrieval.vectors"));
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err("the measurement failed".into()) }
}

fn table(lines: &[Line]) -> String {
    let mut groups: Vec<(&str, &str, Vec<&Line>)> = Vec::new();
    for line in lines {
        match groups.iter_mut().find(|(file, _, _)| *file == line.file) {
            Some((_, _, of)) => of.push(line),
            None => groups.push((&line.file, &line.language, vec![line])),
        }
    }
    let mut text = String::from(
        "| Document | Language | Questions | Words | Vectors | Both | Both, held out | Both, all files | ms: words | ms: vectors | ms: both |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (file, language, of) in &groups {
        text += &row(file.rsplit('/').next().unwrap_or(file), language, of);
    }
    text + &row("**All**", "", &lines.iter().collect::<Vec<_>>())
}

fn row(name: &str, language: &str, lines: &[&Line]) -> String {
    let held: Vec<&Line> = lines.iter().copied().filter(|line| line.held_out).collect();
    let found = |of: &[&Line], way: &str| {
        let count = |test: fn(&Outcome) -> bool| of.iter().filter(|line| line.found.get(way).is_some_and(test)).count();
        format!("{} / {}", count(|outcome| outcome.three), count(|outcome| outcome.ten))
    };
    let median = |way: &str| {
        let mut times: Vec<f64> = lines.iter().filter_map(|line| line.found.get(way)).map(|outcome| outcome.ms).collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).map_or_else(String::new, |ms| format!("{ms:.0}"))
    };
    format!(
        "| {name} | {language} | {} | {} | {} | {} | {} of {} | {} | {} | {} | {} |\n",
        lines.len(),
        found(lines, "alone/words"),
        found(lines, "alone/vectors"),
        found(lines, "alone/both"),
        found(&held, "alone/both"),
        held.len(),
        found(lines, "among_all/both"),
        median("alone/words"),
        median("alone/vectors"),
        median("alone/both"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_what_was_found_and_takes_the_median_of_times() {
        let line = |held_out, three, ms| Line {
            file: "d/a.pdf".into(),
            language: "German".into(),
            held_out,
            found: [("alone/words", three), ("alone/vectors", false), ("alone/both", true), ("among_all/both", three)]
                .map(|(way, three)| (way.to_owned(), Outcome { three, ten: true, ms }))
                .into(),
        };
        let lines = [line(false, true, 1.0), line(true, false, 9.0), line(false, false, 2.0)];
        let expected = "| a.pdf | German | 3 | 1 / 3 | 0 / 3 | 3 / 3 | 1 / 1 of 1 | 1 / 3 | 2 | 2 | 2 |";
        assert!(table(&lines).contains(expected), "{}", table(&lines));
    }
}
