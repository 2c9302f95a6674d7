//! `/api/v1/transom/status`.

use serde_json::json;

use crate::common::{Server, Setup};
use crate::upstreams::openai;

const STATUS: &str = "/api/v1/transom/status";

#[actix_web::test]
async fn only_administrators_are_told_how_the_server_is() {
    let server = Server::start().await;
    let admin = server.admin().await;
    assert_eq!(server.anonymous().get(STATUS).await.status, 401);
    for role in ["user", "pending"] {
        let (other, _) = server.account(&admin, role, role).await;
        let refusal = other.get(STATUS).await.refused(401);
        assert!(!refusal.contains("version"), "{refusal}");
    }
    let status = admin.get(STATUS).await.ok();
    assert_eq!((&status["api_version"], &status["accounts"], &status["collections"]), (&json!("0.12.4"), &json!(3), &json!(0)));
    assert!(status["version"].is_string() && status["uptime_seconds"].is_u64(), "{status}");
    assert!(status["stores"]["database"].as_u64().is_some_and(|bytes| bytes > 0), "{status}");
    assert_eq!((&status["jobs"], &status["files"]["failed"]), (&json!({"waiting": 0, "running": 0}), &json!(0)));
}

#[actix_web::test]
async fn it_says_which_connections_answer_and_why_others_do_not() {
    let upstream = transom_testkit::Upstream::start().await;
    let dead = transom_testkit::ClosedPort::start();
    let server =
        Server::with(Setup { connections: vec![openai(0, upstream.base_url()), openai(1, &dead.base_url())], ..Setup::default() }).await;
    let admin = server.admin().await;
    admin.get("/api/models?refresh=true").await.ok();
    let status = admin.get(STATUS).await.ok();
    let [good, bad] = [&status["connections"][0], &status["connections"][1]];
    assert_eq!(
        (&good["kind"], &good["answers"], &good["models"], &good["failure"]),
        (&json!("openai"), &json!(true), &json!(2), &json!(null))
    );
    assert_eq!((&bad["index"], &bad["answers"], &bad["models"]), (&json!(1), &json!(false), &json!(0)));
    assert!(bad["failure"].as_str().is_some_and(|reason| reason.contains("cannot be reached")), "{bad}");
    assert_eq!(status["connections"].as_array().map(Vec::len), Some(2), "{status}");
}

#[actix_web::test]
async fn what_is_uploaded_is_counted_by_its_status() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.post("/api/v1/knowledge/create", json!({"name": "Manuals", "description": ""})).await.ok();
    let form = reqwest::multipart::Form::new().part("file", reqwest::multipart::Part::text("rain").file_name("rain.txt"));
    assert_eq!(admin.request(reqwest::Method::POST, "/api/v1/files/").multipart(form).send().await.expect("an answer").status(), 200);
    let status = admin.get(STATUS).await.ok();
    // Nobody works here, so the job waits.
    assert_eq!((&status["collections"], &status["files"]["pending"], &status["jobs"]["waiting"]), (&json!(1), &json!(1), &json!(1)));
}
