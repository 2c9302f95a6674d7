//! What was done and found.

use std::collections::BTreeMap;

/// Findings of one kind that are printed in full.
const SHOWN: usize = 5;

/// Gathers what happens.
#[derive(Default)]
pub struct Report {
    findings: BTreeMap<String, Vec<String>>,
    rows: Vec<[String; 3]>,
}

impl Report {
    /// Something that must not be. `what` groups findings of one cause; `request` shows it.
    pub fn finding(&mut self, what: impl Into<String>, request: impl ToString) {
        self.findings.entry(what.into()).or_default().push(request.to_string());
    }

    /// A line of the table.
    pub fn row(&mut self, case: impl Into<String>, done: impl Into<String>, measured: impl Into<String>) {
        self.rows.push([case.into(), done.into(), measured.into()]);
    }

    /// Prints it all; an error where something was found.
    pub fn end(self) -> Result<(), String> {
        for (what, requests) in &self.findings {
            println!("FOUND {} × {what}", requests.len());
            requests.iter().take(SHOWN).for_each(|request| println!("      {request}"));
        }
        println!("\n{:<44} {:<34} measured", "case", "done");
        for [case, done, measured] in &self.rows {
            println!("{case:<44} {done:<34} {measured}");
        }
        match self.findings.len() {
            0 => {
                println!("attack: nothing was found");
                Ok(())
            }
            kinds => Err(format!("attack: {} findings of {kinds} kinds", self.findings.values().map(Vec::len).sum::<usize>())),
        }
    }
}
