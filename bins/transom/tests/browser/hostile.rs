//! Names and answers that would be markup somewhere else.

use serde_json::json;
use transom_testkit::{Script, Upstream};

use crate::browser::Browser;
use crate::place::Place;

/// Without double quotes, which browsers write as `%22` into the form of an upload.
const NAME: &str = "<img src=x onerror=document.title='owned'>.txt";
const ANSWER: &str = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><b>bold</b> [1] \
                      [a](javascript:document.title='owned')";

#[tokio::test]
async fn a_file_and_an_answer_that_hold_markup_are_shown_as_they_are() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    browser.press("Documents").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    std::fs::write(&file, "<h1>It rained</h1> in <i>May</i>.").unwrap();
    browser.give_files("input[type=file]", &[&file]).await;
    browser.sees("Ready").await;
    browser.sees(NAME).await;
    browser.act("//a[contains(., '<img') and contains(., 'onerror')]", async |link| link.click().await).await;
    browser.sees("<h1>It rained</h1>").await;
    browser.press("Ask about it").await;
    browser.sees(NAME).await;
    upstream.script(Script::says(&[ANSWER]));
    browser.choose("Model", "gpt-4-turbo").await;
    browser.write("What do you want to know?", "<b>When</b> did it rain?").await;
    browser.press("Ask").await;
    browser.sees("<script>document.title='owned'</script>").await;
    browser.sees("<b>When</b> did it rain?").await;
    browser.act("//button[starts-with(@aria-label, 'Source 1')]", async |button| button.click().await).await;
    browser.holds("the passage is shown", "return !!document.querySelector('dialog .passage')", Vec::new()).await;
    let made = "return document.querySelectorAll('main img, dialog img, main script, main b, main h1 *, main i:not(.switch i), a[href^=javascript]').length";
    assert_eq!(browser.page.execute(made, Vec::new()).await.unwrap(), json!(0));
    assert_ne!(browser.page.title().await.unwrap(), "owned");
    browser.finish().await;
}
