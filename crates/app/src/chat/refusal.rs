//! An upstream's refusal of a call that was passed through, as one of ours.

use futures_util::StreamExt;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use transom_llm::{RawAnswer, RefusalDetails, json};

use crate::Error;

/// Bytes of a refusal that are read.
const LONGEST: usize = 64 << 10;

/// The upstream's status, words and error object. Its answer is read to its end, or as far as a refusal may go.
pub async fn refusal(mut answer: RawAnswer) -> Error {
    let mut whole = Vec::new();
    while let Some(Ok(part)) = answer.body.next().await {
        whole.extend_from_slice(&part);
        if whole.len() > LONGEST {
            break;
        }
    }
    refused(answer.status, answer.headers, &whole)
}

/// The refusal that this body holds.
pub(super) fn refused(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Error {
    let json = json::read::<Value>(body).ok();
    // Google's OpenAI-compatible API wraps its errors in a list.
    let found = json.as_ref().map(|json| json.get(0).unwrap_or(json));
    let member =
        found.and_then(|found| ["error", "detail", "message"].iter().find_map(|name| found.get(*name).filter(|words| !words.is_null())));
    let words = member.map(|words| words.get("message").filter(|message| message.is_string()).unwrap_or(words).clone());
    let more = RefusalDetails { headers, ..member.map(RefusalDetails::of).unwrap_or_default() };
    let detail = words.or(json).unwrap_or_else(|| match String::from_utf8_lossy(body).trim() {
        "" => "the model's server gave no reason".into(),
        text => text.into(),
    });
    Error::refused(status.as_u16(), detail, Some(Box::new(more)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(status: u16, body: &str) -> (u16, Value, Option<Value>) {
        let status = StatusCode::from_u16(status).expect("a status");
        match refused(status, HeaderMap::new(), body.as_bytes()) {
            Error::Refused { status, detail, more } => (status, detail, more.and_then(|more| more.code)),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_refusal_keeps_its_words_and_code_whatever_its_shape() {
        let code = Some(json!("c"));
        assert_eq!(told(404, r#"{"error":{"message":"no","code":"c"}}"#), (404, json!("no"), code.clone()));
        assert_eq!(told(404, r#"[{"error":{"message":"no","code":"c"}}]"#), (404, json!("no"), code));
        assert_eq!(told(404, r#"{"error":"no"}"#), (404, json!("no"), None));
        assert_eq!(told(422, r#"{"detail":[{"loc":["x"]}]}"#), (422, json!([{"loc": ["x"]}]), None));
        assert_eq!(told(400, r#"{"other":1}"#), (400, json!({"other": 1}), None));
        assert_eq!(told(400, " No.\n"), (400, json!("No."), None));
        assert_eq!(told(429, ""), (429, json!("the model's server gave no reason"), None));
    }

    #[test]
    fn a_refusal_of_our_credential_is_not_the_callers() {
        for status in [401, 403] {
            assert_eq!(told(status, r#"{"error":{"message":"bad key"}}"#), (502, json!("bad key"), None));
        }
    }
}
