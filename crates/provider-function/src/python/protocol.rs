//! What goes over a worker's pipes: a JSON object a line.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use transom_llm::{CallContext, LlmError, Valves, wire};

use super::config::Limits;

/// What the server says.
#[derive(Serialize)]
pub(super) struct Call<'a> {
    pub id: u64,
    #[serde(flatten)]
    pub op: Op<'a>,
}

/// What a worker is to do.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(super) enum Op<'a> {
    /// Comes first, and once.
    Load {
        function: &'a str,
        source: &'a str,
        valves: &'a Map<String, Value>,
        limits: Bounds,
        /// Folders to look for packages in, before the environment's.
        path: Vec<&'a str>,
    },
    Pipes,
    Pipe {
        body: &'a RawValue,
        stream: bool,
        context: Context<'a>,
    },
    Inlet {
        body: &'a RawValue,
        context: Context<'a>,
    },
    Outlet {
        body: &'a RawValue,
        context: Context<'a>,
    },
    /// A streamed answer begins, whose chunks the function looks at; it ends when it is cancelled.
    Open {
        context: Context<'a>,
    },
    /// A chunk of it; `of` is the number that it was opened with.
    Chunk {
        of: u64,
        chunk: &'a Value,
    },
    Check {
        which: &'static str,
        values: &'a Map<String, Value>,
    },
    Valves {
        values: &'a Map<String, Value>,
    },
    Cancel,
}

/// [`Limits`] as the worker reads them.
#[derive(Serialize)]
pub(super) struct Bounds {
    memory_bytes: u64,
    cpu_seconds: u64,
    open_files: u64,
    file_bytes: u64,
    output_bytes: usize,
}

impl From<&Limits> for Bounds {
    fn from(limits: &Limits) -> Self {
        // Processes are counted from outside.
        let Limits { memory_bytes, cpu_seconds, open_files, file_bytes, output_bytes, processes: _ } = *limits;
        Self { memory_bytes, cpu_seconds, open_files, file_bytes, output_bytes }
    }
}

/// What of a call's surroundings a function is handed.
#[derive(Serialize)]
pub(super) struct Context<'a> {
    user: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
    model: &'a Value,
    files: &'a [Value],
    request: &'a transom_llm::RequestHead,
    user_valves: Option<&'a Map<String, Value>>,
}

impl<'a> Context<'a> {
    pub fn of(context: &'a CallContext, function: &str) -> Self {
        let CallContext { user, metadata, model, files, request, user_valves, .. } = context;
        Self { user, metadata, model, files, request, user_valves: user_valves.get(function) }
    }
}

pub(super) fn valves_name(which: Valves) -> &'static str {
    match which {
        Valves::Admin => "admin",
        Valves::User => "user",
    }
}

/// The answer to a question of the worker.
#[derive(Serialize)]
pub(super) struct Answer {
    pub answer: u64,
    #[serde(flatten)]
    pub said: Said,
}

/// What is answered. A piece has others after it.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Said {
    Value(Box<RawValue>),
    Piece(String),
    Error { words: String, status: u64 },
}

impl From<&LlmError> for Said {
    fn from(error: &LlmError) -> Self {
        Self::Error { words: wire::ErrorObject::from(error).message, status: error.status().into() }
    }
}

/// A line of the worker.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
    #[serde(borrow)]
    frame: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    end: Option<&'a RawValue>,
    error: Option<Failure>,
    #[serde(default)]
    heard: bool,
    ask: Option<u64>,
    what: Option<String>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    drop: Option<u64>,
}

/// A member that is there, be it null.
fn present<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&'a RawValue>::deserialize(deserializer).map(Some)
}

/// What a function said of its failure.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Failure {
    pub words: String,
    #[serde(default = "failed")]
    pub status: u16,
    pub line: Option<u32>,
}

fn failed() -> u16 {
    400
}

/// A message of the worker about one of its calls.
#[derive(Debug)]
pub(super) enum Message {
    /// A piece of text.
    Text(String),
    /// What stood in a `data:` line.
    Data(Bytes),
    /// A JSON value in a stream.
    Frame(Bytes),
    /// The call is over; JSON, `null` where all was said before.
    End(Bytes),
    /// The call failed.
    Failed(Failure),
    /// The wish to cancel was read; the end comes when the call has ended.
    Heard,
}

/// What a line of the worker is about.
pub(super) enum Spoken {
    /// A call.
    Of(u64, Message),
    /// A question that a call asks.
    Asks { question: u64, call: u64, what: String, payload: Bytes },
    /// A question whose answer is not wanted any more.
    Drops(u64),
}

/// Reads a line; `None` for one that is none of ours.
pub(super) fn read(line: &Bytes) -> Option<Spoken> {
    let Line { id, text, data, frame, end, error, heard, ask, what, payload, drop } = serde_json::from_slice(line).ok()?;
    let raw = |raw: &RawValue| line.slice_ref(raw.get().as_bytes());
    if let Some(question) = drop {
        return Some(Spoken::Drops(question));
    }
    if let Some(question) = ask {
        return Some(Spoken::Asks { question, call: id?, what: what?, payload: raw(payload?) });
    }
    let message = if let Some(text) = text {
        Message::Text(text.into_owned())
    } else if let Some(data) = data {
        Message::Data(data.into_owned().into())
    } else if let Some(frame) = frame {
        Message::Frame(raw(frame))
    } else if let Some(end) = end {
        Message::End(raw(end))
    } else if let Some(error) = error {
        Message::Failed(error)
    } else if heard {
        Message::Heard
    } else {
        return None;
    };
    Some(Spoken::Of(id?, message))
}

/// Writes a line.
pub(super) fn line<T: Serialize>(message: &T) -> Bytes {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    // A body that came with line breaks between its members: in texts they are escaped, so that these mean nothing.
    for byte in &mut line {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    line.push(b'\n');
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &'static str) -> Option<Spoken> {
        super::read(&Bytes::from_static(line.as_bytes()))
    }

    #[test]
    fn an_end_with_nothing_is_an_end() {
        let Some(Spoken::Of(3, Message::End(json))) = read(r#"{"id":3,"end":null}"#) else { panic!("an end") };
        assert_eq!(json, "null");
    }

    #[test]
    fn lines_of_nobody_are_none() {
        for line in ["", "hello", "{}", r#"{"id":1}"#, r#"{"text":"x"}"#, r#"{"ask":1,"id":2}"#] {
            assert!(read(line).is_none(), "{line}");
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_is_in_it() {
        let body: Box<RawValue> = serde_json::from_str("{\n  \"a\": \"b\\nc\"\r\n}").expect("JSON");
        assert_eq!(line(&Answer { answer: 1, said: Said::Value(body) }), "{\"answer\":1,\"value\":{   \"a\": \"b\\nc\"  }}\n");
    }

    #[test]
    fn a_failure_keeps_its_words_and_status() {
        let Some(Spoken::Of(1, Message::Failed(failure))) = read(r#"{"id":1,"error":{"words":"no","status":429}}"#) else {
            panic!("a failure")
        };
        assert_eq!((failure.words.as_str(), failure.status, failure.line), ("no", 429, None));
    }
}
