//! Every path and the module that answers it.

use actix_web::web::ServiceConfig;

use crate::{accounts, chat, files, functions, groups, knowledge, models, ollama, openai, retrieval, system, users};

/// Mounts every route.
pub fn configure(config: &mut ServiceConfig) {
    accounts::routes(config);
    users::routes(config);
    groups::routes(config);
    models::routes(config);
    chat::routes(config);
    openai::routes(config);
    ollama::routes(config);
    functions::routes(config);
    files::routes(config);
    knowledge::routes(config);
    retrieval::routes(config);
    system::routes(config);
}
