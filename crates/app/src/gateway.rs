//! The gateway without the rest of the house.

use crate::chat::Chat;
use crate::models::{Connection, Models, ModelsConfig};

/// Every model behind one catalogue, and calls to them: for programs with accounts of their own, which keep no documents here.
/// Cheap to clone; clones are one.
///
/// ```
/// use transom_app::Gateway;
/// use transom_app::models::Connection;
/// use transom_domain::{Caller, Role};
///
/// # use transom_llm::testkit::FakeModel;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), transom_app::Error> {
/// # let parrot = std::sync::Arc::new(FakeModel::new("parrot", &["grey"]));
/// let gateway = Gateway::open(vec![Connection::own(0, parrot)]);
/// let visitor = Caller::new("visitor".into(), Role::User);
/// assert!(gateway.models.resolve(&visitor, "grey").await?.is_some());
/// assert!(gateway.models.resolve(&visitor, "blue").await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gateway {
    /// The catalogue.
    pub models: Models,
    /// Chat and embeddings calls, and the upstreams' own APIs.
    pub chat: Chat,
}

impl Gateway {
    /// A gateway to these upstreams, whose models every caller may use. Nothing is asked of them yet.
    pub fn open(connections: Vec<Connection>) -> Self {
        Self::new(ModelsConfig { open_to_all: true, ..ModelsConfig::default() }, connections)
    }

    /// The same with settings. Without [`ModelsConfig::open_to_all`], models are for administrators alone: nothing is kept that could grant one.
    pub fn new(config: ModelsConfig, connections: Vec<Connection>) -> Self {
        let models = Models::new(config, connections);
        Self { chat: Chat::new(models.clone()), models }
    }
}
