//! Functions in Python: each in a process of its own.

mod answer;
mod asks;
mod code;
mod config;
mod conversation;
mod environment;
mod files;
mod function;
mod processes;
mod protocol;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use transom_confine::Protection;
use transom_llm::{Function, FunctionRuntime};

pub use config::{Launcher, Limits, PythonConfig};

use code::Code;
use environment::Environment;
use function::PythonFunction;

/// Runs functions that are written in Python.
///
/// Each has a worker process of its own, which is started when it is first needed, serves many calls at once, is started
/// again after it died, and is stopped when nobody has called for a while or the last handle on the function is dropped.
/// It knows nothing of the server but what a call tells it. A worker's environment is set up at the first need and kept.
pub struct PythonRuntime {
    house: Arc<House>,
}

/// What all functions share.
struct House {
    config: PythonConfig,
    environment: Environment,
    /// Whether the log says already what this system cannot keep functions from.
    told: AtomicBool,
}

impl PythonRuntime {
    /// A runtime with these settings. Nothing is started or written before a function is needed.
    pub fn new(config: PythonConfig) -> Self {
        Self { house: Arc::new(House { config: config.absolute(), environment: Environment::new(), told: AtomicBool::new(false) }) }
    }

    /// The version of the interpreter that would run functions; a sentence about what is missing where there is none that can.
    pub async fn interpreter(&self) -> Result<String, String> {
        environment::interpreter(&self.house.config).await
    }
}

#[async_trait]
impl FunctionRuntime for PythonRuntime {
    fn function(&self, id: &str, source: &str) -> Arc<dyn Function> {
        Arc::new(PythonFunction(Arc::new(Code::new(id, source, self.house.clone()))))
    }

    async fn forget(&self, id: &str) {
        if let Err(error) = tokio::fs::remove_dir_all(self.house.folder_of(id)).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(function = id, %error, "a function's folder cannot be deleted");
        }
    }
}

impl House {
    /// Says once what keeps functions in their place, where that is not everything.
    fn tell_protection(&self) {
        if self.told.swap(true, Ordering::Relaxed) {
            return;
        }
        let missing = Protection::of_this_system().missing();
        if !missing.is_empty() {
            tracing::warn!(missing = missing.join(", "), "this system lets functions run with less protection than there could be");
        }
    }

    /// A function's own folder. Whatever its id is made of, the folder is in its place.
    fn folder_of(&self, id: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
        self.config.folder.join("functions").join(id.chars().map(plain).collect::<String>())
    }
}
