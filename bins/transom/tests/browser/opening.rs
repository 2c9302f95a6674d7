//! That there is a page, and what it is sent with.

use transom_testkit::Upstream;

use crate::browser::Browser;
use crate::place::Place;

#[tokio::test]
async fn the_page_opens_and_keeps_to_its_policy() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::start(&server).await;
    browser.open("/").await;
    browser.sees("Transom").await;
    browser.finish().await;
}

#[tokio::test]
async fn without_the_console_there_is_no_page_and_the_api_is_as_it_was() {
    let server = Place::bare().with("ENABLE_CONSOLE", "false").into_server().await;
    for path in ["/", "/console/app.js"] {
        let (status, body) = server.client.get(path).await;
        assert_eq!((status.as_u16(), &body["detail"]), (404, &"there is nothing at this address".into()), "{path}");
    }
    assert_eq!(server.client.get("/api/config").await.0, 200);
}

#[tokio::test]
async fn with_the_console_unknown_addresses_are_json_as_before() {
    let server = Place::bare().into_server().await;
    for path in ["/api/v1/nothing", "/nothing", "/console/nothing.js"] {
        let (status, body) = server.client.get(path).await;
        assert_eq!((status.as_u16(), &body["detail"]), (404, &"there is nothing at this address".into()), "{path}");
    }
}
