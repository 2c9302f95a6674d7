//! `/health`, `/ready`, `/api/version`, `/api/config`, and what surrounds every route.

use reqwest::Method;
use serde_json::json;
use transom_app::files::FilesConfig;
use transom_app::models::ModelsConfig;

use crate::common::{Answer, Server, Setup};

#[actix_web::test]
async fn health_version_and_readiness_need_no_credential() {
    let server = Server::start().await;
    let anyone = server.anonymous();
    assert_eq!(anyone.get("/health").await.ok(), json!({"status": true}));
    assert_eq!(anyone.get("/health/db").await.ok(), json!({"status": true}));
    assert_eq!(anyone.get("/ready").await.ok(), json!({"status": true}));
    assert_eq!(anyone.get("/api/version").await.ok(), json!({"version": "0.12.4", "deployment_id": ""}));
    assert_eq!(Answer::of(anyone.request(Method::HEAD, "/health")).await.status, 200);
}

#[actix_web::test]
async fn a_caller_without_a_session_sees_the_public_part_of_the_configuration() {
    let server = Server::start().await;
    let before = server.anonymous().get("/api/config").await.ok();
    assert_eq!(before["onboarding"], true);
    assert_eq!(before["features"]["enable_signup"], true);
    let admin = server.admin().await;
    let public = server.anonymous().get("/api/config").await.ok();
    assert!(public["status"] == true && public["features"]["auth"] == true && public["name"] == "Transom");
    assert_eq!(public["features"]["enable_signup"], false);
    assert!(public.get("default_models").is_none() && public.get("permissions").is_none() && public.get("onboarding").is_none());
    let (pending, _) = server.account(&admin, "pen", "pending").await;
    assert_eq!(pending.get("/api/config").await.ok(), public);
    assert_eq!(server.bearer("nonsense").get("/api/config").await.ok(), public);
    let own = admin.get("/api/config").await.ok();
    assert!(own.get("default_models").is_some() && own["permissions"]["chat"]["file_upload"] == true);
    assert_eq!(own["features"]["enable_web_search"], false);
}

#[actix_web::test]
async fn the_configuration_tells_what_may_be_uploaded_and_which_models_are_proposed() {
    let setup = Setup {
        files: FilesConfig { max_size: Some(5 << 20), max_count: Some(3), ..FilesConfig::default() },
        models: ModelsConfig { default_models: Some("small,large".to_owned()), ..ModelsConfig::default() },
        ..Setup::default()
    };
    let server = Server::with(setup).await;
    let admin = server.admin().await;
    let told = admin.get("/api/config").await.ok();
    assert!(told["file"]["max_size"] == 5 && told["file"]["max_count"] == 3, "{}", told["file"]);
    assert_eq!(told["default_models"], "small,large");
    let retrieval = admin.get("/api/v1/retrieval/config").await.ok();
    assert!(retrieval["FILE_MAX_SIZE"] == 5 && retrieval["FILE_MAX_COUNT"] == 3, "{retrieval}");
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_refused_in_json() {
    let server = Server::start().await;
    let anyone = server.anonymous();
    for path in ["/", "/api/v1/zzz", "/api/v1/auths/zzz", "/zzz"] {
        assert!(!anyone.get(path).await.refused(404).is_empty());
    }
    assert_eq!(anyone.get("/api/v1/auths/signin").await.refused(405), "Method Not Allowed");
    assert_eq!(anyone.post("/health", json!({})).await.refused(405), "Method Not Allowed");
}

#[actix_web::test]
async fn every_answer_carries_a_request_id_of_its_own() {
    let server = Server::start().await;
    let first = server.anonymous().get("/health").await;
    let second = server.anonymous().with("x-request-id", "mine").get("/api/v1/zzz").await;
    let id = |answer: &Answer| uuid::Uuid::parse_str(answer.header("x-request-id").expect("an id")).expect("a UUID");
    assert_ne!(id(&first), id(&second));
}

#[actix_web::test]
async fn a_body_that_cannot_be_read_is_a_422_and_one_that_is_too_large_a_413() {
    let server = Server::start().await;
    let anyone = server.anonymous();
    let sent = |body: String, media: &'static str| {
        Answer::of(anyone.request(Method::POST, "/api/v1/auths/signin").header("content-type", media).body(body))
    };
    assert!(!sent("{".to_owned(), "application/json").await.refused(422).is_empty());
    assert!(!sent("{}".to_owned(), "application/json").await.refused(422).is_empty());
    let right = json!({"email": "a@example.com", "password": "x"}).to_string();
    sent(right, "application/x-www-form-urlencoded").await.refused(400);
    sent("x".repeat(2 << 20), "application/json").await.refused(413);
}

#[actix_web::test]
async fn a_query_that_cannot_be_read_is_a_422() {
    let server = Server::start().await;
    let admin = server.admin().await;
    assert!(admin.get("/api/v1/users/?page=first").await.refused(422).contains("query"));
}

async fn preflight(server: &Server, origin: &str) -> Answer {
    let request = server.anonymous().request(Method::OPTIONS, "/api/models");
    Answer::of(request.header("origin", origin).header("access-control-request-method", "POST")).await
}

#[actix_web::test]
async fn other_origins_are_let_in_by_name_alone() {
    let closed = Server::start().await;
    assert_eq!(preflight(&closed, "https://app.example").await.header("access-control-allow-origin"), None);
    let answer = Answer::of(closed.anonymous().request(Method::GET, "/health").header("origin", "https://app.example")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));

    let listed = Server::with(Setup { origins: vec!["https://app.example".to_owned()], ..Setup::default() }).await;
    let answer = preflight(&listed, "https://app.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(preflight(&listed, "https://evil.example").await.header("access-control-allow-origin"), None);

    let open = Server::with(Setup { origins: vec!["*".to_owned()], ..Setup::default() }).await;
    let answer = preflight(&open, "https://app.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[actix_web::test]
async fn a_handler_that_panics_is_a_500_and_the_server_goes_on() {
    use actix_web::{App, HttpServer, middleware::from_fn, web};
    async fn broken() -> actix_web::HttpResponse {
        panic!("a fault that a test makes")
    }
    let server = HttpServer::new(|| {
        let app = App::new().wrap(from_fn(transom_api::answer)).wrap(transom_api::request_log());
        app.route("/broken", web::get().to(broken)).configure(transom_api::limits(1024))
    });
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let http = crate::common::http();
    let said = Answer::of(http.get(format!("{base}/broken"))).await.refused(500);
    assert!(!said.contains("fault that a test makes"));
    assert!(!Answer::of(http.get(format!("{base}/nowhere"))).await.refused(404).is_empty());
    handle.stop(false).await;
}
