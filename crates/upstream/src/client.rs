//! The outbound client for addresses that the administrator configured.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::{NoProxy, Proxy, redirect};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt;
use thread_local::ThreadLocal;
use transom_llm::LlmError;

/// Names that are never asked for through a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// How the client connects.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How long a connection may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub keep_alive: Duration,
    /// The proxies between us and the upstreams.
    pub proxies: Proxies,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), keep_alive: Duration::from_secs(90), proxies: Proxies::default() }
    }
}

/// Proxies, as the customary variables name them. Loopback addresses are always asked directly.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// For `http` addresses.
    pub http: Option<String>,
    /// For `https` addresses.
    pub https: Option<String>,
    /// For those that have no proxy of their own.
    pub all: Option<String>,
    /// Hosts, domains and networks to ask directly, with commas between.
    pub except: Option<String>,
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` through `variable`, each in lower case too.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase())).filter(|value| !value.trim().is_empty());
        Self { http: either("HTTP_PROXY"), https: either("HTTPS_PROXY"), all: either("ALL_PROXY"), except: either("NO_PROXY") }
    }
}

/// The client. Cheap to clone, and one is enough for all upstreams: it keeps connections for each.
///
/// Each thread that calls has connections of its own. Whoever opens a connection drives it, and a thread that answers requests
/// has a runtime of its own: over another thread's connection every call would cross from thread to thread twice.
#[derive(Clone)]
pub struct UpstreamClient(Arc<Threads>);

struct Threads {
    settings: ClientSettings,
    /// Made once: it reads the system's certificates, and there are more than a hundred files of them.
    tls: ClientConfig,
    clients: ThreadLocal<reqwest::Client>,
}

impl UpstreamClient {
    /// This thread's client, made at its first call.
    pub(crate) fn here(&self) -> Result<&reqwest::Client, LlmError> {
        self.0.clients.get_or_try(|| build(&self.0.settings, self.0.tls.clone()))
    }
}

/// Makes the client; settings that cannot be used are refused at once.
pub fn upstream_client(settings: &ClientSettings) -> Result<UpstreamClient, LlmError> {
    let client = UpstreamClient(Arc::new(Threads { settings: settings.clone(), tls: tls()?, clients: ThreadLocal::new() }));
    client.here()?;
    Ok(client)
}

/// It follows no redirect, so that a key and a prompt never go to an address that nobody configured; and it asks for no
/// compression, because a compressing upstream holds back the pieces of a stream. One that compresses unasked is understood.
fn build(settings: &ClientSettings, tls: ClientConfig) -> Result<reqwest::Client, LlmError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one client for addresses of the settings")]
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("transom/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(settings.keep_alive)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(60))
        .tls_backend_preconfigured(tls)
        .gzip(true)
        .brotli(true)
        .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]))
        .no_proxy();
    let Proxies { http, https, all, except } = &settings.proxies;
    let except = NoProxy::from_string(&format!("{LOOPBACK},{}", except.as_deref().unwrap_or_default()));
    let wanted = [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("ALL_PROXY", all)];
    for (name, address) in wanted.into_iter().filter_map(|(name, address)| Some((name, address.as_deref()?))) {
        let proxy = match name {
            "HTTP_PROXY" => Proxy::http(address),
            "HTTPS_PROXY" => Proxy::https(address),
            _ => Proxy::all(address),
        };
        // What the parser says repeats the address, and that may hold a password.
        let proxy = proxy.map_err(|_| LlmError::Invalid(format!("{name} is no proxy's address, such as http://proxy:3128")))?;
        builder = builder.proxy(proxy.no_proxy(except.clone()));
    }
    builder.build().map_err(unmade)
}

/// TLS as the client would make it for itself, once for every thread's.
fn tls() -> Result<ClientConfig, LlmError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().and_then(BuilderVerifierExt::with_platform_verifier).map_err(unmade)?;
    let mut tls = builder.with_no_client_auth();
    tls.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    Ok(tls)
}

fn unmade(error: impl Display) -> LlmError {
    LlmError::Internal(format!("the outbound client cannot be made: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_in_either_case() {
        let proxies = Proxies::from_variables(|name| match name {
            "https_proxy" => Some("http://p:1".to_owned()),
            "HTTP_PROXY" => Some(" ".to_owned()),
            _ => None,
        });
        assert_eq!((proxies.https.as_deref(), proxies.http), (Some("http://p:1"), None));
    }

    #[test]
    fn a_proxy_that_is_no_address_is_named_without_its_password() {
        let proxies = Proxies { http: Some("http://user:hunter2@ bad".to_owned()), ..Proxies::default() };
        let error = upstream_client(&ClientSettings { proxies, ..ClientSettings::default() }).map(|_| ()).expect_err("refused").to_string();
        assert!(error.contains("HTTP_PROXY") && !error.contains("hunter2"), "{error}");
    }
}
