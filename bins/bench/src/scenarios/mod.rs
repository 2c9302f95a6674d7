//! What is measured.

mod calls;
mod documents;
mod house;
mod rates;
mod sign_in;
mod streams;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::load::Times;
use crate::target::Call;
use crate::upstream::SHORT;

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Whole answers to one caller
    Chat,
    /// The highest steady rate of whole answers
    Rate,
    /// First token and gaps of a stream
    Stream,
    /// A thousand streams at once
    Streams,
    /// The list of 500 models
    Models,
    /// Ollama's own API
    Ollama,
    /// Embeddings
    Embeddings,
    /// Chat while others sign in
    SignIn,
    /// What sources add to a chat, and how long a file takes until it can be asked
    Documents,
    /// Start, idle memory, size
    House,
}

impl Scenario {
    pub const ALL: [Self; 10] = [
        Self::House,
        Self::Chat,
        Self::Rate,
        Self::Stream,
        Self::Streams,
        Self::Models,
        Self::Ollama,
        Self::Embeddings,
        Self::SignIn,
        Self::Documents,
    ];

    /// One round.
    pub async fn measure(self, bench: &mut Bench) -> Result<(), String> {
        match self {
            Self::Chat => calls::chat(bench).await,
            Self::Rate => rates::chat(bench).await,
            Self::Stream => streams::one(bench).await,
            Self::Streams => streams::many(bench).await,
            Self::Models => rates::models(bench).await,
            Self::Ollama => calls::ollama(bench).await,
            Self::Embeddings => calls::embeddings(bench).await,
            Self::SignIn => sign_in::beside_chat(bench).await,
            Self::Documents => documents::documents(bench).await,
            Self::House => house::house(bench).await,
        }
    }
}

/// A chat call with a question of ordinary length.
pub fn chat_call(model: &str, stream: bool) -> Call {
    Call::post("/chat/completions", &chat_body(model, stream))
}

pub fn chat_body(model: &str, stream: bool) -> Value {
    json!({
        "model": model,
        "stream": stream,
        "temperature": 0.7,
        "messages": [
            {"role": "system", "content": "You are a patient assistant. Answer in plain words and say where you are not sure."},
            {"role": "user", "content": "Why is the sky blue at noon and red in the evening, and why is it never green?"},
        ],
    })
}

/// The whole chat that most scenarios repeat.
pub fn short_chat() -> Call {
    chat_call(SHORT, false)
}

/// A quantile, in milliseconds.
pub fn milliseconds(times: &Times, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1000.0
}
