//! Starting on an empty folder, and stopping.

use std::os::unix::fs::PermissionsExt;

use transom_testkit::{Script, Upstream};

use crate::place::{Place, files_below, until};

#[tokio::test]
async fn an_empty_folder_is_enough_and_what_is_made_in_it_is_private() {
    let place = Place::bare();
    let server = place.serve().await;
    for path in ["/health", "/ready", "/health/db"] {
        assert_eq!(server.client.get(path).await.0, 200, "{path}");
    }
    let admin = server.client.sign_up().await;
    let file = admin.upload("private.txt", "Nobody else's.").await;
    admin.completed(&file).await;
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.folder()), 0o700);
    for name in ["uploads", "vectors"] {
        assert_eq!(mode(place.folder().join(name)), 0o700, "{name}");
    }
    assert_eq!(mode(place.folder().join("uploads").join(file)), 0o600);
    for path in files_below(&place.folder()) {
        assert_eq!(mode(path.clone()) & 0o077, 0, "{}", path.display());
    }
    server.stop().await;
}

#[tokio::test]
async fn folders_that_an_earlier_version_left_open_are_closed_to_others() {
    let place = Place::bare().init().await;
    for name in ["uploads", "vectors"] {
        std::fs::create_dir_all(place.folder().join(name)).unwrap();
        std::fs::set_permissions(place.folder().join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let server = place.serve().await;
    for name in ["uploads", "vectors"] {
        assert_eq!(std::fs::metadata(place.folder().join(name)).unwrap().permissions().mode() & 0o777, 0o700, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_start_says_version_folder_connections_and_where_the_first_account_is_made() {
    let upstream = Upstream::start().await;
    let place = Place::with_upstream(&upstream);
    let server = place.serve().await;
    until("it says where the first account is made", async || server.log().contains("there is no account yet").then_some(())).await;
    let log = server.log();
    for part in [env!("CARGO_PKG_VERSION"), &place.folder().to_string_lossy(), &upstream.openai_url(), server.client.base(), "user create"]
    {
        assert!(log.contains(part), "{part} in:\n{log}");
    }
    server.client.sign_up().await;
    server.stop().await;
    let server = place.serve().await;
    assert_eq!(server.client.get("/ready").await.0, 200);
    assert!(!server.log().contains("there is no account yet"));
}

#[tokio::test]
async fn variables_without_effect_are_said_at_the_start() {
    let place = Place::bare()
        .with("WHISPER_MODEL", "base")
        .with("TRANSOM_JOB", "3")
        .with("OPENAI_API_BASE_URLS", "http://127.0.0.1:1")
        .with("OPENAI_API_KEYS", "one;two");
    let server = place.serve().await;
    let log = server.log();
    for part in ["WHISPER_MODEL", "TRANSOM_JOBS", "more keys than there are addresses"] {
        assert!(log.contains(part), "{part} in:\n{log}");
    }
    assert!(!log.contains("two"), "{log}");
}

#[tokio::test]
async fn a_hangup_does_not_end_the_server() {
    let place = Place::bare();
    let server = place.serve().await;
    server.signal("-HUP").await;
    until("it says that it heard", async || server.log().contains("SIGHUP").then_some(())).await;
    assert_eq!(server.client.get("/ready").await.0, 200);
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
