//! Settings are read from maps, so that the tests do not depend on the process's environment.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use secrecy::ExposeSecret;
use transom_config::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::from_vars(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())))
}

fn sentences(pairs: &[(&str, &str)]) -> Vec<String> {
    read(pairs).err().unwrap_or_default().0.into_iter().map(|problem| problem.sentence).collect()
}

fn urls(connections: &[Connection]) -> Vec<&str> {
    connections.iter().map(|connection| connection.url.as_str()).collect()
}

#[test]
fn an_empty_environment_is_a_working_server() {
    let config = read(&[]).unwrap();
    assert_eq!((config.server.host.as_str(), config.server.port), ("127.0.0.1", 3000));
    assert_eq!(config.server.origins, Origins::Own);
    assert_eq!(config.accounts.session_lifetime, Some(Duration::from_secs(28 * 86_400)));
    assert!(config.accounts.secret.is_none() && !config.accounts.signup && config.accounts.api_keys.enabled);
    assert!(config.upstreams.openai.is_empty());
    assert_eq!(urls(&config.upstreams.ollama), ["http://localhost:11434/"]);
    assert!(matches!(config.embedding.engine, EmbeddingEngine::BuiltIn));
    assert_eq!(config.splitting, Splitting { by: SplitBy::Characters, size: 1000, overlap: 100, markdown_headings: true });
    assert_eq!((config.retrieval.top_k, config.retrieval.threshold), (3, 0.0));
    let time = Duration::from_secs(45);
    let extraction = Extraction { time, memory_megabytes: 1024, file_megabytes: 256, text_megabytes: 50 };
    assert_eq!(config.files, Files { max_size: None, max_count: None, extensions: vec![], local_web: false, jobs: 4, extraction });
    assert!(config.database.address().expose_secret().ends_with("/data/transom.db"));
}

#[test]
fn every_default_is_a_value_that_is_allowed() {
    let spelled_out = VARIABLES.iter().map(|variable| (variable.name.to_owned(), variable.default.to_owned()));
    Config::from_vars(spelled_out).unwrap();
}

#[test]
fn the_contract_suites_environment_is_understood() {
    let config = read(&[
        ("PORT", "40123"),
        ("ENV", "dev"),
        ("WEBUI_SECRET_KEY", "short"),
        ("OPENAI_API_BASE_URL", "http://127.0.0.1:1/v1"),
        ("OPENAI_API_KEY", "sk-up"),
        ("OLLAMA_BASE_URL", "http://127.0.0.1:1"),
        ("RAG_EMBEDDING_ENGINE", "ollama"),
        ("RAG_EMBEDDING_MODEL", "nomic-embed-text"),
        ("RAG_OLLAMA_BASE_URL", "http://127.0.0.1:2"),
        ("OFFLINE_MODE", "true"),
    ])
    .unwrap();
    assert_eq!(urls(&config.upstreams.openai), ["http://127.0.0.1:1/v1"]);
    assert_eq!(config.upstreams.openai[0].key.as_ref().unwrap().expose_secret(), "sk-up");
    let EmbeddingEngine::Ollama(ollama) = config.embedding.engine else { panic!("not ollama") };
    assert_eq!(ollama.url.as_str(), "http://127.0.0.1:2/");
    assert_eq!(config.embedding.model, "nomic-embed-text");
}

#[test]
fn all_problems_are_said_at_once_and_name_their_variable() {
    let said = sentences(&[
        ("PORT", "99999"),
        ("ENABLE_SIGNUP", "yes"),
        ("DEFAULT_USER_ROLE", "root"),
        ("JWT_EXPIRES_IN", "soon"),
        ("WEBUI_SECRET_KEY", "short"),
        ("OLLAMA_BASE_URLS", "http://one;two"),
        ("RAG_RELEVANCE_THRESHOLD", "2"),
        ("CHUNK_SIZE", "50"),
        ("RAG_TEMPLATE", "Answer!"),
        ("CORS_ALLOW_ORIGIN", "example.com"),
        ("USER_PERMISSIONS_CHAT_DELETE", "maybe"),
        ("DATABASE_URL", "mysql://u:hidden@h/d"),
    ]);
    let named = |name: &str| said.iter().filter(|sentence| sentence.starts_with(name) && sentence.ends_with('.')).count();
    for name in ["PORT", "ENABLE_SIGNUP", "DEFAULT_USER_ROLE", "JWT_EXPIRES_IN", "WEBUI_SECRET_KEY", "OLLAMA_BASE_URLS"] {
        assert_eq!(named(name), 1, "{name}: {said:#?}");
    }
    for name in
        ["RAG_RELEVANCE_THRESHOLD", "CHUNK_OVERLAP", "RAG_TEMPLATE", "CORS_ALLOW_ORIGIN", "USER_PERMISSIONS_CHAT_DELETE", "DATABASE_URL"]
    {
        assert_eq!(named(name), 1, "{name}: {said:#?}");
    }
    assert_eq!(said.len(), 12, "{said:#?}");
    assert!(said.contains(&"PORT is \"99999\": it must be a whole number from 0 to 65535.".to_owned()));
}

#[test]
fn a_well_known_secret_stops_the_start_outside_of_dev() {
    for known in ["0123456789abcdef0123456789abcdef", "your-secret-key-that-is-at-least-32-characters-long", "t0p-s3cr3t"] {
        let refused = sentences(&[("WEBUI_SECRET_KEY", known)]);
        assert!(refused.len() == 1 && refused[0].starts_with("WEBUI_SECRET_KEY") && !refused[0].contains(known), "{refused:?}");
        assert!(read(&[("WEBUI_SECRET_KEY", known), ("ENV", "dev")]).is_ok());
    }
}

#[test]
fn set_to_nothing_counts_as_unset() {
    let config = read(&[("PORT", ""), ("CHUNK_SIZE", "  "), ("OPENAI_API_KEY", ""), ("ENABLE_API_KEYS", "")]).unwrap();
    assert_eq!((config.server.port, config.splitting.size, config.accounts.api_keys.enabled), (3000, 1000, true));
    assert!(config.upstreams.openai.is_empty());
}

#[test]
fn switches_are_read_in_any_case() {
    for (value, on) in [("TRUE", true), ("False", false), ("1", true), ("0", false)] {
        assert_eq!(read(&[("ENABLE_SIGNUP", value)]).unwrap().accounts.signup, on, "{value}");
    }
}

#[test]
fn several_upstreams_take_their_keys_in_order_and_may_lack_some() {
    let config = read(&[("OPENAI_API_BASE_URLS", "http://one/v1;http://two/v1/;http://three"), ("OPENAI_API_KEYS", ";second")]).unwrap();
    assert_eq!(urls(&config.upstreams.openai), ["http://one/v1", "http://two/v1", "http://three/"]);
    let keys: Vec<_> = config.upstreams.openai.iter().map(|c| c.key.as_ref().map(|key| key.expose_secret().to_owned())).collect();
    assert_eq!(keys, [None, Some("second".into()), None]);
}

#[test]
fn keys_beyond_the_last_address_are_not_used_and_said() {
    let config = read(&[("OPENAI_API_BASE_URLS", "http://one"), ("OPENAI_API_KEYS", "sk-first;sk-second")]).unwrap();
    assert_eq!(config.upstreams.openai.len(), 1);
    assert_eq!(config.upstreams.openai[0].key.as_ref().unwrap().expose_secret(), "sk-first");
    assert_eq!(config.notices, [Notice::SpareKeys { keys: 2, addresses: 1 }]);
}

#[test]
fn a_key_alone_means_openai_itself() {
    let config = read(&[("OPENAI_API_KEY", "sk-1")]).unwrap();
    assert_eq!(urls(&config.upstreams.openai), ["https://api.openai.com/v1"]);
}

#[test]
fn what_is_said_of_a_connection_is_taken_or_refused_and_never_passed_over() {
    let addresses = ("OPENAI_API_BASE_URLS", "http://one/v1;https://two.openai.azure.com;http://three?sig=hidden");
    let configs = r#"{"0": {"enable": false, "prefix_id": "a", "model_ids": ["m", "n"], "tags": [{"name": "t"}, "u"], "headers": {}},
        "https://two.openai.azure.com": {"azure": true, "api_version": "2024-10-21", "auth_type": "bearer", "connection_type": "local"}}"#;
    let config =
        read(&[addresses, ("OPENAI_API_KEYS", "k;l"), ("OPENAI_API_CONFIGS", configs), ("OLLAMA_API_CONFIGS", r#"{"0": {"key": "o"}}"#)]);
    let Upstreams { openai, ollama, .. } = config.unwrap().upstreams;
    let (first, second, third) = (&openai[0].settings, &openai[1].settings, &openai[2]);
    assert_eq!((first.enabled, first.prefix_id.as_deref()), (false, Some("a")));
    assert_eq!(
        (first.model_ids.as_slice(), first.tags.as_slice()),
        (["m".to_owned(), "n".into()].as_slice(), ["t".to_owned(), "u".into()].as_slice())
    );
    assert_eq!(second.azure, Some(AzureSettings { api_version: Some("2024-10-21".into()) }));
    assert_eq!((second.connection_type.as_deref(), third.settings.clone()), (Some("local"), ConnectionSettings::default()));
    assert_eq!((third.address().as_str(), format!("{third:?}").contains("hidden")), ("http://three/?sig=hidden", false));
    assert_eq!(ollama[0].key.as_ref().unwrap().expose_secret(), "o");
    assert!(ollama[0].settings.presumed && !first.presumed);
    for wrong in [
        "not json",
        "[]",
        r#"{"7": {}}"#,
        r#"{"http://elsewhere": {}}"#,
        r#"{"0": []}"#,
        r#"{"0": {"headers": {"x": "hidden"}}}"#,
        r#"{"0": {"auth_type": "session"}}"#,
        r#"{"0": {"api_type": "responses"}}"#,
        r#"{"0": {"model_ids": [1]}}"#,
        r#"{"0": {"enable": "no"}}"#,
        r#"{"0": {"forward_cookies": true}}"#,
    ] {
        let said = sentences(&[addresses, ("OPENAI_API_CONFIGS", wrong)]);
        assert!(said.len() == 1 && said[0].starts_with("OPENAI_API_CONFIGS") && !said[0].contains("hidden"), "{wrong}: {said:?}");
    }
}

#[test]
fn upstreams_that_are_switched_off_are_not_used() {
    let config = read(&[("ENABLE_OLLAMA_API", "false"), ("OPENAI_API_KEY", "k"), ("ENABLE_OPENAI_API", "0")]).unwrap();
    assert!(config.upstreams.openai.is_empty() && config.upstreams.ollama.is_empty());
}

#[test]
fn the_embedder_takes_the_first_upstreams_key_only_at_its_address() {
    let base = [
        ("RAG_EMBEDDING_ENGINE", "openai"),
        ("RAG_EMBEDDING_MODEL", "m"),
        ("OPENAI_API_BASE_URLS", "http://one"),
        ("OPENAI_API_KEYS", "k"),
    ];
    let key = |more: &[(&str, &str)]| match read(&[&base[..], more].concat()).unwrap().embedding.engine {
        EmbeddingEngine::OpenAi(connection) => connection.key.map(|key| key.expose_secret().to_owned()),
        other => panic!("{other:?}"),
    };
    assert_eq!(key(&[]), Some("k".into()));
    assert_eq!(key(&[("RAG_OPENAI_API_BASE_URL", "http://elsewhere")]), None);
    assert_eq!(key(&[("RAG_OPENAI_API_BASE_URL", "http://elsewhere"), ("RAG_OPENAI_API_KEY", "own")]), Some("own".into()));
}

#[test]
fn an_engine_without_a_model_gets_the_references_default_and_a_model_without_an_engine_is_a_problem() {
    for engine in ["openai", "ollama"] {
        let config = read(&[("RAG_EMBEDDING_ENGINE", engine), ("OPENAI_API_BASE_URL", "http://one/v1")]).unwrap();
        assert_eq!(config.embedding.model, BUILT_IN_EMBEDDING_MODEL, "{engine}");
        assert!(!matches!(config.embedding.engine, EmbeddingEngine::BuiltIn), "{engine}");
    }
    assert!(sentences(&[("RAG_EMBEDDING_MODEL", "bge-m3")])[0].starts_with("RAG_EMBEDDING_MODEL is \"bge-m3\""));
    assert!(sentences(&[("RAG_EMBEDDING_ENGINE", "openai"), ("RAG_EMBEDDING_MODEL", "m")])[0].starts_with("RAG_OPENAI_API_BASE_URL"));
}

#[test]
fn a_cookie_for_other_sites_must_be_secure() {
    assert_eq!(sentences(&[("WEBUI_SESSION_COOKIE_SAME_SITE", "none")]).len(), 1);
    read(&[("WEBUI_SESSION_COOKIE_SAME_SITE", "None"), ("WEBUI_SESSION_COOKIE_SECURE", "True")]).unwrap();
}

#[test]
fn key_restrictions_hold_even_with_an_empty_list() {
    assert_eq!(read(&[("API_KEYS_ALLOWED_ENDPOINTS", "/api/models")]).unwrap().accounts.api_keys.only, None);
    let restricted = read(&[("ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS", "true")]).unwrap();
    assert_eq!(restricted.accounts.api_keys.only, Some(vec![]));
}

#[test]
fn permissions_keep_the_rest_of_their_name() {
    let config = read(&[("USER_PERMISSIONS_FEATURES_API_KEYS", "True"), ("USER_PERMISSIONS_CHAT_DELETE", "0")]).unwrap();
    let expected = [("CHAT_DELETE".to_owned(), false), ("FEATURES_API_KEYS".to_owned(), true)];
    assert_eq!(config.accounts.permissions.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn no_secret_is_printed() {
    let good = read(&[
        ("WEBUI_SECRET_KEY", "hidden-0123456789abcdef0123456789"),
        ("OPENAI_API_KEYS", "hidden-key"),
        ("RAG_EMBEDDING_ENGINE", "ollama"),
        ("RAG_EMBEDDING_MODEL", "m"),
        ("RAG_OLLAMA_API_KEY", "hidden"),
        ("DATABASE_URL", "postgresql://user:hidden@localhost/transom"),
    ]);
    assert!(!format!("{:?}", good.unwrap()).contains("hidden"));
    let bad = read(&[
        ("WEBUI_SECRET_KEY", "hidden"),
        ("OPENAI_API_BASE_URL", "http://me:hidden@host"),
        ("OLLAMA_BASE_URLS", "http://me:hidden@host"),
        ("OPENAI_API_KEYS", "hidden;hidden"),
        ("DATABASE_URL", "oracle://me:hidden@host"),
    ]);
    let said = bad.unwrap_err();
    assert!(said.0.len() >= 4 && !format!("{said} {said:?}").contains("hidden"), "{said}");
}

#[test]
fn the_data_folder_may_have_any_name() {
    let config = read(&[("DATA_DIR", "/srv/100% ours?")]).unwrap();
    assert_eq!(config.database.address().expose_secret(), "sqlite:///srv/100%25 ours%3F/transom.db");
}

#[test]
fn help_lists_every_variable_with_its_default() {
    let (text, markdown) = (as_text(), as_markdown());
    for variable in VARIABLES {
        assert!(text.contains(&format!("  {} [default: ", variable.name)), "{}", variable.name);
        assert!(markdown.contains(&format!("| `{}` | ", variable.name)), "{}", variable.name);
    }
}

#[test]
fn connections_have_limits_and_zero_means_none() {
    let limits = read(&[]).unwrap().server.connections;
    assert_eq!((limits.all, limits.per_address), (Some(10_000), Some(2_000)));
    assert_eq!((limits.head, limits.keep_alive), (Duration::from_secs(10), Duration::from_secs(5)));
    assert_eq!((limits.body, limits.stall, limits.rate), (Duration::from_secs(30), Duration::from_secs(30), 1024));
    let limits = read(&[("TRANSOM_MAX_CONNECTIONS", "0"), ("TRANSOM_MAX_CONNECTIONS_PER_ADDRESS", "0")]).unwrap().server.connections;
    assert_eq!((limits.all, limits.per_address), (None, None));
}
