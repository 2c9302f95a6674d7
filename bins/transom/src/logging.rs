//! Log lines, to standard error.

use tracing_subscriber::EnvFilter;
use transom_config::{Log, LogFormat};

/// Starts the log. `RUST_LOG` goes before `GLOBAL_LOG_LEVEL`.
#[expect(clippy::disallowed_methods, reason = "RUST_LOG is the log library's own variable")]
pub(crate) fn start(log: Log) -> Result<(), String> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) if !filter.trim().is_empty() => {
            EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG is not a filter such as info,transom_app=debug: {error}."))?
        }
        _ => EnvFilter::new(default_filter(log.level.as_str())),
    };
    let to_a_person = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(to_a_person);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
        LogFormat::Text => lines.try_init(),
    };
    started.map_err(|error| format!("the log does not start: {error}"))?;
    log_panics();
    Ok(())
}

/// Puts panics of every thread and task into the log. Standard error, where they go otherwise, would show their words, and those may
/// quote what a user sent; words that are a constant of the program cannot.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let words = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
        tracing::error!(place, words, "something panicked");
    }));
}

/// Libraries are heard where they warn: their debug lines may hold requests, and so prompts.
fn default_filter(level: &str) -> String {
    const OURS: &[&str] = &[
        "transom",
        "transom_api",
        "transom_app",
        "transom_auth",
        "transom_embed",
        "transom_ingest",
        "transom_provider_ollama",
        "transom_provider_openai",
        "transom_sandbox",
        "transom_store",
        "transom_upstream",
        "transom_vector_lance",
        "tracing_actix_web",
    ];
    let library = if level == "error" { "error" } else { "warn" };
    // The PDF parsers warn for every glyph that they do not know.
    OURS.iter().fold(format!("{library},pdf_extract=off,lopdf=off"), |filter, ours| filter + &format!(",{ours}={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_one() {
        for level in ["error", "warn", "info", "debug", "trace"] {
            EnvFilter::try_new(default_filter(level)).expect("a filter");
        }
    }
}
