//! Sources for the last question of a conversation.

use serde_json::{Value, json};
use transom_llm::{Body, ChatAnswer, ChatRequest};

use super::{Chat, upstream};
use crate::Error;
use crate::models::{Kind, Resolved};
use crate::retrieval::{Scope, Source};

/// How much of the earlier conversation the model sees when it is asked for search words, in characters.
const HISTORY: usize = 4_000;
/// How many searches one question may lead to.
const MOST_QUERIES: usize = 3;

impl Chat {
    /// Finds passages for the last question and puts them into it. A question without text keeps its shape.
    pub(super) async fn put_sources(&self, body: Body, resolved: &Resolved, scope: &Scope) -> Result<(Body, Vec<Source>), Error> {
        let (mut body, messages) = body.work(|body| body.get::<Vec<Value>>("messages")).await;
        let mut messages = messages?.unwrap_or_default();
        let Some(place) = messages.iter().rposition(|message| message["role"] == "user") else { return Ok((body, Vec::new())) };
        let (documents, question) = (self.documents()?, text_of(&messages[place]));
        let generate = documents.settings().query_generation;
        let queries = self.queries(resolved, &messages[..place], &question, generate).await;
        let sources = documents.find(scope, &queries).await?;
        if !sources.is_empty() {
            let prompt = documents.prompt(&sources, &question);
            (body, ()) = body
                .work(move |body| {
                    set_text(&mut messages[place], prompt);
                    body.set("messages", &messages);
                })
                .await;
        }
        Ok((body, sources))
    }

    /// What to search for: the question itself; and where earlier turns may be needed to understand it, what the model makes of it.
    async fn queries(&self, resolved: &Resolved, earlier: &[Value], question: &str, generate: bool) -> Vec<String> {
        let mut queries = vec![question.to_owned()];
        let has_history = earlier.iter().any(|message| message["role"] == "user" || message["role"] == "assistant");
        // A function is a program, which is called for the answer and not for anything on the way.
        let can_ask = upstream(resolved).is_ok_and(|upstream| upstream.kind() != Kind::Function);
        if has_history && can_ask && generate {
            match self.ask_for_queries(resolved, earlier, question).await {
                Ok(more) => queries.extend(more),
                Err(error) => tracing::warn!(%error, "no search words from the model; the question itself is searched for"),
            }
        }
        queries
    }

    async fn ask_for_queries(&self, resolved: &Resolved, earlier: &[Value], question: &str) -> Result<Vec<String>, Error> {
        let upstream = upstream(resolved)?;
        let request = json!({
            "model": upstream.model.id,
            "messages": [{"role": "user", "content": query_prompt(earlier, question)}],
            "stream": false,
        });
        let answer = upstream.connection.models.chat(ChatRequest::new(Body::from(&request), false)).await?;
        let ChatAnswer::Whole(json) = answer else { return Ok(Vec::new()) };
        let answer: Value = transom_llm::json::read(&json).map_err(|error| Error::BadUpstream(error.to_string()))?;
        Ok(read_queries(answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()))
    }
}

/// The text of the last question.
pub(super) fn last(body: &Body) -> Result<String, Error> {
    let messages = body.get::<Vec<Value>>("messages")?.unwrap_or_default();
    Ok(messages.iter().rfind(|message| message["role"] == "user").map(text_of).unwrap_or_default())
}

fn query_prompt(earlier: &[Value], question: &str) -> String {
    // The latest turns, as many as fit; of a last one that is too long, the beginning.
    let (mut turns, mut length) = (Vec::new(), 0);
    for message in earlier.iter().rev().filter(|message| message["role"] == "user" || message["role"] == "assistant") {
        let turn = format!("{}: {}", message["role"].as_str().unwrap_or_default(), text_of(message));
        length += turn.len();
        if length > HISTORY && !turns.is_empty() {
            break;
        }
        turns.push(turn);
    }
    turns.reverse();
    let history: String = turns.join("\n").chars().take(HISTORY).collect();
    format!(
        "A person is talking with an assistant that can search documents.\n\
         Write the searches that would find what the last question asks for, in the language of the question, \
         with every \"it\" and \"that\" replaced by what it stands for.\n\
         Answer with JSON alone: {{\"queries\": [\"...\"]}}, one to three short searches.\n\n\
         Conversation:\n{history}\n\nLast question:\n{question}"
    )
}

/// Reads `{"queries": […]}` out of an answer that may have words around it.
fn read_queries(answer: &str) -> Vec<String> {
    let (Some(start), Some(end)) = (answer.find('{'), answer.rfind('}')) else { return Vec::new() };
    if start > end {
        return Vec::new();
    }
    let parsed: Value = serde_json::from_str(&answer[start..=end]).unwrap_or_default();
    let queries = parsed["queries"].as_array().into_iter().flatten().filter_map(Value::as_str);
    queries.map(str::trim).filter(|query| !query.is_empty()).take(MOST_QUERIES).map(str::to_owned).collect()
}

/// A message's text: its content, or the text parts of it.
fn text_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

/// Replaces a message's text and leaves its images.
fn set_text(message: &mut Value, text: String) {
    match &mut message["content"] {
        Value::Array(parts) => {
            parts.retain(|part| part["type"] != "text");
            parts.insert(0, json!({"type": "text", "text": text}));
        }
        content => *content = Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_read_out_of_chatter() {
        assert_eq!(read_queries("Sure: {\"queries\": [\"a\", \" \", \"b\"]} there"), ["a", "b"]);
        assert!(read_queries("no json").is_empty());
        assert!(read_queries("} {").is_empty());
    }

    #[test]
    fn the_model_sees_as_many_of_the_latest_turns_as_fit() {
        let turn = |role: &str, text: String| json!({"role": role, "content": text});
        let long = "x".repeat(HISTORY);
        let earlier =
            [turn("user", long.clone()), turn("system", "rules".into()), turn("user", "first".into()), turn("assistant", "last".into())];
        assert!(query_prompt(&earlier, "q").contains("Conversation:\nuser: first\nassistant: last\n\nLast question:\nq"));
        assert!(query_prompt(&[turn("user", long)], "q").contains("Conversation:\nuser: xxx"));
        // Were every turn weighed against all others, this would take hours.
        let many: Vec<Value> = (0..300_000).map(|_| turn("user", "x".into())).collect();
        assert!(query_prompt(&many, "q").len() < 2 * HISTORY);
    }

    #[test]
    fn a_prompt_replaces_the_text_and_keeps_the_images() {
        let mut message =
            json!({"role": "user", "content": [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": "x"}}]});
        set_text(&mut message, "new".to_owned());
        assert_eq!(message["content"], json!([{"type": "text", "text": "new"}, {"type": "image_url", "image_url": {"url": "x"}}]));
    }
}
