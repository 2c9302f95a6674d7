//! Routes of retrieval: questions, what comes in without being uploaded, and how it is all set.

mod config;
mod process;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use serde::Deserialize;
use transom_app::App;
use transom_app::retrieval::Question;

use crate::body::{Authorized, Json};
use crate::{ApiError, SignedIn};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/api/v1/retrieval/query/doc", web::post().to(query_doc))
        .route("/api/v1/retrieval/query/collection", web::post().to(query_collection))
        .route("/api/v1/retrieval/process/text", web::post().to(process::process_text))
        .route("/api/v1/retrieval/process/web", web::post().to(process::process_web))
        .route("/api/v1/retrieval/process/file", web::post().to(process::process_file))
        .route("/api/v1/retrieval/process/files/batch", web::post().to(process::process_files))
        .route("/api/v1/retrieval/delete", web::post().to(process::delete_entries))
        .route("/api/v1/retrieval/config", web::get().to(config::get_config))
        .route("/api/v1/retrieval/config/update", web::post().to(config::update_config))
        .route("/api/v1/retrieval/embedding", web::get().to(config::get_embedding))
        .route("/api/v1/retrieval/embedding/update", web::post().to(config::update_embedding))
        .route("/api/v1/retrieval/reset/db", web::post().to(config::reset_db))
        .route("/api/v1/retrieval/reset/uploads", web::post().to(config::reset_uploads));
}

type Answer = Result<HttpResponse, ApiError>;

#[derive(Deserialize)]
struct QueryDocRequest {
    collection_name: String,
    #[serde(flatten)]
    question: QuestionRequest,
}

#[derive(Deserialize)]
struct QueryCollectionRequest {
    collection_names: Vec<String>,
    #[serde(flatten)]
    question: QuestionRequest,
}

#[derive(Deserialize)]
struct QuestionRequest {
    query: String,
    #[serde(default)]
    k: Option<usize>,
    #[serde(default)]
    k_reranker: Option<usize>,
    #[serde(default)]
    r: Option<f32>,
    #[serde(default)]
    hybrid: Option<bool>,
    #[serde(default)]
    hybrid_bm25_weight: Option<f32>,
}

impl From<QuestionRequest> for Question {
    fn from(request: QuestionRequest) -> Self {
        Question {
            text: request.query,
            limit: request.k,
            reranked: request.k_reranker,
            threshold: request.r,
            hybrid: request.hybrid,
            bm25_weight: request.hybrid_bm25_weight,
        }
    }
}

async fn query_doc(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<QueryDocRequest>>) -> Answer {
    let passages = app.retrieval.query(&caller.0, &[body.0.collection_name], &body.0.question.into()).await?;
    Ok(HttpResponse::Ok().json(passages))
}

async fn query_collection(app: Data<App>, Authorized(caller, body): Authorized<SignedIn, Json<QueryCollectionRequest>>) -> Answer {
    let passages = app.retrieval.query(&caller.0, &body.0.collection_names, &body.0.question.into()).await?;
    Ok(HttpResponse::Ok().json(passages))
}
