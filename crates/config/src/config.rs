//! The settings, as plain data.

use std::path::{Path, PathBuf};
use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Notice;

/// Everything that can be set at start. Secrets in it do not print themselves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listening and answering.
    pub server: Server,
    /// Where things are kept.
    pub database: Database,
    /// Accounts, sessions and API keys.
    pub accounts: Accounts,
    /// Where models come from.
    pub upstreams: Upstreams,
    /// Who makes vectors.
    pub embedding: Embedding,
    /// How texts become chunks.
    pub splitting: Splitting,
    /// How questions find passages.
    pub retrieval: Retrieval,
    /// What may be uploaded.
    pub files: Files,
    /// Functions that administrators write.
    pub functions: Functions,
    /// What is logged, and how.
    pub log: Log,
    /// What is set and has no effect.
    pub notices: Vec<Notice>,
    /// The variables that are set, of those that have an effect, with their values; secret ones are empty.
    pub set: BTreeMap<String, String>,
}

/// Listening and answering.
#[derive(Clone, Debug)]
pub struct Server {
    /// `HOST`.
    pub host: String,
    /// `PORT`; 0 takes a free one.
    pub port: u16,
    /// `ENV`.
    pub environment: Environment,
    /// `WEBUI_NAME`.
    pub name: String,
    /// `ENABLE_CONSOLE`: whether there is a page for people.
    pub console: bool,
    /// `CORS_ALLOW_ORIGIN`.
    pub origins: Origins,
    /// `TRANSOM_WORKERS`; `None`: one for each core.
    pub workers: Option<NonZeroUsize>,
    /// `TRANSOM_MAX_BODY_MB`, in bytes.
    pub max_body: usize,
    /// What a connection may take.
    pub connections: Connections,
    /// `TRANSOM_SHUTDOWN_SECONDS`.
    pub shutdown: Duration,
}

/// What a connection of a client may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connections {
    /// `TRANSOM_MAX_CONNECTIONS`; `None`: no limit.
    pub all: Option<usize>,
    /// `TRANSOM_MAX_CONNECTIONS_PER_ADDRESS`; `None`: no limit.
    pub per_address: Option<usize>,
    /// `TRANSOM_HEAD_SECONDS`.
    pub head: Duration,
    /// `TRANSOM_KEEP_ALIVE_SECONDS`.
    pub keep_alive: Duration,
    /// `TRANSOM_BODY_SECONDS`.
    pub body: Duration,
    /// `TRANSOM_STALL_SECONDS`.
    pub stall: Duration,
    /// `TRANSOM_MIN_RATE`, in bytes per second.
    pub rate: u64,
}

/// `ENV`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// For use.
    Prod,
    /// For trying things out.
    Dev,
}

/// `CORS_ALLOW_ORIGIN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Only the server's own: no CORS headers at all.
    Own,
    /// `*`.
    Any,
    /// These, as browsers send them.
    These(Vec<String>),
}

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Database {
    /// `DATA_DIR`.
    pub folder: PathBuf,
    /// `DATABASE_URL`, secret because it may hold a password; `None`: `transom.db` in the folder.
    pub url: Option<SecretString>,
    /// `DATABASE_POOL_SIZE`.
    pub pool_size: u32,
}

/// Accounts, sessions and API keys.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// `WEBUI_SECRET_KEY`, long enough unless `ENV=dev`; `None`: one is made and kept in the folder.
    pub secret: Option<SecretString>,
    /// `ENABLE_SIGNUP`: once there is an account.
    pub signup: bool,
    /// `SHOW_ADMIN_DETAILS`.
    pub show_admin_details: bool,
    /// `DEFAULT_USER_ROLE`.
    pub default_role: DefaultRole,
    /// `JWT_EXPIRES_IN`; `None`: sessions do not end by themselves.
    pub session_lifetime: Option<Duration>,
    /// The session cookie.
    pub cookies: Cookies,
    /// API keys.
    pub api_keys: ApiKeys,
    /// What new passwords must match, where `ENABLE_PASSWORD_VALIDATION` is on.
    pub password_rule: Option<PasswordRule>,
    /// `WEBUI_ADMIN_EMAIL` and `WEBUI_ADMIN_PASSWORD`: who is made where there is no account yet.
    pub first_admin: Option<FirstAdmin>,
    /// `USER_PERMISSIONS_…`: the rest of the name, and whether it is allowed.
    pub permissions: BTreeMap<String, bool>,
}

/// What new passwords must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRule {
    /// `PASSWORD_VALIDATION_REGEX_PATTERN`.
    pub pattern: String,
    /// `PASSWORD_VALIDATION_HINT`.
    pub hint: Option<String>,
}

/// The administrator that a server without accounts makes.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// `WEBUI_ADMIN_EMAIL`.
    pub email: String,
    /// `WEBUI_ADMIN_PASSWORD`.
    pub password: SecretString,
    /// `WEBUI_ADMIN_NAME`.
    pub name: String,
}

/// `DEFAULT_USER_ROLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultRole {
    /// Waits for an administrator.
    Pending,
    /// May use the server.
    User,
    /// May do everything.
    Admin,
}

/// The session cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookies {
    /// `WEBUI_SESSION_COOKIE_SAME_SITE`.
    pub same_site: SameSite,
    /// `WEBUI_SESSION_COOKIE_SECURE`.
    pub secure: bool,
}

/// `WEBUI_SESSION_COOKIE_SAME_SITE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent along when a link is followed.
    Lax,
    /// Never sent from other sites.
    Strict,
    /// Always sent; needs `Secure`.
    None,
}

/// API keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeys {
    /// `ENABLE_API_KEYS`.
    pub enabled: bool,
    /// `CUSTOM_API_KEY_HEADER`, in lower case.
    pub header: String,
    /// The paths that keys open; `None`: all that their account may.
    pub only: Option<Vec<String>>,
}

/// Where models come from.
#[derive(Clone, Debug)]
pub struct Upstreams {
    /// OpenAI-compatible upstreams in order; empty where `ENABLE_OPENAI_API` is off.
    pub openai: Vec<Connection>,
    /// Ollamas in order; empty where `ENABLE_OLLAMA_API` is off.
    pub ollama: Vec<Connection>,
    /// `BYPASS_MODEL_ACCESS_CONTROL`.
    pub bypass_access: bool,
    /// `ENABLE_OPENAI_API_PASSTHROUGH`.
    pub passthrough: bool,
    /// `DEFAULT_MODELS`.
    pub default_models: Option<String>,
    /// `MODELS_CACHE_TTL`.
    pub list_lifetime: Duration,
    /// `AIOHTTP_CLIENT_TIMEOUT`: how long an upstream may be silent; `None`: for ever.
    pub silence: Option<Duration>,
    /// `AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST`.
    pub list_timeout: Duration,
}

/// One upstream.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its base address, without a query.
    pub url: Url,
    /// The query that every call to it has.
    pub query: Option<SecretString>,
    /// Its key.
    pub key: Option<SecretString>,
    /// What else is said of it.
    pub settings: ConnectionSettings,
}

/// What `OPENAI_API_CONFIGS` and `OLLAMA_API_CONFIGS` say of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// `enable`; a connection that is switched off keeps its index.
    pub enabled: bool,
    /// `model_ids`: the models to offer; empty: all that it lists.
    pub model_ids: Vec<String>,
    /// `prefix_id`: stands before the ids of its models, with a point between.
    pub prefix_id: Option<String>,
    /// `tags` of its models.
    pub tags: Vec<String>,
    /// `connection_type`, as lists show it.
    pub connection_type: Option<String>,
    /// `azure`, or `azure` as the `provider`.
    pub azure: Option<AzureSettings>,
    /// Nobody configured it: it is the default.
    pub presumed: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            model_ids: Vec::new(),
            prefix_id: None,
            tags: Vec::new(),
            connection_type: None,
            azure: None,
            presumed: false,
        }
    }
}

/// A connection to Azure's OpenAI service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureSettings {
    /// `api_version`.
    pub api_version: Option<String>,
}

/// Who makes vectors.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// `RAG_EMBEDDING_ENGINE`, with what it needs.
    pub engine: EmbeddingEngine,
    /// `RAG_EMBEDDING_MODEL`.
    pub model: String,
    /// `RAG_EMBEDDING_BATCH_SIZE`.
    pub batch_size: usize,
    /// `RAG_EMBEDDING_CONCURRENT_REQUESTS`; `None`: no limit.
    pub concurrency: Option<NonZeroUsize>,
}

/// `RAG_EMBEDDING_ENGINE`, with what it needs.
#[derive(Clone, Debug)]
pub enum EmbeddingEngine {
    /// The model that is built in.
    BuiltIn,
    /// An Ollama.
    Ollama(Connection),
    /// An OpenAI-compatible upstream.
    OpenAi(Connection),
}

/// How texts become chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splitting {
    /// `RAG_TEXT_SPLITTER`, with `TIKTOKEN_ENCODING_NAME`.
    pub by: SplitBy,
    /// `CHUNK_SIZE`.
    pub size: usize,
    /// `CHUNK_OVERLAP`, smaller than the size.
    pub overlap: usize,
    /// `ENABLE_MARKDOWN_HEADER_TEXT_SPLITTER`.
    pub markdown_headings: bool,
}

/// What a chunk's size counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitBy {
    /// Characters.
    Characters,
    /// Tokens of this vocabulary.
    Tokens(String),
}

/// What an embedding model is told beside each text: models such as E5 and BGE expect it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// `RAG_EMBEDDING_QUERY_PREFIX`.
    pub query: Option<String>,
    /// `RAG_EMBEDDING_CONTENT_PREFIX`.
    pub content: Option<String>,
    /// `RAG_EMBEDDING_PREFIX_FIELD_NAME`; `None`: it stands before the text.
    pub field: Option<String>,
}

impl Prefixes {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.query.is_none() && self.content.is_none()
    }
}

/// How questions find passages.
#[derive(Clone, Debug)]
pub struct Retrieval {
    /// `RAG_TOP_K`.
    pub top_k: usize,
    /// `ENABLE_RAG_HYBRID_SEARCH`.
    pub hybrid: bool,
    /// `ENABLE_RAG_HYBRID_SEARCH_ENRICHED_TEXTS`.
    pub enriched: bool,
    /// What the embedding model is told beside each text.
    pub prefixes: Prefixes,
    /// `RAG_HYBRID_BM25_WEIGHT`; `None`: by language.
    pub bm25_weight: Option<f32>,
    /// `RAG_RERANKING_ENGINE=external`, with what it needs.
    pub reranker: Option<Reranker>,
    /// `RAG_TOP_K_RERANKER`.
    pub top_k_reranker: usize,
    /// `RAG_RELEVANCE_THRESHOLD`.
    pub threshold: f32,
    /// `RAG_TEMPLATE`; `None`: ours.
    pub template: Option<String>,
    /// `RAG_FULL_CONTEXT`.
    pub full_context: bool,
    /// `BYPASS_EMBEDDING_AND_RETRIEVAL`.
    pub bypass: bool,
    /// `ENABLE_RETRIEVAL_QUERY_GENERATION`.
    pub query_generation: bool,
}

/// What judges found passages again.
#[derive(Clone, Debug)]
pub struct Reranker {
    /// `RAG_EXTERNAL_RERANKER_URL`, with `RAG_EXTERNAL_RERANKER_API_KEY`.
    pub connection: Connection,
    /// `RAG_RERANKING_MODEL`.
    pub model: String,
}

/// What may be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// `RAG_FILE_MAX_SIZE`, in bytes.
    pub max_size: Option<u64>,
    /// `RAG_FILE_MAX_COUNT`.
    pub max_count: Option<usize>,
    /// `RAG_ALLOWED_FILE_EXTENSIONS`, in lower case without dots; empty: any.
    pub extensions: Vec<String>,
    /// `ENABLE_RAG_LOCAL_WEB_FETCH`.
    pub local_web: bool,
    /// `TRANSOM_JOBS`: how many are processed at once.
    pub jobs: usize,
    /// What reading one of them may cost.
    pub extraction: Extraction,
}

/// What reading one file may cost. Megabytes are of a million bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// `TRANSOM_EXTRACT_SECONDS`.
    pub time: Duration,
    /// `TRANSOM_EXTRACT_MEMORY_MB`.
    pub memory_megabytes: usize,
    /// `TRANSOM_EXTRACT_FILE_MB`.
    pub file_megabytes: usize,
    /// `TRANSOM_EXTRACT_TEXT_MB`.
    pub text_megabytes: usize,
}

/// Functions that administrators write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Functions {
    /// `ENABLE_PLUGINS`: whether there are any.
    pub plugins: bool,
    /// `ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS`.
    pub requirements: bool,
    /// `TRANSOM_PYTHON`; `None`: the `python3` of the path.
    pub python: Option<PathBuf>,
    /// `TRANSOM_FUNCTION_MEMORY_MB`, in bytes.
    pub memory: u64,
    /// `TRANSOM_FUNCTION_CPU_SECONDS`, of one call.
    pub cpu_seconds: u64,
    /// `TRANSOM_FUNCTION_TIMEOUT`, of one call.
    pub deadline: Duration,
    /// `TRANSOM_FUNCTION_OUTPUT_MB`, in bytes.
    pub output: usize,
    /// `TRANSOM_FUNCTION_IDLE_SECONDS`.
    pub idle: Duration,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// `GLOBAL_LOG_LEVEL`.
    pub level: LogLevel,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
}

/// `GLOBAL_LOG_LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// What someone should look at.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
    /// And everything else.
    Trace,
}

/// `LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Database {
    /// Whether the database is the data folder's own: whoever locks the folder has it alone.
    pub fn is_in_folder(&self) -> bool {
        let Some(url) = &self.url else { return true };
        let Some(path) = url.expose_secret().strip_prefix("sqlite:") else { return false };
        let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or_default();
        let absolute = |path: &Path| std::path::absolute(path).ok();
        absolute(Path::new(path)).zip(absolute(&self.folder)).is_some_and(|(path, folder)| path.starts_with(folder))
    }

    /// The database's address: as set, or `transom.db` in the data folder.
    pub fn address(&self) -> SecretString {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let path = std::path::absolute(self.folder.join("transom.db")).unwrap_or_else(|_| self.folder.join("transom.db"));
        // The address is percent-decoded by the driver, and ? begins its options.
        let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        SecretString::from(format!("sqlite://{escaped}"))
    }
}

impl LogLevel {
    /// Its name in a filter of `tracing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
