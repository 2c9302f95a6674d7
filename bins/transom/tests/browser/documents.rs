//! Uploads that fail, collections, and what a question finds.

use std::path::PathBuf;

use serde_json::json;
use transom_testkit::Upstream;

use crate::browser::Browser;
use crate::place::Place;

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_file_that_is_refused_or_cannot_be_read_says_why() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).with("RAG_ALLOWED_FILE_EXTENSIONS", "pdf,txt").into_server().await;
    let browser = Browser::enter(&server).await;
    browser.press("Documents").await;
    let folder = tempfile::tempdir().unwrap();
    let files = [
        file(&folder, "program.exe", "MZ"),
        file(&folder, "broken.pdf", "%PDF-1.4 nothing"),
        file(&folder, "good.txt", "It rained in May."),
    ];
    browser.give_files("input[type=file]", &[&files[0], &files[1], &files[2]]).await;
    browser.sees("Ready").await;
    browser.sees("Failed").await;
    browser.sees("This PDF is damaged").await;
    browser
        .holds("the refusal is announced", "return document.querySelector('[role=alert]')?.innerText.includes('not accepted')", Vec::new())
        .await;
    browser.press("Close the failed upload of program.exe").await;
    browser.sees_no("program.exe").await;
    browser.press("broken.pdf").await;
    browser.sees("Read it again").await;
    browser.finish().await;
}

/// Drags what matches the first selector onto what matches the second, or a new file where the first is empty.
const DRAG: &str = "const [from, to] = arguments; const data = new DataTransfer(); \
    if (from) document.querySelector(from).dispatchEvent(new DragEvent('dragstart', { bubbles: true, dataTransfer: data })); \
    else data.items.add(new File(['It snowed in January.'], 'january.txt', { type: 'text/plain' })); \
    for (const kind of ['dragover', 'drop']) document.querySelector(to).dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));";

#[tokio::test]
async fn files_are_dropped_on_the_page_and_dragged_into_a_collection() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    let admin = server.client.sign_in_admin().await;
    assert_eq!(admin.post("/api/v1/knowledge/create", &json!({"name": "Weather", "description": ""})).await.0, 200);
    browser.press("Documents").await;
    browser.sees("Weather").await;
    browser.page.execute(DRAG, vec![json!(""), json!(".drop")]).await.unwrap();
    browser.sees("Ready").await;
    browser.page.execute(DRAG, vec![json!(".files li"), json!(".shelf li:nth-child(2) a")]).await.unwrap();
    browser
        .holds("the collection has the file", "return document.querySelector('.shelf li:nth-child(2) small').innerText === '1'", Vec::new())
        .await;
    browser.finish().await;
}

#[tokio::test]
async fn collections_are_filled_by_choosing_and_asked_and_emptied_again() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let browser = Browser::enter(&server).await;
    browser.press("Documents").await;
    let folder = tempfile::tempdir().unwrap();
    let files = [file(&folder, "may.txt", "It rained in May."), file(&folder, "june.txt", "June was dry and hot.")];
    browser.give_files("input[type=file]", &[&files[0], &files[1]]).await;
    browser.holds("both are ready", "return document.querySelectorAll('.state .tag.good').length === 2", Vec::new()).await;
    browser.press("New collection").await;
    browser.write("Name", "Weather").await;
    browser.press("Save").await;
    browser.sees("Nothing is in this collection yet").await;
    browser.press("All documents").await;
    browser.tick("Choose may.txt").await;
    browser.press("Add to collection").await;
    browser.press("Add").await;
    browser
        .holds("the collection has one file", "return document.querySelector('.shelf li:nth-child(2) small').innerText === '1'", Vec::new())
        .await;
    browser.act("//nav[@aria-label='Collections']//a[contains(., 'Weather')]", async |link| link.click().await).await;
    browser.sees_no("june.txt").await;
    browser.write("Which passages does a question find?", "When did it rain?").await;
    browser.press("Find passages").await;
    browser.sees("Passages found: 1").await;
    browser.sees("It rained in May.").await;
    browser.press("Back to the files").await;
    browser.tick("Choose may.txt").await;
    browser.press("Remove from collection").await;
    browser.act("//dialog//button[contains(@class, 'danger')]", async |button| button.click().await).await;
    browser.sees("Nothing is in this collection yet").await;
    browser.press("Delete collection").await;
    browser.act("//dialog//button[contains(@class, 'danger')]", async |button| button.click().await).await;
    browser.sees("may.txt").await;
    browser.sees_no("Weather").await;
    browser.finish().await;
}

#[tokio::test]
async fn a_question_to_all_documents_goes_to_those_that_the_list_does_not_show_yet() {
    let upstream = Upstream::start().await;
    let server = Place::with_upstream(&upstream).into_server().await;
    let admin = server.client.sign_up().await;
    // The list begins with the newest thirty, so the first upload is not among them.
    let mut files = vec![admin.upload("first.txt", "The lighthouse was painted green.").await];
    for n in 0..31 {
        files.push(admin.upload(&format!("later-{n}.txt"), &format!("Note number {n} about something else.")).await);
    }
    for file in &files {
        admin.completed(file).await;
    }
    let browser = Browser::enter(&server).await;
    browser.press("Documents").await;
    browser.sees("30 of 32").await;
    browser.sees_no("first.txt").await;
    browser.write("Which passages does a question find?", "Which colour has the lighthouse?").await;
    browser.press("Find passages").await;
    browser.sees("The lighthouse was painted green.").await;
    browser.sees("first.txt").await;
    browser.finish().await;
}
