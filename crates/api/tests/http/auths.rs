//! `/api/v1/auths/…`: accounts and sessions.

use futures_util::future::join_all;
use serde_json::json;
use transom_app::accounts::{AccountsConfig, SignInLimits};
use transom_auth::Passwords;
use transom_domain::{NewUser, Role};

use crate::common::{ADMIN, PASSWORD, Server, Setup, text};

#[actix_web::test]
async fn of_fifty_racing_sign_ups_exactly_one_becomes_the_administrator() {
    let server = Server::start().await;
    let anyone = server.anonymous();
    let answers = join_all((0..50).map(|n| {
        let body = json!({"name": "x", "email": format!("u{n}@example.com"), "password": PASSWORD});
        let anyone = anyone.clone();
        async move { anyone.post("/api/v1/auths/signup", body).await }
    }))
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((made.len(), refused.len()), (1, 49));
    assert_eq!(made[0].json()["role"], "admin");
    assert!(refused.iter().all(|answer| matches!(answer.status, 403 | 429)));
    assert_eq!(server.store.count_users().await.unwrap(), 1);
}

#[actix_web::test]
async fn where_signing_up_stays_open_later_accounts_get_the_default_role() {
    let accounts = AccountsConfig { enable_signup: true, ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    let answers = join_all((0..10).map(|n| {
        let anyone = server.anonymous();
        async move {
            anyone.post("/api/v1/auths/signup", json!({"name": "x", "email": format!("u{n}@example.com"), "password": PASSWORD})).await.ok()
        }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer["role"] == "admin").count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer["role"] == "pending").count(), 9);
}

#[actix_web::test]
async fn a_session_says_who_and_what_and_comes_as_a_cookie_too() {
    let server = Server::start().await;
    server.admin().await;
    let answer = server.anonymous().post("/api/v1/auths/signin", json!({"email": "Admin@Example.com", "password": PASSWORD})).await;
    let session = answer.ok();
    assert_eq!((text(&session["email"]), text(&session["role"]), text(&session["token_type"])), (ADMIN, "admin", "Bearer"));
    assert_eq!(text(&session["profile_image_url"]), format!("/api/v1/users/{}/profile/image", text(&session["id"])));
    assert!(session["expires_at"].is_i64() && session["permissions"]["features"]["api_keys"] == false);
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with(&format!("token={}", text(&session["token"]))), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let own = server.bearer(text(&session["token"])).get("/api/v1/auths/").await.ok();
    assert_eq!((&own["id"], &own["token"], &own["expires_at"]), (&session["id"], &session["token"], &session["expires_at"]));
    assert!(own.get("bio").is_some_and(serde_json::Value::is_null));
}

#[actix_web::test]
async fn the_cookie_is_secure_where_that_is_asked_for() {
    let accounts = AccountsConfig { cookie_secure: true, ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    let answer = server.anonymous().post("/api/v1/auths/signup", json!({"name": "A", "email": ADMIN, "password": PASSWORD})).await;
    assert!(answer.header("set-cookie").expect("a cookie").contains("Secure"));
}

#[actix_web::test]
async fn an_unknown_address_and_a_wrong_password_are_one_answer() {
    let server = Server::start().await;
    server.admin().await;
    let wrong = server.anonymous().post("/api/v1/auths/signin", json!({"email": ADMIN, "password": "wrong"})).await;
    for email in ["nobody@example.com", "not an address", ""] {
        let unknown = server.anonymous().post("/api/v1/auths/signin", json!({"email": email, "password": "wrong"})).await;
        assert_eq!(unknown.refused(400), wrong.refused(400), "{email}");
    }
}

#[actix_web::test]
async fn the_sixteenth_wrong_password_of_an_account_is_not_looked_at() {
    let server = Server::start().await;
    server.admin().await;
    let guess = |email: &'static str| {
        let anyone = server.anonymous();
        async move { anyone.post("/api/v1/auths/signin", json!({"email": email, "password": "wrong"})).await }
    };
    for _ in 0..15 {
        guess(ADMIN).await.refused(400);
    }
    guess(ADMIN).await.refused(429);
    let right = server.anonymous().post("/api/v1/auths/signin", json!({"email": ADMIN, "password": PASSWORD})).await;
    assert!(right.refused(429).contains("wait"));
    guess("other@example.com").await.refused(400);
}

#[actix_web::test]
async fn a_stranger_who_guesses_locks_nobody_out_but_the_own_address() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let stranger = server.anonymous().coming_from("127.0.0.2");
    let guess = || stranger.post("/api/v1/auths/signin", json!({"email": ADMIN, "password": "wrong"}));
    for _ in 0..15 {
        guess().await.refused(400);
    }
    let refused = guess().await;
    refused.refused(429);
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| (1..=180).contains(&seconds))));
    admin.get("/api/v1/users/").await.ok();
    server.sign_in(ADMIN, PASSWORD).await.get("/api/v1/users/").await.ok();
}

#[actix_web::test]
async fn an_address_that_signs_in_too_fast_is_refused_and_no_other() {
    let sign_ins = SignInLimits { burst: 3, per_second: 0 };
    let server = Server::with(Setup { accounts: AccountsConfig { sign_ins, ..AccountsConfig::default() }, ..Setup::default() }).await;
    let admin = server.admin().await;
    let attempt = |n: usize| {
        server.anonymous().post_owned("/api/v1/auths/signin", json!({"email": format!("u{n}@example.com"), "password": "wrong"}))
    };
    attempt(1).await.refused(400);
    attempt(2).await.refused(400);
    let refused = attempt(3).await;
    refused.refused(429);
    assert!(refused.header("retry-after").is_some());
    admin.get("/api/v1/users/").await.ok();
    let elsewhere = server.anonymous().coming_from("127.0.0.2");
    elsewhere.post("/api/v1/auths/signin", json!({"email": ADMIN, "password": PASSWORD})).await.ok();
}

#[actix_web::test]
async fn a_flood_of_sign_ins_is_shed_at_once_and_stops_nobody_who_is_signed_in() {
    let accounts = AccountsConfig { passwords: Passwords::new(1, 2), ..AccountsConfig::default() };
    let server = Server::with(Setup { accounts, ..Setup::default() }).await;
    let admin = server.admin().await;
    let flood = join_all((0..100).map(|n| {
        server.anonymous().post_owned("/api/v1/auths/signin", json!({"email": format!("u{n}@example.com"), "password": "wrong"}))
    }));
    let (answers, beside) = futures_util::join!(flood, admin.get("/api/v1/users/"));
    beside.ok();
    let (shed, looked_at): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 429);
    assert!(!shed.is_empty() && shed.iter().all(|answer| answer.header("retry-after").is_some()));
    assert!(!looked_at.is_empty() && looked_at.iter().all(|answer| answer.status == 400));
    server.sign_in(ADMIN, PASSWORD).await;
}

#[actix_web::test]
async fn a_new_password_has_eight_characters_wherever_it_is_set() {
    let server = Server::start().await;
    let short = |email: &str| json!({"name": "X", "email": email, "password": "1234567"});
    assert!(server.anonymous().post("/api/v1/auths/signup", short(ADMIN)).await.refused(400).contains("8 characters"));
    let admin = server.admin().await;
    admin.post("/api/v1/auths/add", short("x@example.com")).await.refused(400);
    let (_, id) = server.account(&admin, "bob", "user").await;
    admin.post(&format!("/api/v1/users/{id}/update"), json!({"password": "1234567"})).await.refused(400);
    server.sign_in("bob@example.com", PASSWORD).await;
}

#[actix_web::test]
async fn signing_out_ends_the_session_at_once_and_no_other() {
    let server = Server::start().await;
    let first = server.admin().await;
    let second = server.sign_in(ADMIN, PASSWORD).await;
    first.get("/api/v1/users/").await.ok();
    let answer = first.post("/api/v1/auths/signout", json!({})).await;
    assert_eq!(answer.ok(), json!({"status": true}));
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.starts_with("token=;") && cookie.contains("Max-Age=0")));
    first.get("/api/v1/users/").await.refused(401);
    second.get("/api/v1/users/").await.ok();
    server.anonymous().post("/api/v1/auths/signout", json!({})).await.ok();
}

#[actix_web::test]
async fn a_new_password_ends_every_session() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, _) = server.account(&admin, "bob", "user").await;
    let other = server.sign_in("bob@example.com", PASSWORD).await;
    let change = |password: &str, new: &str| json!({"password": password, "new_password": new});
    user.post("/api/v1/auths/update/password", change("wrong", "a new one")).await.refused(400);
    for unfit in ["", "x", "1234567"] {
        user.post("/api/v1/auths/update/password", change(PASSWORD, unfit)).await.refused(400);
    }
    assert_eq!(user.post("/api/v1/auths/update/password", change(PASSWORD, "a new one")).await.ok(), json!(true));
    for session in [user, other] {
        session.get("/api/v1/auths/").await.refused(401);
    }
    server.anonymous().post("/api/v1/auths/signin", json!({"email": "bob@example.com", "password": PASSWORD})).await.refused(400);
    server.sign_in("bob@example.com", "a new one").await.get("/api/v1/auths/").await.ok();
}

#[actix_web::test]
async fn a_profile_has_a_name_and_a_picture_of_our_own() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let pixel = "data:image/png;base64,iVBORw0KGgo=";
    let own = admin.post("/api/v1/auths/update/profile", json!({"name": "Ada", "profile_image_url": pixel})).await.ok();
    assert_eq!((text(&own["name"]), text(&own["profile_image_url"])), ("Ada", pixel));
    assert_eq!(admin.get("/api/v1/auths/").await.ok()["name"], "Ada");
    let picture = admin.get(&format!("/api/v1/users/{}/profile/image", text(&own["id"]))).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/png")));
    let foreign = json!({"name": "Ada", "profile_image_url": "https://evil.example/track.png"});
    admin.post("/api/v1/auths/update/profile", foreign).await.refused(422);
}

#[actix_web::test]
async fn the_hash_of_an_imported_account_is_made_anew_at_its_first_sign_in() {
    let server = Server::start().await;
    server.admin().await;
    let password_hash = bcrypt::hash("open sesame", 4).unwrap();
    let new = NewUser { email: "old@example.com".into(), name: "Old".into(), password_hash, profile_image_url: String::new() };
    let id = server.store.create_user(new, Role::User).await.unwrap().id;
    let first = server.sign_in("old@example.com", "open sesame").await;
    let hash = server.store.credentials_by_id(&id).await.unwrap().expect("an account").password_hash;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    first.get("/api/v1/auths/").await.ok();
    server.sign_in("old@example.com", "open sesame").await.get("/api/v1/auths/").await.ok();
}

#[actix_web::test]
async fn accounts_are_added_by_administrators_alone() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, _) = server.account(&admin, "bob", "user").await;
    let new = |email: &str, role: &str| json!({"name": "X", "email": email, "password": PASSWORD, "role": role});
    user.post("/api/v1/auths/add", new("x@example.com", "admin")).await.refused(401);
    server.anonymous().post("/api/v1/auths/add", new("x@example.com", "admin")).await.refused(401);
    admin.post("/api/v1/auths/add", new(ADMIN, "user")).await.refused(400);
    admin.post("/api/v1/auths/add", new("nope", "user")).await.refused(400);
    admin.post("/api/v1/auths/add", new("x@example.com", "king")).await.refused(400);
    let added = admin.post("/api/v1/auths/add", json!({"name": "X", "email": "x@example.com", "password": PASSWORD})).await.ok();
    assert_eq!((text(&added["role"]), text(&added["token_type"])), ("pending", "Bearer"));
}

#[actix_web::test]
async fn the_settings_of_accounts_are_the_administrators_and_work_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (user, _) = server.account(&admin, "bob", "user").await;
    user.get("/api/v1/auths/admin/config").await.refused(401);
    user.post("/api/v1/auths/admin/config", json!({"ENABLE_SIGNUP": true})).await.refused(401);
    assert_eq!(user.get("/api/v1/auths/admin/details").await.ok()["email"], ADMIN);
    let change = json!({"ENABLE_SIGNUP": true, "DEFAULT_USER_ROLE": "user", "JWT_EXPIRES_IN": "1h", "SHOW_ADMIN_DETAILS": false});
    let shown = admin.post("/api/v1/auths/admin/config", change).await.ok();
    assert_eq!((&shown["ENABLE_SIGNUP"], &shown["JWT_EXPIRES_IN"], &shown["ENABLE_API_KEYS"]), (&json!(true), &json!("1h"), &json!(true)));
    admin.post("/api/v1/auths/admin/config", json!({"JWT_EXPIRES_IN": "soon"})).await.refused(400);
    let eve = json!({"name": "Eve", "email": "eve@example.com", "password": PASSWORD});
    assert_eq!(server.anonymous().post("/api/v1/auths/signup", eve).await.ok()["role"], "user");
    user.get("/api/v1/auths/admin/details").await.refused(400);
    let secret = transom_auth::Secret::new("another start's secret, 0123456789");
    let again = transom_app::accounts::Accounts::open(server.store.clone(), &secret, AccountsConfig::default());
    assert_eq!(again.await.unwrap().settings(), server.app.accounts.settings());
}

#[actix_web::test]
async fn settings_of_accounts_that_are_changed_at_once_are_all_kept() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let changes = [
        json!({"ENABLE_SIGNUP": true}),
        json!({"DEFAULT_USER_ROLE": "user"}),
        json!({"JWT_EXPIRES_IN": "1h"}),
        json!({"SHOW_ADMIN_DETAILS": false}),
        json!({"ENABLE_API_KEYS": false}),
        json!({"ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS": true, "API_KEYS_ALLOWED_ENDPOINTS": "/api/models"}),
    ];
    for answer in join_all(changes.iter().map(|change| admin.post("/api/v1/auths/admin/config", change.clone()))).await {
        answer.ok();
    }
    let shown = admin.get("/api/v1/auths/admin/config").await.ok();
    for (name, value) in changes.iter().filter_map(|change| change.as_object()).flatten() {
        assert_eq!(&shown[name], value, "{name}");
    }
}
