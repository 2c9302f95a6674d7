//! The list of variables.

use crate::{Kind, Variable};

/// The model that is built in.
pub const BUILT_IN_EMBEDDING_MODEL: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// What new passwords must match where they must match something and nothing else is set: eight characters, a small and a large letter, a
/// digit and another sign.
const DEFAULT_PASSWORD_PATTERN: &str = r"^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^\w\s]).{8,}$";

/// The beginning of the names of variables that set what accounts may do by default.
pub const USER_PERMISSIONS: &str = "USER_PERMISSIONS_";

const SERVER: &str = "Server";
const DATA: &str = "Data";
const ACCOUNTS: &str = "Accounts";
const KEYS: &str = "API keys";
const UPSTREAMS: &str = "Upstreams and models";
const EMBEDDING: &str = "Embedding";
const SPLITTING: &str = "Splitting";
const RETRIEVAL: &str = "Retrieval";
const FILES: &str = "Files";
const FUNCTIONS: &str = "Functions";
const LOG: &str = "Log";

const fn var(group: &'static str, name: &'static str, default: &'static str, kind: Kind, meaning: &'static str) -> Variable {
    Variable { name, group, default, kind, meaning }
}

const fn whole(min: u64, max: u64) -> Kind {
    Kind::Whole { min, max }
}

/// Every variable, in the order of help and documentation.
#[rustfmt::skip]
pub static VARIABLES: &[Variable] = &[
    var(SERVER, "HOST", "127.0.0.1", Kind::Host, "Address to listen on; 0.0.0.0 lets other machines in."),
    var(SERVER, "PORT", "3000", whole(0, 65_535), "Port to listen on; 0 takes a free one."),
    var(SERVER, "ENV", "prod", Kind::OneOf(&["prod", "dev"]), "dev serves /docs and /openapi.json, and accepts a weak WEBUI_SECRET_KEY; for trying things out only."),
    var(SERVER, "WEBUI_NAME", "Transom", Kind::Text, "Name that /api/config gives the server."),
    var(SERVER, "ENABLE_CONSOLE", "true", Kind::Switch, "Whether there is a page for people at /."),
    var(SERVER, "CORS_ALLOW_ORIGIN", "", Kind::Origins, "Origins whose pages may call the server; unset, only its own."),
    var(SERVER, "TRANSOM_WORKERS", "", whole(1, 1_024), "Threads that answer requests; unset, one for each core."),
    var(SERVER, "TRANSOM_MAX_BODY_MB", "64", whole(1, 4_096), "Size of a request's body in megabytes, uploads aside."),
    var(SERVER, "TRANSOM_MAX_CONNECTIONS", "10000", whole(0, 1_000_000), "Connections of clients at once, never more than half of the open files that the system allows; 0 sets no limit."),
    var(SERVER, "TRANSOM_MAX_CONNECTIONS_PER_ADDRESS", "2000", whole(0, 1_000_000), "Connections at once from one IP address, or one /64 network of IPv6; 0 sets no limit, as behind a proxy of many users."),
    var(SERVER, "TRANSOM_HEAD_SECONDS", "10", whole(1, 3_600), "Seconds that a client may take for a request's line and headers."),
    var(SERVER, "TRANSOM_KEEP_ALIVE_SECONDS", "5", whole(0, 3_600), "Seconds that a connection may be idle between requests; 0 closes it after each."),
    var(SERVER, "TRANSOM_BODY_SECONDS", "30", whole(1, 86_400), "Seconds that a client may take for a request's body, and as many more as its size needs at 16 times TRANSOM_MIN_RATE; uploads have no such limit."),
    var(SERVER, "TRANSOM_STALL_SECONDS", "30", whole(1, 3_600), "Span in which a client that sends a body or reads an answer must keep up TRANSOM_MIN_RATE."),
    var(SERVER, "TRANSOM_MIN_RATE", "1024", whole(1, 1_000_000), "Bytes per second that a client must send or read while the server waits for it."),
    var(SERVER, "TRANSOM_SHUTDOWN_SECONDS", "30", whole(0, 3_600), "Seconds that running requests get to end after SIGTERM."),

    var(DATA, "DATA_DIR", "./data", Kind::Text, "Folder of the database, uploaded files, vectors and the secret; made where missing."),
    var(DATA, "DATABASE_URL", "", Kind::Database, "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; unset, transom.db in DATA_DIR."),
    var(DATA, "DATABASE_POOL_SIZE", "10", whole(1, 1_000), "Connections to the database at most."),

    var(ACCOUNTS, "WEBUI_SECRET_KEY", "", Kind::Secret, "Signs sessions and encrypts API keys; unset, one is made and kept in DATA_DIR."),
    var(ACCOUNTS, "WEBUI_AUTH", "true", Kind::Switch, "Only true: Transom always asks who calls."),
    var(ACCOUNTS, "WEBUI_ADMIN_EMAIL", "", Kind::Text, "With WEBUI_ADMIN_PASSWORD, the administrator that a server without any account makes at start."),
    var(ACCOUNTS, "WEBUI_ADMIN_PASSWORD", "", Kind::Secret, "Its password."),
    var(ACCOUNTS, "WEBUI_ADMIN_NAME", "Admin", Kind::Text, "Its name."),
    var(ACCOUNTS, "ENABLE_SIGNUP", "false", Kind::Switch, "Whether people may sign up once there is an account; the first always may."),
    var(ACCOUNTS, "DEFAULT_USER_ROLE", "pending", Kind::OneOf(&["pending", "user", "admin"]), "Role of accounts that sign themselves up, after the first."),
    var(ACCOUNTS, "JWT_EXPIRES_IN", "4w", Kind::Lifetime, "How long a session lasts."),
    var(ACCOUNTS, "SHOW_ADMIN_DETAILS", "true", Kind::Switch, "Whether accounts that wait are told whom to ask."),
    var(ACCOUNTS, "ENABLE_PASSWORD_VALIDATION", "false", Kind::Switch, "Whether new passwords must match PASSWORD_VALIDATION_REGEX_PATTERN."),
    var(ACCOUNTS, "PASSWORD_VALIDATION_REGEX_PATTERN", DEFAULT_PASSWORD_PATTERN, Kind::Pattern, "What new passwords must match from their beginning."),
    var(ACCOUNTS, "PASSWORD_VALIDATION_HINT", "", Kind::Text, "What people are told whose new password does not match."),
    var(ACCOUNTS, "WEBUI_SESSION_COOKIE_SAME_SITE", "lax", Kind::OneOf(&["lax", "strict", "none"]), "SameSite of the session cookie."),
    var(ACCOUNTS, "WEBUI_SESSION_COOKIE_SECURE", "false", Kind::Switch, "Whether the session cookie travels over https alone."),

    var(KEYS, "ENABLE_API_KEYS", "true", Kind::Switch, "Whether API keys can be made and used."),
    var(KEYS, "CUSTOM_API_KEY_HEADER", "x-api-key", Kind::HeaderName, "Header that may carry a key in place of Authorization."),
    var(KEYS, "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS", "false", Kind::Switch, "Whether keys open only API_KEYS_ALLOWED_ENDPOINTS."),
    var(KEYS, "API_KEYS_ALLOWED_ENDPOINTS", "", Kind::Words, "Paths that keys open, with , between them."),

    var(UPSTREAMS, "ENABLE_OPENAI_API", "true", Kind::Switch, "Whether OpenAI-compatible upstreams are used."),
    var(UPSTREAMS, "OPENAI_API_BASE_URL", "", Kind::Address, "The one OpenAI-compatible upstream; unset, https://api.openai.com/v1 if a key is set."),
    var(UPSTREAMS, "OPENAI_API_BASE_URLS", "", Kind::Addresses, "Several of them with ; between; goes before OPENAI_API_BASE_URL."),
    var(UPSTREAMS, "OPENAI_API_KEY", "", Kind::Secret, "Key of the one upstream."),
    var(UPSTREAMS, "OPENAI_API_KEYS", "", Kind::Secrets, "Keys of the several, in their order with ; between; may be fewer, and what is more is not used."),
    var(UPSTREAMS, "OPENAI_API_CONFIGS", "", Kind::Object, "What is said of single ones: {\"0\": {…}}, under their index or address."),
    var(UPSTREAMS, "ENABLE_OPENAI_API_PASSTHROUGH", "false", Kind::Switch, "Whether administrators may send any call below /openai to an upstream, with its key."),
    var(UPSTREAMS, "ENABLE_OLLAMA_API", "true", Kind::Switch, "Whether Ollama upstreams are used."),
    var(UPSTREAMS, "OLLAMA_BASE_URL", "http://localhost:11434", Kind::Address, "The one Ollama."),
    var(UPSTREAMS, "OLLAMA_BASE_URLS", "", Kind::Addresses, "Several of them with ; between; goes before OLLAMA_BASE_URL."),
    var(UPSTREAMS, "OLLAMA_API_CONFIGS", "", Kind::Object, "The same of Ollamas, where `key` is sent as a bearer token."),
    var(UPSTREAMS, "BYPASS_MODEL_ACCESS_CONTROL", "false", Kind::Switch, "Opens every model to every account."),
    var(UPSTREAMS, "DEFAULT_MODELS", "", Kind::Words, "Models that /api/config proposes, with , between them."),
    var(UPSTREAMS, "MODELS_CACHE_TTL", "30", whole(0, 86_400), "Seconds after which the list of models is refreshed behind a request."),
    var(UPSTREAMS, "AIOHTTP_CLIENT_TIMEOUT", "300", whole(0, 86_400), "Seconds that an upstream may be silent in a call; 0 sets no limit."),
    var(UPSTREAMS, "AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST", "10", whole(1, 600), "Seconds that an upstream gets to list its models."),

    var(EMBEDDING, "RAG_EMBEDDING_ENGINE", "", Kind::OneOf(&["ollama", "openai"]), "Who embeds; unset, the model that is built in."),
    var(EMBEDDING, "RAG_EMBEDDING_MODEL", "", Kind::Text, "The embedding model; unset, sentence-transformers/all-MiniLM-L6-v2, whoever embeds."),
    var(EMBEDDING, "RAG_EMBEDDING_BATCH_SIZE", "32", whole(1, 2_048), "Chunks in one embedding call."),
    var(EMBEDDING, "RAG_EMBEDDING_CONCURRENT_REQUESTS", "4", whole(0, 1_000), "Embedding calls under way at once; 0 sets no limit."),
    var(EMBEDDING, "RAG_EMBEDDING_QUERY_PREFIX", "", Kind::Verbatim, "What stands before a question that is embedded, as E5 and BGE expect it; for RAG_EMBEDDING_ENGINE ollama and openai."),
    var(EMBEDDING, "RAG_EMBEDDING_CONTENT_PREFIX", "", Kind::Verbatim, "What stands before a chunk that is embedded. A change of a prefix makes other vectors: run transom doctor --reindex."),
    var(EMBEDDING, "RAG_EMBEDDING_PREFIX_FIELD_NAME", "", Kind::Text, "The field of the request in which the prefix is sent; unset, it stands before the text."),
    var(EMBEDDING, "RAG_OLLAMA_BASE_URL", "", Kind::Address, "The Ollama that embeds; unset, the first of OLLAMA_BASE_URLS."),
    var(EMBEDDING, "RAG_OLLAMA_API_KEY", "", Kind::Secret, "Its key."),
    var(EMBEDDING, "RAG_OPENAI_API_BASE_URL", "", Kind::Address, "The OpenAI-compatible upstream that embeds; unset, the first of OPENAI_API_BASE_URLS."),
    var(EMBEDDING, "RAG_OPENAI_API_KEY", "", Kind::Secret, "Its key; unset, that of the first upstream."),

    var(SPLITTING, "RAG_TEXT_SPLITTER", "character", Kind::OneOf(&["character", "token"]), "What CHUNK_SIZE counts."),
    var(SPLITTING, "TIKTOKEN_ENCODING_NAME", "cl100k_base", Kind::OneOf(&["cl100k_base", "o200k_base", "p50k_base", "r50k_base", "gpt2"]), "The vocabulary that tokens are counted with."),
    var(SPLITTING, "CHUNK_SIZE", "1000", whole(1, 1_000_000), "Size of a chunk at most, in characters or tokens."),
    var(SPLITTING, "CHUNK_OVERLAP", "100", whole(0, 1_000_000), "What neighbouring chunks share at most."),
    var(SPLITTING, "ENABLE_MARKDOWN_HEADER_TEXT_SPLITTER", "true", Kind::Switch, "Whether Markdown is split at its headings first."),

    var(RETRIEVAL, "RAG_TOP_K", "3", whole(1, 1_000), "Passages that a question gets."),
    var(RETRIEVAL, "ENABLE_RAG_HYBRID_SEARCH", "true", Kind::Switch, "Whether words are searched beside vectors."),
    var(RETRIEVAL, "ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS", "false", Kind::Switch, "Whether the words of a file's name count as words of each of its passages."),
    var(RETRIEVAL, "RAG_HYBRID_BM25_WEIGHT", "", Kind::Fraction { min: 0.0, max: 1.0 }, "How much the words count: 0 leaves it to the vectors, 1 to the words; unset, it depends on how well the embedding model knows the language."),
    var(RETRIEVAL, "RAG_RERANKING_ENGINE", "", Kind::OneOf(&["external"]), "Who judges found passages again; unset, nobody."),
    var(RETRIEVAL, "RAG_RERANKING_MODEL", "", Kind::Text, "The reranking model."),
    var(RETRIEVAL, "RAG_EXTERNAL_RERANKER_URL", "", Kind::Address, "The whole address of the reranker, such as https://api.jina.ai/v1/rerank."),
    var(RETRIEVAL, "RAG_EXTERNAL_RERANKER_API_KEY", "", Kind::Secret, "Its key."),
    var(RETRIEVAL, "RAG_TOP_K_RERANKER", "3", whole(1, 1_000), "Passages that a question gets where there is a reranker; never more than RAG_TOP_K."),
    var(RETRIEVAL, "RAG_RELEVANCE_THRESHOLD", "0", Kind::Fraction { min: 0.0, max: 1.0 }, "Cosine similarity to the question below which a passage is left out; with a reranker, its score. 0 leaves out nothing."),
    var(RETRIEVAL, "RAG_TEMPLATE", "", Kind::Template, "The prompt around the passages: {{CONTEXT}} and {{QUERY}} are filled in; unset, one of our own."),
    var(RETRIEVAL, "RAG_FULL_CONTEXT", "false", Kind::Switch, "Whether whole documents go into the prompt in place of passages."),
    var(RETRIEVAL, "BYPASS_EMBEDDING_AND_RETRIEVAL", "false", Kind::Switch, "Leaves uploads unembedded and puts whole documents into the prompt."),
    var(RETRIEVAL, "ENABLE_RETRIEVAL_QUERY_GENERATION", "true", Kind::Switch, "Whether the model is asked for search words where earlier turns make them necessary."),

    var(FILES, "RAG_FILE_MAX_SIZE", "", whole(1, 1_000_000), "Size of an upload at most, in megabytes; unset, no limit."),
    var(FILES, "RAG_FILE_MAX_COUNT", "", whole(1, 1_000_000), "Files that clients should attach to a chat at most, as /api/config tells them; unset, no limit."),
    var(FILES, "RAG_ALLOWED_FILE_EXTENSIONS", "", Kind::Words, "Endings that uploads may have (pdf,txt), with , between them; unset, any."),
    var(FILES, "ENABLE_LOCAL_WEB_FETCH", "", Kind::Switch, "Whether addresses that users give may lead to this machine and its private networks; unset, ENABLE_RAG_LOCAL_WEB_FETCH."),
    var(FILES, "ENABLE_RAG_LOCAL_WEB_FETCH", "false", Kind::Switch, "The former name of ENABLE_LOCAL_WEB_FETCH."),
    var(FILES, "TRANSOM_JOBS", "4", whole(1, 256), "Files that are processed at once."),
    var(FILES, "TRANSOM_EXTRACT_SECONDS", "45", whole(1, 3_600), "Seconds of processor time that reading one file may take; then it counts as failed."),
    var(FILES, "TRANSOM_EXTRACT_MEMORY_MB", "1024", whole(64, 65_536), "Memory that reading one file may take, in megabytes; it is taken outside the server."),
    var(FILES, "TRANSOM_EXTRACT_FILE_MB", "256", whole(1, 16_384), "Size of a file that is read at most, in megabytes; larger ones are kept, but fail."),
    var(FILES, "TRANSOM_EXTRACT_TEXT_MB", "50", whole(1, 1_024), "Text of one file at most, in megabytes."),

    var(FUNCTIONS, "ENABLE_PLUGINS", "true", Kind::Switch, "Whether administrators may have functions in Python; off, those that are there neither run nor show."),
    var(FUNCTIONS, "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS", "false", Kind::Switch, "Whether the requirements in a function's front matter are installed for it from the package index."),
    var(FUNCTIONS, "TRANSOM_PYTHON", "", Kind::Text, "The Python that runs functions; unset, the python3 of the path."),
    var(FUNCTIONS, "TRANSOM_FUNCTION_MEMORY_MB", "2048", whole(64, 1_000_000), "Memory (address space) that the process of one function may have, in megabytes."),
    var(FUNCTIONS, "TRANSOM_FUNCTION_CPU_SECONDS", "60", whole(1, 86_400), "Processor time that one call of a function may use."),
    var(FUNCTIONS, "TRANSOM_FUNCTION_TIMEOUT", "600", whole(1, 86_400), "Seconds that one call of a function may take in all."),
    var(FUNCTIONS, "TRANSOM_FUNCTION_OUTPUT_MB", "16", whole(1, 1_024), "Size of one answer of a function at most, in megabytes."),
    var(FUNCTIONS, "TRANSOM_FUNCTION_IDLE_SECONDS", "600", whole(1, 1_000_000), "Seconds without a call after which a function's process is stopped; the next call starts it again."),

    var(LOG, "GLOBAL_LOG_LEVEL", "info", Kind::OneOf(&["critical", "error", "warning", "info", "debug", "trace"]), "What the log holds; RUST_LOG goes before it and can name modules."),
    var(LOG, "LOG_FORMAT", "text", Kind::OneOf(&["text", "json"]), "How it is written to standard error."),
];
