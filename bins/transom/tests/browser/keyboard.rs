//! The page without a mouse.

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::json;

use crate::browser::Browser;
use crate::place::Place;

/// Sends a key to whatever has the focus.
async fn key(browser: &Browser, key: Key) {
    browser.page.active_element().await.unwrap().send_keys(&char::from(key).to_string()).await.unwrap();
}

/// Waits until what matches the selector has the focus.
async fn focus(browser: &Browser, css: &str) {
    browser.holds(&format!("{css} has the focus"), "return document.activeElement.matches(arguments[0])", vec![json!(css)]).await;
}

#[tokio::test]
async fn everything_is_reached_by_keyboard_and_the_focus_goes_where_one_goes_on() {
    let server = Place::bare().into_server().await;
    let browser = Browser::enter(&server).await;
    browser.page.refresh().await.unwrap();
    browser.sees("Sign out").await;
    key(&browser, Key::Tab).await;
    focus(&browser, "a.skip").await;
    key(&browser, Key::Enter).await;
    focus(&browser, "main").await;
    // A part that is chosen begins at its title.
    browser
        .page
        .find(Locator::Css("nav a[href='#/documents']"))
        .await
        .unwrap()
        .send_keys(&char::from(Key::Enter).to_string())
        .await
        .unwrap();
    browser.sees("No documents yet").await;
    focus(&browser, "h1").await;
    // A dialog takes the focus, and gives it back.
    let made = browser.page.find(Locator::Css(".shelf > button")).await.unwrap();
    made.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    focus(&browser, "dialog *").await;
    key(&browser, Key::Escape).await;
    focus(&browser, ".shelf > button").await;
    browser.finish().await;
}
