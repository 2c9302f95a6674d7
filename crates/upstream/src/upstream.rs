//! One configured address, its key and its limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, future, stream};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Body, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use transom_llm::wire::refusal_in;
use transom_llm::{ByteStream, LlmError, RawAnswer, RawBody, RawRequest, RefusalDetails};
use url::Url;

use crate::client::UpstreamClient;
use crate::failure::{broken_off, details, refusal, unsent, without_secret};
use crate::headers::kept;

/// Bytes of a refusal that are read.
const LONGEST_REFUSAL: usize = 64 << 10;

/// How long and how large an answer may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a whole answer is here, or the first byte of a stream.
    pub answer: Duration,
    /// Between two pieces of a stream.
    pub idle: Duration,
    /// For the list of models, on which others wait.
    pub list: Duration,
    /// Bytes of a whole answer.
    pub whole: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self { answer: minutes(5), idle: minutes(5), list: Duration::from_secs(5), whole: 64 << 20 }
    }
}

/// One configured address, its key and its limits. Cheap to clone.
#[derive(Clone)]
pub struct Upstream {
    client: UpstreamClient,
    /// Without credentials, without a query and without a slash at the end.
    base: String,
    /// The address's own query, which every call has.
    query: Option<String>,
    /// The header that carries the credential.
    header: HeaderName,
    authorization: Option<HeaderValue>,
    secret: Option<SecretString>,
    limits: Limits,
}

impl Upstream {
    /// Checks the address and takes the credentials out of it; `key` wins over those.
    pub fn new(base_url: &str, key: Option<SecretString>, limits: Limits, client: UpstreamClient) -> Result<Self, LlmError> {
        // What the parser says may repeat a password, so the sentence is ours.
        let wrong = || LlmError::Invalid("an upstream's address must look like http://host:port/path".to_owned());
        let mut url = Url::parse(base_url.trim()).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong());
        }
        let user = (!url.username().is_empty() || url.password().is_some()).then(|| basic(&url));
        let _ = (url.set_username(""), url.set_password(None));
        let query = url.query().filter(|query| !query.is_empty()).map(str::to_owned);
        url.set_query(None);
        url.set_fragment(None);
        let key = key.filter(|key| !key.expose_secret().trim().is_empty());
        let authorization = match key.as_ref().map(|key| format!("Bearer {}", key.expose_secret().trim())).or(user) {
            None => None,
            Some(value) => {
                let mut value = HeaderValue::try_from(value)
                    .map_err(|_| LlmError::Invalid("an upstream's key holds characters that no header can".to_owned()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client, base, query, header: AUTHORIZATION, authorization, secret: key, limits })
    }

    /// The same with the bare key in this header, in the place of `Authorization: Bearer …`.
    pub fn with_key_in(mut self, header: HeaderName) -> Result<Self, LlmError> {
        if let Some(key) = &self.secret {
            let mut value = HeaderValue::try_from(key.expose_secret().trim())
                .map_err(|_| LlmError::Invalid("an upstream's key holds characters that no header can".to_owned()))?;
            value.set_sensitive(true);
            (self.header, self.authorization) = (header, Some(value));
        }
        Ok(self)
    }

    /// The address without credentials: names the upstream in logs and errors.
    pub fn name(&self) -> &str {
        &self.base
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// GETs a whole JSON answer within the limit for lists.
    pub async fn list(&self, path: &str) -> Result<Bytes, LlmError> {
        self.within(self.limits.list, async {
            let request = self.request(Method::GET, path)?.header(ACCEPT, "application/json");
            self.read(self.accepted(self.send(request).await?).await?).await
        })
        .await
    }

    /// POSTs JSON and reads the whole answer.
    pub async fn post(&self, path: &str, json: Bytes) -> Result<Bytes, LlmError> {
        self.within(self.limits.answer, async { self.read(self.begin(path, json).await?).await }).await
    }

    /// POSTs JSON and gives the answer when it begins and is no refusal.
    pub async fn open(&self, path: &str, json: Bytes) -> Result<Response, LlmError> {
        self.within(self.limits.answer, self.begin(path, json)).await
    }

    async fn begin(&self, path: &str, json: Bytes) -> Result<Response, LlmError> {
        let request = self.request(Method::POST, path)?.header(CONTENT_TYPE, "application/json").body(json);
        self.accepted(self.send(request).await?).await
    }

    /// The body of an answer as it comes, once something of it is here; with the limit between two pieces.
    pub async fn stream(&self, response: Response) -> Result<ByteStream, LlmError> {
        let mut bytes = self.bytes(response);
        match bytes.next().await {
            None => Err(self.broken("it is empty")),
            Some(Err(error)) => Err(error),
            Some(Ok(first)) => Ok(Box::pin(stream::iter([Ok(first)]).chain(bytes))),
        }
    }

    /// All of an answer's body, up to the bound.
    pub async fn read(&self, response: Response) -> Result<Bytes, LlmError> {
        let (bytes, complete) = self.read_up_to(response, self.limits.whole).await?;
        if complete { Ok(bytes) } else { Err(self.broken(&format!("it is larger than {} bytes", self.limits.whole))) }
    }

    /// Passes a call through, whatever it is, with our credentials in the place of the caller's.
    pub async fn forward(&self, request: RawRequest) -> Result<RawAnswer, LlmError> {
        let RawRequest { method, path, content_type, body, .. } = request;
        if !plain(&path) {
            return Err(LlmError::Invalid("the path leads out of the upstream's address".to_owned()));
        }
        let mut call = self.request(method, &path)?;
        if let Some(content_type) = content_type {
            call = call.header(CONTENT_TYPE, content_type);
        }
        // An upload may take as long as it takes; the limit begins when nothing is left to send.
        let (call, limit) = match body {
            RawBody::Empty => (call, self.limits.answer),
            RawBody::Whole(bytes) => (call.body(bytes), self.limits.answer),
            RawBody::Parts(parts) => {
                let length = parts.iter().map(Bytes::len).sum::<usize>();
                let parts = Body::wrap_stream(stream::iter(parts.into_iter().map(Ok::<_, LlmError>)));
                (call.header(CONTENT_LENGTH, length).body(parts), self.limits.answer)
            }
            RawBody::Stream(bytes) => (call.body(Body::wrap_stream(bytes)), Duration::MAX),
        };
        let response = self.within(limit, self.send(call)).await?;
        let status = response.status();
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if status.is_client_error() || status.is_server_error() {
            let headers = kept(response.headers(), self.key());
            let (words, _) = self.read_up_to(response, LONGEST_REFUSAL).await.unwrap_or_default();
            let words = match self.key() {
                // Some upstreams repeat the key that they refuse.
                Some(key) => String::from_utf8_lossy(&words).replace(key, "***").into(),
                None => words,
            };
            return Ok(RawAnswer { status, content_type, headers, body: Box::pin(stream::iter([Ok(words)])) });
        }
        Ok(RawAnswer { status, content_type, headers: HeaderMap::new(), body: self.bytes(response) })
    }

    /// The refusal that a body holds, in its own words (see [`refusal`]), with stars where it repeats our key.
    pub fn words(&self, body: &[u8]) -> Value {
        self.without_key(refusal(body))
    }

    /// What an error object says, which came where an answer should be: in a stream, or with a success for its status.
    pub fn refused(&self, error: Value) -> LlmError {
        refusal_in(&self.without_key(error), &self.base)
    }

    fn key(&self) -> Option<&str> {
        self.secret.as_ref().map(|secret| secret.expose_secret().trim())
    }

    fn without_key(&self, words: Value) -> Value {
        match self.key() {
            Some(key) => without_secret(words, key),
            None => words,
        }
    }

    /// An answer that cannot be used, and why.
    pub fn broken(&self, reason: &str) -> LlmError {
        LlmError::Broken { upstream: self.base.clone(), reason: reason.to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder, LlmError> {
        let request = self.client.here()?.request(method, self.address(path));
        Ok(match &self.authorization {
            Some(value) => request.header(&self.header, value.clone()),
            None => request,
        })
    }

    /// The address of a path, with the address's own query before the path's.
    fn address(&self, path: &str) -> String {
        match (&self.query, path.split_once('?')) {
            (None, _) => format!("{}{path}", self.base),
            (Some(query), None) => format!("{}{path}?{query}", self.base),
            (Some(query), Some((path, more))) => format!("{}{path}?{query}&{more}", self.base),
        }
    }

    /// The answer, unpacked where it comes packed although nobody asked for that.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, LlmError> {
        let response = request.send().await.map_err(|error| unsent(&self.base, error))?;
        match response.headers().get(CONTENT_ENCODING).map(|packing| packing.to_str().unwrap_or("?")) {
            // The client has unpacked what it knows, and taken the header away.
            Some(packing) if !packing.trim().eq_ignore_ascii_case("identity") => {
                Err(self.broken(&format!("it is compressed in a way that nobody asked for ({packing})")))
            }
            _ => Ok(response),
        }
    }

    /// The answer where its status is a success; the refusal in its own words otherwise.
    async fn accepted(&self, response: Response) -> Result<Response, LlmError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if !status.is_client_error() && !status.is_server_error() {
            return Err(self.broken(&redirected(status)));
        }
        let headers = kept(response.headers(), self.key());
        // A refusal whose words break off is still the refusal.
        let (body, _) = self.read_up_to(response, LONGEST_REFUSAL).await.unwrap_or_default();
        let detail = self.words(&body);
        let RefusalDetails { kind, code, param, .. } = details(&body);
        let plain = |value: Option<Value>| value.map(|value| self.without_key(value));
        let more = Some(Box::new(RefusalDetails { kind, code: plain(code), param: plain(param), headers }));
        Err(LlmError::Refused { upstream: self.base.clone(), status: status.as_u16(), detail, more })
    }

    /// At most `most` bytes of a body, and whether that is all of it.
    async fn read_up_to(&self, response: Response, most: usize) -> Result<(Bytes, bool), LlmError> {
        let mut bytes = self.bytes(response);
        let Some(first) = bytes.next().await.transpose()? else { return Ok((Bytes::new(), true)) };
        let Some(second) = bytes.next().await.transpose()? else { return Ok(cut(first, most)) };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while all.len() <= most {
            let Some(part) = bytes.next().await.transpose()? else { break };
            all.extend_from_slice(&part);
        }
        Ok(cut(all.freeze(), most))
    }

    /// A body as it comes. Silence beyond the limit and a break are its last item.
    fn bytes(&self, response: Response) -> ByteStream {
        let state = Some((Box::pin(response.bytes_stream()), self.clone(), self.limits.answer));
        Box::pin(stream::unfold(state, |state| async move {
            let (mut bytes, upstream, limit) = state?;
            loop {
                match timeout(limit, bytes.next()).await {
                    Ok(None) => return None,
                    Ok(Some(Ok(part))) if part.is_empty() => continue,
                    Ok(Some(Ok(part))) => {
                        let idle = upstream.limits.idle;
                        return Some((Ok(part), Some((bytes, upstream, idle))));
                    }
                    Ok(Some(Err(error))) => return Some((Err(broken_off(&upstream.base, error)), None)),
                    Err(_) => return Some((Err(upstream.timed_out(limit)), None)),
                }
            }
        }))
    }

    async fn within<T>(&self, limit: Duration, call: impl Future<Output = Result<T, LlmError>>) -> Result<T, LlmError> {
        if limit == Duration::MAX {
            return call.await;
        }
        tokio::select! {
            answer = call => answer,
            () = sleep(limit) => Err(self.timed_out(limit)),
        }
    }

    fn timed_out(&self, limit: Duration) -> LlmError {
        LlmError::TimedOut { upstream: self.base.clone(), seconds: limit.as_secs() }
    }
}

/// The media type of an answer, in lower case and without parameters.
pub fn media_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The first piece of a stream, and the stream as it was.
pub async fn peek(mut bytes: ByteStream) -> Result<(Bytes, ByteStream), LlmError> {
    let first = bytes.next().await.transpose()?.unwrap_or_default();
    let whole = stream::once(future::ready(Ok(first.clone()))).chain(bytes);
    Ok((first, Box::pin(whole)))
}

/// All bytes of a stream, up to a bound; `None` where there are more.
pub async fn bytes_of(mut bytes: ByteStream, most: usize) -> Result<Option<Bytes>, LlmError> {
    let mut all = BytesMut::new();
    while let Some(part) = bytes.next().await {
        all.extend_from_slice(&part?);
        if all.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(all.freeze()))
}

fn cut(mut bytes: Bytes, most: usize) -> (Bytes, bool) {
    let complete = bytes.len() <= most;
    bytes.truncate(most);
    (bytes, complete)
}

fn basic(url: &Url) -> String {
    use base64::Engine as _;
    let plain = |text: &str| String::from_utf8_lossy(&percent_decoded(text)).into_owned();
    let pair = format!("{}:{}", plain(url.username()), plain(url.password().unwrap_or_default()));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// The bytes behind `%41` and the like, which a URL has in the place of special characters.
fn percent_decoded(text: &str) -> Vec<u8> {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
        .next()
        .map(|(name, _)| name.into_owned().into_bytes())
        .unwrap_or_default()
}

fn redirected(status: StatusCode) -> String {
    format!("it sends the caller elsewhere (status {}); the address in the settings must be the final one", status.as_u16())
}

/// Whether a path stays below the base address: it begins with a slash, and no segment of it leads upwards.
fn plain(path: &str) -> bool {
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let upwards = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']) && !path.split('/').any(upwards)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(address: &str, key: Option<&str>) -> Result<Upstream, LlmError> {
        let client = crate::upstream_client(&crate::ClientSettings::default()).expect("a client");
        Upstream::new(address, key.map(Into::into), Limits::default(), client)
    }

    #[test]
    fn a_name_holds_no_credentials() {
        let named = upstream("http://user:p%40ss@host:8080/v1/?token=1", None).expect("an address");
        assert_eq!(named.name(), "http://host:8080/v1");
        // user:p@ss
        assert_eq!(named.authorization.expect("credentials").to_str().expect("text"), "Basic dXNlcjpwQHNz");
    }

    #[test]
    fn a_key_wins_over_the_credentials_of_the_address() {
        let keyed = upstream("http://user:pass@host", Some(" sk-1 ")).expect("an address");
        assert_eq!(keyed.authorization.expect("a key").to_str().expect("text"), "Bearer sk-1");
        assert!(upstream("http://host", Some("")).expect("an address").authorization.is_none());
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for address in ["", "host:8080", "ftp://user:hunter2@host", "http://", "http://user:hunter2@ho st"] {
            let error = upstream(address, None).map(|_| ()).expect_err(address).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_query_of_an_address_is_in_every_call_and_in_no_name() {
        let plain = upstream("https://host/v1/", None).expect("an address");
        assert_eq!(plain.address("/models?a=b"), "https://host/v1/models?a=b");
        let versioned = upstream("https://host/v1/?api-version=2024-10-21&sig=s", None).expect("an address");
        assert_eq!(versioned.name(), "https://host/v1");
        assert_eq!(versioned.address("/models"), "https://host/v1/models?api-version=2024-10-21&sig=s");
        assert_eq!(versioned.address("/models?a=b"), "https://host/v1/models?api-version=2024-10-21&sig=s&a=b");
    }

    #[test]
    fn a_path_stays_below_the_address() {
        for path in ["/api/tags", "/v1/models?a=../b", "/api/blobs/sha256:00"] {
            assert!(plain(path), "{path}");
        }
        for path in ["", "api", "@evil.example/", "//evil.example", "/../admin", "/a/%2E%2e/b", "/a/./b", "/a\\..\\b"] {
            assert!(!plain(path), "{path}");
        }
    }
}
