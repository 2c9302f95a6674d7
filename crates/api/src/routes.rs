//! Every path and the module that answers it.

use actix_web::web::ServiceConfig;

use crate::table::Table;
use crate::{accounts, chat, files, functions, groups, knowledge, models, ollama, openai, retrieval, system, users};

/// Mounts every route.
pub fn configure(config: &mut ServiceConfig) {
    table().mount(config);
}

/// Every route.
pub(crate) fn table() -> Table {
    let mut table = Table::default();
    accounts::routes(table.about("auths"));
    users::routes(table.about("users"));
    groups::routes(table.about("groups"));
    models::routes(table.about("models"));
    chat::routes(table.about("chat"));
    openai::routes(table.about("openai"));
    ollama::routes(table.about("ollama"));
    functions::routes(table.about("functions"));
    files::routes(table.about("files"));
    knowledge::routes(table.about("knowledge"));
    retrieval::routes(table.about("retrieval"));
    system::routes(table.about("system"));
    table
}
