//! Calls of an upstream's own API that are passed through as they are.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::LlmError;

/// Bytes as they come.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, LlmError>> + Send>>;

/// A call to pass through.
pub struct RawRequest {
    /// The method.
    pub method: http::Method,
    /// Path below the upstream's base address, beginning with `/`, with the query where there is one.
    pub path: String,
    /// The body's media type.
    pub content_type: Option<String>,
    /// The model that is asked, as the upstream knows it, for upstreams that have it in their paths; `None` where the call names none.
    pub model: Option<String>,
    /// The body: whole, or as it comes from the client.
    pub body: RawBody,
}

/// The body of a call to pass through.
pub enum RawBody {
    /// No body.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// All of it, in pieces that need not be joined.
    Parts(Vec<Bytes>),
    /// As it comes; for uploads that are never whole in memory.
    Stream(ByteStream),
}

/// An upstream's answer, whatever its status.
pub struct RawAnswer {
    /// The status.
    pub status: http::StatusCode,
    /// The body's media type.
    pub content_type: Option<String>,
    /// The headers that clients read of a refusal; empty for any other answer.
    pub headers: http::HeaderMap,
    /// The body as it comes.
    pub body: ByteStream,
}

/// An upstream whose own API can be reached through us. Credentials are its business, never the caller's.
#[async_trait]
pub trait RawUpstream: Send + Sync + 'static {
    /// Sends a call and gives the answer whatever its status; an error only where there is no answer.
    async fn forward(&self, request: RawRequest) -> Result<RawAnswer, LlmError>;
}
