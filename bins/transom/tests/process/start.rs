//! Starting on an empty folder, and stopping.

use std::os::unix::fs::PermissionsExt;

use transom_testkit::{Script, Upstream};

use crate::place::{Place, until};

#[tokio::test]
async fn an_empty_folder_is_enough_and_what_is_made_in_it_is_private() {
    let place = Place::bare();
    let server = place.serve().await;
    for path in ["/health", "/ready", "/health/db"] {
        assert_eq!(server.client.get(path).await.0, 200, "{path}");
    }
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.folder()), 0o700);
    for name in ["secret_key", "transom.db"] {
        assert_eq!(mode(place.folder().join(name)), 0o600, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_built_in_model_embeds_without_any_upstream() {
    let place = Place::bare();
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let cats = admin.upload("cats.txt", "A cat sleeps most of the day.").await;
    let law = admin.upload("law.txt", "The treaty was signed in Westphalia in 1648.").await;
    admin.completed(&cats).await;
    admin.completed(&law).await;
    let (status, body) = admin.ask(&law, "When did diplomats make peace?", 1).await;
    assert_eq!(status, 200, "{body}");
    assert!(body["documents"][0][0].as_str().unwrap().contains("Westphalia"));
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_under_way_may_end_after_sigterm() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let mut server = place.serve().await;
    let admin = server.client.sign_up().await;
    upstream.script(Script::says(&["one ", "two ", "three"]).stepped());
    upstream.step(1);
    let mut answer = admin.chat("gpt-4-turbo", true).send().await.unwrap();
    let mut heard = answer.chunk().await.unwrap().unwrap().to_vec();
    server.terminate().await;
    let base = server.client.clone();
    until("nobody new is let in", async || base.call(reqwest::Method::GET, "/health").send().await.is_err().then_some(())).await;
    upstream.step(10);
    while let Some(piece) = answer.chunk().await.unwrap() {
        heard.extend_from_slice(&piece);
    }
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.contains("three") && heard.contains("[DONE]"), "{heard}");
    assert_eq!(server.ended().await, Some(0));
}

#[tokio::test]
async fn a_stream_that_does_not_end_holds_the_stop_no_longer_than_it_may() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream).with("TRANSOM_SHUTDOWN_SECONDS", "1");
    let mut server = place.serve().await;
    let admin = server.client.sign_up().await;
    upstream.script(Script::says(&["one "]).then_hangs());
    let mut answer = admin.chat("gpt-4-turbo", true).send().await.unwrap();
    assert!(answer.chunk().await.unwrap().is_some());
    server.terminate().await;
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
    upstream.clients_left(1).await;
}

#[tokio::test]
async fn files_that_are_being_processed_do_not_hold_the_stop() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    let admin = server.client.sign_up().await;
    let file = admin.upload_held(&upstream).await;
    server.stop().await;
    upstream.unscript();
    let server = place.serve().await;
    let admin = server.client.sign_in_admin().await;
    admin.completed(&file).await;
    admin.finds(&file, "heron").await;
}
