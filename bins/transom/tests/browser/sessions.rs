//! Signing in, and sessions that end.

use serde_json::json;

use crate::browser::Browser;
use crate::client::{EMAIL, PASSWORD};
use crate::place::Place;

#[tokio::test]
async fn who_gives_a_wrong_password_is_told_so_and_may_try_again() {
    let server = Place::bare().into_server().await;
    server.client.sign_up().await;
    let browser = Browser::start(&server).await;
    browser.open("/#/account").await;
    browser.sign_in(EMAIL, "not the password").await;
    browser.holds("the refusal is announced", "return !!document.querySelector('[role=alert]')?.innerText", Vec::new()).await;
    browser.sign_in(EMAIL, PASSWORD).await;
    // And is where the address says.
    browser.sees("Create API key").await;
    browser.finish().await;
}

#[tokio::test]
async fn a_session_that_ends_comes_back_to_where_one_was_and_nothing_typed_is_lost() {
    let server = Place::bare().into_server().await;
    let admin = server.client.sign_up().await;
    let browser = Browser::enter(&server).await;
    browser.press("Account").await;
    browser.write("Name", "Ann the Second").await;
    let (_, own) = admin.get("/api/v1/auths/").await;
    let revoke = format!("/api/v1/users/{}/sessions/revoke", own["id"].as_str().unwrap());
    // A moment on: sessions that began in the same second as the revocation outlive it.
    crate::place::until("the sessions are over", async || {
        admin.post(&revoke, &json!({})).await;
        (admin.get("/api/v1/auths/").await.0 == 401).then_some(())
    })
    .await;
    browser.press("Create API key").await;
    browser.sees("Your session has ended").await;
    browser.write("Password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees_no("Your session has ended").await;
    browser
        .holds(
            "what was typed is there",
            "return [...document.querySelectorAll('[name=name]')].some((field) => field.value === 'Ann the Second')",
            Vec::new(),
        )
        .await;
    browser.press("Create API key").await;
    browser.sees("The key is ready.").await;
    browser.page.delete_all_cookies().await.unwrap();
    browser.page.refresh().await.unwrap();
    browser.sees("Your session has ended").await;
    browser.sign_in(EMAIL, PASSWORD).await;
    browser.sees("Replace key").await;
    browser.press("Sign out").await;
    browser.sees_no("Replace key").await;
    browser.sees_no("Your session has ended").await;
    browser.finish().await;
}

#[tokio::test]
async fn the_page_speaks_the_language_that_one_chooses() {
    let server = Place::bare().into_server().await;
    let browser = Browser::enter(&server).await;
    for (language, words) in [("fr", "Se déconnecter"), ("zh", "退出登录"), ("pt", "Sair"), ("es", "Cerrar sesión"), ("ko", "로그아웃")]
    {
        browser
            .act("//header//select", async |list| list.select_by(fantoccini::Locator::Css(&format!("option[value={language}]"))).await)
            .await;
        browser.sees(words).await;
        browser.holds("the page says its language", "return document.documentElement.lang === arguments[0]", vec![json!(language)]).await;
    }
    browser.page.refresh().await.unwrap();
    browser.sees("로그아웃").await;
    browser.finish().await;
}

#[tokio::test]
async fn who_waits_for_an_administrator_is_told_so() {
    let server = Place::bare().into_server().await;
    let admin = server.client.sign_up().await;
    let account = json!({"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "role": "pending"});
    assert_eq!(admin.post("/api/v1/auths/add", &account).await.0, 200);
    let browser = Browser::start(&server).await;
    browser.open("/").await;
    browser.sign_in("bob@example.com", PASSWORD).await;
    browser.sees("An administrator has to let bob@example.com in first.").await;
    browser.finish().await;
}
