//! What the upstream says, as bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use serde_json::{Value, json};

/// A whole answer of some hundred bytes.
pub const SHORT: &str = "tokens-50-at-0";
/// A stream of a tenth of a second.
pub const BRISK: &str = "tokens-20-at-200";
/// A stream of ten seconds at fifty tokens a second.
pub const PACED: &str = "tokens-500-at-50";
/// What embeds.
pub const EMBEDDER: &str = "embed-384";

/// Numbers in a vector.
const DIMENSION: usize = 384;

/// Whose shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    OpenAi,
    Ollama,
}

/// What a model's name says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    pub name: String,
    pub tokens: u32,
    /// Tokens a second; 0 is as fast as they go.
    pub pace: u32,
}

impl Model {
    pub fn named(name: &str) -> Self {
        let mut parts = name.trim_end_matches(":latest").split('-');
        let mut number = |before: &str| parts.next().filter(|part| *part == before).and_then(|_| parts.next()).and_then(|n| n.parse().ok());
        let (tokens, pace) = (number("tokens"), number("at"));
        Self { name: name.to_owned(), tokens: tokens.unwrap_or(50), pace: pace.unwrap_or(0) }
    }
}

/// The frames of a stream, made once for each model and shared by all of its streams.
#[derive(Clone)]
pub struct Frames(Arc<Vec<Bytes>>);

impl Frames {
    pub fn at(&self, place: u32) -> Option<Bytes> {
        self.0.get(place as usize).cloned()
    }
}

pub fn frames(shape: Shape, model: &Model) -> Frames {
    static MADE: OnceLock<Mutex<HashMap<(Shape, Model), Frames>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.entry((shape, model.clone())).or_insert_with(|| Frames(Arc::new(write_frames(shape, model)))).clone()
}

fn write_frames(shape: Shape, model: &Model) -> Vec<Bytes> {
    let chunk = |delta: Value, finish: Value| {
        let chunk = json!({
            "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model.name,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        Bytes::from(format!("data: {chunk}\n\n"))
    };
    let line = |content: &str, done: bool| {
        let line = json!({
            "model": model.name, "created_at": "2023-11-14T22:13:20Z", "done": done,
            "message": {"role": "assistant", "content": content},
        });
        Bytes::from(format!("{line}\n"))
    };
    let words = (0..model.tokens).map(word);
    match shape {
        Shape::OpenAi => words
            .map(|word| chunk(json!({ "content": word }), Value::Null))
            .chain([chunk(json!({}), json!("stop")), Bytes::from_static(b"data: [DONE]\n\n")])
            .collect(),
        Shape::Ollama => words.map(|word| line(&word, false)).chain([line("", true)]).collect(),
    }
}

pub fn whole(shape: Shape, model: &Model) -> Bytes {
    let content: String = (0..model.tokens).map(word).collect();
    let answer = match shape {
        Shape::OpenAi => json!({
            "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_700_000_000, "model": model.name,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": model.tokens, "total_tokens": 10 + model.tokens},
        }),
        Shape::Ollama => json!({
            "model": model.name, "created_at": "2023-11-14T22:13:20Z", "done": true, "done_reason": "stop",
            "message": {"role": "assistant", "content": content},
            "prompt_eval_count": 10, "eval_count": model.tokens,
        }),
    };
    answer.to_string().into()
}

fn word(place: u32) -> String {
    format!("word{place} ")
}

/// The models of the scenarios, and others up to `listed`; written once.
pub fn models(shape: Shape, listed: usize) -> Bytes {
    static MADE: OnceLock<Mutex<HashMap<(Shape, usize), Bytes>>> = OnceLock::new();
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    made.entry((shape, listed)).or_insert_with(|| write_models(shape, listed)).clone()
}

fn write_models(shape: Shape, listed: usize) -> Bytes {
    let fixed = [SHORT, BRISK, PACED, EMBEDDER].map(str::to_owned);
    let more = (fixed.len()..listed).map(|place| format!("model-{place:04}"));
    let list: Vec<Value> = fixed
        .into_iter()
        .chain(more)
        .map(|name| match shape {
            Shape::OpenAi => json!({"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "bench"}),
            Shape::Ollama => json!({"name": format!("{name}:latest"), "model": format!("{name}:latest"), "size": 1}),
        })
        .collect();
    match shape {
        Shape::OpenAi => json!({"object": "list", "data": list}).to_string().into(),
        Shape::Ollama => json!({"models": list}).to_string().into(),
    }
}

pub fn embeddings(shape: Shape, inputs: usize) -> Bytes {
    let vector: Vec<f32> = (0..DIMENSION).map(|place| (place as f32 / DIMENSION as f32) - 0.5).collect();
    match shape {
        Shape::OpenAi => {
            let data: Vec<Value> = (0..inputs).map(|index| json!({"object": "embedding", "index": index, "embedding": vector})).collect();
            json!({"object": "list", "data": data, "model": EMBEDDER, "usage": {"prompt_tokens": inputs, "total_tokens": inputs}})
        }
        Shape::Ollama => json!({"model": EMBEDDER, "embeddings": vec![vector; inputs]}),
    }
    .to_string()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_says_what_it_answers() {
        let model = Model::named("tokens-7-at-50:latest");
        assert_eq!((model.tokens, model.pace), (7, 50));
        assert_eq!(Model::named("other").tokens, 50);
    }

    #[test]
    fn a_stream_has_a_frame_for_each_token_and_ends() {
        let frames = frames(Shape::OpenAi, &Model::named("tokens-3-at-0"));
        assert_eq!((0..).map_while(|place| frames.at(place)).count(), 5);
        assert_eq!(frames.at(4).as_deref(), Some(&b"data: [DONE]\n\n"[..]));
    }
}
