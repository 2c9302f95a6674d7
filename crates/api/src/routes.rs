//! Every path and the module that answers it.

use actix_web::http::Method;
use actix_web::web::{Data, ServiceConfig};
use transom_app::App;

use crate::table::{Place, Table};
use crate::{accounts, chat, files, functions, groups, knowledge, models, ollama, openai, retrieval, status, system, users};

/// Mounts every route over these services.
pub fn configure(app: Data<App>) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(app.gateway())).app_data(app);
        table().mount(config);
    }
}

/// The routes that need the gateway alone.
pub(crate) fn gateway_table() -> Table {
    let mut table = Table::default();
    models::catalogue_routes(table.about("models"));
    chat::routes(table.about("chat"));
    openai::routes(table.about("openai"));
    ollama::routes(table.about("ollama"));
    table
}

/// Every route by its method and its path as it is registered.
pub fn routes() -> Vec<(Method, String)> {
    let each = |place: Place| {
        let methods: Vec<Method> = place.operations.iter().map(|operation| operation.method.clone()).collect();
        place.paths.into_iter().flat_map(move |path| methods.clone().into_iter().map(move |method| (method, path.clone())))
    };
    table().places.into_iter().flat_map(each).collect()
}

/// Every route.
pub(crate) fn table() -> Table {
    let mut table = Table::default();
    // Requests are compared with the paths in this order, and these are the most by far.
    chat::routes(table.about("chat"));
    accounts::routes(table.about("auths"));
    users::routes(table.about("users"));
    groups::routes(table.about("groups"));
    models::routes(table.about("models"));
    openai::routes(table.about("openai"));
    ollama::routes(table.about("ollama"));
    functions::routes(table.about("functions"));
    files::routes(table.about("files"));
    knowledge::routes(table.about("knowledge"));
    retrieval::routes(table.about("retrieval"));
    system::routes(table.about("system"));
    status::routes(table.about("system"));
    table
}
