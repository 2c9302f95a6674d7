//! The main job, from the first visit on.

use serde_json::json;
use transom_testkit::{Script, Upstream};

use crate::browser::Browser;
use crate::place::Place;

const MANUAL: &str = "The filter of the harbour pump is changed every six months. Turn the pump off first.";

#[tokio::test]
async fn from_the_first_visit_to_a_cited_answer_that_streams() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::start(&server).await;
    browser.open("/").await;
    browser.sees("This server is new").await;
    browser.write("Name", "Ann").await;
    browser.write("E-mail", "ann@example.com").await;
    browser.write("Password", "a good long one").await;
    browser.press("Create account").await;

    browser.press("Account").await;
    browser.press("Create API key").await;
    browser.sees("The key is ready.").await;
    let key = browser.page.execute("return document.querySelector('input.mono').value", Vec::new()).await.unwrap();
    let (status, models) = server.client.bearing(key.as_str().unwrap()).get("/api/models").await;
    assert_eq!(status, 200, "{models}");
    // The program on the page hides the key and names this server and a model of it.
    browser.sees("/api/chat/completions").await;
    browser.press("OpenAI SDK").await;
    browser.sees("from openai import OpenAI").await;
    let shown = browser.page.execute("return document.querySelector('.code pre').innerText", Vec::new()).await.unwrap();
    assert!(!shown.as_str().unwrap().contains(key.as_str().unwrap()), "{shown}");

    browser.press("Documents").await;
    browser.press("New collection").await;
    browser.write("Name", "Manuals").await;
    browser.press("Save").await;
    browser.sees("Nothing is in this collection yet").await;
    let folder = tempfile::tempdir().unwrap();
    let manual = folder.path().join("manual.txt");
    std::fs::write(&manual, MANUAL).unwrap();
    browser.give_files("input[type=file]", &[&manual]).await;
    browser.sees("Ready").await;

    upstream.script(Script::says(&["Every six", " months [1]."]).stepped());
    browser.press("Ask about it").await;
    browser.sees("Manuals").await;
    browser.choose("Model", "gpt-4-turbo").await;
    browser.write("What do you want to know?", "When is the filter of the pump changed?").await;
    browser.press("Ask").await;
    upstream.step(1);
    browser.sees("Every six").await;
    browser.sees("Stop").await;
    let early = browser.page.execute("return document.querySelector('.said').innerText", Vec::new()).await.unwrap();
    assert!(!early.as_str().unwrap().contains("months"), "{early}");
    upstream.step(20);
    browser.sees("months").await;
    browser.sees_no("Stop").await;
    let sent = &upstream.requests_of("/v1/chat/completions")[0].body;
    assert!(sent["stream"] == true && sent["messages"].to_string().contains("harbour pump"), "{sent}");

    browser.press("Source 1, manual.txt").await;
    let passage = "return document.querySelector('dialog .passage').innerText.includes(arguments[0])";
    browser.holds("the passage is shown", passage, vec![json!(MANUAL)]).await;
    browser.press("Show in the text").await;
    let marked = "return document.querySelector('mark')?.innerText === arguments[0]";
    browser.holds("the passage is marked in the text", marked, vec![json!(MANUAL)]).await;
    browser.finish().await;
}

#[tokio::test]
async fn the_request_that_is_shown_is_the_one_that_was_made() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    browser.choose("Model", "llama3.1:latest").await;
    browser.write("What do you want to know?", "Is it Ann's?").await;
    browser.press("Ask").await;
    browser.sees("You said: Is it Ann's?").await;
    browser.press("Show the request").await;
    browser.sees("\"model\": \"llama3.1:latest\"").await;
    browser.sees("Is it Ann'\\''s?").await;
    browser.finish().await;
}

#[tokio::test]
async fn a_model_that_fails_says_why_and_the_page_goes_on() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    upstream.script(Script::refuses(429, "too many questions today"));
    browser.choose("Model", "gpt-4-turbo").await;
    browser.write("What do you want to know?", "Why?").await;
    browser.press("Ask").await;
    browser.sees("too many questions today").await;
    upstream.unscript();
    browser.press("Ask").await;
    browser.sees("You said: Why?").await;
    browser.finish().await;
}
