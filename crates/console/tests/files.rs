//! The console's files as a browser is given them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use serde_json::Value;

async fn get(path: &str, headers: &[(&str, &str)]) -> (u16, header::HeaderMap, web::Bytes) {
    let app = init_service(App::new().configure(transom_console::configure)).await;
    let request = headers.iter().fold(TestRequest::get().uri(path), |request, header| request.insert_header(*header));
    let answer = call_service(&app, request.to_request()).await;
    (answer.status().as_u16(), answer.headers().clone(), read_body(answer).await)
}

#[actix_web::test]
async fn everything_together_is_under_two_hundred_kilobytes() {
    let mut sizes = Vec::new();
    for file in transom_console::files() {
        let (status, headers, body) = get(&format!("/console/{file}"), &[("accept-encoding", "br")]).await;
        assert_eq!((status, headers.get("content-encoding").map(|coding| coding.to_str().unwrap())), (200, Some("br")), "{file}");
        sizes.push((body.len(), file));
    }
    let total: usize = sizes.iter().map(|(size, _)| size).sum();
    assert!(sizes.len() > 5 && total < 200_000, "{total}: {sizes:?}");
}

#[actix_web::test]
async fn what_has_not_changed_is_not_sent_again() {
    let (_, headers, _) = get("/", &[]).await;
    let tag = headers.get(header::ETAG).unwrap().to_str().unwrap().to_owned();
    let (status, _, body) = get("/", &[("if-none-match", &tag)]).await;
    assert_eq!((status, body.len()), (304, 0));
    assert_eq!(get("/", &[("if-none-match", "W/\"another\"")]).await.0, 200);
}

#[actix_web::test]
async fn every_answer_says_what_the_page_may_do() {
    for path in ["/", "/console/app.js", "/console/style.css"] {
        let (status, headers, _) = get(path, &[]).await;
        let policy = headers.get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(status == 200 && policy.contains("script-src 'self'; style-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
    }
}

#[actix_web::test]
async fn only_its_own_files_are_there() {
    for path in [
        "/console/../Cargo.toml",
        "/console/%2e%2e/Cargo.toml",
        "/console/nothing.js",
        "/console/",
        "/elsewhere",
        "/console/vendor/README.md",
    ] {
        assert_eq!(get(path, &[]).await.0, 404, "{path}");
    }
}

#[test]
fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    for file in transom_console::files() {
        let text = std::fs::read_to_string(format!("{}/assets/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "javascript:"] {
            // The library has a property that would set markup; the console's own modules never name it.
            assert!(file.starts_with("vendor/") || !text.contains(forbidden), "{file} holds {forbidden}");
        }
        assert!(!text.contains("<style") && !text.contains("onclick=\""), "{file} has something inline");
    }
}

#[test]
fn every_language_says_the_same_things() {
    let texts = |language: &str| -> Value {
        let path = format!("{}/assets/texts/{language}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let keys = |texts: &Value| texts.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let places = |text: &Value| -> BTreeSet<String> {
        let parts = text.as_str().unwrap().split('{').skip(1);
        parts.map(|part| part.split('}').next().unwrap().to_owned()).collect()
    };
    let english = texts("en");
    for language in ["fr", "zh", "pt", "es", "ko"] {
        let other = texts(language);
        let missing: Vec<_> = keys(&english).symmetric_difference(&keys(&other)).cloned().collect();
        assert!(missing.is_empty(), "{language}: {missing:?}");
        for (key, text) in english.as_object().unwrap() {
            assert_eq!(places(text), places(&other[key]), "{language}: {key}");
            assert!(!other[key].as_str().unwrap().is_empty(), "{language}: {key}");
        }
    }
}

#[test]
fn every_text_that_the_page_asks_for_is_there_and_no_other() {
    let path = format!("{}/assets", env!("CARGO_MANIFEST_DIR"));
    let english: Value = serde_json::from_str(&std::fs::read_to_string(format!("{path}/texts/en.json")).unwrap()).unwrap();
    let sources: String = transom_console::files()
        .filter(|file| file.ends_with(".js") && !file.starts_with("vendor/"))
        .map(|file| std::fs::read_to_string(format!("{path}/{file}")).unwrap())
        .collect();
    for key in english.as_object().unwrap().keys() {
        // Keys that are put together, as `status.` and what a status is, are named by their beginning.
        let beginning = format!("{}.", key.split('.').next().unwrap());
        assert!(sources.contains(&format!("'{key}'")) || sources.contains(&format!("`{beginning}${{")), "no module asks for {key}");
    }
    for (place, _) in sources.match_indices("t('") {
        if sources[..place].ends_with(|before: char| before.is_alphanumeric() || before == '.') {
            continue; // Another function, whose name ends so.
        }
        let asked = sources[place + 3..].split('\'').next().unwrap();
        assert!(english.get(asked).is_some(), "{asked} is not in en.json");
    }
}
