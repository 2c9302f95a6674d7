//! What a program adds to the server.

use std::sync::Arc;

use transom_app::functions::LinkedFunction;
use transom_llm::ChatModel;

/// Functions and providers of a program's own, beside those that the server brings along.
#[derive(Clone, Default)]
pub struct Extensions {
    /// Functions, in the order in which they were added.
    pub(crate) functions: Vec<LinkedFunction>,
    /// Providers, in the order in which they were added.
    pub(crate) providers: Vec<Arc<dyn ChatModel>>,
}

impl Extensions {
    /// Nothing: the server as it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// A function more: a pipe is a model, a filter looks at the calls of others.
    pub fn with_function(mut self, function: LinkedFunction) -> Self {
        self.functions.push(function);
        self
    }

    /// A provider more. Its models are listed after those of the settings' upstreams and granted like them; where an upstream has a
    /// model of the same id, that one answers.
    pub fn with_provider(mut self, provider: impl ChatModel) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }
}
