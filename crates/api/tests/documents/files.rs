use reqwest::Method;
use serde_json::{Value, json};

use crate::house::House;

const TEXT: &str = "The Treaty of Westphalia was signed in 1648.";

#[tokio::test]
async fn a_file_is_shown_with_its_text() {
    let house = House::new().await;
    let id = house.admin.upload("history.txt", TEXT).await;
    let file = house.admin.get(&format!("/api/v1/files/{id}")).await;
    assert_eq!(file["data"], json!({"status": "completed", "content": TEXT, "error": null}));
    assert_eq!((file["hash"].as_str().unwrap().len(), &file["meta"]["collection_name"]), (64, &json!(format!("file-{id}"))));
    assert_eq!(house.admin.get(&format!("/api/v1/files/{id}/data/content")).await, json!({"content": TEXT}));
    assert_eq!(house.admin.get(&format!("/api/v1/files/{id}/process/status")).await, json!({"status": "completed"}));
    let stream = house.admin.request(Method::GET, &format!("/api/v1/files/{id}/process/status?stream=true")).send().await.unwrap();
    assert!(stream.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert_eq!(stream.text().await.unwrap(), "data: {\"status\":\"completed\"}\n\n");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why() {
    let house = House::new().await;
    let (status, body) = house.admin.try_upload("bad.pdf", "application/pdf", b"%PDF-1.4 garbage", "?process_in_background=false").await;
    assert_eq!((status, &body["data"]["status"]), (200, &json!("failed")), "the upload itself is kept");
    let id = body["id"].as_str().unwrap();
    let state = house.admin.get(&format!("/api/v1/files/{id}/process/status")).await;
    assert_eq!(state["status"], "failed");
    assert!(!state["error"].as_str().unwrap().is_empty());
    let file = house.admin.get(&format!("/api/v1/files/{id}")).await;
    assert_eq!((&file["data"]["error"], &file["data"]["content"]), (&state["error"], &json!("")));
}

#[tokio::test]
async fn lists_and_searches_show_ones_own() {
    let house = House::new().await;
    let user = house.user("bob").await;
    let (a, b) = (user.upload("findme-1.md", TEXT).await, user.upload("other.txt", TEXT).await);
    house.admin.upload("findme-2.md", TEXT).await;
    let list = user.get("/api/v1/files/").await;
    assert_eq!((list["total"].as_u64(), list["items"].as_array().unwrap().len()), (Some(2), 2));
    let ids: Vec<&str> = list["items"].as_array().unwrap().iter().map(|file| file["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [b.as_str(), a.as_str()], "newest first");
    assert!(list["items"][0]["data"].get("content").is_none(), "lists leave texts out");
    assert_eq!(user.get("/api/v1/files/?content=true").await["items"][0]["data"]["content"], TEXT);
    assert_eq!(user.get("/api/v1/files?page=2").await["items"], json!([]));
    let found = user.get("/api/v1/files/search?filename=findme-*.md").await;
    assert_eq!(found.as_array().unwrap().iter().map(|file| &file["id"]).collect::<Vec<_>>(), [&json!(a)]);
    assert_eq!(house.admin.get("/api/v1/files/search?filename=findme-?.md&content=false").await.as_array().unwrap().len(), 2);
    assert_eq!(user.call(Method::GET, "/api/v1/files/search?filename=nope*").await.0, 404);
    assert_eq!((user.get("/api/v1/files/count").await, house.admin.get("/api/v1/files/user/count").await), (json!(2), json!(1)));
}

#[tokio::test]
async fn nobody_else_reaches_a_file_on_any_route() {
    let house = House::new().await;
    let id = house.admin.upload("secret.txt", TEXT).await;
    let eve = house.user("eve").await;
    for path in ["", "/content", "/content/secret.txt", "/data/content", "/process/status", "/process/status?stream=true"] {
        let path = format!("/api/v1/files/{id}{path}");
        let (status, body) = eve.call(Method::GET, &path).await;
        assert_eq!(status, 404, "{path}: {body}");
        assert!(!body.to_string().contains("1648"));
        assert_eq!(house.visitor().call(Method::GET, &path).await.0, 401, "{path}");
    }
    for (path, body) in [("data/content/update", json!({"content": "x"})), ("rename", json!({"filename": "x"}))] {
        assert_eq!(eve.send(&format!("/api/v1/files/{id}/{path}"), body).await.0, 404, "{path}");
    }
    assert_eq!(eve.send("/api/v1/retrieval/process/file", json!({"file_id": id})).await.0, 404);
    assert_eq!(eve.send("/api/v1/retrieval/process/file", json!({"file_id": id, "content": "x"})).await.0, 404);
    assert_eq!(eve.call(Method::DELETE, &format!("/api/v1/files/{id}")).await.0, 404);
    assert_eq!(eve.call(Method::DELETE, "/api/v1/files/all").await.0, 401);
    assert_eq!(eve.get("/api/v1/files/").await, json!({"items": [], "total": 0}));
    assert_eq!(house.admin.get(&format!("/api/v1/files/{id}/data/content")).await["content"], TEXT);
}

#[tokio::test]
async fn content_is_replaced_renamed_and_deleted() {
    let house = House::new().await;
    let id = house.admin.upload("old.txt", "old words").await;
    let path = format!("/api/v1/files/{id}");
    assert_eq!(
        house.admin.post(&format!("{path}/data/content/update"), json!({"content": "new words"})).await,
        json!({"content": "new words"})
    );
    assert_eq!(house.admin.get(&format!("{path}/data/content")).await["content"], "new words");
    let renamed = house.admin.post(&format!("{path}/rename"), json!({"filename": "../new.txt"})).await;
    assert_eq!((&renamed["filename"], &renamed["meta"]["name"]), (&json!("new.txt"), &json!("new.txt")));
    let (status, body) = house.admin.call(Method::DELETE, &path).await;
    assert!(status == 200 && body["message"].is_string(), "{body}");
    assert_eq!(house.admin.call(Method::GET, &path).await.0, 404);
    house.admin.upload("a.txt", TEXT).await;
    assert_eq!(house.admin.call(Method::DELETE, "/api/v1/files/all").await.0, 200);
    assert_eq!(house.admin.get("/api/v1/files/").await["total"], 0);
}

#[tokio::test]
async fn bytes_are_served_so_that_no_browser_runs_them() {
    let house = House::new().await;
    let page = "<script>alert(1)</script>";
    for (name, content_type, shown) in [
        ("a.txt", "text/plain", true),
        ("a.pdf", "application/pdf", true),
        ("a.html", "text/html", false),
        ("a.svg", "image/svg+xml", false),
        ("a.js", "text/javascript", false),
    ] {
        let (_, body) = house.admin.try_upload(name, content_type, page.as_bytes(), "?process=false").await;
        let path = format!("/api/v1/files/{}/content", body["id"].as_str().unwrap());
        for (path, shown) in [(path.clone(), shown), (format!("{path}?attachment=true"), false), (format!("{path}/any.html"), false)] {
            let answer = house.admin.request(Method::GET, &path).send().await.unwrap();
            let header = |header: &str| answer.headers()[header].to_str().unwrap().to_owned();
            let disposition = header("content-disposition");
            assert_eq!(disposition.starts_with("inline"), shown, "{name}: {disposition}");
            assert!(disposition.contains(name) && (shown || disposition.starts_with("attachment")));
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(header("content-security-policy").contains("sandbox"));
            assert!(header("content-type").starts_with(content_type));
            assert_eq!(header("content-length"), page.len().to_string());
            assert_eq!(answer.text().await.unwrap(), page);
        }
    }
    let (_, body) = house.admin.try_upload("naïve \"name\".txt", "text/plain", b"x", "?process=false").await;
    let answer = house.admin.request(Method::GET, &format!("/api/v1/files/{}/content", body["id"].as_str().unwrap())).send().await.unwrap();
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("filename*=UTF-8''na%C3%AFve"));
}

#[tokio::test]
async fn what_is_shown_never_holds_a_path_of_the_server() {
    let house = House::new().await;
    let id = house.admin.upload("a.txt", TEXT).await;
    for path in [format!("/api/v1/files/{id}"), "/api/v1/files/".to_owned(), "/api/v1/files/nope".to_owned()] {
        let (_, body): (_, Value) = house.admin.call(Method::GET, &path).await;
        assert!(!body.to_string().contains("/tmp") && !body.to_string().contains(".db"), "{body}");
    }
}
