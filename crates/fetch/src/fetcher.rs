//! Asking an address, and following where it leads.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Client, Response, redirect};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use crate::Reach;
use crate::error::{FetchError, read};
use crate::page::{Bounds, Document, Page};
use crate::resolver::{Judge, Judged, System};

/// What a fetch may reach and cost.
#[derive(Clone, Debug)]
pub struct FetchSettings {
    /// Which addresses may be asked.
    pub reach: Reach,
    /// Bytes of an answer at most, after decompression.
    pub max_size: u64,
    /// How long a connection may take to be made, the resolving of the name and TLS included.
    pub connect_timeout: Duration,
    /// How long everything may take, redirects and the last byte of the answer included.
    pub timeout: Duration,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            reach: Reach::Public,
            max_size: 50 * 1024 * 1024,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            redirects: 5,
        }
    }
}

/// Fetches addresses that users give. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    judge: Judge,
    settings: Arc<FetchSettings>,
}

impl Fetcher {
    /// A fetcher that resolves names as the system does.
    ///
    /// # Errors
    /// [`FetchError::Unusable`] where the client cannot be made: no certificate authorities, say.
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        let reach = settings.reach;
        Self::with(settings, Arc::new(System), Arc::new(move |address| reach.admits(address)))
    }

    pub(crate) fn with(settings: FetchSettings, names: Arc<dyn Resolve>, judge: Judge) -> Result<Self, FetchError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one client for addresses that users give")]
        let builder = Client::builder();
        let client = builder
            .user_agent(concat!("transom/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Judged { inner: names, judge: judge.clone() }))
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            // A connection that is kept would go on to an address that was judged long ago.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .map_err(|error| FetchError::Unusable(error.to_string()))?;
        Ok(Self { client, judge, settings: Arc::new(settings) })
    }

    /// Fetches all of an answer.
    ///
    /// # Errors
    /// As [`FetchError`] says. Any status but a success is one.
    pub async fn fetch(&self, address: &str) -> Result<Document, FetchError> {
        self.open(address).await?.read().await
    }

    /// Asks, follows redirects, and returns when the answer begins. The limits of time and size hold for its bytes too.
    ///
    /// # Errors
    /// As [`FetchError`] says. Any status but a success is one.
    pub async fn open(&self, address: &str) -> Result<Page, FetchError> {
        let bounds =
            Bounds { deadline: Instant::now() + self.settings.timeout, timeout: self.settings.timeout, max_size: self.settings.max_size };
        match timeout_at(bounds.deadline, self.follow(address)).await {
            Ok(answer) => {
                let (url, response) = answer?;
                Page::new(url, response, bounds)
            }
            Err(_elapsed) => Err(bounds.timed_out()),
        }
    }

    async fn follow(&self, address: &str) -> Result<(Url, Response), FetchError> {
        let mut url = Url::parse(address.trim()).map_err(|_| FetchError::Address("an address looks like https://host/path"))?;
        let mut redirects = 0;
        loop {
            let host = self.check(&url)?;
            let response = self.client.get(url.clone()).send().await.map_err(|error| read(&host, &error))?;
            if response.status().is_success() {
                self.check_length(&response)?;
                return Ok((url, response));
            }
            let Some(next) = location(&url, &response) else {
                return Err(FetchError::Status { host, status: response.status().as_u16() });
            };
            if redirects == self.settings.redirects {
                return Err(FetchError::Broken { host, reason: format!("it redirects more than {redirects} times") });
            }
            redirects += 1;
            url = next?;
        }
    }

    /// Judges what can be told from the address itself; gives back its host. Numbers in all their spellings are numbers to [`Url`],
    /// and the client asks no resolver for those.
    fn check(&self, url: &Url) -> Result<String, FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Address("only http and https addresses are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Address("an address with a user name or password in it is not fetched"));
        }
        let Some(host) = url.host() else { return Err(FetchError::Address("the address names no host")) };
        let number: Option<IpAddr> = match &host {
            Host::Domain(_) => None,
            Host::Ipv4(v4) => Some((*v4).into()),
            Host::Ipv6(v6) => Some((*v6).into()),
        };
        let host = host.to_string();
        if number.is_some_and(|address| !(self.judge)(address)) {
            return Err(FetchError::Forbidden { host });
        }
        Ok(host)
    }

    /// What says itself that it is too large is not even begun.
    fn check_length(&self, response: &Response) -> Result<(), FetchError> {
        let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.settings.max_size) {
            return Err(FetchError::TooLarge { limit: self.settings.max_size });
        }
        Ok(())
    }
}

/// Where an answer sends us, if it does.
fn location(from: &Url, response: &Response) -> Option<Result<Url, FetchError>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = response.headers().get(LOCATION)?;
    let joined = to.to_str().ok().and_then(|to| from.join(to).ok());
    Some(joined.ok_or_else(|| FetchError::Broken {
        host: from.host_str().unwrap_or_default().to_owned(),
        reason: "it redirects to something that is no address".to_owned(),
    }))
}
