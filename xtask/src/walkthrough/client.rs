//! The calls of the walkthrough, as the API's guide describes them.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ureq::{
    Agent,
    http::Response,
    unversioned::multipart::{Form, Part},
};

/// Someone with a credential.
pub struct Client {
    agent: Agent,
    base: String,
    credential: String,
}

/// A streamed answer, put together.
#[derive(Default)]
pub struct Answer {
    /// What the model said.
    pub text: String,
    /// What it was given, nearest first.
    pub passages: Vec<Passage>,
    /// From the question to the first piece of text.
    pub first_text: Option<Duration>,
    /// From the question to the end.
    pub whole: Duration,
}

/// One passage that was found.
pub struct Passage {
    /// The name of its file.
    pub file: String,
    /// The page it begins on, from 1.
    pub page: Option<u32>,
    /// How near it is, as the server says it.
    pub distance: Option<f64>,
    /// Its first words.
    pub begins: String,
}

impl std::fmt::Display for Passage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        self.page.map_or(Ok(()), |page| write!(f, ", page {page}"))
    }
}

impl Client {
    /// Nobody yet.
    pub fn new(base: &str) -> Self {
        // Refusals come back as answers, so that their words can be shown.
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { agent, base: base.into(), credential: String::new() }
    }

    /// Makes the first account and goes on with its session token.
    pub fn sign_up(&mut self) -> Result<(), String> {
        let account = json!({"name": "Walker", "email": "walker@example.com", "password": "a walk through the house"});
        self.credential = text(&self.post("/api/v1/auths/signup", &account)?, "token")?;
        Ok(())
    }

    /// Makes an API key and goes on with it.
    pub fn make_key(&mut self) -> Result<(), String> {
        self.credential = text(&self.post("/api/v1/auths/api_key", &json!({}))?, "api_key")?;
        Ok(())
    }

    /// The id of the first model of the list.
    pub fn first_model(&self) -> Result<String, String> {
        let models = self.get("/api/models?refresh=true")?;
        models.pointer("/data/0/id").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("no model is listed: {models}"))
    }

    /// Uploads a file; its id.
    pub fn upload(&self, path: &Path) -> Result<String, String> {
        let mime = if path.extension().is_some_and(|ending| ending == "pdf") { "application/pdf" } else { "text/plain" };
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let part = Part::file(path).map_err(|error| failed(&error))?.mime_str(mime).map_err(|error| failed(&error))?;
        let request =
            self.agent.post(self.url("/api/v1/files/")).header("authorization", self.bearer()).header("accept", "application/json");
        let answer = request.send(Form::new().part("file", part)).map_err(|error| error.to_string())?;
        text(&read(answer)?, "id")
    }

    /// Waits until a file has been processed; for how many seconds.
    pub fn wait_until_processed(&self, id: &str) -> Result<f64, String> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(900) {
            let status = self.get(&format!("/api/v1/files/{id}/process/status"))?;
            match status["status"].as_str() {
                Some("completed") => return Ok(start.elapsed().as_secs_f64()),
                Some("failed") => return Err(format!("file {id} could not be processed: {status}")),
                _ => sleep(Duration::from_millis(100)),
            }
        }
        Err(format!("file {id} is still being processed after 15 minutes"))
    }

    /// Makes a knowledge collection that holds the files; its id.
    pub fn make_collection(&self, name: &str, files: &[String]) -> Result<String, String> {
        let collection = self.post("/api/v1/knowledge/create", &json!({"name": name, "description": "a manual and five guides"}))?;
        let id = text(&collection, "id")?;
        for file in files {
            self.post(&format!("/api/v1/knowledge/{id}/file/add"), &json!({"file_id": file}))?;
        }
        Ok(id)
    }

    /// Asks about a collection and reads the stream to its end.
    pub fn ask(&self, model: &str, question: &str, collection: &str) -> Result<Answer, String> {
        let body = json!({
            "model": model,
            "stream": true,
            "temperature": 0,
            "max_tokens": 80,
            "messages": [{"role": "user", "content": question}],
            "files": [{"type": "collection", "id": collection}],
        });
        let start = Instant::now();
        let response = self.send("/api/chat/completions", &body)?;
        if !response.status().is_success() {
            return Err(refusal(response));
        }
        let mut answer = Answer::default();
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.map_err(|error| format!("the stream broke: {error}"))?;
            let Some(data) = line.strip_prefix("data:").map(str::trim).filter(|data| *data != "[DONE]") else { continue };
            let event: Value = serde_json::from_str(data).map_err(|error| format!("an event is not JSON ({error}): {data}"))?;
            if let Some(error) = event.get("error") {
                return Err(format!("the stream ended with an error: {error}"));
            }
            if let Some(sources) = event["sources"].as_array() {
                answer.passages.extend(sources.iter().flat_map(passages));
            }
            if let Some(piece) = event.pointer("/choices/0/delta/content").and_then(Value::as_str) {
                answer.first_text.get_or_insert_with(|| start.elapsed());
                answer.text += piece;
            }
        }
        answer.whole = start.elapsed();
        Ok(answer)
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let call = self.agent.get(self.url(path)).header("authorization", self.bearer()).call();
        read(call.map_err(|error| format!("{path}: {error}"))?)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        read(self.send(path, body)?).map_err(|refusal| format!("{path}: {refusal}"))
    }

    fn send(&self, path: &str, body: &Value) -> Result<Response<ureq::Body>, String> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        request.send_json(body).map_err(|error| format!("{path}: {error}"))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.credential)
    }
}

fn passages(source: &Value) -> Vec<Passage> {
    let documents = source["document"].as_array().map(Vec::as_slice).unwrap_or_default();
    let passage = |(index, document): (usize, &Value)| {
        let metadata = &source["metadata"][index];
        Passage {
            file: metadata["name"].as_str().or_else(|| metadata["source"].as_str()).unwrap_or("?").to_owned(),
            // The API counts pages from 0.
            page: metadata["page"].as_u64().and_then(|page| u32::try_from(page + 1).ok()),
            distance: source["distances"][index].as_f64(),
            begins: document.as_str().unwrap_or_default().split_whitespace().take(14).collect::<Vec<_>>().join(" "),
        }
    };
    documents.iter().enumerate().map(passage).collect()
}

fn read(mut response: Response<ureq::Body>) -> Result<Value, String> {
    if !response.status().is_success() {
        return Err(refusal(response));
    }
    response.body_mut().read_json().map_err(|error| error.to_string())
}

fn refusal(mut response: Response<ureq::Body>) -> String {
    format!("{} {}", response.status(), response.body_mut().read_to_string().unwrap_or_default())
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("the answer has no {field}"))
}
