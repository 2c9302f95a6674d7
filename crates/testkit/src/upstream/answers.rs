//! What the upstream says where no script says otherwise, and the shapes it says it in.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::play::{Play, hang};
use super::script::{Content, Script, Then};
use super::{Received, State, lock};
use crate::embed;

const CREATED: u64 = 1_700_000_000;
const AT: &str = "2025-01-01T00:00:00Z";

/// Notes a call and answers it.
pub(super) async fn answer(request: HttpRequest, raw: Bytes, state: Data<State>) -> HttpResponse {
    let body: Value = serde_json::from_slice(&raw).unwrap_or_default();
    let headers = request.headers().iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let path = request.path().to_owned();
    let full = request.uri().path_and_query().map_or_else(|| path.clone(), ToString::to_string);
    let received = Received { method: request.method().to_string(), path: full, headers: headers.collect(), body: body.clone(), raw };
    lock(&state.received).push(received);
    state.calls.send_modify(|calls| *calls += 1);
    let chats = matches!(path.as_str(), "/v1/chat/completions" | "/api/chat" | "/api/generate");
    let script = {
        let scripts = lock(&state.scripts);
        scripts.get(&path).or_else(|| if chats { scripts.get("") } else { None }).cloned()
    };
    let headers = script.as_ref().map(|script| script.headers.clone()).unwrap_or_default();
    let mut response = match script {
        Some(Script { content: Content::Nothing, .. }) => hang(state).await,
        Some(Script { content: Content::Raw { status, content_type, parts }, then, stepped, .. }) => {
            Play { status, content_type, parts, then, stepped }.respond(state)
        }
        Some(Script { content: Content::Refuses(status, words), .. }) => refuse(&path, status, &words),
        Some(Script { content: Content::Says(pieces), then, stepped, .. }) => say(&path, &body, &pieces, then, stepped).respond(state),
        None if chats => {
            if let Some(refusal) = unknown_model(&path, &body, &state) {
                return refusal;
            }
            let words = default_words(&path, &body);
            let pieces: Vec<String> = words.split_inclusive(' ').map(str::to_owned).collect();
            say(&path, &body, &pieces, Then::Ends, false).respond(state)
        }
        None => plain(request.method().as_str(), &path, &body, &state),
    };
    for (name, value) in headers {
        response.headers_mut().insert(name.parse().unwrap(), value.parse().unwrap());
    }
    response
}

fn refuse(path: &str, status: u16, words: &str) -> HttpResponse {
    let body = match path.starts_with("/v1/") {
        true => json!({"error": {"message": words, "type": "scripted", "param": null, "code": null}}),
        false => json!({"error": words}),
    };
    HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).json(body)
}

fn unknown_model(path: &str, body: &Value, state: &State) -> Option<HttpResponse> {
    let model = body["model"].as_str().unwrap_or_default();
    let openai = path.starts_with("/v1/");
    let offered = lock(if openai { &state.openai_models } else { &state.ollama_models });
    let known = offered.iter().any(|name| name == model || (!openai && *name == format!("{model}:latest")));
    let words = if openai { format!("The model `{model}` does not exist") } else { format!("model '{model}' not found") };
    (!known).then(|| refuse(path, 404, &words))
}

fn default_words(path: &str, body: &Value) -> String {
    let tail = |text: &str, most: usize| text.chars().skip(text.chars().count().saturating_sub(most)).collect::<String>();
    if path == "/api/generate" {
        return format!("Generated: {}", tail(body["prompt"].as_str().unwrap_or_default(), 60));
    }
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asked = messages.iter().rev().find(|message| message["role"] == "user").map(|message| &message["content"]);
    let asked = match asked {
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join(" "),
        other => other.and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    format!("You said: {}", tail(&asked, 80))
}

/// Pieces in the shape of the route, whole or as a stream.
fn say(path: &str, body: &Value, pieces: &[String], then: Then, stepped: bool) -> Play {
    let openai = path.starts_with("/v1/");
    let stream = if openai { body["stream"] == true } else { body["stream"] != false };
    let text = pieces.concat();
    if !stream {
        let whole = if openai { openai_whole(body, &text) } else { ollama_line(path, body, &text, true) }.to_string();
        // An answer that does not end well comes as half of one.
        let whole = if then == Then::Ends { whole } else { whole[..whole.len() / 2].to_owned() };
        return Play { status: 200, content_type: "application/json".to_owned(), parts: vec![whole.into()], then, stepped };
    }
    let mut parts: Vec<Bytes> = Vec::new();
    for piece in pieces {
        let part =
            if openai { openai_frame(body, json!({"content": piece}), Value::Null) } else { line(&ollama_line(path, body, piece, false)) };
        parts.push(part.into());
    }
    if then == Then::Ends {
        if openai {
            parts.push(openai_frame(body, json!({}), "stop".into()).into());
            if body["stream_options"]["include_usage"] == true {
                let usage = json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": CREATED, "model": body["model"], "choices": [], "usage": openai_usage()});
                parts.push(format!("data: {usage}\n\n").into());
            }
            parts.push("data: [DONE]\n\n".into());
        } else {
            parts.push(line(&ollama_line(path, body, "", true)).into());
        }
    }
    let content_type = if openai { "text/event-stream" } else { "application/x-ndjson" }.to_owned();
    Play { status: 200, content_type, parts, then, stepped }
}

fn openai_usage() -> Value {
    json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
}

fn openai_whole(body: &Value, text: &str) -> Value {
    json!({"id": "chatcmpl-up", "object": "chat.completion", "created": CREATED, "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}], "usage": openai_usage()})
}

fn openai_frame(body: &Value, delta: Value, finish: Value) -> String {
    let frame = json!({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": CREATED, "model": body["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {frame}\n\n")
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

fn ollama_line(path: &str, body: &Value, text: &str, done: bool) -> Value {
    let mut line = json!({"model": body["model"], "created_at": AT, "done": done});
    if path == "/api/generate" {
        line["response"] = text.into();
    } else {
        line["message"] = json!({"role": "assistant", "content": text});
    }
    if done {
        line["done_reason"] = "stop".into();
        let measured = json!({"total_duration": 5_000_000_000u64, "load_duration": 1_000_000_000, "prompt_eval_count": 26,
            "prompt_eval_duration": 500_000_000, "eval_count": 8, "eval_duration": 400_000_000});
        line.as_object_mut().unwrap().extend(measured.as_object().unwrap().clone());
        if path == "/api/generate" {
            line["context"] = json!([1, 2, 3]);
        }
    }
    line
}

/// The routes that only ever answer whole.
fn plain(method: &str, path: &str, body: &Value, state: &State) -> HttpResponse {
    let texts = match &body["input"] {
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    };
    let vectors = texts.iter().map(|text| embed(text));
    let answer = match (method, path) {
        ("GET", "/") => return HttpResponse::Ok().body("Ollama is running"),
        ("GET", "/v1/models") => {
            let model = |id: &String| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "upstream"});
            json!({"object": "list", "data": lock(&state.openai_models).iter().map(model).collect::<Vec<_>>()})
        }
        ("POST", "/v1/embeddings") => {
            let data = vectors.enumerate().map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}));
            json!({"object": "list", "model": body["model"], "data": data.collect::<Vec<_>>(), "usage": {"prompt_tokens": 3, "total_tokens": 3}})
        }
        ("GET", "/api/tags") => json!({"models": lock(&state.ollama_models).iter().map(|name| tag(name)).collect::<Vec<_>>()}),
        ("GET", "/api/ps") => json!({"models": []}),
        ("GET", "/api/version") => json!({"version": "0.12.6"}),
        ("POST", "/api/embed") => {
            json!({"model": body["model"], "embeddings": vectors.collect::<Vec<_>>(), "total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": 8})
        }
        ("POST", "/api/embeddings") => json!({"embedding": embed(body["prompt"].as_str().unwrap_or_default())}),
        ("POST", "/api/show") => {
            json!({"modelfile": "FROM x", "parameters": "", "template": "{{ .Prompt }}", "details": tag("x")["details"], "model_info": {"general.architecture": "llama"}, "capabilities": ["completion"]})
        }
        _ => return refuse(path, 404, "not found"),
    };
    HttpResponse::Ok().json(answer)
}

fn tag(name: &str) -> Value {
    json!({"name": name, "model": name, "modified_at": AT, "size": 2_019_393_189u64, "digest": format!("{:0>64}", name.len()),
        "details": {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}})
}
