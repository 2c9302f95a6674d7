//! `transom/quote`: answers with passages of the attached documents, word for word.

mod passages;

use async_trait::async_trait;
use futures_util::stream;
use transom_llm::LlmError;

use crate::pipe::{Call, Pipe, Reply};
use passages::Passage;

/// A model that is none: it quotes the passages of the attached files and collections that fit the question best,
/// and cites each with file and page. It invents nothing, needs no upstream and answers at once.
pub struct Quote;

/// How many passages an answer quotes.
const MOST: usize = 3;

const HOW_TO_USE: &str = "I answer with passages from your documents, word for word, each with its file and page. \
    Attach a file or a collection to your question, and I will look through it.";

const NOTHING: &str = "Nothing in the attached documents fits this question.";

#[async_trait]
impl Pipe for Quote {
    fn id(&self) -> &str {
        "transom/quote"
    }

    fn name(&self) -> &str {
        "Quote"
    }

    fn description(&self) -> &str {
        "Answers with the passages of your documents that fit the question best, cited, without any language model."
    }

    async fn answer(&self, call: Call) -> Result<Reply, LlmError> {
        let best = passages::best(&call.context.sources, &call.question(), MOST);
        if best.is_empty() {
            return Ok(Reply::text(if call.context.files.is_empty() { HOW_TO_USE } else { NOTHING }));
        }
        let pieces: Vec<String> = best.iter().enumerate().map(|(place, passage)| written(place, passage)).collect();
        Ok(Reply::pieces(stream::iter(pieces)))
    }
}

/// A passage as Markdown: the text set in, and where it stands.
fn written(place: usize, passage: &Passage) -> String {
    let gap = if place > 0 { "\n\n" } else { "" };
    let lines: Vec<String> = passage.text.lines().map(|line| format!("> {}", line.trim_end()).trim_end().to_owned()).collect();
    let page = passage.page.as_ref().map(|page| format!(", page {page}")).unwrap_or_default();
    format!("{gap}{}\n\n[{}] {}{page}", lines.join("\n"), passage.number, passage.name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::StreamExt;
    use serde_json::{Value, json};
    use transom_llm::{Body, CallContext, ChatAnswer, ChatEvent, ChatRequest, FinishReason};

    use super::*;

    fn request(sources: Value, stream: bool) -> ChatRequest {
        let Value::Array(sources) = sources else { panic!("a list") };
        let files = if sources.is_empty() { Vec::new() } else { vec![json!({"type": "file", "id": "f"})] };
        let context = CallContext { sources, files, ..CallContext::default() };
        let body = json!({"model": "transom/quote", "messages": [{"role": "user", "content": "How high is the tower?"}]});
        ChatRequest { body: Body::from(&body), stream, context: Some(Arc::new(context)) }
    }

    fn sources() -> Value {
        json!([{
            "source": {"type": "collection", "id": "k", "name": "Guide"},
            "document": ["The bridge is long.\nIt is old.", "The tower is 30 m high."],
            "metadata": [{"file_id": "a", "name": "bridges.pdf"}, {"file_id": "b", "name": "towers.pdf", "page_label": "7"}],
            "distances": [0.71, 0.7],
        }])
    }

    async fn said(request: ChatRequest) -> String {
        let ChatAnswer::Whole(json) = crate::pipe(Quote).chat(request).await.expect("an answer") else { panic!("a whole answer") };
        let answer: Value = serde_json::from_slice(&json).expect("JSON");
        answer["choices"][0]["message"]["content"].as_str().expect("text").to_owned()
    }

    #[tokio::test]
    async fn the_best_passage_comes_first_with_file_and_page() {
        let expected = "> The tower is 30 m high.\n\n[2] towers.pdf, page 7\n\n> The bridge is long.\n> It is old.\n\n[1] bridges.pdf";
        assert_eq!(said(request(sources(), false)).await, expected);
    }

    #[tokio::test]
    async fn a_stream_says_the_same() {
        let ChatAnswer::Events(events) = crate::pipe(Quote).chat(request(sources(), true)).await.expect("an answer") else {
            panic!("a stream")
        };
        let events: Vec<ChatEvent> = events.map(|event| event.expect("an event")).collect().await;
        let text = events.iter().filter_map(|event| if let ChatEvent::Text(text) = event { Some(text.as_str()) } else { None });
        assert_eq!(text.collect::<String>(), said(request(sources(), false)).await);
        assert_eq!(events.last(), Some(&ChatEvent::Finish(FinishReason::Stop)));
    }

    #[tokio::test]
    async fn without_documents_it_says_how_to_use_it() {
        assert_eq!(said(request(json!([]), false)).await, HOW_TO_USE);
        let empty = json!([{"source": {"id": "f"}, "document": [], "metadata": []}]);
        assert_eq!(said(request(empty, false)).await, NOTHING);
    }
}
