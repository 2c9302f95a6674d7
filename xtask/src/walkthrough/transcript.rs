//! What was done, asked and answered, on the terminal and as Markdown.

use std::{fs, path::Path};

use super::client::Answer;

/// The account of one walkthrough.
pub struct Transcript(String);

impl Transcript {
    /// With a heading.
    pub fn new() -> Self {
        Self("# A walkthrough\n".into())
    }

    /// A step before the questions.
    pub fn step(&mut self, title: &str, text: &str) {
        println!("{title}: {text}");
        self.0 += &format!("\n## {title}\n\n{text}\n");
    }

    /// A question with its answer and sources, and what is wrong with them.
    pub fn answer(&mut self, question: &str, model: &str, answer: &Answer, wrong: Option<&str>) {
        let first = answer.first_text.map_or_else(|| "no text".into(), |time| format!("first text after {:.2} s", time.as_secs_f64()));
        let sources: String = answer
            .passages
            .iter()
            .enumerate()
            .map(|(index, passage)| {
                let distance = passage.distance.map_or_else(String::new, |distance| format!(" ({distance:.3})"));
                format!("{}. {passage}{distance}: {} …\n", index + 1, passage.begins)
            })
            .collect();
        let text = answer.text.trim();
        let verdict = wrong.map_or_else(|| "The right place is among the sources.".into(), |wrong| format!("WRONG: {wrong}"));
        println!("\nQ: {question}\nA: {text}\n{sources}{verdict}");
        let quoted = text.replace('\n', "\n> ");
        let whole = answer.whole.as_secs_f64();
        self.0 += &format!("\n## {question}\n\n{model}, {first}, whole after {whole:.2} s:\n\n> {quoted}\n\n{sources}\n{verdict}\n");
    }

    /// Writes it down.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        fs::write(path, &self.0).map_err(|error| format!("{}: {error}", path.display()))
    }
}
