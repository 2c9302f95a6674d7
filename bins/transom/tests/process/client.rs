//! A bare client of the server: no cookies are kept, so each call shows one credential.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use transom_testkit::{Script, Upstream};

use crate::place::until;

/// The administrator of every test.
pub const EMAIL: &str = "admin@example.com";
/// Their password.
pub const PASSWORD: &str = "Passw0rd!admin";

/// Calls one server with one credential.
#[derive(Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    token: Option<String>,
}

impl Client {
    /// A client without a credential.
    pub fn new(base: &str) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's client asks the server under test")]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base: base.to_owned(), http, token: None }
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The same with a credential.
    pub fn bearing(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A call that is not sent yet.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let call = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }

    /// A `GET`'s status and JSON.
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        answer(self.call(Method::GET, path).send().await.unwrap()).await
    }

    /// A `POST`'s status and JSON.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        answer(self.call(Method::POST, path).json(body).send().await.unwrap()).await
    }

    /// A `DELETE`'s status and JSON.
    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        answer(self.call(Method::DELETE, path).send().await.unwrap()).await
    }

    /// The first account, signed up.
    pub async fn sign_up(&self) -> Self {
        let (status, body) = self.post("/api/v1/auths/signup", &json!({"name": "Admin", "email": EMAIL, "password": PASSWORD})).await;
        assert_eq!(status, 200, "{body}");
        self.bearing(body["token"].as_str().unwrap())
    }

    /// An account, signed in; `None` where that is refused.
    pub async fn sign_in(&self, email: &str, password: &str) -> Option<Self> {
        let (status, body) = self.post("/api/v1/auths/signin", &json!({"email": email, "password": password})).await;
        (status == 200).then(|| self.bearing(body["token"].as_str().unwrap()))
    }

    /// The administrator of every test, signed in.
    pub async fn sign_in_admin(&self) -> Self {
        self.sign_in(EMAIL, PASSWORD).await.expect("the administrator signs in")
    }

    /// Uploads a text, to be processed in the background. Its id.
    pub async fn upload(&self, name: &str, text: &str) -> String {
        self.upload_bytes(name, "text/plain", text.as_bytes().to_vec()).await
    }

    /// Uploads a file of any kind, to be processed in the background. Its id.
    pub async fn upload_bytes(&self, name: &str, content_type: &str, bytes: Vec<u8>) -> String {
        let (status, body) = answer(self.upload_call(name, content_type, bytes).send().await.unwrap()).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a text about a heron, which is being embedded for as long as the upstream's script is this one. Its id.
    pub async fn upload_held(&self, upstream: &Upstream) -> String {
        // The first file asks the upstream what model it has; only texts are to be held.
        self.completed(&self.upload("first.txt", "An ordinary text.").await).await;
        upstream.script_path("/api/embed", Script::hangs());
        let calls = upstream.requests_of("/api/embed").len();
        let file = self.upload("held.txt", "A heron stands in the reeds.").await;
        until("the embedder is asked", async || (upstream.requests_of("/api/embed").len() > calls).then_some(())).await;
        file
    }

    /// An upload; nothing where the answer does not come.
    pub async fn try_upload(&self, name: &str, text: &str) -> Option<(StatusCode, Value)> {
        whole(self.upload_call(name, "text/plain", text.as_bytes().to_vec())).await
    }

    /// A `POST`; nothing where the answer does not come.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
        whole(self.call(Method::POST, path).json(body)).await
    }

    /// A `DELETE`; nothing where the answer does not come.
    pub async fn try_delete(&self, path: &str) -> Option<(StatusCode, Value)> {
        whole(self.call(Method::DELETE, path)).await
    }

    fn upload_call(&self, name: &str, content_type: &str, mut bytes: Vec<u8>) -> RequestBuilder {
        let boundary = "a-line-that-no-text-has";
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        );
        bytes.splice(..0, head.into_bytes());
        bytes.extend(format!("\r\n--{boundary}--\r\n").bytes());
        let form = format!("multipart/form-data; boundary={boundary}");
        self.call(Method::POST, "/api/v1/files/").body(bytes).header("content-type", form)
    }

    /// Where the processing of a file stands.
    pub async fn status_of(&self, file: &str) -> String {
        let (status, body) = self.get(&format!("/api/v1/files/{file}/process/status")).await;
        assert_eq!(status, 200, "{body}");
        body["status"].as_str().unwrap().to_owned()
    }

    /// Returns once a file is completed.
    pub async fn completed(&self, file: &str) {
        until("the file is completed", async || {
            let status = self.status_of(file).await;
            assert_ne!(status, "failed");
            (status == "completed").then_some(())
        })
        .await;
    }

    /// Asks one file a question: the status, and the passages or the refusal.
    pub async fn ask(&self, file: &str, question: &str, passages: usize) -> (StatusCode, Value) {
        let names = json!({"collection_names": [format!("file-{file}")], "query": question, "k": passages});
        self.post("/api/v1/retrieval/query/collection", &names).await
    }

    /// Every stored chunk of a file, put together again without white space. What is missing or stored twice shows.
    pub async fn stored_text(&self, file: &str, word: &str) -> String {
        // Right after a start the vectors may still be on their way.
        let body = until("a file can be asked", async || {
            let (status, body) = self.ask(file, word, 500).await;
            assert!(status == 200 || status == 503, "{status} {body}");
            (status == 200 && body["documents"][0].as_array().is_some_and(|found| !found.is_empty())).then_some(body)
        })
        .await;
        let starts = body["metadatas"][0].as_array().unwrap().iter().map(|chunk| chunk["start_index"].as_u64().unwrap());
        let texts = body["documents"][0].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
        let mut passages: Vec<(u64, &str)> = starts.zip(texts).collect();
        passages.sort_unstable();
        passages.into_iter().flat_map(|(_, text)| text.split_whitespace()).collect()
    }

    /// Returns once a question to a file finds a passage that holds `words`.
    pub async fn finds(&self, file: &str, words: &str) {
        until(&format!("{words} is found"), async || {
            let (status, body) = self.ask(file, words, 3).await;
            assert!(status == 200 || status == 503, "{status} {body}");
            (status == 200 && body["documents"].to_string().contains(words)).then_some(())
        })
        .await;
    }

    /// A chat call that is not sent yet.
    pub fn chat(&self, model: &str, stream: bool) -> RequestBuilder {
        let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "Why is the sky blue?"}]});
        self.call(Method::POST, "/api/chat/completions").json(&body)
    }

    /// The ids of the models that are listed, save those that every server brings along.
    pub async fn models(&self) -> Vec<String> {
        let (status, body) = self.get("/api/models").await;
        assert_eq!(status, 200, "{body}");
        body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .filter(|id| !id.starts_with("transom/"))
            .collect()
    }
}

/// The status and the JSON; null where there is none.
pub async fn answer(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

/// The status and the JSON of an answer that came to its end.
async fn whole(call: RequestBuilder) -> Option<(StatusCode, Value)> {
    let response = call.send().await.ok()?;
    let status = response.status();
    Some((status, serde_json::from_slice(&response.bytes().await.ok()?).unwrap_or_default()))
}

/// A text without white space, which chunks may lose at their ends.
pub fn tight(text: &str) -> String {
    text.split_whitespace().collect()
}
