//! Settings that stop the start.

use crate::place::{Place, words};

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once_and_nothing_is_made() {
    let place = Place::bare()
        .with("PORT", "http")
        .with("RAG_TOP_K", "many")
        .with("CHUNK_SIZE", "100")
        .with("CHUNK_OVERLAP", "100")
        .with("OPENAI_API_BASE_URLS", "http://user:hunter2@localhost/v1")
        .with("USER_PERMISSIONS_CHAT_FILE_UPLOAD", "perhaps")
        .with("USER_PERMISSIONS_NOPE", "true")
        .with("WEBUI_SECRET_KEY", "t0p-secret");
    for command in [&["serve"][..], &["doctor"], &["user", "list"]] {
        let output = place.run(command, "").await;
        let (said, complained) = words(&output);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(said, "");
        for name in [
            "PORT",
            "RAG_TOP_K",
            "CHUNK_OVERLAP",
            "OPENAI_API_BASE_URLS",
            "USER_PERMISSIONS_CHAT_FILE_UPLOAD",
            "USER_PERMISSIONS_NOPE",
            "WEBUI_SECRET_KEY",
        ] {
            assert_eq!(complained.lines().filter(|line| line.contains(name)).count(), 1, "{name} in:\n{complained}");
        }
        assert_eq!(complained.lines().count(), 7, "{complained}");
        assert!(!complained.contains("t0p-secret") && !complained.contains("hunter2"), "{complained}");
        assert!(!place.folder().exists());
    }
}

#[tokio::test]
async fn a_permission_that_does_not_exist_stops_the_start_by_itself() {
    let place = Place::bare().with("USER_PERMISSIONS_NOPE", "true");
    let output = place.run(&["serve"], "").await;
    let (said, complained) = words(&output);
    assert_eq!((output.status.code(), said.as_str(), complained.lines().count()), (Some(1), "", 1), "{complained}");
    assert!(complained.contains("USER_PERMISSIONS_NOPE") && !place.folder().exists());
}

#[tokio::test]
async fn a_weak_secret_stops_the_start_unless_it_is_for_trying_out() {
    let mut place = Place::bare().with("WEBUI_SECRET_KEY", "t0p-secret");
    let output = place.run(&["serve"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let (_, complained) = words(&output);
    assert!(complained.contains("WEBUI_SECRET_KEY") && !complained.contains("t0p-secret"), "{complained}");
    place.set("ENV", "dev");
    let server = place.serve().await;
    assert_eq!(server.client.get("/ready").await.0, 200);
    assert!(!place.folder().join("secret_key").exists());
    server.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_and_ends_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let place = Place::bare();
    let output = place.run(&["serve", "--port", &port], "").await;
    let (_, complained) = words(&output);
    assert_eq!(output.status.code(), Some(1), "{complained}");
    assert!(complained.contains(&port) && complained.contains("PORT"), "{complained}");
}

#[tokio::test]
async fn a_variable_whose_loss_would_open_something_stops_the_start_with_one_sentence() {
    for (name, value) in [("WEBUI_AUTH", "False"), ("WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "X-User"), ("ENABLE_SINGUP", "false")] {
        let place = Place::bare().with(name, value);
        assert!(place.refused(&["serve"]).await.starts_with(name));
        assert!(!place.folder().exists());
    }
}
