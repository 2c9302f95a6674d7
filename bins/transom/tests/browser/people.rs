//! What administrators see of accounts, models and the server; and what others do not.

use serde_json::{Value, json};
use transom_testkit::Upstream;

use crate::browser::Browser;
use crate::client::{EMAIL, PASSWORD};
use crate::place::{Place, Server, until};

#[tokio::test]
async fn an_administrator_lets_somebody_in_and_opens_a_model_to_everyone() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    browser.press("Users").await;
    browser.press("Add user").await;
    browser.write("Name", "Bob").await;
    browser.write("E-mail", "bob@example.com").await;
    browser.write("Password", PASSWORD).await;
    browser.act("//dialog//button[contains(@class, 'main')]", async |button| button.click().await).await;
    browser.sees("bob@example.com").await;
    let bob = server.client.sign_in("bob@example.com", PASSWORD).await.unwrap();
    assert_eq!(bob.get("/api/models").await.1["data"], json!([]));
    browser.press("Models").await;
    browser.press("Who may use gpt-4-turbo: Administrators").await;
    browser.tick("Everyone with an account").await;
    browser.press("Save").await;
    browser.sees("Everyone").await;
    until("Bob has the model", async || (bob.get("/api/models").await.1["data"][0]["id"] == "gpt-4-turbo").then_some(())).await;
    browser.press("Users").await;
    browser.choose("Role of Bob", "admin").await;
    browser.sees("Administrators see and change everything").await;
    assert_eq!(bob.get("/api/v1/auths/").await.1["role"], "user", "nothing changes before it is confirmed");
    browser.press("Cancel").await;
    browser
        .holds(
            "the list shows the old role",
            "return document.querySelector('select[aria-label=\"Role of Bob\"]').value === 'user'",
            Vec::new(),
        )
        .await;
    browser.choose("Role of Bob", "admin").await;
    browser.press("Make administrator").await;
    until("Bob is an administrator", async || (role_of(&server, "bob@example.com").await == "admin").then_some(())).await;
    browser.press("Delete Bob").await;
    browser.act("//dialog//button[contains(@class, 'danger')]", async |button| button.click().await).await;
    browser.sees_no("bob@example.com").await;
    assert_eq!(bob.get("/api/models").await.0, 401);
    browser.finish().await;
}

/// The role that an administrator sees: a change of role ends the account's own sessions.
async fn role_of(server: &Server, email: &str) -> Value {
    let admin = server.client.sign_in(EMAIL, PASSWORD).await.unwrap();
    let users = admin.get("/api/v1/users/").await.1["users"].clone();
    users.as_array().unwrap().iter().find(|user| user["email"] == email).unwrap()["role"].clone()
}

#[tokio::test]
async fn health_says_which_connections_answer_and_what_waits() {
    let upstream = Upstream::start().await;
    let closed = transom_testkit::ClosedPort::start();
    let both = format!("{};{}", upstream.openai_url(), closed.base_url());
    let server = Place::with_upstream(&upstream).with("OPENAI_API_BASE_URLS", both).into_server().await;
    let browser = Browser::enter(&server).await;
    browser.press("Health").await;
    browser.sees("Jobs waiting").await;
    browser.sees("Does not answer").await;
    browser.sees("cannot be reached").await;
    browser.sees(&upstream.openai_url()).await;
    browser.press("Models").await;
    browser.sees("Does not answer").await;
    browser.finish().await;
}

#[tokio::test]
async fn who_is_no_administrator_is_shown_nothing_of_theirs() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let admin = server.client.sign_up().await;
    let account = json!({"name": "Bob", "email": "bob@example.com", "password": PASSWORD, "role": "user"});
    assert_eq!(admin.post("/api/v1/auths/add", &account).await.0, 200);
    let browser = Browser::start(&server).await;
    browser.open("/").await;
    browser.sign_in("bob@example.com", PASSWORD).await;
    browser.sees("There is no model that you may ask yet.").await;
    for text in ["Users", "Health"] {
        browser.sees_no(text).await;
    }
    for part in ["/#/users", "/#/health"] {
        browser.open(part).await;
        browser.sees("Try it").await;
        browser.sees_no("Jobs waiting").await;
    }
    browser.press("Models").await;
    browser.sees("No model is open to you yet.").await;
    browser.sees_no("Connections").await;
    browser.finish().await;
}
