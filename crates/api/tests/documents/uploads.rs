use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transom_app::files::FilesConfig;

use crate::house::{House, grant, read};

const TEXT: &str = "The Treaty of Westphalia was signed in 1648.";

#[tokio::test]
async fn an_upload_answers_in_the_known_shape() {
    let house = House::new().await;
    let (status, body) = house.admin.try_upload("../../history.txt", "text/plain", TEXT.as_bytes(), "").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["filename"], &body["hash"], &body["status"]), (&json!("history.txt"), &Value::Null, &json!(true)));
    assert_eq!(body["data"], json!({"status": "pending"}));
    let meta = &body["meta"];
    assert_eq!((&meta["name"], &meta["content_type"], &meta["size"]), (&json!("history.txt"), &json!("text/plain"), &json!(TEXT.len())));
    assert_eq!((meta["file_hash"].as_str().unwrap().len(), &meta["data"]), (64, &json!({})));
    assert!(meta.get("collection_name").is_none(), "there is nothing to ask yet");
    assert_eq!(body["path"], format!("uploads/{}", body["id"].as_str().unwrap()));
    assert!(body["created_at"].is_i64() && body["user_id"].is_string());
}

#[tokio::test]
async fn the_foreground_waits_and_no_processing_means_none() {
    let house = House::new().await;
    let (_, read) = house.admin.try_upload("a.txt", "text/plain", TEXT.as_bytes(), "?process_in_background=False").await;
    assert_eq!(read["data"]["status"], "completed");
    let (_, kept) = house.admin.try_upload("b.txt", "text/plain", TEXT.as_bytes(), "?process=false").await;
    assert_eq!(kept["data"], json!({}));
    let (status, body) = house.admin.try_upload("d.txt", "text/plain", TEXT.as_bytes(), "?process=perhaps").await;
    assert_eq!(status, 422, "{body}");
}

#[tokio::test]
async fn an_empty_upload_is_refused_with_a_reason_however_it_is_to_be_processed() {
    let house = House::new().await;
    for query in ["", "?process=false", "?process_in_background=false"] {
        let (status, body) = house.admin.try_upload("c.txt", "text/plain", b"", query).await;
        assert!(status == 400 && body["detail"].as_str().unwrap().contains("empty"), "{query}: {body}");
    }
    assert_eq!((house.stored().await, house.admin.get("/api/v1/files/count").await), (0, json!(0)));
}

#[tokio::test]
async fn an_upload_that_names_a_collection_is_in_it_from_the_start() {
    let house = House::new().await;
    let writer = house.user("writer").await;
    let collection = house.admin.collection(&[], grant(&writer.id().await, "write")).await;
    let metadata = json!({"knowledge_id": collection, "source": "archive"}).to_string();
    for (who, text) in [(&writer, "Westphalia was signed in 1648."), (&house.admin, "Westphalia ended a war.")] {
        let form = Form::new().part("file", Part::bytes(text.as_bytes()).file_name("a.txt")).text("metadata", metadata.clone());
        let (status, body) = read(who.request(Method::POST, "/api/v1/files/?process_in_background=false").multipart(form)).await;
        assert_eq!((status, &body["meta"]["data"]["source"]), (200, &json!("archive")), "{body}");
        let files = house.admin.get(&format!("/api/v1/knowledge/{collection}/files")).await;
        assert!(files["items"].as_array().unwrap().iter().any(|file| file["id"] == body["id"]), "{files}");
        let question = json!({"collection_names": [collection], "query": "Westphalia", "k": 5});
        let found = who.post("/api/v1/retrieval/query/collection", question).await;
        assert!(found["metadatas"][0].as_array().unwrap().iter().any(|passage| passage["file_id"] == body["id"]), "{found}");
    }
}

#[tokio::test]
async fn an_upload_into_a_collection_that_the_caller_may_not_change_is_refused_and_not_kept() {
    let house = House::new().await;
    let (eve, reader) = (house.user("eve").await, house.user("reader").await);
    let collection = house.admin.collection(&[], grant(&reader.id().await, "read")).await;
    for (who, id, expected) in [
        (&eve, json!(collection), 404),
        (&reader, json!(collection), 403),
        (&house.admin, json!("nope"), 404),
        (&house.admin, json!(7), 422),
    ] {
        let form = Form::new().text("metadata", json!({"knowledge_id": id}).to_string());
        let form = form.part("file", Part::bytes(TEXT.as_bytes()).file_name("a.txt"));
        let (status, body) = read(who.request(Method::POST, "/api/v1/files/").multipart(form)).await;
        assert_eq!(status, expected, "{body}");
    }
    assert_eq!(house.stored().await, 0);
    for nothing in [json!(null), json!("")] {
        let form = Form::new().text("metadata", json!({"knowledge_id": nothing}).to_string());
        let form = form.part("file", Part::bytes(TEXT.as_bytes()).file_name("a.txt"));
        assert_eq!(read(house.admin.request(Method::POST, "/api/v1/files/").multipart(form)).await.0, 200);
    }
}

#[tokio::test]
async fn metadata_is_kept_whether_it_comes_before_or_after_the_file() {
    let house = House::new().await;
    let file = || Part::bytes(TEXT.as_bytes()).file_name("a.txt");
    for form in [
        Form::new().text("metadata", r#"{"source": "archive"}"#).part("file", file()),
        Form::new().part("file", file()).text("metadata", r#"{"source": "archive"}"#),
    ] {
        let (status, body) = read(house.admin.request(Method::POST, "/api/v1/files/").multipart(form)).await;
        assert_eq!((status, &body["meta"]["data"]), (200, &json!({"source": "archive"})), "{body}");
        assert_eq!(body["meta"]["content_type"], "text/plain", "guessed from the name");
    }
    let form = Form::new().part("file", file()).text("metadata", "not json");
    assert_eq!(read(house.admin.request(Method::POST, "/api/v1/files").multipart(form)).await.0, 400);
    assert_eq!(house.stored().await, 2, "what is refused is not kept");
}

#[tokio::test]
async fn names_in_any_script_arrive_however_the_client_writes_them() {
    let house = House::new().await;
    for name in [
        "filename=\"Übersicht 概要.txt\"",
        "filename*=UTF-8''%C3%9Cbersicht%20%E6%A6%82%E8%A6%81.txt",
        "filename=\"plain.txt\"; filename*=utf-8''%C3%9Cbersicht%20%E6%A6%82%E8%A6%81.txt",
    ] {
        let body = format!("--b\r\ncontent-disposition: form-data; name=\"file\"; {name}\r\n\r\n{TEXT}\r\n--b--\r\n");
        let request = house.admin.request(Method::POST, "/api/v1/files/?process=false");
        let (status, body) = read(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await;
        assert_eq!((status, &body["filename"]), (200, &json!("Übersicht 概要.txt")), "{name}: {body}");
    }
}

/// Uploads a part with these lines in its head.
async fn upload_with(house: &House, head: &[u8]) -> Value {
    let body = [b"--b\r\n".as_slice(), head, b"\r\n\r\n", TEXT.as_bytes(), b"\r\n--b--\r\n"].concat();
    let request = house.admin.request(Method::POST, "/api/v1/files/?process=false");
    let (status, body) = read(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn a_name_that_is_not_in_utf_8_is_read() {
    let house = House::new().await;
    let kept = upload_with(&house, b"content-disposition: form-data; name=\"file\"; filename=\"na\xefve.txt\"").await;
    assert_eq!(kept["filename"], "na\u{ef}ve.txt");
}

#[tokio::test]
async fn a_windows_path_loses_its_folders_and_keeps_its_name() {
    let house = House::new().await;
    for name in [r"C:\Users\me\notes.txt", r"C:\\Users\\me\\notes.txt", "C:/Users/me/notes.txt"] {
        let head = format!("content-disposition: form-data; name=\"file\"; filename=\"{name}\"");
        assert_eq!(upload_with(&house, head.as_bytes()).await["filename"], "notes.txt", "{name}");
    }
}

#[tokio::test]
async fn a_part_that_states_too_short_a_length_is_kept_whole() {
    let house = House::new().await;
    for length in ["3", "0", "9999", "x"] {
        let head = format!("content-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Length: {length}");
        assert_eq!(upload_with(&house, head.as_bytes()).await["meta"]["size"], TEXT.len(), "{length}");
    }
}

#[tokio::test]
async fn what_is_no_upload_is_refused() {
    let house = House::new().await;
    for request in [
        house.admin.request(Method::POST, "/api/v1/files/"),
        house.admin.request(Method::POST, "/api/v1/files/").json(&json!({"file": "x"})),
        house.admin.request(Method::POST, "/api/v1/files/").multipart(Form::new().text("other", "x")),
    ] {
        let (status, body) = read(request).await;
        assert_eq!(status, 422, "{body}");
        assert!(body["detail"].is_string());
    }
    let file = || Part::bytes(TEXT.as_bytes()).file_name("a.txt");
    let two = Form::new().part("file", file()).part("file", file());
    assert_eq!(read(house.admin.request(Method::POST, "/api/v1/files/").multipart(two)).await.0, 400);
    let (status, body) = house.visitor().try_upload("a.txt", "text/plain", TEXT.as_bytes(), "").await;
    assert_eq!((status, &body["detail"]), (401, &json!("Not authenticated")));
    assert_eq!(house.stored().await, 0);
}

#[tokio::test]
async fn limits_and_permissions_are_kept() {
    let config = FilesConfig { max_size: Some(1024 * 1024), allowed_extensions: vec!["txt".to_owned()], ..FilesConfig::default() };
    let house = House::with(config).await;
    let (status, body) = house.admin.try_upload("big.txt", "text/plain", &vec![b'x'; 3 * 1024 * 1024], "").await;
    assert_eq!(status, 413, "{body}");
    let (status, body) = house.admin.try_upload("a.exe", "text/plain", TEXT.as_bytes(), "").await;
    assert_eq!(status, 400, "{body}");
    let user = house.user("bob").await;
    assert_eq!(user.try_upload("a.txt", "text/plain", TEXT.as_bytes(), "?process=false").await.0, 200);
    let mut permissions = house.admin.get("/api/v1/users/default/permissions").await;
    permissions["chat"]["file_upload"] = false.into();
    house.admin.post("/api/v1/users/default/permissions", permissions).await;
    let (status, body) = user.try_upload("a.txt", "text/plain", TEXT.as_bytes(), "?process=false").await;
    assert_eq!(status, 403, "{body}");
    assert_eq!(house.stored().await, 1);
}

#[tokio::test]
async fn a_client_that_breaks_off_leaves_nothing() {
    let house = House::new().await;
    let token = house.admin.token.clone().unwrap();
    let mut connection = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let head = format!(
        "POST /api/v1/files/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 20000000\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b'x'; 8 * 1024 * 1024]).await.unwrap();
    drop(connection);
    // A form that ends in the middle of its file is as little an upload, and its answer shows that the server has read it.
    let mut connection = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let body = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf";
    let head = format!(
        "POST /api/v1/files/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert_eq!(house.stored().await, 0);
    assert_eq!(house.admin.get("/api/v1/files/").await["total"], 0);
}
