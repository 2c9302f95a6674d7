//! What the description promises of every operation.

use reqwest::Method;
use serde_json::json;

use crate::common::{Answer, Server};
use crate::gateway::Gateway;

#[actix_web::test]
async fn a_method_that_is_not_there_is_answered_with_those_that_are() {
    let server = Server::start().await;
    for (path, allowed) in [("/api/v1/auths/api_key", "GET, POST, DELETE"), ("/api/v1/knowledge/some/update", "POST")] {
        let answer = Answer::of(server.anonymous().request(Method::PATCH, path)).await;
        answer.refused(405);
        assert_eq!(answer.header("allow"), Some(allowed));
    }
}

#[actix_web::test]
async fn a_number_of_a_query_has_a_bound() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for path in ["/api/v1/files/?page=", "/api/v1/users/?page=", "/api/v1/knowledge/?page=", "/api/v1/files/search?skip="] {
        admin.get(&format!("{path}9223372036854775808")).await.refused(422);
        admin.get(&format!("{path}-1")).await.refused(422);
    }
    admin.get("/api/v1/files/?page=1000000000").await.ok();
}

#[actix_web::test]
async fn a_model_is_not_granted_under_an_id_that_no_record_may_have() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for id in ["", " two words", "form\u{c}feed"] {
        admin.post("/api/v1/models/model/access/update", json!({"id": id, "access_grants": []})).await.refused(422);
    }
}

#[actix_web::test]
async fn a_change_of_a_model_is_an_object_wherever_it_goes() {
    let gateway = Gateway::start().await;
    for path in ["/ollama/api/copy", "/ollama/api/copy/0", "/ollama/api/copy?url_idx=0"] {
        gateway.admin.post(path, json!([null])).await.refused(422);
    }
    assert!(gateway.upstream.requests().iter().all(|request| request.path != "/api/copy"));
}

#[actix_web::test]
async fn a_number_of_passages_may_be_written_with_a_point() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ask = |k| json!({"collection_name": "nowhere", "query": "x", "k": k});
    admin.post("/api/v1/retrieval/query/doc", ask(json!(3.0))).await.refused(404);
    admin.post("/api/v1/retrieval/query/doc", ask(json!(3.5))).await.refused(422);
}
