//! The model itself: tokens in, vectors out. Blocking; the worker's thread alone calls it.

use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use tokenizers::{Tokenizer, TruncationParams};

use crate::{DIMENSION, MAX_TOKENS};

static WEIGHTS: &[u8] = include_bytes!("../assets/all-minilm-l6-v2-int8.onnx");
static TOKENIZER: &[u8] = include_bytes!("../assets/tokenizer.json");

/// Of a longer text nothing beyond this many bytes is even looked at: 256 tokens are far fewer, and cutting first keeps
/// the price of a text of megabytes small.
const MAX_BYTES: usize = 64 * 1024;

/// Why the model gave no vectors.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The weights or the vocabulary could not be read.
    #[error("it could not be loaded: {0}")]
    Load(String),
    /// A text could not be turned into tokens.
    #[error("a text could not be turned into tokens: {0}")]
    Tokens(String),
    /// The computation failed.
    #[error("the computation failed: {0}")]
    Run(String),
    /// The computing thread is gone.
    #[error("its thread has ended")]
    Gone,
}

/// A text as the model reads it.
pub(crate) type Tokens = Vec<i32>;

/// The loaded model.
pub(crate) struct Engine {
    model: Model,
    tokenizer: Tokenizer,
    threads: Arc<ThreadPool>,
    input_ids: NodeId,
    attention_mask: NodeId,
    token_type_ids: NodeId,
    hidden: NodeId,
}

impl Engine {
    /// Reads the model. The computing threads inherit the calling thread's priority.
    pub(crate) fn load(threads: usize) -> Result<Self, EngineError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let mut tokenizer = Tokenizer::from_bytes(TOKENIZER).map_err(|e| EngineError::Load(e.to_string()))?;
        // The file asks for 128 tokens, always filled up; we cut at the model's own limit and fill up batch by batch.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(Some(TruncationParams { max_length: MAX_TOKENS, ..Default::default() }))
            .map_err(|e| EngineError::Load(e.to_string()))?;
        let model = Model::load_static_slice(WEIGHTS).map_err(|e| EngineError::Load(e.to_string()))?;
        let node = |name: &str| model.node_id(name).map_err(|e| EngineError::Load(e.to_string()));
        Ok(Self {
            input_ids: node("input_ids")?,
            attention_mask: node("attention_mask")?,
            token_type_ids: node("token_type_ids")?,
            hidden: node("last_hidden_state")?,
            threads: Arc::new(ThreadPool::with_num_threads(threads)),
            tokenizer,
            model,
        })
    }

    /// The tokens of `text`, cut at [`MAX_TOKENS`].
    pub(crate) fn tokens(&self, text: &str) -> Result<Tokens, EngineError> {
        let text = &text[..text.floor_char_boundary(MAX_BYTES)];
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|e| EngineError::Tokens(e.to_string()))?;
        Ok(encoding.get_ids().iter().map(|&id| id.cast_signed()).collect())
    }

    /// The vectors of `batch`, of length 1, in its order.
    pub(crate) fn run(&self, batch: &[Tokens]) -> Result<Vec<Vec<f32>>, EngineError> {
        let rows = batch.len();
        let width = batch.iter().map(Vec::len).max().unwrap_or(0);
        let mut ids = NdTensor::<i32, 2>::zeros([rows, width]);
        let mut mask = NdTensor::<i32, 2>::zeros([rows, width]);
        for (row, tokens) in batch.iter().enumerate() {
            for (column, &token) in tokens.iter().enumerate() {
                ids[[row, column]] = token;
                mask[[row, column]] = 1;
            }
        }
        let types = NdTensor::<i32, 2>::zeros([rows, width]);
        let inputs = vec![
            (self.input_ids, ids.view().into()),
            (self.attention_mask, mask.view().into()),
            (self.token_type_ids, types.view().into()),
        ];
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let [hidden] = self.model.run_n(inputs, [self.hidden], Some(options)).map_err(|e| EngineError::Run(e.to_string()))?;
        let hidden: NdTensor<f32, 3> = hidden.try_into().map_err(|_| EngineError::Run("the output has no three axes".into()))?;
        if hidden.shape() != [rows, width, DIMENSION] {
            return Err(EngineError::Run(format!("the output has the shape {:?}", hidden.shape())));
        }
        let hidden = hidden.to_vec();
        Ok(hidden.chunks_exact(width * DIMENSION).zip(batch).map(|(states, tokens)| pool(states, tokens.len())).collect())
    }
}

/// The mean of the first `tokens` states, scaled to length 1.
fn pool(states: &[f32], tokens: usize) -> Vec<f32> {
    let mut sum = vec![0f32; DIMENSION];
    for state in states.chunks_exact(DIMENSION).take(tokens) {
        sum.iter_mut().zip(state).for_each(|(total, value)| *total += value);
    }
    // The mean's divisor is gone with the length, so the sum is scaled at once.
    let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    sum.iter_mut().for_each(|value| *value /= length);
    sum
}
