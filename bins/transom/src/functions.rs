//! Functions: those that are linked in, and what runs those of administrators.

use std::sync::Arc;

use transom_app::functions::{Audience, Functions, LinkedFunction, Registry};
use transom_app::models::Models;
use transom_config::Config;
use transom_fetch::Fetcher;
use transom_llm::FunctionRuntime;
use transom_provider_function::{Limits, PythonConfig, PythonRuntime, Quote, pipe};
use transom_store::Store;

/// What is linked in: the server's own functions, and then the program's.
pub async fn registry(linked: Vec<LinkedFunction>) -> Result<Registry, String> {
    // It shows its caller nothing but passages that the caller may read anyway, and asks nobody.
    let quote = LinkedFunction { function: pipe(Quote), audience: Audience::Everyone, everywhere: false };
    let all: Vec<LinkedFunction> = std::iter::once(quote).chain(linked).collect();
    Registry::with(&all).await.map_err(|error| format!("a function that is linked in cannot be used: {error}"))
}

/// The administrators' functions, those that are switched on ready to run.
pub async fn functions(config: &Config, store: Store, models: Models, fetcher: Fetcher) -> Result<Functions, String> {
    let functions = Functions::new(store, models, runtime(config), Some(fetcher));
    functions.start().await.map_err(|error| format!("functions cannot be read: {error}"))?;
    Ok(functions)
}

fn runtime(config: &Config) -> Option<Arc<dyn FunctionRuntime>> {
    config.functions.plugins.then(|| Arc::new(python(config)) as Arc<dyn FunctionRuntime>)
}

/// What runs functions in Python. Nothing is looked for or written before one is needed.
pub fn python(config: &Config) -> PythonRuntime {
    let functions = &config.functions;
    let usual = PythonConfig::new(config.database.folder.join("functions"), std::env::vars_os());
    PythonRuntime::new(PythonConfig {
        interpreter: functions.python.clone(),
        requirements: functions.requirements,
        limits: Limits {
            memory_bytes: functions.memory,
            cpu_seconds: functions.cpu_seconds,
            output_bytes: functions.output,
            ..Limits::default()
        },
        deadline: functions.deadline,
        idle: functions.idle,
        ..usual
    })
}
