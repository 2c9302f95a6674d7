//! Figures, and the table and the JSON that are made of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

const BEGIN: &str = "<!-- figures begin: cargo xtask bench writes these lines -->";
const END: &str = "<!-- figures end -->";

/// One line of the table.
pub struct Figure {
    scenario: &'static str,
    name: &'static str,
    unit: &'static str,
    aim: Option<&'static str>,
    /// What each target did, round by round.
    values: BTreeMap<String, Vec<f64>>,
}

/// All that was measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    /// The targets, in the order of their columns.
    targets: Vec<String>,
    notes: Vec<String>,
}

/// What a figure is.
#[derive(Clone, Copy)]
pub struct Named {
    pub scenario: &'static str,
    pub name: &'static str,
    pub unit: &'static str,
    pub aim: Option<&'static str>,
}

impl Report {
    /// Takes one round's value of one target.
    pub fn take(&mut self, named: Named, target: &str, value: f64) {
        if !self.targets.iter().any(|known| known == target) {
            self.targets.push(target.to_owned());
        }
        let Named { scenario, name, unit, aim } = named;
        let known = self.figures.iter().position(|figure| figure.scenario == scenario && figure.name == name);
        let place = known.unwrap_or_else(|| {
            self.figures.push(Figure { scenario, name, unit, aim, values: BTreeMap::new() });
            self.figures.len() - 1
        });
        self.figures[place].values.entry(target.to_owned()).or_default().push(value);
    }

    /// What could not be measured, and why.
    pub fn note(&mut self, note: String) {
        eprintln!("{note}");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub fn markdown(&self, rounds: u32) -> String {
        let mut out = format!("{}\nMedians of {rounds} rounds.\n\n| | Aim |", machine());
        let _ = self.targets.iter().try_for_each(|target| write!(out, " {target} |"));
        out.push_str("\n|---|---|");
        out.push_str(&"---:|".repeat(self.targets.len()));
        for figure in &self.figures {
            let unit = if figure.unit.is_empty() { String::new() } else { format!(", {}", figure.unit) };
            let _ = write!(out, "\n| {}: {}{unit} | {} |", figure.scenario, figure.name, figure.aim.unwrap_or(""));
            for target in &self.targets {
                let value = figure.values.get(target).map(|values| spelled(median(values)));
                let _ = write!(out, " {} |", value.unwrap_or_default());
            }
        }
        out.push('\n');
        for note in &self.notes {
            let _ = write!(out, "\n{note}\n");
        }
        out
    }

    pub fn json(&self, rounds: u32) -> Value {
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| {
                let medians: BTreeMap<&String, f64> = figure.values.iter().map(|(target, values)| (target, median(values))).collect();
                json!({
                    "scenario": figure.scenario, "name": figure.name, "unit": figure.unit, "aim": figure.aim,
                    "medians": medians, "rounds": figure.values,
                })
            })
            .collect();
        json!({ "machine": machine(), "rounds": rounds, "figures": figures, "notes": self.notes })
    }

    /// Writes the table between its marks in the page, and the figures beside it.
    pub fn write(&self, page: &Path, rounds: u32) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", page.display());
        let text = std::fs::read_to_string(page).map_err(|error| failed(&error))?;
        let marks = text.find(BEGIN).zip(text.find(END)).filter(|(begin, end)| begin < end);
        let Some((begin, end)) = marks else { return Err(failed(&format!("there is no {BEGIN} with an end after it"))) };
        let text = format!("{}{BEGIN}\n\n{}\n{}", &text[..begin], self.markdown(rounds), &text[end..]);
        std::fs::write(page, text).map_err(|error| failed(&error))?;
        let json = serde_json::to_string_pretty(&self.json(rounds)).map_err(|error| failed(&error))?;
        std::fs::write(page.with_extension("json"), json + "\n").map_err(|error| failed(&error))
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// Three digits that count.
fn spelled(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{:.0}", value.abs());
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
            format!("{}{}", if value < 0.0 { "-" } else { "" }, groups.join(","))
        }
    }
}

/// What it was measured on, in one line.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = info.lines().find_map(|line| line.strip_prefix("model name")).map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<u64>().ok());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let says = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|said| !said.is_empty())
    };
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} ({cores} cores), {} GB, Linux {}, commit {}, {}; load before {}.",
        processor.unwrap_or("an unnamed processor"),
        memory.map_or(0, |kib| kib.div_ceil(1 << 20)),
        says("uname", &["-r"]).unwrap_or_default(),
        says("git", &["describe", "--always", "--dirty"]).unwrap_or_else(|| "unknown".to_owned()),
        says("date", &["+%Y-%m-%d"]).unwrap_or_default(),
        busy.split_whitespace().next().unwrap_or("unknown"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn numbers_are_spelled_with_three_digits_that_count() {
        assert_eq!([0.123, 12.34, 123.4, 12345.6, -0.5].map(spelled), ["0.12", "12.3", "123", "12,346", "-0.50"]);
    }
}
