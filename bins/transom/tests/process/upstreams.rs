//! Upstreams that hang, die and break.

use transom_testkit::{ClosedPort, Script, Upstream};

use crate::client::answer;
use crate::place::Place;

fn two(living: &Upstream, other: &Upstream) -> Place {
    Place::bare()
        .with("OPENAI_API_BASE_URLS", format!("{};{}", living.openai_url(), other.openai_url()))
        .with("OPENAI_API_KEYS", "first-key;second-key")
        .with("AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST", "1")
}

#[tokio::test]
async fn an_upstream_that_hangs_hides_nothing_of_one_that_lives() {
    let (living, hanging) = (Upstream::start().await, Upstream::start().await);
    living.offer_openai(&["alive"]);
    hanging.script_path("/v1/models", Script::hangs());
    let place = two(&living, &hanging);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    assert_eq!(admin.models().await, ["alive"]);
    let (status, body) = answer(admin.chat("alive", false).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(living.requests_of("/v1/chat/completions")[0].headers["authorization"], "Bearer first-key");
    // It comes back.
    hanging.unscript();
    hanging.offer_openai(&["revived"]);
    let (status, body) = admin.get("/api/models?refresh=true").await;
    assert!(status == 200 && body.to_string().contains("revived"), "{body}");
    assert_eq!(answer(admin.chat("revived", false).send().await.unwrap()).await.0, 200);
    assert_eq!(hanging.requests_of("/v1/chat/completions")[0].headers["authorization"], "Bearer second-key");
}

#[tokio::test]
async fn a_model_of_an_upstream_that_died_is_a_502_that_gives_nothing_away() {
    let (living, dying) = (Upstream::start().await, Upstream::start().await);
    living.offer_openai(&["alive"]);
    dying.offer_openai(&["mortal"]);
    let place = two(&living, &dying);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    assert_eq!(admin.models().await, ["alive", "mortal"]);
    let address = dying.base_url().to_owned();
    drop(dying);
    let _closed = ClosedPort::in_place_of(&address).await;
    for stream in [false, true] {
        let (status, body) = answer(admin.chat("mortal", stream).send().await.unwrap()).await;
        assert_eq!(status, 502, "{body}");
        let detail = body["detail"].as_str().expect("a sentence");
        assert!(detail.contains("reach"), "{detail}");
        assert!(!detail.contains("second-key") && !detail.contains("first-key"), "{detail}");
        let (status, body) = answer(admin.chat("alive", false).send().await.unwrap()).await;
        assert_eq!(status, 200, "{body}");
    }
    let (status, body) = admin.get("/api/models?refresh=true").await;
    assert!(status == 200 && body.to_string().contains("alive"), "{body}");
    assert!(!server.log().contains("second-key"), "{}", server.log());
}

#[tokio::test]
async fn an_upstream_that_breaks_in_mid_stream_ends_the_clients_stream_with_an_error() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    for script in [Script::says(&["Half ", "of "]).then_breaks(), Script::says(&["Half ", "of "]).then_stops_short()] {
        upstream.script(script);
        for model in ["gpt-4-turbo", "llama3.2"] {
            let response = admin.chat(model, true).send().await.unwrap();
            assert_eq!(response.status(), 200);
            let text = response.text().await.expect("the body itself ends well");
            let last = text.lines().rev().find_map(|line| line.strip_prefix("data: ").filter(|data| *data != "[DONE]")).unwrap();
            let last: serde_json::Value = serde_json::from_str(last).unwrap();
            assert!(text.contains("Half "), "{text}");
            assert!(last["error"]["message"].is_string(), "{model}: {text}");
            assert!(!text.contains(upstream.base_url()), "{text}");
        }
    }
    for model in ["gpt-4-turbo", "llama3.2"] {
        upstream.script(Script::says(&["Half ", "of "]).then_breaks());
        assert_eq!(admin.chat(model, false).send().await.unwrap().status(), 502);
    }
}

#[tokio::test]
async fn several_upstreams_are_called_each_for_its_own_models_and_one_name_belongs_to_the_first() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    first.offer_openai(&["shared", "one"]);
    second.offer_openai(&["shared", "two"]);
    let place = two(&first, &second);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    assert_eq!(admin.models().await, ["shared", "one", "two"]);
    for model in ["shared", "one", "two"] {
        assert_eq!(admin.chat(model, false).send().await.unwrap().status(), 200, "{model}");
    }
    let asked = |upstream: &Upstream| -> Vec<String> {
        let calls = upstream.requests_of("/v1/chat/completions");
        calls.iter().map(|call| call.body["model"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(asked(&first), ["shared", "one"]);
    assert_eq!(asked(&second), ["two"]);
}
