//! The headers of a refusal that clients act upon.

use http::HeaderMap;
use http::header::HeaderName;

/// How the id of a request at the upstream is passed on: `x-request-id` is the id that the request has here.
const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");

/// The names that upstreams give it.
const REQUEST_IDS: [&str; 4] = ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid"];

/// Headers that are passed on by name.
const KEPT: [&str; 4] = ["retry-after", "retry-after-ms", "x-should-retry", "openai-processing-ms"];

/// Headers that are passed on by the beginning of their names.
const KEPT_FAMILIES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

/// Bounds of what is passed on: an upstream does not get to fill the answers of this server.
const MOST: usize = 32;
const LONGEST: usize = 256;

/// Those of an upstream's headers that say when to try again, how much is left of a limit, and which request this was.
/// One that repeats our key is left out.
pub(crate) fn kept(headers: &HeaderMap, secret: Option<&str>) -> HeaderMap {
    let is_fit = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|text| text.len() <= LONGEST && !secret.is_some_and(|secret| text.contains(secret)))
    };
    let is_kept = |name: &HeaderName| KEPT.contains(&name.as_str()) || KEPT_FAMILIES.iter().any(|family| name.as_str().starts_with(family));
    let mut out = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, value)| is_kept(name) && is_fit(value)).take(MOST) {
        out.insert(name.clone(), value.clone());
    }
    if let Some(id) = REQUEST_IDS.iter().find_map(|name| headers.get(*name)).filter(|id| is_fit(id)) {
        out.insert(UPSTREAM_REQUEST_ID, id.clone());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_clients_act_upon_are_kept_and_no_others() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("retry-after", "7"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("openai-processing-ms", "12"),
            ("x-request-id", "req_1"),
            ("set-cookie", "a=b"),
            ("openai-organization", "acme"),
            ("content-encoding", "gzip"),
            ("x-ratelimit-key", "sk-secret"),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        let kept = kept(&headers, Some("sk-secret"));
        let mut names: Vec<&str> = kept.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["openai-processing-ms", "retry-after", "x-ratelimit-remaining-tokens", "x-upstream-request-id"]);
    }
}
