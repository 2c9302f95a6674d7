//! Every page, wide and narrow, light and dark: judged by axe-core, and photographed for the book where `UPDATE_PICTURES` is set.

use std::path::PathBuf;
use std::time::Duration;

use fantoccini::wd::TimeoutConfiguration;
use serde_json::json;
use transom_testkit::{Script, Upstream};

use crate::browser::Browser;
use crate::client::PASSWORD;
use crate::place::{PATIENCE, Place, Server};

const AXE: &str = include_str!("axe/axe.min.js");

/// What is wrong for somebody, and hard to live with.
const JUDGE: &str = "const done = arguments[arguments.length - 1]; axe.run(document).then(({ violations }) => done(violations \
    .filter(({ impact }) => ['serious', 'critical'].includes(impact)) \
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)), (error) => done([String(error)]))";

const SIZES: [(&str, u32, u32); 2] = [("wide", 1200, 800), ("narrow", 390, 780)];
const SCHEMES: [&str; 2] = ["light", "dark"];

const MANUAL: &str = "# Care\n\nThe filter is changed every six months. Turn the unit off at the wall first, then open the front panel \
    with both hands.\n\n# Rinsing\n\nRinse the new filter before use, as a dry one lets dust through. The panel clicks when it is closed.\n";
const REPORT: &str = "Filters were ordered twice in 2026, in March and in September. Each order was of forty pieces.\n";

#[tokio::test]
async fn no_page_has_anything_serious_against_it() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::start(&server).await;
    let timeouts = TimeoutConfiguration::new(Some(PATIENCE), Some(PATIENCE), Some(Duration::ZERO));
    browser.page.update_timeouts(timeouts).await.unwrap();
    browser.open("/").await;
    browser.sees("Welcome").await;
    look(&browser, "welcome").await;
    let file = furnish(&server).await;
    browser.open("/#/ask").await;
    browser.page.refresh().await.unwrap();
    browser.sign_in(crate::client::EMAIL, PASSWORD).await;
    browser.sees("The answer appears here.").await;

    upstream.script(Script::says(&[
        "The filter is changed **every six months** [1]. Turn the unit off at the wall, then open the front panel with both hands [1].\n\n",
        "1. Take the old filter out.\n2. Rinse the new one, as a dry one lets dust through [1].\n3. Close the panel until it clicks.\n\n",
        "Forty pieces were ordered in March [2].",
    ]));
    browser.open(&format!("/#/ask?file={file}")).await;
    browser.press("Attach documents").await;
    browser.act("//dialog//label[contains(., 'orders.txt')]", async |label| label.click().await).await;
    judge(&browser, "the choice of documents").await;
    browser.press("Attach").await;
    browser.choose("Model", "gpt-4-turbo").await;
    browser.write("What do you want to know?", "How do I change the filter?").await;
    browser.press("Ask").await;
    browser.sees("Forty pieces").await;
    browser.sees_no("Stop").await;
    browser.press("Show the request").await;
    judge(&browser, "the request").await;
    browser.press("Show the request").await;
    look(&browser, "ask").await;
    browser.press("Source 1, manual.md").await;
    browser.holds("the passage is shown", "return !!document.querySelector('dialog .passage')", Vec::new()).await;
    look(&browser, "citation").await;

    browser.open(&format!("/#/text?file={file}&at=0&length=120")).await;
    browser.holds("the passage is marked", "return !!document.querySelector('mark')", Vec::new()).await;
    look(&browser, "document").await;
    for (part, words) in [
        ("documents", "damaged"),
        ("models", "Connections"),
        ("account", "Use it in a program"),
        ("users", "Last seen"),
        ("health", "What is stored"),
    ] {
        browser.open(&format!("/#/{part}")).await;
        browser.sees(words).await;
        look(&browser, part).await;
    }
    browser.finish().await;
}

/// Documents in collections, one of them broken, and people. The id of a document.
async fn furnish(server: &Server) -> String {
    let admin = server.client.sign_up().await;
    let manual = admin.upload("manual.md", MANUAL).await;
    let orders = admin.upload("orders.txt", REPORT).await;
    let broken = admin.upload_bytes("scan-0412.pdf", "application/pdf", b"%PDF-1.4 nothing".to_vec()).await;
    for (name, files) in [("Manuals", vec![&manual]), ("Reports 2026", vec![&orders, &manual])] {
        let (status, collection) =
            admin.post("/api/v1/knowledge/create", &json!({"name": name, "description": "What came with the machines"})).await;
        assert_eq!(status, 200, "{collection}");
        for file in files {
            admin.completed(file).await;
            let add = format!("/api/v1/knowledge/{}/file/add", collection["id"].as_str().unwrap());
            assert_eq!(admin.post(&add, &json!({"file_id": file})).await.0, 200);
        }
    }
    crate::place::until("the broken file has failed", async || (admin.status_of(&broken).await == "failed").then_some(())).await;
    for (name, role) in [("Bruno Keller", "user"), ("Chloé Martin", "pending")] {
        let email = format!("{}@example.com", name.split(' ').next().unwrap().to_lowercase().replace('é', "e"));
        let account = json!({"name": name, "email": email, "password": PASSWORD, "role": role});
        assert_eq!(admin.post("/api/v1/auths/add", &account).await.0, 200);
    }
    admin.post("/api/v1/auths/api_key", &json!({})).await;
    manual
}

/// Judges the page in every size and colour, and takes its pictures.
async fn look(browser: &Browser, name: &str) {
    for (size, width, height) in SIZES {
        browser.resize(width, height).await;
        for scheme in SCHEMES {
            browser.devtools("Emulation.setEmulatedMedia", json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]})).await;
            judge(browser, &format!("{name}, {size}, {scheme}")).await;
            let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
            assert_eq!(browser.page.execute(fits, Vec::new()).await.unwrap(), json!(true), "{name} is wider than the window, {size}");
            if std::env::var_os("UPDATE_PICTURES").is_some() {
                photograph(browser, &format!("{name}-{size}-{scheme}")).await;
            }
        }
    }
    browser.resize(SIZES[0].1, SIZES[0].2).await;
}

async fn judge(browser: &Browser, what: &str) {
    browser.page.execute(AXE, Vec::new()).await.unwrap();
    let found = browser.page.execute_async(JUDGE, Vec::new()).await.unwrap();
    assert_eq!(found, json!([]), "{what}");
}

async fn photograph(browser: &Browser, name: &str) {
    // The pointer of the last click would leave something underlined.
    browser.devtools("Input.dispatchMouseEvent", json!({"type": "mouseMoved", "x": 1, "y": 1})).await;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/console");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.png")), browser.page.screenshot().await.unwrap()).unwrap();
}
