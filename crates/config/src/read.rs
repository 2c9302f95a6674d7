//! From variables to settings.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::*;
use crate::connections;
use crate::{
    BUILT_IN_EMBEDDING_MODEL, Notice, Problem, Problems, USER_PERMISSIONS, VARIABLES, duration, notice, reader::Reader, refused, secret,
};

const MEGABYTE: u64 = 1024 * 1024;

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, Problems> {
        Self::from_os(std::env::vars_os(), [])
    }

    /// Reads the process's environment, with `over` (name, value) going before it.
    pub fn from_env_and(over: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        Self::from_os(std::env::vars_os(), over)
    }

    fn from_os(
        vars: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
        over: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let mut unreadable = Vec::new();
        let mut readable = Vec::new();
        for (name, value) in vars {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => readable.push((name, value)),
                Err(_) if VARIABLES.iter().any(|variable| variable.name == name) || name.starts_with(USER_PERMISSIONS) => {
                    unreadable.push(Problem { sentence: format!("{name} is not text: it must be written in UTF-8."), variable: name });
                }
                Err(_) => {}
            }
        }
        readable.extend(over);
        match Self::from_vars(readable) {
            Ok(config) if unreadable.is_empty() => Ok(config),
            Ok(_) => Err(Problems(unreadable)),
            Err(problems) => Err(Problems([unreadable, problems.0].concat())),
        }
    }

    /// Reads variables; of two with the same name the later counts.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let mut reader = Reader::new(vars);
        refused::refuse(&mut reader);
        notice::look(&mut reader);
        let set = set(&reader);
        let server = server(&reader);
        let upstreams = upstreams(&mut reader);
        let config = Config {
            database: database(&reader),
            accounts: accounts(&mut reader, server.environment),
            embedding: embedding(&mut reader, &upstreams),
            splitting: splitting(&mut reader),
            retrieval: retrieval(&mut reader),
            files: files(&reader),
            functions: functions(&reader),
            log: log(&reader),
            upstreams: upstreams.used,
            server,
            notices: reader.take_notices(),
            set,
        };
        let problems = reader.into_problems();
        if problems.0.is_empty() { Ok(config) } else { Err(problems) }
    }
}

/// What is set, without secrets.
fn set(reader: &Reader) -> BTreeMap<String, String> {
    let secret = |name: &str| VARIABLES.iter().any(|variable| variable.name == name && variable.kind.is_secret());
    let shown = |(name, value): (String, String)| if secret(&name) { (name, String::new()) } else { (name, value) };
    reader.all().into_iter().filter(|(name, _)| notice::is_honoured(name)).map(shown).collect()
}

fn server(reader: &Reader) -> Server {
    let origins = reader.words("CORS_ALLOW_ORIGIN", ';');
    Server {
        host: reader.text("HOST").unwrap_or_default(),
        port: reader.number("PORT"),
        environment: if reader.choice("ENV") == "dev" { Environment::Dev } else { Environment::Prod },
        name: reader.text("WEBUI_NAME").unwrap_or_default(),
        console: reader.switch("ENABLE_CONSOLE"),
        origins: match origins.as_slice() {
            [] => Origins::Own,
            [any] if any == "*" => Origins::Any,
            _ => Origins::These(origins),
        },
        workers: reader.some_number("TRANSOM_WORKERS"),
        max_body: reader.number::<usize>("TRANSOM_MAX_BODY_MB") * MEGABYTE as usize,
        connections: connections(reader),
        shutdown: Duration::from_secs(reader.number("TRANSOM_SHUTDOWN_SECONDS")),
    }
}

fn connections(reader: &Reader) -> Connections {
    let limit = |name: &str| Some(reader.number::<usize>(name)).filter(|most| *most > 0);
    let seconds = |name: &str| Duration::from_secs(reader.number(name));
    Connections {
        all: limit("TRANSOM_MAX_CONNECTIONS"),
        per_address: limit("TRANSOM_MAX_CONNECTIONS_PER_ADDRESS"),
        head: seconds("TRANSOM_HEAD_SECONDS"),
        keep_alive: seconds("TRANSOM_KEEP_ALIVE_SECONDS"),
        body: seconds("TRANSOM_BODY_SECONDS"),
        stall: seconds("TRANSOM_STALL_SECONDS"),
        rate: reader.number("TRANSOM_MIN_RATE"),
    }
}

fn database(reader: &Reader) -> Database {
    Database {
        folder: reader.text("DATA_DIR").unwrap_or_default().into(),
        url: reader.secret("DATABASE_URL"),
        pool_size: reader.number("DATABASE_POOL_SIZE"),
    }
}

fn accounts(reader: &mut Reader, environment: Environment) -> Accounts {
    let secret = reader.secret("WEBUI_SECRET_KEY");
    if environment == Environment::Prod && secret.as_ref().is_some_and(|secret| secret::is_weak(secret.expose_secret())) {
        reader.problem(
            "WEBUI_SECRET_KEY",
            format!(
                "WEBUI_SECRET_KEY is too weak: it must have at least {} characters, {} of them different, and be no placeholder or \
                 repetition; take what `openssl rand -hex 32` prints (ENV=dev accepts it; unset, one is made and kept in DATA_DIR).",
                secret::SHORTEST,
                secret::LEAST_DISTINCT,
            ),
        );
    }
    if !reader.switch("WEBUI_AUTH") {
        let sentence =
            "WEBUI_AUTH is false: it must be true, because Transom always asks who calls; make an account, or give programs an API key.";
        reader.problem("WEBUI_AUTH", sentence.into());
    }
    let cookies = Cookies {
        same_site: match reader.choice("WEBUI_SESSION_COOKIE_SAME_SITE").as_str() {
            "strict" => SameSite::Strict,
            "none" => SameSite::None,
            _ => SameSite::Lax,
        },
        secure: reader.switch("WEBUI_SESSION_COOKIE_SECURE"),
    };
    if cookies.same_site == SameSite::None && !cookies.secure {
        reader.problem(
            "WEBUI_SESSION_COOKIE_SECURE",
            "WEBUI_SESSION_COOKIE_SECURE is false: it must be true where WEBUI_SESSION_COOKIE_SAME_SITE is none.".into(),
        );
    }
    Accounts {
        secret,
        signup: reader.switch("ENABLE_SIGNUP"),
        show_admin_details: reader.switch("SHOW_ADMIN_DETAILS"),
        default_role: match reader.choice("DEFAULT_USER_ROLE").as_str() {
            "user" => DefaultRole::User,
            "admin" => DefaultRole::Admin,
            _ => DefaultRole::Pending,
        },
        session_lifetime: reader.text("JWT_EXPIRES_IN").and_then(|text| duration::lifetime(&text)).flatten(),
        cookies,
        api_keys: ApiKeys {
            enabled: reader.switch("ENABLE_API_KEYS"),
            header: reader.choice("CUSTOM_API_KEY_HEADER"),
            only: reader.switch("ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS").then(|| reader.words("API_KEYS_ALLOWED_ENDPOINTS", ',')),
        },
        password_rule: reader.switch("ENABLE_PASSWORD_VALIDATION").then(|| PasswordRule {
            pattern: reader.text("PASSWORD_VALIDATION_REGEX_PATTERN").unwrap_or_default(),
            hint: reader.text("PASSWORD_VALIDATION_HINT"),
        }),
        first_admin: first_admin(reader),
        permissions: reader.switches(USER_PERMISSIONS),
    }
}

fn first_admin(reader: &mut Reader) -> Option<FirstAdmin> {
    let (email, password) = (reader.text("WEBUI_ADMIN_EMAIL"), reader.secret("WEBUI_ADMIN_PASSWORD"));
    if email.is_some() != password.is_some() {
        let (missing, other) = match email {
            Some(_) => ("WEBUI_ADMIN_PASSWORD", "WEBUI_ADMIN_EMAIL"),
            None => ("WEBUI_ADMIN_EMAIL", "WEBUI_ADMIN_PASSWORD"),
        };
        reader.problem(missing, format!("{missing} is not set: it must be, where {other} is."));
    }
    Some(FirstAdmin { email: email?, password: password?, name: reader.text("WEBUI_ADMIN_NAME").unwrap_or_default() })
}

/// The upstreams, and the first of each kind even where its kind is switched off for models: it may still embed.
struct AllUpstreams {
    used: Upstreams,
    first_openai: Option<Connection>,
    first_ollama: Option<Connection>,
}

fn upstreams(reader: &mut Reader) -> AllUpstreams {
    let mut openai = openai_connections(reader);
    connections::configure(reader, "OPENAI_API_CONFIGS", &mut openai);
    let mut ollama: Vec<Connection> = reader
        .addresses("OLLAMA_BASE_URLS")
        .or_else(|| reader.addresses("OLLAMA_BASE_URL"))
        .unwrap_or_default()
        .into_iter()
        .map(|url| Connection::new(url, None))
        .collect();
    let presumed = !reader.is_set("OLLAMA_BASE_URLS") && !reader.is_set("OLLAMA_BASE_URL");
    ollama.iter_mut().for_each(|connection| connection.settings.presumed = presumed);
    connections::configure(reader, "OLLAMA_API_CONFIGS", &mut ollama);
    let silence = reader.number::<u64>("AIOHTTP_CLIENT_TIMEOUT");
    AllUpstreams {
        first_openai: openai.first().cloned(),
        first_ollama: ollama.first().cloned(),
        used: Upstreams {
            openai: if reader.switch("ENABLE_OPENAI_API") { openai } else { Vec::new() },
            ollama: if reader.switch("ENABLE_OLLAMA_API") { ollama } else { Vec::new() },
            bypass_access: reader.switch("BYPASS_MODEL_ACCESS_CONTROL"),
            passthrough: reader.switch("ENABLE_OPENAI_API_PASSTHROUGH"),
            default_models: reader.text("DEFAULT_MODELS"),
            list_lifetime: Duration::from_secs(reader.number("MODELS_CACHE_TTL")),
            silence: (silence > 0).then(|| Duration::from_secs(silence)),
            list_timeout: Duration::from_secs(reader.number("AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST")),
        },
    }
}

fn openai_connections(reader: &mut Reader) -> Vec<Connection> {
    let keys = reader.secrets("OPENAI_API_KEYS").or_else(|| reader.secret("OPENAI_API_KEY").map(|key| vec![Some(key)])).unwrap_or_default();
    let urls = reader.addresses("OPENAI_API_BASE_URLS").or_else(|| reader.addresses("OPENAI_API_BASE_URL")).unwrap_or_else(|| {
        // Without an address a key can only be meant for OpenAI itself.
        let openai = keys.iter().any(Option::is_some).then(|| Url::parse("https://api.openai.com/v1").ok());
        openai.flatten().into_iter().collect()
    });
    if keys.len() > urls.len() {
        reader.notice(Notice::SpareKeys { keys: keys.len(), addresses: urls.len() });
    }
    let mut keys = keys.into_iter();
    urls.into_iter().map(|url| Connection::new(url, keys.next().flatten())).collect()
}

fn embedding(reader: &mut Reader, upstreams: &AllUpstreams) -> Embedding {
    let concurrency = NonZeroUsize::new(reader.number("RAG_EMBEDDING_CONCURRENT_REQUESTS"));
    let batch_size = reader.number("RAG_EMBEDDING_BATCH_SIZE");
    let model = reader.text("RAG_EMBEDDING_MODEL");
    let engine = match reader.choice("RAG_EMBEDDING_ENGINE").as_str() {
        "ollama" => {
            let own = reader.address("RAG_OLLAMA_BASE_URL");
            let key = reader.secret("RAG_OLLAMA_API_KEY");
            connection(reader, "RAG_OLLAMA_BASE_URL", own, key, upstreams.first_ollama.as_ref()).map(EmbeddingEngine::Ollama)
        }
        "openai" => {
            let own = reader.address("RAG_OPENAI_API_BASE_URL");
            let key = reader.secret("RAG_OPENAI_API_KEY");
            connection(reader, "RAG_OPENAI_API_BASE_URL", own, key, upstreams.first_openai.as_ref()).map(EmbeddingEngine::OpenAi)
        }
        _ => {
            let built_in = |model: &String| model == BUILT_IN_EMBEDDING_MODEL || model == "all-MiniLM-L6-v2";
            if let Some(other) = model.as_ref().filter(|model| !built_in(model)) {
                let sentence = format!(
                    "RAG_EMBEDDING_MODEL is {other:?}: it must be {BUILT_IN_EMBEDDING_MODEL}, the one model that is built in, \
                     unless RAG_EMBEDDING_ENGINE is ollama or openai."
                );
                reader.problem("RAG_EMBEDDING_MODEL", sentence);
            }
            return Embedding { engine: EmbeddingEngine::BuiltIn, model: BUILT_IN_EMBEDDING_MODEL.into(), batch_size, concurrency };
        }
    };
    // The same name for every engine, as Open WebUI has it: a compatible upstream often serves this very model.
    let model = model.unwrap_or_else(|| BUILT_IN_EMBEDDING_MODEL.into());
    Embedding { engine: engine.unwrap_or(EmbeddingEngine::BuiltIn), model, batch_size, concurrency }
}

/// The embedder's own address and key, or those of the first upstream. A key never goes to an address it was not given for.
fn connection(
    reader: &mut Reader,
    name: &str,
    own: Option<Url>,
    key: Option<SecretString>,
    first: Option<&Connection>,
) -> Option<Connection> {
    match (own.map(|url| Connection::new(url, key.clone())), first) {
        (Some(own), Some(first)) if first.is_at(&own) => Some(Connection { key: key.or_else(|| first.key.clone()), ..own }),
        (Some(own), _) => Some(own),
        (None, Some(first)) => Some(Connection { key: key.or_else(|| first.key.clone()), ..first.clone() }),
        (None, None) => {
            reader.problem(name, format!("{name} is not set: it must be the address of the upstream that embeds."));
            None
        }
    }
}

fn splitting(reader: &mut Reader) -> Splitting {
    let (size, overlap) = (reader.number("CHUNK_SIZE"), reader.number("CHUNK_OVERLAP"));
    if overlap >= size {
        let sentence = format!("CHUNK_OVERLAP is {overlap}: it must be smaller than CHUNK_SIZE, which is {size}.");
        reader.problem("CHUNK_OVERLAP", sentence);
    }
    Splitting {
        by: if reader.choice("RAG_TEXT_SPLITTER") == "token" {
            SplitBy::Tokens(reader.choice("TIKTOKEN_ENCODING_NAME"))
        } else {
            SplitBy::Characters
        },
        size,
        overlap,
        markdown_headings: reader.switch("ENABLE_MARKDOWN_HEADER_TEXT_SPLITTER"),
    }
}

fn retrieval(reader: &mut Reader) -> Retrieval {
    Retrieval {
        top_k: reader.number("RAG_TOP_K"),
        hybrid: reader.switch("ENABLE_RAG_HYBRID_SEARCH"),
        enriched: reader.switch("ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS"),
        prefixes: Prefixes {
            query: reader.text("RAG_EMBEDDING_QUERY_PREFIX"),
            content: reader.text("RAG_EMBEDDING_CONTENT_PREFIX"),
            field: reader.text("RAG_EMBEDDING_PREFIX_FIELD_NAME"),
        },
        bm25_weight: reader.some_number("RAG_HYBRID_BM25_WEIGHT"),
        reranker: reranker(reader),
        top_k_reranker: reader.number("RAG_TOP_K_RERANKER"),
        threshold: reader.number("RAG_RELEVANCE_THRESHOLD"),
        template: reader.text("RAG_TEMPLATE"),
        full_context: reader.switch("RAG_FULL_CONTEXT"),
        bypass: reader.switch("BYPASS_EMBEDDING_AND_RETRIEVAL"),
        query_generation: reader.switch("ENABLE_RETRIEVAL_QUERY_GENERATION"),
    }
}

fn reranker(reader: &mut Reader) -> Option<Reranker> {
    if reader.choice("RAG_RERANKING_ENGINE") != "external" {
        return None;
    }
    let (url, model) = (reader.address("RAG_EXTERNAL_RERANKER_URL"), reader.text("RAG_RERANKING_MODEL"));
    for (name, what, is_set) in
        [("RAG_EXTERNAL_RERANKER_URL", "the address", url.is_some()), ("RAG_RERANKING_MODEL", "the model", model.is_some())]
    {
        if !is_set {
            reader.problem(name, format!("{name} is not set: it must be {what} of the reranker where RAG_RERANKING_ENGINE is external."));
        }
    }
    Some(Reranker { connection: Connection::new(url?, reader.secret("RAG_EXTERNAL_RERANKER_API_KEY")), model: model? })
}

fn files(reader: &Reader) -> Files {
    let extensions = reader.words("RAG_ALLOWED_FILE_EXTENSIONS", ',');
    Files {
        max_size: reader.some_number::<u64>("RAG_FILE_MAX_SIZE").map(|megabytes| megabytes * MEGABYTE),
        max_count: reader.some_number("RAG_FILE_MAX_COUNT"),
        extensions: extensions.iter().map(|ending| ending.trim_start_matches('.').to_lowercase()).collect(),
        local_web: match reader.text_of("ENABLE_LOCAL_WEB_FETCH") {
            Some(_) => reader.switch("ENABLE_LOCAL_WEB_FETCH"),
            None => reader.switch("ENABLE_RAG_LOCAL_WEB_FETCH"),
        },
        jobs: reader.number("TRANSOM_JOBS"),
        extraction: Extraction {
            time: Duration::from_secs(reader.number("TRANSOM_EXTRACT_SECONDS")),
            memory_megabytes: reader.number("TRANSOM_EXTRACT_MEMORY_MB"),
            file_megabytes: reader.number("TRANSOM_EXTRACT_FILE_MB"),
            text_megabytes: reader.number("TRANSOM_EXTRACT_TEXT_MB"),
        },
    }
}

fn functions(reader: &Reader) -> Functions {
    Functions {
        plugins: reader.switch("ENABLE_PLUGINS"),
        requirements: reader.switch("ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS"),
        python: reader.text("TRANSOM_PYTHON").map(Into::into),
        memory: reader.number::<u64>("TRANSOM_FUNCTION_MEMORY_MB") * MEGABYTE,
        cpu_seconds: reader.number("TRANSOM_FUNCTION_CPU_SECONDS"),
        deadline: Duration::from_secs(reader.number("TRANSOM_FUNCTION_TIMEOUT")),
        output: reader.number::<usize>("TRANSOM_FUNCTION_OUTPUT_MB") * MEGABYTE as usize,
        idle: Duration::from_secs(reader.number("TRANSOM_FUNCTION_IDLE_SECONDS")),
    }
}

fn log(reader: &Reader) -> Log {
    Log {
        level: match reader.choice("GLOBAL_LOG_LEVEL").as_str() {
            "critical" | "error" => LogLevel::Error,
            "warning" => LogLevel::Warn,
            "debug" => LogLevel::Debug,
            "trace" => LogLevel::Trace,
            _ => LogLevel::Info,
        },
        format: if reader.choice("LOG_FORMAT") == "json" { LogFormat::Json } else { LogFormat::Text },
    }
}
