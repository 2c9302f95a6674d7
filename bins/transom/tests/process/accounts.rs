//! `transom user`.

use crate::place::{Place, until, words};

const PASSWORD: &str = "Passw0rd!shell";

async fn said(place: &Place, arguments: &[&str], input: &str) -> String {
    let output = place.run(arguments, input).await;
    assert!(output.status.success(), "{:?}", words(&output));
    words(&output).0
}

#[tokio::test]
async fn accounts_made_in_the_shell_sign_in_with_the_password_from_standard_input() {
    let place = Place::bare().init().await;
    let made = said(&place, &["user", "create", "Root@Example.com", "--name", "Root", "--role", "admin"], &format!("{PASSWORD}\n")).await;
    assert!(!made.contains(PASSWORD), "{made}");
    said(&place, &["user", "create", "eve@example.com"], PASSWORD).await;
    let list = said(&place, &["user", "list"], "").await;
    assert_eq!(list, "root@example.com\tadmin\tRoot\neve@example.com\tuser\teve\n");

    let server = place.serve().await;
    let root = server.client.sign_in("root@example.com", PASSWORD).await.expect("root signs in");
    assert_eq!(root.get("/api/v1/users/").await.0, 200);
    let eve = server.client.sign_in("eve@example.com", PASSWORD).await.expect("eve signs in");
    assert_eq!(eve.get("/api/v1/users/").await.0, 401);
    server.stop().await;

    said(&place, &["user", "password", "eve@example.com"], "An0ther!password\n").await;
    said(&place, &["user", "role", "eve@example.com", "admin"], "").await;
    let server = place.serve().await;
    assert!(server.client.sign_in("eve@example.com", PASSWORD).await.is_none());
    let eve = server.client.sign_in("eve@example.com", "An0ther!password").await.expect("the new password is good");
    assert_eq!(eve.get("/api/v1/users/").await.0, 200);
}

#[tokio::test]
async fn a_role_or_a_password_that_changes_in_the_shell_ends_sessions_of_the_running_server() {
    let place = Place::bare().init().await;
    said(&place, &["user", "create", "root@example.com", "--role", "admin"], PASSWORD).await;
    said(&place, &["user", "create", "eve@example.com", "--role", "admin"], PASSWORD).await;
    let server = place.serve().await;
    let root = server.client.sign_in("root@example.com", PASSWORD).await.unwrap();
    let eve = server.client.sign_in("eve@example.com", PASSWORD).await.unwrap();
    assert_eq!((root.get("/api/v1/auths/").await.0, eve.get("/api/v1/users/").await.0), (200.try_into().unwrap(), 200.try_into().unwrap()));
    said(&place, &["user", "role", "eve@example.com", "user"], "").await;
    said(&place, &["user", "password", "root@example.com"], "An0ther!password").await;
    for (who, path) in [(&eve, "/api/v1/auths/"), (&root, "/api/v1/auths/")] {
        until("the session has ended", async || (who.get(path).await.0 == 401).then_some(())).await;
    }
    let eve = server.client.sign_in("eve@example.com", PASSWORD).await.expect("eve signs in again");
    assert_eq!(eve.get("/api/v1/users/").await.0, 401);
}

#[tokio::test]
async fn what_cannot_be_done_with_an_account_is_said_in_a_sentence() {
    let place = Place::bare().init().await;
    said(&place, &["user", "create", "root@example.com"], PASSWORD).await;
    for (arguments, input) in [
        (&["user", "create", "root@example.com"][..], PASSWORD),
        (&["user", "create", "nope"], PASSWORD),
        (&["user", "create", "eve@example.com"], ""),
        (&["user", "role", "nobody@example.com", "admin"], ""),
        (&["user", "password", "nobody@example.com"], PASSWORD),
    ] {
        let output = place.run(arguments, input).await;
        let (said, complained) = words(&output);
        assert_eq!((output.status.code(), said.as_str(), complained.lines().count()), (Some(1), "", 1), "{arguments:?}: {complained}");
    }
    assert_eq!(said(&place, &["user", "list"], "").await.lines().count(), 1);
}

#[tokio::test]
async fn accounts_are_never_made_where_there_is_no_installation() {
    let place = Place::bare();
    for arguments in [&["user", "create", "root@example.com", "--role", "admin"][..], &["user", "list"], &["settings", "list"]] {
        let sentence = place.refused(arguments).await;
        assert!(sentence.contains("no installation") && sentence.contains("transom init"), "{sentence}");
        assert!(!place.folder().exists());
    }
    let place = place.init().await;
    said(&place, &["user", "create", "root@example.com", "--role", "admin"], PASSWORD).await;
    let again = said(&place, &["init"], "").await;
    assert!(again.contains("already"), "{again}");
    assert_eq!(said(&place, &["user", "list"], "").await.lines().count(), 1);
}

#[tokio::test]
async fn the_rule_for_passwords_holds_for_those_who_sign_up_and_in_the_shell() {
    let place = Place::bare()
        .with("ENABLE_PASSWORD_VALIDATION", "true")
        .with("PASSWORD_VALIDATION_REGEX_PATTERN", "^(?=.*\\d).{12,}$")
        .with("PASSWORD_VALIDATION_HINT", "twelve signs and a digit")
        .init()
        .await;
    for arguments in [&["user", "create", "eve@example.com"][..], &["user", "password", "eve@example.com"]] {
        let output = place.run(arguments, "no digit in here").await;
        assert!(!output.status.success() && words(&output).1.contains("twelve signs and a digit"), "{:?}", words(&output));
    }
    let server = place.serve().await;
    let sign_up = async |password: &str| {
        let account = serde_json::json!({"name": "Eve", "email": "eve@example.com", "password": password});
        server.client.post("/api/v1/auths/signup", &account).await
    };
    let (status, body) = sign_up("no digit in here").await;
    assert!(status == 400 && body["detail"].as_str().unwrap().contains("twelve signs and a digit"), "{status} {body}");
    assert_eq!(sign_up("1 digit in here").await.0, 200);
}

#[tokio::test]
async fn a_server_without_accounts_makes_the_administrator_of_its_settings_and_no_stranger_can() {
    let place = Place::bare().with("WEBUI_ADMIN_EMAIL", "Ann@Example.com").with("WEBUI_ADMIN_PASSWORD", PASSWORD);
    for _ in 0..2 {
        let server = place.serve().await;
        let ann = server.client.sign_in("ann@example.com", PASSWORD).await.expect("she signs in");
        assert_eq!(ann.get("/api/v1/users/").await.0, 200);
        let stranger = serde_json::json!({"name": "Eve", "email": "eve@example.com", "password": PASSWORD});
        assert_eq!(server.client.post("/api/v1/auths/signup", &stranger).await.0, 403);
        assert!(!server.log().contains(PASSWORD) && !server.log().to_lowercase().contains("ann@example.com"), "{}", server.log());
        server.stop().await;
    }
}
