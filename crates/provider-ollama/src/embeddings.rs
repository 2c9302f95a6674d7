//! Embeddings in OpenAI's shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use transom_llm::{Body, LlmError, json};

use crate::models::invalid;

/// What the answer must fit.
#[derive(Debug, PartialEq)]
pub(crate) struct Asked {
    model: String,
    texts: usize,
    /// Whether the vectors are to be base64 of little-endian 32-bit numbers, as OpenAI's own clients ask by default.
    base64: bool,
}

/// Ollama's request.
pub(crate) fn request(mut body: Body) -> Result<(Asked, Bytes), LlmError> {
    let wrong = |words: &str| Err(LlmError::Invalid(words.to_owned()));
    let base64 = match body.text("encoding_format").map_err(invalid)?.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return wrong("`encoding_format` must be float or base64"),
    };
    body.remove("encoding_format");
    let texts = match body.get::<Value>("input").map_err(invalid)? {
        None => return wrong("`input` is missing: a text or a list of texts"),
        Some(Value::String(text)) if text.is_empty() => return wrong("`input` is empty"),
        Some(Value::String(_)) => 1,
        Some(Value::Array(texts)) if texts.iter().all(Value::is_string) => texts.len(),
        Some(_) => return wrong("an Ollama model embeds a text or a list of texts; `input` is neither"),
    };
    if body.get::<Value>("dimensions").map_err(invalid)?.is_none() {
        body.remove("dimensions");
    }
    let model = body.text("model").map_err(invalid)?.unwrap_or_default();
    Ok((Asked { model, texts, base64 }, body.to_bytes()))
}

#[derive(Deserialize)]
struct Embedded<'a> {
    /// Numbers in their own words, so that none changes on the way.
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
    prompt_eval_count: Option<u64>,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    model: &'a str,
    usage: Tokens,
}

#[derive(Serialize)]
struct Entry<'a> {
    object: &'static str,
    embedding: Vector<'a>,
    index: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector<'a> {
    Numbers(&'a RawValue),
    Base64(String),
}

#[derive(Serialize)]
struct Tokens {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// OpenAI's answer, or why there is none.
pub(crate) fn answer(asked: &Asked, answer: &[u8]) -> Result<Bytes, String> {
    let answer = json::mended(answer);
    let Ok(embedded) = serde_json::from_slice::<Embedded<'_>>(&answer) else { return Err("it is no list of embeddings".to_owned()) };
    if embedded.embeddings.len() != asked.texts {
        return Err(format!("it holds {} vectors for {} texts", embedded.embeddings.len(), asked.texts));
    }
    let entry = |(index, numbers)| {
        let embedding = if asked.base64 { Vector::Base64(base64(numbers)?) } else { Vector::Numbers(numbers) };
        Ok(Entry { object: "embedding", embedding, index })
    };
    let data = embedded.embeddings.into_iter().enumerate().map(entry).collect::<Result<_, String>>()?;
    let tokens = embedded.prompt_eval_count.unwrap_or(0);
    let usage = Tokens { prompt_tokens: tokens, total_tokens: tokens };
    let list = List { object: "list", data, model: &asked.model, usage };
    serde_json::to_vec(&list).map(Bytes::from).map_err(|error| error.to_string())
}

fn base64(numbers: &RawValue) -> Result<String, String> {
    let numbers: Vec<f32> = serde_json::from_str(numbers.get()).map_err(|_| "a vector holds what is no number".to_owned())?;
    let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(body: Value) -> Result<(Asked, Value), String> {
        let (asked, json) = request(Body::from(&body)).map_err(|error| error.to_string())?;
        Ok((asked, serde_json::from_slice(&json).expect("JSON")))
    }

    #[test]
    fn a_text_stays_a_text_and_a_list_a_list() {
        let one = json!({"model": "m", "input": "hello"});
        assert_eq!(sent(one.clone()), Ok((Asked { model: "m".into(), texts: 1, base64: false }, one)));
        let two = json!({"model": "m", "input": ["a", "b"], "dimensions": 32, "keep_alive": "5m", "x": 1});
        assert_eq!(sent(two.clone()), Ok((Asked { model: "m".into(), texts: 2, base64: false }, two)));
    }

    #[test]
    fn the_encoding_is_ours_to_do() {
        let (asked, sent) = sent(json!({"model": "m", "input": "a", "encoding_format": "base64", "dimensions": null})).expect("sent");
        assert_eq!((asked.base64, sent), (true, json!({"model": "m", "input": "a"})));
    }

    #[test]
    fn what_is_no_text_is_refused_with_a_sentence() {
        for (body, words) in [
            (json!({"model": "m"}), "missing"),
            (json!({"model": "m", "input": ""}), "empty"),
            (json!({"model": "m", "input": [[1, 2]]}), "list of texts"),
            (json!({"model": "m", "input": [1, 2]}), "list of texts"),
            (json!({"model": "m", "input": "a", "encoding_format": "int8"}), "float or base64"),
        ] {
            let error = sent(body.clone()).expect_err(&body.to_string());
            assert!(error.contains(words), "{error}");
        }
    }

    fn answered(asked: &Asked, json: Value) -> Result<Value, String> {
        answer(asked, json.to_string().as_bytes()).map(|json| serde_json::from_slice(&json).expect("JSON"))
    }

    #[test]
    fn vectors_come_in_openais_shape() {
        let asked = Asked { model: "m".into(), texts: 2, base64: false };
        assert_eq!(
            answered(&asked, json!({"model": "m", "embeddings": [[0.1, 2.0], [3.5, 4.0]], "prompt_eval_count": 8})),
            Ok(json!({"object": "list", "data": [
                {"object": "embedding", "embedding": [0.1, 2.0], "index": 0},
                {"object": "embedding", "embedding": [3.5, 4.0], "index": 1}],
                "model": "m", "usage": {"prompt_tokens": 8, "total_tokens": 8}}))
        );
    }

    #[test]
    fn base64_holds_little_endian_numbers() {
        let asked = Asked { model: "m".into(), texts: 1, base64: true };
        let answer = answered(&asked, json!({"embeddings": [[1.0, -2.0]]})).expect("an answer");
        let bytes = STANDARD.decode(answer["data"][0]["embedding"].as_str().expect("text")).expect("base64");
        assert_eq!(bytes, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    }

    #[test]
    fn an_answer_that_does_not_fit_is_broken() {
        let asked = |base64| Asked { model: "m".into(), texts: 1, base64 };
        for json in [json!({"embeddings": []}), json!({"error": "x"}), json!({"embeddings": 7}), json!([])] {
            assert!(answered(&asked(false), json.clone()).is_err(), "{json}");
        }
        assert!(answered(&asked(true), json!({"embeddings": [["x"]]})).is_err());
    }
}
