//! The page that shows the description of the API, and tries it.

use fantoccini::Locator;
use serde_json::json;
use transom_testkit::Upstream;

use crate::browser::Browser;
use crate::place::{Place, until};

#[tokio::test]
async fn the_description_is_read_and_tried_with_a_key() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).with("ENV", "dev").with("ENABLE_API_KEYS", "true").into_server().await;
    let admin = server.client.sign_up().await;
    let (_, key) = admin.post("/api/v1/auths/api_key", &json!({})).await;
    let key = key["api_key"].as_str().unwrap().to_owned();

    let browser = Browser::start(&server).await;
    browser.open("/docs").await;
    browser.sees("Lists the models that the caller may use").await;
    browser.press("Authorize").await;
    browser.act("//input[@aria-label='auth-bearer-value']", async |field| field.send_keys(&key).await).await;
    browser.press("Apply credentials").await;
    browser.press("Close").await;

    let operation = "//*[@id='operations-default-get_models_api_models_get']";
    browser.act(&format!("{operation}//button[contains(@class, 'opblock-summary-control')]"), async |button| button.click().await).await;
    browser.act(&format!("{operation}//button[normalize-space()='Try it out']"), async |button| button.click().await).await;
    browser.act(&format!("{operation}//button[normalize-space()='Execute']"), async |button| button.click().await).await;
    let answer = format!("{operation}//*[contains(@class, 'live-responses-table')]");
    let shown = until("the answer is shown", async || {
        let text = browser.page.find(Locator::XPath(&answer)).await.ok()?.text().await.ok()?;
        text.contains("owned_by").then_some(text)
    })
    .await;
    assert!(shown.contains("200") && shown.contains("llama3.1:latest"), "{shown}");
    let script = "return performance.getEntriesByType('resource').every(entry => new URL(entry.name).origin === location.origin)";
    browser.holds("nothing came from elsewhere", script, Vec::new()).await;
    browser.finish().await;
}

#[tokio::test]
async fn without_env_dev_nothing_is_described() {
    let server = Place::bare().into_server().await;
    for path in ["/docs", "/docs/", "/docs/index.html", "/openapi.json"] {
        let (status, body) = server.client.get(path).await;
        assert_eq!((status.as_u16(), &body["detail"]), (404, &"there is nothing at this address".into()), "{path}");
    }
}
