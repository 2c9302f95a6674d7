//! Routes of retrieval: questions, what comes in without being uploaded, and how it is all set.

mod config;
mod process;

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use transom_app::App;
use transom_app::retrieval::Question;
use utoipa::ToSchema;

use crate::body::{Authorized, Json};
use crate::reply::Reply;
use crate::table::Table;
use crate::{ApiError, SignedIn};

/// What a question can fail with: a file or collection that is not there, vectors of another model, files that are not ready.
const ASKING: [u16; 5] = [404, 409, 502, 503, 504];

/// What taking something in can fail with.
const TAKING: [u16; 5] = [404, 409, 502, 503, 507];

pub(crate) fn routes(table: &mut Table) {
    table.at("/api/v1/retrieval/query/doc").post(query_doc).or(ASKING);
    table.at("/api/v1/retrieval/query/collection").post(query_collection).or(ASKING);
    table.at("/api/v1/retrieval/process/text").post(process::process_text).or(TAKING);
    table.at("/api/v1/retrieval/process/web").post(process::process_web).or(TAKING).or([504]);
    table.at("/api/v1/retrieval/process/file").post(process::process_file).or(TAKING);
    table.at("/api/v1/retrieval/process/files/batch").post(process::process_files).or(TAKING);
    table.at("/api/v1/retrieval/delete").post(process::delete_entries).or([404]);
    table.at("/api/v1/retrieval/config").get(config::get_retrieval_config);
    table.at("/api/v1/retrieval/config/update").post(config::update_retrieval_config);
    table.at("/api/v1/retrieval/embedding").get(config::get_embedding_config);
    table.at("/api/v1/retrieval/embedding/update").post(config::update_embedding_config);
    table.at("/api/v1/retrieval/reset/db").post(config::reset_index);
    table.at("/api/v1/retrieval/reset/uploads").post(config::reset_uploads);
}

/// A question to a collection, or to a file as `file-` and its id.
#[derive(Deserialize, ToSchema)]
struct QueryDocRequest {
    collection_name: String,
    #[serde(flatten)]
    question: QuestionRequest,
}

/// A question to several collections or files.
#[derive(Deserialize, ToSchema)]
struct QueryCollectionRequest {
    collection_names: Vec<String>,
    #[serde(flatten)]
    question: QuestionRequest,
}

/// A question, and how passages are found for it. What is left out is as the settings have it.
#[derive(Deserialize, ToSchema)]
struct QuestionRequest {
    #[schema(examples("When does the warranty end?"))]
    query: String,
    /// How many passages.
    #[serde(default, deserialize_with = "whole")]
    k: Option<usize>,
    /// How many of them after reranking.
    #[serde(default, deserialize_with = "whole")]
    k_reranker: Option<usize>,
    /// How like the question passages must be: their cosine, from 0 to 1.
    #[serde(default)]
    r: Option<f32>,
    /// Whether words are looked for beside meaning.
    #[serde(default)]
    hybrid: Option<bool>,
    /// How much words count, from 0 to 1.
    #[serde(default)]
    hybrid_bm25_weight: Option<f32>,
    /// Whether the words of a file's name count as words of its passages.
    #[serde(default)]
    enable_enriched_texts: Option<bool>,
}

/// A whole number, also one that a client writes as `3.0`.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    let of_float = || number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..1e15).contains(float)).map(|float| float as u64);
    let whole = number.as_u64().or_else(of_float).and_then(|whole| usize::try_from(whole).ok());
    whole.map(Some).ok_or_else(|| serde::de::Error::custom("a number of passages is a whole number, 0 or more"))
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
            enriched: request.enable_enriched_texts,
        }
    }
}

/// Passages, best first, in one list of lists each.
#[derive(ToSchema)]
#[schema(as = Passages)]
#[allow(dead_code, reason = "only its shape counts")]
struct PassagesShape {
    /// How near each is to the question, from 0 to 1.
    distances: Vec<Vec<f32>>,
    /// The texts.
    documents: Vec<Vec<String>>,
    /// What is known of each.
    metadatas: Vec<Vec<Map<String, Value>>>,
}

/// Finds passages of a collection or a file
#[api_v2_operation]
async fn query_doc(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<QueryDocRequest>>,
) -> Result<Reply<PassagesShape>, ApiError> {
    Ok(Reply::shaped(&app.retrieval.query(&caller.0, &[body.0.collection_name], &body.0.question.into()).await?))
}

/// Finds passages of several collections or files
#[api_v2_operation]
async fn query_collection(
    app: Data<App>,
    Authorized(caller, body): Authorized<SignedIn, Json<QueryCollectionRequest>>,
) -> Result<Reply<PassagesShape>, ApiError> {
    Ok(Reply::shaped(&app.retrieval.query(&caller.0, &body.0.collection_names, &body.0.question.into()).await?))
}
