//! Texts, pages and files on their way into collections.

use actix_web::web::{self, Path};
use actix_web::{App, HttpResponse, HttpServer};
use reqwest::Method;
use serde_json::{Value, json};
use transom_app::files::FilesConfig;

use crate::house::{House, grant};

const TEXT: &str = "The Treaty of Westphalia was signed in 1648.";

/// A web site on the loopback.
struct Site {
    base: String,
    server: actix_web::dev::ServerHandle,
}

impl Site {
    fn start() -> Self {
        let page = |path: Path<String>| async move {
            match path.as_str() {
                "treaty.html" => HttpResponse::Ok()
                    .content_type("text/html; charset=iso-8859-1")
                    .body(b"<html><script>no()</script><h1>Trait\xe9</h1><p>The treaty was signed in 1648.</p></html>".to_vec()),
                "empty.html" => HttpResponse::Ok().content_type("text/html").body("<html><script>no()</script></html>"),
                "metadata" => HttpResponse::Found().insert_header(("location", "http://169.254.169.254/latest/")).finish(),
                _ => HttpResponse::NotFound().finish(),
            }
        };
        let server = HttpServer::new(move || App::new().route("/{path}", web::get().to(page)));
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { base, server: handle }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn members(house: &House, collection: &str) -> Vec<Value> {
    house.admin.get(&format!("/api/v1/knowledge/{collection}/files")).await["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_text_becomes_a_file_that_can_be_asked() {
    let house = House::new().await;
    let made = house.admin.post("/api/v1/retrieval/process/text", json!({"name": "treaty.txt", "content": TEXT})).await;
    assert_eq!((&made["status"], &made["content"]), (&json!(true), &json!(TEXT)));
    let name = made["collection_name"].as_str().unwrap();
    let found = house.admin.post("/api/v1/retrieval/query/doc", json!({"collection_name": name, "query": "treaty", "k": 1})).await;
    assert_eq!(found["documents"][0][0], TEXT);
    let id = made["file_id"].as_str().unwrap();
    assert_eq!(house.admin.get(&format!("/api/v1/files/{id}")).await["filename"], "treaty.txt");
}

#[tokio::test]
async fn a_text_goes_into_a_collection_that_the_caller_may_write_and_no_other() {
    let house = House::new().await;
    let eve = house.user("eve").await;
    let collection = house.admin.collection(&[], json!([])).await;
    let text = json!({"name": "a.txt", "content": TEXT, "collection_name": collection});
    assert_eq!(eve.send("/api/v1/retrieval/process/text", text.clone()).await.0, 404, "it may not see the collection");
    house
        .admin
        .post(&format!("/api/v1/knowledge/{collection}/access/update"), json!({"access_grants": grant(&eve.id().await, "read")}))
        .await;
    assert_eq!(eve.send("/api/v1/retrieval/process/text", text.clone()).await.0, 403, "it may not write it");
    let unknown = json!({"name": "a.txt", "content": TEXT, "collection_name": "my-own-name"});
    assert_eq!(eve.send("/api/v1/retrieval/process/text", unknown).await.0, 404);
    assert_eq!(house.stored().await, 0, "what is refused leaves nothing");
    assert_eq!(house.admin.post("/api/v1/retrieval/process/text", text).await["collection_name"], json!(collection));
    assert_eq!(members(&house, &collection).await.len(), 1);
    assert_eq!(house.visitor().send("/api/v1/retrieval/process/text", json!({"name": "a", "content": "b"})).await.0, 401);
}

#[tokio::test]
async fn a_text_without_words_leaves_nothing() {
    let house = House::new().await;
    for content in ["", " \n "] {
        let (status, body) = house.admin.send("/api/v1/retrieval/process/text", json!({"name": "a.txt", "content": content})).await;
        assert_eq!(status, 400, "{body}");
    }
    assert_eq!(house.admin.get("/api/v1/files/count").await, json!(0));
}

#[tokio::test]
async fn a_page_becomes_a_file_in_the_encoding_that_its_server_says() {
    let (house, site) = (House::new().await, Site::start());
    let url = site.url("treaty.html");
    let made = house.admin.post("/api/v1/retrieval/process/web", json!({"url": url})).await;
    assert_eq!((&made["status"], &made["filename"], &made["file"]["meta"]["source"]), (&json!(true), &json!(url), &json!(url)));
    let content = made["file"]["data"]["content"].as_str().unwrap();
    assert!(content.contains("Traité") && content.contains("1648") && !content.contains("no()"), "{content}");
    let file = house.admin.get(&format!("/api/v1/files/{}", made["file_id"].as_str().unwrap())).await;
    assert_eq!((&file["filename"], &file["meta"]["data"]["source"]), (&json!("treaty.html"), &json!(url)));
}

#[tokio::test]
async fn a_page_can_be_read_without_being_kept() {
    let (house, site) = (House::new().await, Site::start());
    let look = "/api/v1/retrieval/process/web?process=false";
    let seen = house.admin.post(look, json!({"url": site.url("treaty.html")})).await;
    assert!(seen["content"].as_str().unwrap().contains("Traité"), "{seen}");
    assert_eq!(seen["status"], true);
    assert_eq!((house.stored().await, house.admin.get("/api/v1/files/count").await), (0, json!(0)));
}

#[tokio::test]
async fn a_page_that_is_fetched_again_takes_the_place_of_the_earlier_one() {
    let (house, site) = (House::new().await, Site::start());
    let collection = house.admin.collection(&[], json!([])).await;
    let body = json!({"url": site.url("treaty.html"), "collection_name": collection});
    for (query, expected) in [("", 1), ("", 1), ("?overwrite=false", 2)] {
        house.admin.post(&format!("/api/v1/retrieval/process/web{query}"), body.clone()).await;
        assert_eq!(members(&house, &collection).await.len(), expected, "{query}");
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_fetched_or_read_is_a_clear_error_and_leaves_nothing() {
    let (house, site) = (House::new().await, Site::start());
    for url in [
        site.url("missing"),
        site.url("empty.html"),
        site.url("metadata"),
        "http://169.254.169.254/".into(),
        "file:///etc/passwd".into(),
        "x".into(),
    ] {
        for query in ["", "?process=false"] {
            let (status, body) = house.admin.send(&format!("/api/v1/retrieval/process/web{query}"), json!({"url": url})).await;
            assert_eq!(status, 400, "{url}: {body}");
            assert!(body["detail"].is_string());
        }
    }
    assert_eq!(house.admin.get("/api/v1/files/count").await, json!(0));
}

#[tokio::test]
async fn private_addresses_are_closed_unless_they_are_opened() {
    let (house, site) = (House::closed().await, Site::start());
    for query in ["", "?process=false"] {
        let (status, body) =
            house.admin.send(&format!("/api/v1/retrieval/process/web{query}"), json!({"url": site.url("treaty.html")})).await;
        assert_eq!(status, 400, "{body}");
        assert!(!body.to_string().contains("1648"));
    }
}

#[tokio::test]
async fn who_may_not_fetch_pages_does_not() {
    let (house, site) = (House::new().await, Site::start());
    let eve = house.user("eve").await;
    let url = json!({"url": site.url("treaty.html")});
    assert_eq!(house.visitor().send("/api/v1/retrieval/process/web", url.clone()).await.0, 401);
    house.admin.post("/api/v1/users/default/permissions", json!({"chat": {"web_upload": false, "file_upload": true}})).await;
    for query in ["", "?process=false"] {
        assert_eq!(eve.send(&format!("/api/v1/retrieval/process/web{query}"), url.clone()).await.0, 403);
    }
}

#[tokio::test]
async fn a_page_may_be_as_large_as_a_file() {
    let site = Site::start();
    let house = House::with(FilesConfig { max_size: Some(20), ..FilesConfig::default() }).await;
    let (status, body) = house.admin.send("/api/v1/retrieval/process/web", json!({"url": site.url("treaty.html")})).await;
    assert_eq!(status, 413, "{body}");
    assert_eq!(house.stored().await, 0);
}

#[tokio::test]
async fn a_batch_tells_of_each_file_what_became_of_it() {
    let house = House::new().await;
    let eve = house.user("eve").await;
    let collection = house.admin.collection(&[], json!([])).await;
    let good = house.admin.upload("good.txt", TEXT).await;
    let unread = house.admin.try_upload("unread.txt", "text/plain", TEXT.as_bytes(), "?process=false").await.1["id"].clone();
    let (_, bad) = house.admin.try_upload("bad.pdf", "application/pdf", b"%PDF-1.4 garbage", "?process_in_background=false").await;
    let eves = eve.upload("eve.txt", TEXT).await;
    let files = [json!(good), unread.clone(), bad["id"].clone(), json!("nope")].map(|id| json!({"id": id, "filename": "x"}));
    let body = json!({"files": files, "collection_name": collection});
    let answer = house.admin.post("/api/v1/retrieval/process/files/batch", body.clone()).await;
    assert_eq!(
        answer["results"],
        json!([{"file_id": good, "status": "completed", "error": null}, {"file_id": unread, "status": "completed", "error": null}])
    );
    let failed: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|error| &error["file_id"]).collect();
    assert_eq!(failed, [&bad["id"], &json!("nope")]);
    assert_eq!(members(&house, &collection).await.len(), 2);
    assert_eq!(eve.send("/api/v1/retrieval/process/files/batch", body).await.0, 404, "it may not see the collection");
    let own = eve.collection(&[], json!([])).await;
    let mixed = json!({"files": [{"id": good}, {"id": eves}], "collection_name": own});
    let answer = eve.post("/api/v1/retrieval/process/files/batch", mixed).await;
    assert_eq!((&answer["results"][0]["file_id"], &answer["errors"][0]["file_id"]), (&json!(eves), &json!(good)));
}

#[tokio::test]
async fn hundreds_of_files_are_added_at_once_or_none() {
    let house = House::new().await;
    let collection = house.admin.collection(&[], json!([])).await;
    let mut files = Vec::new();
    for n in 0..300 {
        let (_, body) = house.admin.try_upload(&format!("{n}.txt"), "text/plain", format!("note number {n}").as_bytes(), "").await;
        files.push(json!({"file_id": body["id"]}));
    }
    let path = format!("/api/v1/knowledge/{collection}/files/batch/add");
    let mut with_one_too_many = files.clone();
    with_one_too_many.push(json!({"file_id": "nope"}));
    assert_eq!(house.admin.send(&path, json!(with_one_too_many)).await.0, 404);
    assert_eq!(house.admin.get(&format!("/api/v1/knowledge/{collection}/files")).await["total"], 0);
    assert_eq!(house.admin.post(&path, json!(files)).await["files"].as_array().unwrap().len(), 300);
    let eve = house.user("eve").await;
    assert_eq!(eve.send(&path, json!(files)).await.0, 404);
}

#[tokio::test]
async fn a_file_is_taken_out_of_a_collection_by_an_administrator() {
    let house = House::new().await;
    let eve = house.user("eve").await;
    let id = house.admin.upload("a.txt", TEXT).await;
    let collection = house.admin.collection(&[&id], json!([])).await;
    let path = "/api/v1/retrieval/delete";
    let body = json!({"collection_name": collection, "file_id": id});
    assert_eq!(eve.send(path, body.clone()).await.0, 401);
    assert_eq!(house.admin.post(path, body.clone()).await, json!({"status": true}));
    assert_eq!(house.admin.send(path, body).await.0, 404, "it is out already");
    for (name, file) in [("nope", id.as_str()), (collection.as_str(), "nope")] {
        assert_eq!(house.admin.send(path, json!({"collection_name": name, "file_id": file})).await.0, 404);
    }
    assert_eq!(house.admin.call(Method::GET, &format!("/api/v1/files/{id}")).await.0, 200, "the file stays");
    assert_eq!(house.admin.send(path, json!({"collection_name": format!("file-{id}"), "file_id": id})).await.0, 400);
}

#[tokio::test]
async fn a_file_goes_into_no_collection_that_the_caller_may_not_write() {
    let house = House::new().await;
    let eve = house.user("eve").await;
    let collection = house.admin.collection(&[], json!([])).await;
    let id = eve.upload("a.txt", TEXT).await;
    let body = json!({"file_id": id, "content": "changed", "collection_name": collection});
    assert_eq!(eve.send("/api/v1/retrieval/process/file", body).await.0, 404);
    let text = eve.get(&format!("/api/v1/files/{id}/data/content")).await;
    assert_eq!(text["content"], TEXT, "what is refused changes nothing");
}
