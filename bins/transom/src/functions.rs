//! Functions: those that are linked in, and what runs those of administrators.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret;
use transom_app::functions::{Audience, Functions, LinkedFunction, Registry};
use transom_app::models::Models;
use transom_auth::Secret;
use transom_config::Config;
use transom_fetch::Fetcher;
use transom_llm::FunctionRuntime;
use transom_provider_function::{Launcher, Limits, PythonConfig, PythonRuntime, Quote, pipe};
use transom_store::Store;

/// What is linked in: the server's own functions, and then the program's.
pub async fn registry(linked: Vec<LinkedFunction>) -> Result<Registry, String> {
    // It shows its caller nothing but passages that the caller may read anyway, and asks nobody.
    let quote = LinkedFunction { function: pipe(Quote), audience: Audience::Everyone, everywhere: false };
    let all: Vec<LinkedFunction> = std::iter::once(quote).chain(linked).collect();
    Registry::with(&all).await.map_err(|error| format!("a function that is linked in cannot be used: {error}"))
}

/// The administrators' functions, those that are switched on ready to run.
pub async fn functions(config: &Config, secret: &Secret, store: Store, models: Models, fetcher: Fetcher) -> Result<Functions, String> {
    let functions = Functions::new(store, models, secret, runtime(config)?, Some(fetcher));
    let functions = functions.map_err(|error| format!("the values of functions' settings cannot be encrypted: {error}"))?;
    functions.start().await.map_err(|error| format!("functions cannot be read: {error}"))?;
    Ok(functions)
}

fn runtime(config: &Config) -> Result<Option<Arc<dyn FunctionRuntime>>, String> {
    Ok(if config.functions.plugins { Some(Arc::new(python(config)?)) } else { None })
}

/// What runs functions in Python. Nothing is looked for or written before one is needed.
pub fn python(config: &Config) -> Result<PythonRuntime, String> {
    let functions = &config.functions;
    let launcher = Launcher::own("confine").map_err(|error| format!("no function can be run: {error}"))?;
    let usual = PythonConfig::new(config.database.folder.join("functions"), launcher, std::env::vars_os());
    Ok(PythonRuntime::new(PythonConfig {
        hidden: hidden(config),
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
    }))
}

/// What no function may read, wherever it is: the data folder, and a SQLite database that is somewhere else.
fn hidden(config: &Config) -> Vec<PathBuf> {
    let address = config.database.address();
    let elsewhere = address.expose_secret().strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let database = elsewhere.and_then(|path| path.split('?').next()).filter(|path| !path.is_empty() && !path.starts_with(':'));
    let files = database.into_iter().flat_map(|path| ["", "-wal", "-shm", "-journal"].map(|end| PathBuf::from(format!("{path}{end}"))));
    std::iter::once(config.database.folder.clone()).chain(files).collect()
}
