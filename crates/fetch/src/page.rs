//! An answer on its way, and one that is here.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::error::{FetchError, read};

/// What is left to an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
    pub(crate) max_size: u64,
}

impl Bounds {
    pub(crate) fn timed_out(&self) -> FetchError {
        FetchError::TimedOut { seconds: self.timeout.as_secs() }
    }
}

/// An answer whose bytes are still to come.
#[derive(Debug)]
pub struct Page {
    /// Where it came from in the end.
    pub url: Url,
    /// Its media type as the server says it, in lower case and without parameters.
    pub media_type: Option<String>,
    /// Its encoding as the server says it, in lower case.
    pub charset: Option<String>,
    response: Response,
    bounds: Bounds,
}

/// An answer with all its bytes.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it came from in the end.
    pub url: Url,
    /// Its media type as the server says it, in lower case and without parameters.
    pub media_type: Option<String>,
    /// Its encoding as the server says it, in lower case.
    pub charset: Option<String>,
    /// Its bytes, decompressed.
    pub bytes: Bytes,
}

impl Page {
    pub(crate) fn new(url: Url, response: Response, bounds: Bounds) -> Result<Self, FetchError> {
        // What the client decompresses loses this header; what is left was not asked for.
        if let Some(encoding) =
            response.headers().get(CONTENT_ENCODING).filter(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            let reason = format!("it is compressed as {}, which was not asked for", String::from_utf8_lossy(encoding.as_bytes()));
            return Err(FetchError::Broken { host: host(&url), reason });
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (media_type, charset) = content_type_parts(content_type);
        Ok(Self { url, media_type, charset, response, bounds })
    }

    /// The bytes as they come, decompressed. What goes beyond the limits, and a break, is the last item.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, FetchError>> {
        let Self { url, response, bounds, .. } = self;
        let bytes = response.bytes_stream().map_err(move |error| read(&host(&url), &error)).boxed();
        stream::unfold(Some((bytes, 0_u64)), move |state| async move {
            let (mut bytes, taken) = state?;
            let next = match timeout_at(bounds.deadline, bytes.next()).await {
                Ok(None) => return None,
                Ok(Some(next)) => next,
                Err(_elapsed) => Err(bounds.timed_out()),
            };
            match next {
                Ok(part) => {
                    let taken = taken.saturating_add(part.len() as u64);
                    if taken > bounds.max_size {
                        return Some((Err(FetchError::TooLarge { limit: bounds.max_size }), None));
                    }
                    Some((Ok(part), Some((bytes, taken))))
                }
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    /// All bytes.
    ///
    /// # Errors
    /// Where they are more, or take longer, than the settings allow, or where the connection breaks.
    pub async fn read(self) -> Result<Document, FetchError> {
        let (url, media_type, charset) = (self.url.clone(), self.media_type.clone(), self.charset.clone());
        let mut all = BytesMut::new();
        let mut parts = self.into_stream();
        while let Some(part) = parts.try_next().await? {
            all.extend_from_slice(&part);
        }
        Ok(Document { url, media_type, charset, bytes: all.freeze() })
    }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// `text/html; charset="UTF-8"` in its parts.
fn content_type_parts(value: &str) -> (Option<String>, Option<String>) {
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().filter(|essence| essence.contains('/')).map(str::to_ascii_lowercase);
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).to_ascii_lowercase())
    });
    (media_type, charset.filter(|charset| !charset.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_says_media_type_and_charset() {
        let parts = |value: &str| {
            let (media_type, charset) = content_type_parts(value);
            (media_type.unwrap_or_default(), charset.unwrap_or_default())
        };
        assert_eq!(parts("Text/HTML; Charset=\"UTF-8\""), ("text/html".to_owned(), "utf-8".to_owned()));
        assert_eq!(parts("application/pdf"), ("application/pdf".to_owned(), String::new()));
        assert_eq!(parts("text/plain;boundary=x; charset=latin1"), ("text/plain".to_owned(), "latin1".to_owned()));
        assert_eq!(parts("nonsense"), (String::new(), String::new()));
    }
}
