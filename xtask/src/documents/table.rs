//! The table in the book.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::server::Memory;

const BEGIN: &str = "<!-- measured by cargo xtask documents: begin -->";
const END: &str = "<!-- measured by cargo xtask documents: end -->";

/// What one case cost.
pub struct Row {
    /// What was uploaded.
    pub name: &'static str,
    /// From the first byte of an upload to its answer: in the middle.
    pub answered: Duration,
    /// The same for the slowest.
    pub slowest: Duration,
    /// From the first byte to the last answer.
    pub uploaded: Duration,
    /// From the first byte until nothing was left to do.
    pub ended: Duration,
    /// Why files could not be read.
    pub ends: Vec<String>,
    /// Where the workers' time went.
    pub stages: Stages,
    /// Memory at peak.
    pub memory: Memory,
}

/// Milliseconds that workers spent, over all files.
#[derive(Default)]
pub struct Stages {
    read: u64,
    split: u64,
    embed: u64,
    store: u64,
    chunks: u64,
}

impl Stages {
    /// From the lines that the server writes when a file is completed.
    pub fn read(log: &str) -> Self {
        let mut all = Self::default();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if line["message"] == "a file is completed" {
                let number = |name: &str| line[name].as_u64().unwrap_or(0);
                all.read += number("read_ms");
                all.split += number("split_ms");
                all.embed += number("embed_ms");
                all.store += number("store_ms");
                all.chunks += number("chunks");
            }
        }
        all
    }
}

impl Row {
    /// The row, as Markdown has it.
    pub fn line(&self) -> String {
        let Stages { read, split, embed, store, chunks } = &self.stages;
        let (ends, stages) = match self.ends.first() {
            Some(reason) => (format!("{:.1} s ({} refused: {reason})", self.ended.as_secs_f64(), self.ends.len()), "–".to_owned()),
            None => (
                format!("{:.1} s", self.ended.as_secs_f64()),
                format!("{} / {} / {} / {}", seconds(*read), seconds(*split), seconds(*embed), seconds(*store)),
            ),
        };
        // A file that is too large to be read is refused before anybody is started to read it.
        let readers = match self.memory.children / 1024 {
            0 => "none began".to_owned(),
            megabytes => format!("{megabytes} MB"),
        };
        format!(
            "| {} | {} ms | {} ms | {:.1} s | {ends} | {stages} | {chunks} | {} MB | {readers} |",
            self.name,
            self.answered.as_millis(),
            self.slowest.as_millis(),
            self.uploaded.as_secs_f64(),
            self.memory.server / 1024
        )
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10)
}

/// All rows under their head.
pub fn markdown(rows: &[Row]) -> String {
    let head = "| Uploaded | To the 200, median | slowest | All answered | All can be asked | Read / split / embed / store | Chunks | Server's memory at peak | Its readers' |\n|---|---|---|---|---|---|---|---|---|\n";
    let lines: Vec<String> = rows.iter().map(Row::line).collect();
    format!("{head}{}\n", lines.join("\n"))
}

/// Puts the table between its marks in the page.
pub fn write(page: &Path, table: &str) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", page.display());
    let text = std::fs::read_to_string(page).map_err(|error| failed(&error))?;
    let marks = text.find(BEGIN).zip(text.find(END)).filter(|(begin, end)| begin < end);
    let Some((begin, end)) = marks else { return Err(failed(&format!("there is no {BEGIN} with an end after it"))) };
    let text = format!("{}{BEGIN}\n\n{table}\n{}", &text[..begin], &text[end..]);
    std::fs::write(page, text).map_err(|error| failed(&error))?;
    println!("written to {}", page.display());
    Ok(())
}
