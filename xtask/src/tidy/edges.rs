//! Which way dependencies point: the table of docs/src/architecture.md.

use crate::place::Package;

/// Each crate of ours, and the crates of ours that it may depend on.
const HOUSE: &[(&str, &[&str])] = &[
    ("transom-domain", &[]),
    ("transom-config", &[]),
    ("transom-confine", &[]),
    ("transom-llm", &["transom-domain"]),
    ("transom-vector", &["transom-domain"]),
    ("transom-auth", &["transom-domain"]),
    ("transom-ingest", &["transom-domain"]),
    ("transom-migrations", &[]),
    ("transom-store", &["transom-domain", "transom-migrations"]),
    ("transom-upstream", &["transom-domain", "transom-llm"]),
    ("transom-provider-openai", &["transom-domain", "transom-llm", "transom-upstream"]),
    ("transom-provider-ollama", &["transom-domain", "transom-llm", "transom-upstream"]),
    ("transom-provider-function", &["transom-confine", "transom-domain", "transom-llm"]),
    ("transom-rerank", &["transom-llm", "transom-upstream"]),
    ("transom-words", &[]),
    ("transom-fetch", &[]),
    ("transom-sandbox", &["transom-confine", "transom-domain", "transom-ingest"]),
    ("transom-embed", &["transom-domain", "transom-llm"]),
    ("transom-vector-lance", &["transom-domain", "transom-vector"]),
    ("transom-index", &["transom-domain", "transom-ingest", "transom-llm", "transom-vector", "transom-words"]),
    (
        "transom-app",
        &[
            "transom-domain",
            "transom-auth",
            "transom-fetch",
            "transom-index",
            "transom-ingest",
            "transom-llm",
            "transom-store",
            "transom-vector",
        ],
    ),
    ("transom-api", &["transom-domain", "transom-app", "transom-llm"]),
    ("transom-console", &[]),
    ("transom-testkit", &["transom-domain", "transom-llm", "transom-vector"]),
    (
        "transom",
        &[
            "transom-api",
            "transom-app",
            "transom-auth",
            "transom-config",
            "transom-confine",
            "transom-console",
            "transom-domain",
            "transom-embed",
            "transom-fetch",
            "transom-index",
            "transom-ingest",
            "transom-llm",
            "transom-provider-function",
            "transom-provider-ollama",
            "transom-provider-openai",
            "transom-rerank",
            "transom-sandbox",
            "transom-store",
            "transom-upstream",
            "transom-vector",
            "transom-vector-lance",
        ],
    ),
    ("transom-bench", &[]),
    ("folder-answers", &["transom-domain", "transom-embed", "transom-index", "transom-ingest", "transom-vector"]),
    (
        "mounted",
        &["transom-api", "transom-app", "transom-domain", "transom-provider-ollama", "transom-provider-openai", "transom-upstream"],
    ),
    ("own-provider", &["transom", "transom-llm"]),
    ("xtask", &[]),
];

/// Adapters know a port, never each other: not even in tests.
const ADAPTERS: &[&str] = &[
    "transom-provider-openai",
    "transom-provider-ollama",
    "transom-provider-function",
    "transom-embed",
    "transom-rerank",
    "transom-vector-lance",
];

/// What only the server's own tests may bring in, because everything that names it waits for lancedb to compile.
const ONLY_THE_BINARY: &str = "transom-vector-lance";

/// Crates of others that few of ours may know, tests included.
const KEPT_IN: &[(&[&str], &[&str])] = &[
    (&["lancedb", "lance", "lance-core", "arrow-array", "arrow-schema"], &["transom-vector-lance"]),
    (&["actix-web"], &["transom-api", "transom-console", "transom", "transom-testkit", "mounted"]),
    (&["actix-http", "actix-server", "actix-service"], &["transom-api"]),
    (
        &["actix-cors", "actix-multipart", "tracing-actix-web", "paperclip", "utoipa-swagger-ui"],
        &["transom-api", "transom", "transom-testkit"],
    ),
    (&["sea-orm", "sea-orm-migration", "sqlx"], &["transom-store", "transom-migrations"]),
    (&["rten", "rten-tensor", "tokenizers"], &["transom-embed"]),
    (
        &[
            "calamine",
            "cfb",
            "mail-parser",
            "pdf-extract",
            "pdf_oxide",
            "quick-xml",
            "rtf-parser",
            "scraper",
            "tiktoken-rs",
            "undoc",
            "zip",
        ],
        &["transom-ingest"],
    ),
    (&["icu_segmenter", "rust-stemmers", "stop-words", "whatlang"], &["transom-words"]),
    (&["caps", "landlock", "seccompiler"], &["transom-confine"]),
    (&["clap"], &["transom", "transom-bench", "xtask"]),
];

/// Crates of others that few of ours may know outside tests.
const KEPT_IN_OUTSIDE_TESTS: &[(&[&str], &[&str])] = &[(&["reqwest"], &["transom-fetch", "transom-upstream"])];

/// One dependency: from, to, and whether only tests have it.
#[derive(Clone, Copy, Debug)]
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    tests_only: bool,
}

/// What the table does not allow.
pub fn check(packages: &[Package]) -> Vec<String> {
    let edges = packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Edge {
            from: package.name.as_str(),
            to: dependency.name.as_str(),
            tests_only: dependency.kind.as_deref() == Some("dev"),
        })
    });
    let mut findings: Vec<String> = edges.filter_map(wrong).collect();
    for package in packages {
        if !HOUSE.iter().any(|(name, _)| *name == package.name.as_str()) {
            findings.push(format!("{} is not in the table of xtask/src/tidy/edges.rs: say what it may depend on", package.name));
        }
    }
    findings
}

fn wrong(edge: Edge<'_>) -> Option<String> {
    let Edge { from, to, tests_only } = edge;
    if HOUSE.iter().any(|(name, _)| *name == to) {
        return wrong_in_house(edge);
    }
    let kept = KEPT_IN.iter().chain(if tests_only { &[] } else { KEPT_IN_OUTSIDE_TESTS });
    let (_, owners) = kept.into_iter().find(|(names, _)| names.contains(&to))?;
    (!owners.contains(&from)).then(|| format!("{from} must not know {to}: only {} may", owners.join(", ")))
}

fn wrong_in_house(Edge { from, to, tests_only }: Edge<'_>) -> Option<String> {
    let (_, allowed) = HOUSE.iter().find(|(name, _)| *name == from)?;
    if allowed.contains(&to) {
        return None;
    }
    if !tests_only {
        return Some(format!(
            "{from} must not depend on {to}: it may know {}",
            if allowed.is_empty() { "no crate of ours".into() } else { allowed.join(", ") }
        ));
    }
    if to == ONLY_THE_BINARY {
        return Some(format!("{from} must not depend on {to} in tests either: only the server's tests may wait for lancedb"));
    }
    (ADAPTERS.contains(&from) && ADAPTERS.contains(&to))
        .then(|| format!("{from} must not know {to} in tests either: adapters do not know each other"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge<'a>(from: &'a str, to: &'a str, tests_only: bool) -> Option<String> {
        wrong(Edge { from, to, tests_only })
    }

    #[test]
    fn dependencies_point_inwards() {
        assert!(edge("transom-app", "transom-store", false).is_none());
        assert!(edge("transom-store", "transom-app", false).is_some());
        assert!(edge("transom-domain", "transom-llm", false).is_some());
        assert!(edge("transom-api", "transom-store", false).is_some());
    }

    #[test]
    fn tests_may_bring_more_but_adapters_stay_apart() {
        assert!(edge("transom-api", "transom-store", true).is_none());
        assert!(edge("transom-provider-openai", "transom-provider-ollama", true).is_some());
        assert!(edge("transom-api", "transom-vector-lance", true).is_some());
    }

    #[test]
    fn a_framework_stays_where_it_belongs() {
        assert!(edge("transom-api", "actix-web", false).is_none());
        assert!(edge("transom-app", "actix-web", false).is_some());
        assert!(edge("transom-app", "sea-orm", true).is_some());
        assert!(edge("transom-vector", "lancedb", false).is_some());
        assert!(edge("transom-api", "reqwest", false).is_some());
        assert!(edge("transom-api", "reqwest", true).is_none());
    }
}
