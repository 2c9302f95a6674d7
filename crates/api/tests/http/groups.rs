//! `/api/v1/groups/…`.

use serde_json::{Value, json};

use crate::common::{Client, Server, text};

async fn staff(admin: &Client) -> Value {
    admin.post("/api/v1/groups/create", json!({"name": "staff", "description": "all of us"})).await.ok()
}

#[actix_web::test]
async fn a_group_is_made_changed_filled_and_deleted_by_administrators() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    let group = staff(&admin).await;
    assert_eq!((&group["name"], &group["member_count"], &group["parent_group_id"]), (&json!("staff"), &json!(0), &Value::Null));
    let path = format!("/api/v1/groups/id/{}", text(&group["id"]));
    assert_eq!(bob.get("/api/v1/groups/").await.ok(), json!([]));
    bob.get(&format!("{path}/info")).await.refused(404);
    let filled = admin.post(&format!("{path}/users/add"), json!({"user_ids": [id, "nobody"]})).await.ok();
    assert_eq!(filled["member_count"], 1);
    assert_eq!(bob.get("/api/v1/groups/").await.ok()[0]["name"], "staff");
    assert_eq!(bob.get(&format!("{path}/info")).await.ok()["member_count"], 1);
    assert_eq!(admin.get(&format!("/api/v1/users/{id}/groups")).await.ok()[0]["id"], group["id"]);
    let listed = admin.get("/api/v1/users/?query=bob").await.ok();
    assert_eq!(listed["users"][0]["group_ids"], json!([group["id"]]));
    assert_eq!(admin.get(&format!("{path}/members")).await.ok()["items"][0]["email"], "bob@example.com");
    assert_eq!(admin.get(&format!("{path}/members?query=zzz")).await.ok()["total"], 0);
    assert_eq!(admin.post(&format!("{path}/users"), json!({})).await.ok()[0]["name"], "bob");
    assert_eq!(admin.get(&format!("{path}/export")).await.ok()["user_ids"], json!([id]));
    let changed = admin.post(&format!("{path}/update"), json!({"name": "crew", "description": "d"})).await.ok();
    assert_eq!((text(&changed["name"]), &changed["member_count"]), ("crew", &json!(1)));
    assert_eq!(admin.post(&format!("{path}/users/remove"), json!({"user_ids": [id]})).await.ok()["member_count"], 0);
    assert_eq!(admin.delete(&format!("{path}/delete")).await.ok(), json!(true));
    admin.get(&path).await.refused(404);
    admin.delete(&format!("{path}/delete")).await.refused(404);
}

#[actix_web::test]
async fn members_see_their_group_and_change_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    let path = format!("/api/v1/groups/id/{}", text(&staff(&admin).await["id"]));
    admin.post(&format!("{path}/users/add"), json!({"user_ids": [id]})).await.ok();
    bob.post("/api/v1/groups/create", json!({"name": "mine", "description": ""})).await.refused(401);
    for path in [path.clone(), format!("{path}/export"), format!("{path}/members")] {
        bob.get(&path).await.refused(401);
    }
    for verb in ["update", "users", "users/add", "users/remove"] {
        bob.post(&format!("{path}/{verb}"), json!({"name": "x", "description": "", "user_ids": [id]})).await.refused(401);
    }
    bob.delete(&format!("{path}/delete")).await.refused(401);
}

#[actix_web::test]
async fn membership_adds_permissions_and_its_end_takes_them() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (bob, id) = server.account(&admin, "bob", "user").await;
    let path = format!("/api/v1/groups/id/{}", text(&staff(&admin).await["id"]));
    let may = || async { bob.get("/api/v1/users/permissions").await.ok()["workspace"]["knowledge"] == true };
    admin.post(&format!("{path}/users/add"), json!({"user_ids": [id]})).await.ok();
    assert!(!may().await);
    let tree = json!({"name": "staff", "description": "", "permissions": {"workspace": {"knowledge": true}}});
    admin.post(&format!("{path}/update"), tree).await.ok();
    assert!(may().await);
    admin.delete(&format!("{path}/delete")).await.ok();
    assert!(!may().await);
    admin.post("/api/v1/groups/create", json!({"name": " ", "description": ""})).await.refused(400);
    admin.post("/api/v1/groups/create", json!({"name": "x", "description": "", "permissions": {"chat": 1}})).await.refused(422);
}
