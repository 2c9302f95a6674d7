use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, grant};

const TEXT: &str = "The Treaty of Westphalia was signed in 1648.";

#[tokio::test]
async fn a_collection_is_made_shown_changed_and_deleted() {
    let house = House::new().await;
    let made = house.admin.post("/api/v1/knowledge/create", json!({"name": "History", "description": "wars"})).await;
    assert_eq!(
        (&made["name"], &made["access_grants"], &made["files"], &made["meta"]),
        (&json!("History"), &json!([]), &Value::Null, &Value::Null)
    );
    let id = made["id"].as_str().unwrap();
    let shown = house.admin.get(&format!("/api/v1/knowledge/{id}")).await;
    assert_eq!((&shown["write_access"], &shown["files"]), (&json!(true), &Value::Null));
    let list = house.admin.get("/api/v1/knowledge/").await;
    assert_eq!((&list["total"], &list["items"][0]["id"], &list["items"][0]["file_count"]), (&json!(1), &json!(id), &json!(0)));
    assert_eq!(list["items"][0]["user"]["email"], "admin@example.com");
    assert_eq!(house.admin.get("/api/v1/knowledge/search?query=hist").await["total"], 1);
    assert_eq!(house.admin.get("/api/v1/knowledge/search?query=nothing").await["total"], 0);
    let changed = house.admin.post(&format!("/api/v1/knowledge/{id}/update"), json!({"name": "N2", "description": "d2"})).await;
    assert_eq!((&changed["name"], &changed["files"]), (&json!("N2"), &json!([])));
    assert_eq!(house.admin.call(Method::DELETE, &format!("/api/v1/knowledge/{id}/delete")).await, (200, json!(true)));
    assert_eq!(house.admin.call(Method::GET, &format!("/api/v1/knowledge/{id}")).await.0, 404);
    assert_eq!(house.admin.send("/api/v1/knowledge/create", json!({"name": " ", "description": ""})).await.0, 400);
    assert_eq!(house.admin.send("/api/v1/knowledge/create", json!({"description": ""})).await.0, 422);
}

#[tokio::test]
async fn files_are_added_listed_and_taken_out() {
    let house = House::new().await;
    let (a, b) = (house.admin.upload("a.txt", TEXT).await, house.admin.upload("b.md", TEXT).await);
    let id = house.admin.collection(&[], json!([])).await;
    let path = format!("/api/v1/knowledge/{id}");
    let added = house.admin.post(&format!("{path}/file/add"), json!({"file_id": a})).await;
    assert_eq!((&added["id"], &added["files"][0]["id"]), (&json!(id), &json!(a)));
    assert_eq!(added["files"][0]["meta"]["collection_name"], json!(id));
    house.admin.post(&format!("{path}/files/batch/add"), json!([{"file_id": a}, {"file_id": b}])).await;
    let files = house.admin.get(&format!("{path}/files")).await;
    assert_eq!((&files["total"], &files["directories"], &files["items"][0]["data"]), (&json!(2), &json!([]), &Value::Null));
    let found = house.admin.get(&format!("{path}/files?query=B.M&include_content=true")).await;
    assert_eq!((&found["total"], &found["items"][0]["data"]["content"]), (&json!(1), &json!(TEXT)));
    let sorted = house.admin.get(&format!("{path}/files?order_by=name&direction=asc&limit=1&page=2")).await;
    assert_eq!(sorted["items"][0]["id"], json!(b));
    house.admin.post(&format!("{path}/file/update"), json!({"file_id": a})).await;
    house.admin.post(&format!("{path}/file/remove?delete_file=false"), json!({"file_id": a})).await;
    house.admin.get(&format!("/api/v1/files/{a}")).await;
    let rest = house.admin.post(&format!("{path}/file/remove"), json!({"file_id": b})).await;
    assert_eq!(rest["files"], json!([]));
    assert_eq!(house.admin.call(Method::GET, &format!("/api/v1/files/{b}")).await.0, 404, "deleted with it, as the API has it by default");
    house.admin.post(&format!("{path}/file/add"), json!({"file_id": a})).await;
    assert_eq!(house.admin.post(&format!("{path}/reset"), json!({})).await["files"], Value::Null);
    assert_eq!(house.admin.get(&format!("{path}/files")).await["total"], 0);
}

#[tokio::test]
async fn what_cannot_be_added_says_why() {
    let house = House::new().await;
    let id = house.admin.collection(&[], json!([])).await;
    let path = format!("/api/v1/knowledge/{id}/file/add");
    let (_, unread) = house.admin.try_upload("np.txt", "text/plain", TEXT.as_bytes(), "?process=false").await;
    let (status, body) = house.admin.send(&path, json!({"file_id": unread["id"]})).await;
    assert!(status == 400 && body["detail"].is_string(), "{body}");
    assert_eq!(house.admin.send(&path, json!({"file_id": "nope"})).await.0, 404);
    let readable = house.admin.upload("a.txt", TEXT).await;
    assert_eq!(house.admin.send("/api/v1/knowledge/nope/file/add", json!({"file_id": readable})).await.0, 404);
    assert_eq!(
        house.admin.send(&format!("/api/v1/knowledge/{id}/files/batch/add"), json!([{"file_id": readable}, {"file_id": "nope"}])).await.0,
        404
    );
    assert_eq!(house.admin.get(&format!("/api/v1/knowledge/{id}/files")).await["total"], 0, "all or none");
}

async fn writes(house: &House, who: &crate::house::Client, id: &str, file: &str) -> Vec<(String, u16)> {
    let _ = house;
    let mut statuses = Vec::new();
    for (path, body) in [
        ("update", json!({"name": "mine", "description": ""})),
        ("access/update", json!({"access_grants": []})),
        ("reset", json!({})),
        ("file/add", json!({"file_id": file})),
        ("file/update", json!({"file_id": file})),
        ("file/remove", json!({"file_id": file})),
        ("files/batch/add", json!([{"file_id": file}])),
    ] {
        statuses.push((path.to_owned(), who.send(&format!("/api/v1/knowledge/{id}/{path}"), body).await.0));
    }
    statuses.push(("delete".to_owned(), who.call(Method::DELETE, &format!("/api/v1/knowledge/{id}/delete")).await.0));
    statuses
}

#[tokio::test]
async fn others_are_refused_on_every_route() {
    let house = House::new().await;
    let file = house.admin.upload("a.txt", TEXT).await;
    let (eve, reader) = (house.user("eve").await, house.user("reader").await);
    let id = house.admin.collection(&[&file], grant(&reader.id().await, "read")).await;
    for path in ["", "/files"] {
        let path = format!("/api/v1/knowledge/{id}{path}");
        assert_eq!(eve.call(Method::GET, &path).await.0, 404, "{path}");
        assert_eq!(house.visitor().call(Method::GET, &path).await.0, 401, "{path}");
        reader.get(&path).await;
    }
    for (path, status) in writes(&house, &eve, &id, &file).await {
        assert_eq!(status, 404, "{path}");
    }
    for (path, status) in writes(&house, &reader, &id, &file).await {
        assert_eq!(status, 403, "{path}");
    }
    for (path, status) in writes(&house, &house.visitor(), &id, &file).await {
        assert_eq!(status, 401, "{path}");
    }
    assert_eq!(reader.get(&format!("/api/v1/knowledge/{id}")).await["write_access"], false);
    reader.get(&format!("/api/v1/files/{file}")).await;
    assert_eq!(reader.call(Method::DELETE, &format!("/api/v1/files/{file}")).await.0, 404);
    assert_eq!(house.admin.get(&format!("/api/v1/knowledge/{id}/files")).await["total"], 1);
}

#[tokio::test]
async fn grants_are_shown_and_taken_back() {
    let house = House::new().await;
    let writer = house.user("writer").await;
    let who = writer.id().await;
    let id = house.admin.collection(&[], grant(&who, "write")).await;
    let shown = writer.get(&format!("/api/v1/knowledge/{id}")).await;
    assert_eq!((&shown["write_access"], &shown["access_grants"][0]["principal_id"]), (&json!(true), &json!(who)));
    assert_eq!(shown["access_grants"][0]["resource_type"], "knowledge");
    let shown_again = shown["access_grants"].clone();
    let kept = writer.post(&format!("/api/v1/knowledge/{id}/access/update"), json!({"access_grants": shown_again})).await;
    assert_eq!(kept["access_grants"], shown["access_grants"], "what was shown can be sent back");
    let (status, body) = writer.send(&format!("/api/v1/knowledge/{id}/access/update"), json!({"access_grants": grant("*", "read")})).await;
    assert_eq!(status, 403, "opening it to everyone needs a permission of its own: {body}");
    let (status, body) =
        house.admin.send(&format!("/api/v1/knowledge/{id}/access/update"), json!({"access_grants": grant("*", "own")})).await;
    assert_eq!(status, 422, "{body}");
    house.admin.post(&format!("/api/v1/knowledge/{id}/access/update"), json!({"access_grants": []})).await;
    assert_eq!(writer.call(Method::GET, &format!("/api/v1/knowledge/{id}")).await.0, 404);
}

#[tokio::test]
async fn a_writer_who_gives_up_its_own_access_is_told_that_it_was_done() {
    let house = House::new().await;
    let writer = house.user("writer").await;
    let file = house.admin.upload("a.txt", TEXT).await;
    for (path, body) in
        [("access/update", json!({"access_grants": []})), ("update", json!({"name": "History", "description": "", "access_grants": []}))]
    {
        let id = house.admin.collection(&[&file], grant(&writer.id().await, "write")).await;
        let answer = writer.post(&format!("/api/v1/knowledge/{id}/{path}"), body).await;
        assert_eq!((&answer["access_grants"], &answer["write_access"]), (&json!([]), &json!(false)), "{path}");
        assert_eq!(answer["files"][0]["id"], json!(file));
        assert_eq!(writer.call(Method::GET, &format!("/api/v1/knowledge/{id}")).await.0, 404);
    }
}

#[tokio::test]
async fn collections_and_their_files_are_listed_by_whose_they_are_and_in_the_order_that_is_asked_for() {
    let house = House::new().await;
    let bob = house.user("bob").await;
    let named = async |who: &crate::house::Client, name: &str| {
        let grants = grant(&bob.id().await, "write");
        let made = who.post("/api/v1/knowledge/create", json!({"name": name, "description": "", "access_grants": grants})).await;
        made["id"].as_str().unwrap().to_owned()
    };
    let shared = named(&house.admin, "B").await;
    named(&bob, "A").await;
    named(&bob, "C").await;
    let names = async |query: &str| {
        let list = bob.get(&format!("/api/v1/knowledge/search?{query}")).await;
        let names = list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
        names.collect::<String>()
    };
    assert_eq!(names("order_by=name&direction=asc").await, "ABC");
    assert_eq!(names("order_by=name&direction=desc&view_option=created").await, "CA");
    assert_eq!(names("view_option=shared").await, "B");
    assert_eq!(names("order_by=created_at&direction=asc").await, "BAC");
    for who in [&house.admin, &bob] {
        let file = who.upload("a.txt", TEXT).await;
        who.post(&format!("/api/v1/knowledge/{shared}/file/add"), json!({"file_id": file})).await;
    }
    for (query, total) in [("", 2), ("?view_option=created", 1), ("?view_option=shared", 1)] {
        assert_eq!(bob.get(&format!("/api/v1/knowledge/{shared}/files{query}")).await["total"], total, "{query}");
    }
}

#[tokio::test]
async fn a_folder_of_a_collection_is_not_found_because_there_are_none() {
    let house = House::new().await;
    let file = house.admin.upload("a.txt", TEXT).await;
    let id = house.admin.collection(&[], json!([])).await;
    for path in ["file/add", "file/update", "file/remove"] {
        let body = json!({"file_id": file, "directory_id": "d"});
        assert_eq!(house.admin.send(&format!("/api/v1/knowledge/{id}/{path}"), body).await.0, 404, "{path}");
    }
    house.admin.post(&format!("/api/v1/knowledge/{id}/file/add"), json!({"file_id": file, "directory_id": null})).await;
}

#[tokio::test]
async fn making_a_collection_needs_the_permission() {
    let house = House::new().await;
    let mut permissions = house.admin.get("/api/v1/users/default/permissions").await;
    permissions["workspace"]["knowledge"] = false.into();
    house.admin.post("/api/v1/users/default/permissions", permissions).await;
    let bob = house.user("bob").await;
    assert_eq!(bob.send("/api/v1/knowledge/create", json!({"name": "n", "description": ""})).await.0, 401);
    house.admin.collection(&[], json!([])).await;
}
