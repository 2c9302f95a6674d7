//! What functions are told of the HTTP request they work for.

use actix_web::HttpRequest;
use transom_app::App;
use transom_llm::RequestHead;

/// Headers that prove who somebody is, to us or to a proxy in front.
const CREDENTIALS: [&str; 7] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token", "x-csrf-token"];

/// Method, address and headers, without credentials.
pub(crate) fn of(request: &HttpRequest) -> RequestHead {
    let own = request.app_data::<actix_web::web::Data<App>>().map(|app| app.accounts.config().api_keys.header.to_ascii_lowercase());
    let connection = request.connection_info();
    let shown = |name: &str| !CREDENTIALS.contains(&name) && own.as_deref() != Some(name);
    RequestHead {
        method: request.method().as_str().to_owned(),
        url: format!("{}://{}{}", connection.scheme(), connection.host(), request.path()),
        headers: request
            .headers()
            .iter()
            .filter(|(name, _)| shown(name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect(),
        client: request.peer_addr().map(|address| address.ip().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn no_credential_is_in_it() {
        let request = TestRequest::post().uri("/api/chat/completions?token=secret");
        let request = CREDENTIALS.iter().fold(request, |request, name| request.insert_header((*name, "secret")));
        let head = of(&request.insert_header(("x-trace", "kept")).to_http_request());
        assert_eq!(head.headers, [("x-trace".to_owned(), "kept".to_owned())]);
        assert!(head.url.ends_with("/api/chat/completions") && head.method == "POST", "{}", head.url);
    }
}
