//! Questions with their answers, as people write them down.
//!
//! A file begins with `file: ` (the document, from the folder that all are in) and `language: `; then come pairs of lines, `? ` with a
//! question and `= ` with words of the passage that answers it, exactly as they stand in the document but for white space.
//! Every second question is held out: it is for judging, never for choosing a setting.

use std::path::Path;

/// A document and what is asked of it.
pub struct Document {
    pub file: String,
    pub language: String,
    pub questions: Vec<Asked>,
}

/// A question.
pub struct Asked {
    pub text: String,
    answer: String,
    pub held_out: bool,
}

impl Asked {
    /// Whether a passage holds the words of the answer.
    pub fn is_answered_by(&self, passage: &str) -> bool {
        without_space(passage).contains(&without_space(&self.answer))
    }
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

/// All of a folder, by name.
pub fn read(folder: &Path) -> Result<Vec<Document>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().map(|path| parse(&std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)).collect()
}

fn parse(text: &str) -> Result<Document, String> {
    let mut document = Document { file: String::new(), language: String::new(), questions: Vec::new() };
    let mut question = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(file) = line.strip_prefix("file: ") {
            document.file = file.to_owned();
        } else if let Some(language) = line.strip_prefix("language: ") {
            document.language = language.to_owned();
        } else if let Some(text) = line.strip_prefix("? ") {
            question = Some(text.to_owned());
        } else if let (Some(answer), Some(text)) = (line.strip_prefix("= "), question.take()) {
            let held_out = document.questions.len() % 2 == 1;
            document.questions.push(Asked { text, answer: answer.to_owned(), held_out });
        } else {
            return Err(format!("neither question nor answer: {line}"));
        }
    }
    Ok(document)
}
