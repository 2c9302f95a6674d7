//! How an upstream answers.

use actix_web::web::Bytes;
use serde_json::Value;

/// An answer to play. Made by its constructors, changed by the methods that begin with `then` or name a manner.
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) content: Content,
    pub(super) then: Then,
    pub(super) stepped: bool,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Pieces of an answer, in the shape of the route that is asked.
    Says(Vec<String>),
    /// A refusal, in the shape of the route that is asked.
    Refuses(u16, String),
    /// Bytes as they are.
    Raw { status: u16, content_type: String, parts: Vec<Bytes> },
    /// Nothing, not even a status.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Then {
    Ends,
    StopsShort,
    Breaks,
    Hangs,
}

impl Script {
    /// These pieces, and the end that the API demands.
    pub fn says(pieces: &[&str]) -> Self {
        Self::new(Content::Says(pieces.iter().map(|piece| (*piece).to_owned()).collect()))
    }

    /// A refusal.
    pub fn refuses(status: u16, words: &str) -> Self {
        Self::new(Content::Refuses(status, words.to_owned()))
    }

    /// Bytes as they are, sent part by part.
    pub fn raw(status: u16, content_type: &str, parts: &[&str]) -> Self {
        let parts = parts.iter().map(|part| Bytes::copy_from_slice(part.as_bytes())).collect();
        Self::new(Content::Raw { status, content_type: content_type.to_owned(), parts })
    }

    /// Bytes that are no text, in one part.
    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self::new(Content::Raw { status, content_type: content_type.to_owned(), parts: vec![body.into()] })
    }

    /// JSON as it is.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", &[&body.to_string()])
    }

    /// No answer at all.
    pub fn hangs() -> Self {
        Self::new(Content::Nothing)
    }

    /// Then the connection breaks.
    pub fn then_breaks(mut self) -> Self {
        self.then = Then::Breaks;
        self
    }

    /// Then the body ends cleanly, without the end that the API demands.
    pub fn then_stops_short(mut self) -> Self {
        self.then = Then::StopsShort;
        self
    }

    /// Then nothing more comes, and the connection stays open.
    pub fn then_hangs(mut self) -> Self {
        self.then = Then::Hangs;
        self
    }

    /// With a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends each piece only when the test says so, by [`super::Upstream::step`].
    pub fn stepped(mut self) -> Self {
        self.stepped = true;
        self
    }

    fn new(content: Content) -> Self {
        Self { content, then: Then::Ends, stepped: false, headers: Vec::new() }
    }
}
