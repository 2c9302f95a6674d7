//! Jupyter's notebooks: their texts, their code, and what that printed.

use serde::Deserialize;
use transom_domain::Text;

use super::json::Json;
use super::markup::{Markup, fenced};
use super::{ExtractError, Extractor, Input};
use crate::decode;
use crate::media::MediaType;

/// Notebooks of format 4. What only looks like one is read as JSON.
pub(super) struct Notebook;

impl Extractor for Notebook {
    fn takes(&self, media: MediaType) -> bool {
        media == MediaType::Notebook
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        match serde_json::from_str::<Cells>(&decode::decode(input.bytes, input.charset())) {
            Ok(notebook) => Ok(notebook.written()),
            Err(_) => Json.extract(input),
        }
    }
}

#[derive(Deserialize)]
struct Cells {
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default)]
    source: Lines,
    #[serde(default)]
    outputs: Vec<Output>,
}

/// What a cell gave. Pictures and pages are left out: what they show is in the text beside them, or is no text.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Output {
    text: Lines,
    data: Data,
    ename: String,
    evalue: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    #[serde(rename = "text/plain")]
    plain: Lines,
    #[serde(rename = "text/markdown")]
    markdown: Lines,
}

/// One text, or one in pieces.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Pieces(Vec<String>),
}

impl Default for Lines {
    fn default() -> Self {
        Self::One(String::new())
    }
}

impl Lines {
    fn whole(self) -> String {
        decode::clean(&match self {
            Self::One(text) => text,
            Self::Pieces(pieces) => pieces.concat(),
        })
    }
}

impl Cells {
    fn written(self) -> Text {
        let mut out = Markup::default();
        for cell in self.cells {
            let source = cell.source.whole();
            match cell.cell_type.as_str() {
                "markdown" => out.marked(&source),
                "code" => code(&mut out, &source),
                _ => out.paragraph(&source),
            }
            for output in cell.outputs {
                code(&mut out, &output.text.whole());
                let markdown = output.data.markdown.whole();
                if markdown.trim().is_empty() {
                    code(&mut out, &output.data.plain.whole())
                } else {
                    out.marked(&markdown)
                }
                if !output.ename.is_empty() {
                    code(&mut out, &format!("{}: {}", output.ename, output.evalue));
                }
            }
        }
        out.finish()
    }
}

fn code(out: &mut Markup, text: &str) {
    if !text.trim().is_empty() {
        out.marked(&fenced(text));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(notebook: &str) -> String {
        Notebook.extract(&Input { bytes: notebook.as_bytes(), filename: "", content_type: None }).unwrap().text
    }

    #[test]
    fn cells_are_texts_and_code_with_what_it_printed() {
        let notebook = r##"{"cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Tides\n", "\n", "They are measured."]},
            {"cell_type": "code", "execution_count": 1, "source": "# at noon\nprint(level)", "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["3.2\n"]},
                {"output_type": "execute_result", "data": {"text/plain": ["array"], "image/png": "iVBORw0KGgo="}},
                {"output_type": "error", "ename": "ValueError", "evalue": "no gauge", "traceback": []}]},
            {"cell_type": "raw", "source": "# as it is"}],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"##;
        assert_eq!(
            read(notebook),
            "# Tides\n\nThey are measured.\n\n```\n# at noon\nprint(level)\n```\n\n```\n3.2\n```\n\n```\narray\n```\n\n\
             ```\nValueError: no gauge\n```\n\n\\# as it is"
        );
    }

    #[test]
    fn what_is_no_notebook_is_read_as_json() {
        assert_eq!(read(r#"{"cells": "none"}"#), r#"{"cells": "none"}"#);
        assert_eq!(read(r#"{"cells": [{"cell_type": "#), r#"{"cells": [{"cell_type": "#);
    }
}
