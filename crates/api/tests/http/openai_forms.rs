//! Forms below `/openai`: the model that they name is judged like any other.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use transom_app::models::ConnectionSettings;
use transom_testkit::{Script, Upstream};

use crate::common::{Answer, Client};
use crate::gateway::{Gateway, settings};
use crate::upstreams::openai;

const WHISPER: &str = "whisper-1";
const PATHS: [&str; 4] =
    ["/openai/audio/transcriptions", "/openai/audio/translations", "/openai/images/edits", "/openai/images/variations"];

fn file() -> Part {
    Part::bytes(b"RIFF\r\n--not a boundary\r\n\0\xff".to_vec()).file_name("a \"b\".wav").mime_str("audio/wav").unwrap()
}

async fn post(client: &Client, path: &str, form: Form) -> Answer {
    Answer::of(client.request(Method::POST, path).multipart(form)).await
}

/// Two upstreams, of which only the second has the model.
async fn gateway() -> (Gateway, Upstream) {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    second.offer_openai(&[WHISPER, "gpt-4o-transcribe"]);
    let prefixed = ConnectionSettings { prefix_id: Some("two".to_owned()), ..ConnectionSettings::default() };
    let connections = vec![openai(0, first.base_url()), openai(1, second.base_url()).with(prefixed)];
    let gateway = Gateway::over(first, connections, settings()).await;
    second.forget();
    for path in PATHS {
        second.script_path(&path.replace("/openai", "/v1"), Script::json(200, &json!({"text": "heard"})));
    }
    (gateway, second)
}

#[actix_web::test]
async fn a_form_goes_to_the_upstream_of_the_model_that_it_names_wherever_the_field_stands() {
    let (gateway, second) = gateway().await;
    let model = format!("two.{WHISPER}");
    gateway.grant_bob(&model).await;
    for path in PATHS {
        for last in [true, false] {
            let mut form = Form::new();
            if !last {
                form = form.text("model", model.clone());
            }
            form = form.part("file", file()).text("language", "de");
            if last {
                form = form.text("model", model.clone());
            }
            assert_eq!(post(&gateway.bob, &format!("{path}?api-version=1"), form).await.ok()["text"], "heard", "{path}");
            let sent = second.requests().pop().unwrap();
            assert_eq!(sent.path, path.replace("/openai", "/v1"), "the query stays here");
            assert_eq!(sent.headers["content-length"], sent.raw.len().to_string());
            let raw = String::from_utf8_lossy(&sent.raw).into_owned();
            assert!(raw.contains(&format!("name=\"model\"\r\n\r\n{WHISPER}\r\n")), "the upstream's own name: {raw}");
            assert!(raw.contains("filename=\"a %22b%22.wav\"\r\ncontent-type: audio/wav\r\n\r\nRIFF\r\n--not a boundary\r\n\0"), "{raw}");
            assert!(raw.contains("name=\"language\"\r\n\r\nde\r\n"), "{raw}");
        }
    }
    assert!(gateway.upstream.requests().is_empty(), "the first upstream has no part in it");
}

#[actix_web::test]
async fn a_form_without_a_model_or_with_one_that_is_not_granted_reaches_no_upstream() {
    let (gateway, second) = gateway().await;
    let (model, secret) = (format!("two.{WHISPER}"), "two.gpt-4o-transcribe");
    let form = || Form::new().part("file", file());
    for path in PATHS {
        post(&gateway.bob, path, form().text("model", model.clone())).await.refused(403);
        post(&gateway.server.anonymous(), path, form().text("model", model.clone())).await.refused(401);
    }
    gateway.grant_bob(&model).await;
    for path in PATHS {
        post(&gateway.bob, path, form().text("model", secret)).await.refused(403);
        for client in [&gateway.bob, &gateway.admin] {
            post(client, path, form()).await.refused(422);
            post(client, path, form().text("model", "")).await.refused(422);
            post(client, path, form().text("model", model.clone()).text("model", secret)).await.refused(422);
            post(client, path, form().part("model", Part::text(model.clone()).file_name("x"))).await.refused(422);
        }
        for field in ["Model", "models", "model[]", "fallbacks", "api_base", "extra_body", "provider", "previous_response_id"] {
            let words = post(&gateway.bob, path, form().text("model", model.clone()).text(field, secret)).await.refused(400);
            assert!(words.contains(field), "{words}");
        }
        let unfinished = gateway.bob.request(Method::POST, path).header("content-type", "multipart/form-data; boundary=x").body("--x\r\n");
        Answer::of(unfinished).await.refused(422);
    }
    assert!(gateway.upstream.requests().is_empty() && second.requests().is_empty());
}

#[actix_web::test]
async fn a_form_is_no_larger_than_other_bodies() {
    let (gateway, second) = gateway().await;
    let large = Part::bytes(vec![0; 2 << 20]).file_name("large.wav");
    let form = Form::new().text("model", format!("two.{WHISPER}")).part("file", large);
    post(&gateway.admin, PATHS[0], form).await.refused(413);
    assert!(second.requests().is_empty());
}
