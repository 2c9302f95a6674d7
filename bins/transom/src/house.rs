//! Puts the house together: every part, made from the settings, and who gets which.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::ExposeSecret;
use transom_app::accounts::{Accounts, AccountsConfig, ApiKeysConfig, PasswordRule, permissions_from_environment};
use transom_app::chat::Chat;
use transom_app::files::{Files, FilesConfig, local_objects};
use transom_app::groups::Groups;
use transom_app::intake::Intake;
use transom_app::jobs::{Pipeline, PipelineConfig, Repair, Signals, WorkerConfig};
use transom_app::knowledge::KnowledgeBases;
use transom_app::models::{Connection, Models, ModelsConfig};
use transom_app::retrieval::{Indexing, Reranking, Retrieval, RetrievalSettings};
use transom_app::status::{Folders, Status};
use transom_app::{About, App};
use transom_auth::{Lifetime, Secret};
use transom_config::{Config, DefaultRole, EmbeddingEngine, Origins, SameSite, SplitBy};
use transom_domain::Role;
use transom_embed::{MiniLm, MiniLmSettings};
use transom_fetch::{FetchSettings, Fetcher, Reach};
use transom_index::Index;
use transom_ingest::{SplitConfig, Splitter};
use transom_llm::Embedder;
use transom_sandbox::{Limits, Program, Sandbox, SandboxConfig};
use transom_vector::VectorStore;
use transom_vector_lance::{LanceConfig, LanceStore};
use url::Url;

use crate::installation::{UPLOADS, VECTORS};
use crate::lock::{self, Hold};
use crate::{Extensions, functions, installation, upstreams};

/// The version of Open WebUI's API that is spoken, as clients ask for it.
const API_VERSION: &str = "0.12.4";

/// Everything that a running server, or a command beside it, needs.
pub struct House {
    /// The services that the API calls.
    pub app: App,
    /// What processes files.
    pub pipeline: Pipeline,
    /// How many files at once.
    pub workers: WorkerConfig,
    /// The vectors, for their upkeep.
    pub vectors: Arc<dyn VectorStore>,
    /// Keeps others off the data folder.
    pub hold: Hold,
    /// Where uploaded bytes are.
    uploads: PathBuf,
}

impl House {
    /// Opens the database, the bytes and the vectors in the data folder, and connects everything. Nothing is asked of an upstream yet.
    pub async fn build(config: &Config) -> Result<Self, String> {
        Self::with_extensions(config, Extensions::new()).await
    }

    /// The same with functions and providers of the program's own, beside those that the server brings along.
    pub async fn with_extensions(config: &Config, extensions: Extensions) -> Result<Self, String> {
        let folder = &config.database.folder;
        installation::refuse_others(config).await?;
        installation::make_private(folder)?;
        let hold = lock::hold(folder)?;
        installation::close_to_others(folder)?;
        let store = installation::open(config).await?;
        let objects = local_objects(&folder.join(UPLOADS)).map_err(|error| in_folder(folder, UPLOADS, &error))?;
        let vectors_folder = folder.join(VECTORS).to_string_lossy().into_owned();
        let vectors: Arc<dyn VectorStore> = Arc::new(
            LanceStore::open(LanceConfig::new(vectors_folder)).await.map_err(|error| format!("the vectors cannot be opened: {error}"))?,
        );
        let index = index(config, vectors.clone())?;
        let signals = Signals::default();
        let pipeline = Pipeline {
            store: store.clone(),
            objects: objects.clone(),
            index: index.clone(),
            reader: Arc::new(sandbox(config)?),
            signals: signals.clone(),
            config: PipelineConfig { bypass: config.retrieval.bypass },
        };
        let files = Files::new(store.clone(), objects, signals, files_config(config));
        let retrieval = Retrieval::new(store.clone(), files.clone(), index, retrieval_settings(config));
        retrieval.load_changes().await.map_err(|error| format!("the changed settings cannot be read: {error}"))?;
        let knowledge = KnowledgeBases::new(store.clone(), files.clone());
        let fetcher = fetcher(config)?;
        let intake = Intake::new(files.clone(), knowledge.clone(), fetcher.clone(), pipeline.reader.clone());
        let registry = Arc::new(functions::registry(extensions.functions).await?);
        let mut connections = upstreams::connections(config)?;
        connections.extend(extensions.providers.into_iter().enumerate().map(|(index, provider)| Connection::own(index, provider)));
        let models = Models::with_functions(models_config(config), connections, registry, store.clone());
        let secret = config.accounts.secret.as_ref().map(|secret| secret.expose_secret());
        let secret = Secret::load(secret, folder).map_err(|error| error.to_string())?;
        let accounts = Accounts::open(store.clone(), &secret, accounts_config(config)?)
            .await
            .map_err(|error| format!("accounts cannot be read: {error}"))?;
        let folders = Folders { uploads: Some(folder.join(UPLOADS)), vectors: Some(folder.join(VECTORS)) };
        let app = App {
            status: Status::new(store.clone(), folders),
            about: About { name: config.server.name.clone(), version: API_VERSION.to_owned() },
            groups: Groups::new(&accounts),
            accounts,
            chat: Chat::new(models.clone()).with_documents(retrieval.clone()),
            functions: functions::functions(config, &secret, store.clone(), models.clone(), fetcher).await?,
            models,
            intake,
            knowledge,
            files,
            retrieval,
        };
        // On SQLite the folder's lock says that no other server works on the database; on PostgreSQL there may be one.
        let alone = config.database.is_in_folder() && hold.is_exclusive();
        let workers = WorkerConfig { workers: config.files.jobs, alone, ..WorkerConfig::default() };
        Ok(Self { app, pipeline, workers, vectors, hold, uploads: folder.join(UPLOADS) })
    }

    /// Looks for what does not fit together, and mends it.
    pub fn repair(&self) -> Repair {
        Repair::new(self.pipeline.clone()).with_folder(self.uploads.clone())
    }
}

/// The origins whose pages may call: none but the server's own where it is empty.
pub fn origins(config: &Config) -> Vec<String> {
    match &config.server.origins {
        Origins::Own => Vec::new(),
        Origins::Any => vec!["*".to_owned()],
        Origins::These(origins) => origins.clone(),
    }
}

pub fn accounts_config(config: &Config) -> Result<AccountsConfig, String> {
    let accounts = &config.accounts;
    let permissions = permissions_from_environment(&accounts.permissions)
        .map_err(|unknown| unknown.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    Ok(AccountsConfig {
        enable_signup: accounts.signup,
        default_user_role: match accounts.default_role {
            DefaultRole::Pending => Role::Pending,
            DefaultRole::User => Role::User,
            DefaultRole::Admin => Role::Admin,
        },
        session_lifetime: match accounts.session_lifetime {
            Some(lifetime) => Lifetime::Seconds(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)),
            None => Lifetime::Never,
        },
        cookie_secure: accounts.cookies.secure,
        cookie_same_site: match accounts.cookies.same_site {
            SameSite::Lax => transom_app::accounts::SameSite::Lax,
            SameSite::Strict => transom_app::accounts::SameSite::Strict,
            SameSite::None => transom_app::accounts::SameSite::None,
        },
        api_keys: ApiKeysConfig {
            enabled: accounts.api_keys.enabled,
            header: accounts.api_keys.header.clone(),
            only: accounts.api_keys.only.clone(),
        },
        permissions,
        password_rule: password_rule(config)?,
        show_admin_details: accounts.show_admin_details,
        trusted_origins: origins(config).into_iter().filter(|origin| origin != "*").collect(),
        ..AccountsConfig::default()
    })
}

/// What new passwords must match, where they must match something.
pub fn password_rule(config: &Config) -> Result<Option<PasswordRule>, String> {
    let rule = config.accounts.password_rule.as_ref();
    rule.map(|rule| PasswordRule::new(&rule.pattern, rule.hint.as_deref())).transpose().map_err(|error| error.to_string())
}

fn in_folder(folder: &Path, name: &str, error: &dyn std::fmt::Display) -> String {
    format!("{} cannot be used: {error}", folder.join(name).display())
}

/// What indexes texts and finds passages in them again.
fn index(config: &Config, vectors: Arc<dyn VectorStore>) -> Result<Index, String> {
    let splitter = Splitter::new(splitting(config)).map_err(|error| error.to_string())?;
    let index = Index::new(vectors, embedder(config)?).with_splitter(splitter);
    Ok(match &config.retrieval.reranker {
        Some(reranker) => index.with_reranker(Arc::new(upstreams::reranker(config, reranker)?)),
        None => index,
    })
}

fn embedder(config: &Config) -> Result<Arc<dyn Embedder>, String> {
    Ok(match &config.embedding.engine {
        EmbeddingEngine::BuiltIn => {
            if !config.retrieval.prefixes.is_empty() {
                tracing::warn!("RAG_EMBEDDING_QUERY_PREFIX and RAG_EMBEDDING_CONTENT_PREFIX have no effect: the built-in model knows none");
            }
            Arc::new(MiniLm::new(MiniLmSettings { batch_size: config.embedding.batch_size, ..MiniLmSettings::default() }))
        }
        EmbeddingEngine::Ollama(connection) => Arc::new(upstreams::ollama_embedder(config, connection)?),
        EmbeddingEngine::OpenAi(connection) => Arc::new(upstreams::openai_embedder(config, connection)?),
    })
}

/// The one client for addresses that users give.
fn fetcher(config: &Config) -> Result<Fetcher, String> {
    let reach = if config.files.local_web { Reach::Local } else { Reach::Public };
    Fetcher::new(FetchSettings { reach, ..FetchSettings::default() }).map_err(|error| error.to_string())
}

/// What reads documents: this program again, as many times as files are processed at once.
fn sandbox(config: &Config) -> Result<Sandbox, String> {
    let program = Program::own("extract").map_err(|error| format!("no documents can be read: {error}"))?;
    let extraction = &config.files.extraction;
    let limits = Limits {
        file_megabytes: extraction.file_megabytes,
        text_megabytes: extraction.text_megabytes,
        memory_megabytes: extraction.memory_megabytes,
        time: extraction.time,
    };
    let usual = SandboxConfig::new(program);
    // On a busy machine a document's processor time takes far longer than it says.
    let patience = usual.patience.max(limits.time * 10);
    Ok(Sandbox::new(SandboxConfig { children: config.files.jobs, limits, patience, ..usual }))
}

fn splitting(config: &Config) -> SplitConfig {
    let splitting = &config.splitting;
    let (splitter, encoding) = match &splitting.by {
        SplitBy::Characters => (transom_ingest::SplitBy::Characters, SplitConfig::default().encoding),
        SplitBy::Tokens(encoding) => (transom_ingest::SplitBy::Tokens, encoding.clone()),
    };
    SplitConfig {
        splitter,
        chunk_size: splitting.size,
        chunk_overlap: splitting.overlap,
        encoding,
        markdown_headers: splitting.markdown_headings,
    }
}

pub fn retrieval_settings(config: &Config) -> RetrievalSettings {
    let (retrieval, embedding, splitting) = (&config.retrieval, &config.embedding, &config.splitting);
    let engine = match embedding.engine {
        EmbeddingEngine::BuiltIn => "",
        EmbeddingEngine::Ollama(_) => "ollama",
        EmbeddingEngine::OpenAi(_) => "openai",
    };
    RetrievalSettings {
        top_k: retrieval.top_k,
        top_k_reranker: retrieval.top_k_reranker,
        hybrid: retrieval.hybrid,
        enriched: retrieval.enriched,
        bm25_weight: retrieval.bm25_weight,
        reranking: retrieval.reranker.as_ref().map_or_else(Reranking::default, |reranker| Reranking {
            engine: "external".to_owned(),
            model: reranker.model.clone(),
            url: without_credentials(&reranker.connection.url),
        }),
        relevance_threshold: retrieval.threshold,
        template: retrieval.template.clone(),
        full_context: retrieval.full_context,
        query_generation: retrieval.query_generation,
        bypass: retrieval.bypass,
        indexing: Indexing {
            engine: engine.to_owned(),
            model: embedding.model.clone(),
            batch_size: embedding.batch_size,
            concurrency: embedding.concurrency.map_or(0, NonZeroUsize::get),
            splitter: if splitting.by == SplitBy::Characters { String::new() } else { "token".to_owned() },
            chunk_size: splitting.size,
            chunk_overlap: splitting.overlap,
        },
        ..RetrievalSettings::default()
    }
}

pub fn files_config(config: &Config) -> FilesConfig {
    FilesConfig {
        max_size: config.files.max_size,
        max_count: config.files.max_count,
        allowed_extensions: config.files.extensions.clone(),
        ..FilesConfig::default()
    }
}

fn models_config(config: &Config) -> ModelsConfig {
    let upstreams = &config.upstreams;
    ModelsConfig {
        max_age: upstreams.list_lifetime,
        list_timeout: upstreams.list_timeout,
        open_to_all: upstreams.bypass_access,
        passthrough: upstreams.passthrough,
        default_models: upstreams.default_models.clone(),
        ..ModelsConfig::default()
    }
}

/// An address as administrators may read it: without the credentials that it may hold.
fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    let _ = (url.set_username(""), url.set_password(None));
    url.into()
}
