//! Who a credential belongs to, remembered for a short while.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use transom_auth::{ApiKeys, Claims};
use transom_domain::{Caller, Role, Timestamp, UserId, now};
use transom_store::Principal;

use super::{Accounts, AccountsConfig};
use crate::Error;

const BAD: Error = Error::Unauthenticated("this session has ended or its credential is wrong; sign in again");

/// Tokens without an end are remembered as revoked until the year 9999.
const FOR_EVER: Timestamp = 253_402_300_799;

/// What proved who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A session token.
    Token(Claims),
    /// An API key.
    ApiKey,
}

/// An account that proved who it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account, and what queries ask for.
    pub caller: Caller,
    /// By what.
    pub presented: Presented,
}

impl Session {
    /// What its session token says. An API key has none: it must not be able to make its own successor or to take its account over.
    pub fn claims(&self) -> Result<&Claims, Error> {
        match &self.presented {
            Presented::Token(claims) => Ok(claims),
            Presented::ApiKey => Err(Error::Forbidden("an API key may not do this; sign in, and use the session's token".to_owned())),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Token(String),
    ApiKey(String),
}

#[derive(Clone)]
struct Remembered {
    epoch: Epoch,
    session: Arc<Session>,
}

/// What was true of an account when it was remembered: it is believed until either number grows.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Epoch {
    everybody: u64,
    account: u64,
}

/// How many changes there had been when a read began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun(u64);

/// Accounts share this many counters. Two that share one forget each other now and then, which costs a query.
const COUNTERS: usize = 1024;

/// The memory of who is who.
///
/// A change of what a decision rests on begins a new epoch for the accounts that it concerns, and what was remembered in an earlier one
/// is not believed. A read that raced any change is not remembered at all, because it may have seen the rows before it.
/// Another process on the same database notices a change when its own memory of it runs out.
pub(crate) struct Principals {
    changes: AtomicU64,
    everybody: AtomicU64,
    accounts: Box<[AtomicU64]>,
    known: Cache<Key, Remembered>,
}

/// Whom a change concerns.
enum Whom {
    Everybody,
    Counters(Vec<usize>),
}

/// Begins a new epoch when it goes out of scope, also where the change was broken off.
pub(crate) struct Change<'a>(&'a Principals, Whom);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let Self(principals, whom) = self;
        // First, so that a read which sees no change here saw the epoch before this change, and is not believed after it.
        principals.changes.fetch_add(1, Ordering::SeqCst);
        match whom {
            Whom::Everybody => {
                principals.everybody.fetch_add(1, Ordering::SeqCst);
            }
            Whom::Counters(counters) => counters.iter().for_each(|counter| {
                principals.accounts[*counter].fetch_add(1, Ordering::SeqCst);
            }),
        }
    }
}

impl Principals {
    pub(super) fn new(config: &AccountsConfig) -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(config.remember_seconds)).build();
        let accounts = (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self { changes: AtomicU64::new(0), everybody: AtomicU64::new(0), accounts, known }
    }

    /// Announces a change that concerns everybody; hold it until the change is committed.
    #[must_use = "the memory is emptied when this is dropped"]
    pub(crate) fn change(&self) -> Change<'_> {
        Change(self, Whom::Everybody)
    }

    /// Announces a change that concerns these accounts; hold it until the change is committed.
    #[must_use = "the accounts are forgotten when this is dropped"]
    pub(crate) fn change_of<'a>(&self, accounts: impl IntoIterator<Item = &'a UserId>) -> Change<'_> {
        Change(self, Whom::Counters(accounts.into_iter().map(counter).collect()))
    }

    /// Before rows are read that are going to be remembered.
    fn begin(&self) -> Begun {
        Begun(self.changes.load(Ordering::SeqCst))
    }

    fn epoch(&self, account: &UserId) -> Epoch {
        Epoch { everybody: self.everybody.load(Ordering::SeqCst), account: self.accounts[counter(account)].load(Ordering::SeqCst) }
    }

    fn recall(&self, key: &Key) -> Option<Arc<Session>> {
        self.known.get(key).filter(|known| known.epoch == self.epoch(&known.session.caller.id)).map(|known| known.session)
    }

    fn remember(&self, begun: Begun, key: Key, session: Arc<Session>) {
        let epoch = self.epoch(&session.caller.id);
        if self.begin() == begun {
            self.known.insert(key, Remembered { epoch, session });
        }
    }
}

fn counter(account: &UserId) -> usize {
    let mut hasher = std::hash::DefaultHasher::new();
    account.as_str().hash(&mut hasher);
    usize::try_from(hasher.finish() % COUNTERS as u64).unwrap_or_default()
}

impl Accounts {
    /// Who presents `credential`, an API key or a session token. `path` is what the request asks for: keys may be confined to some.
    /// Pending accounts are told apart by their role.
    pub async fn authenticate(&self, credential: &str, path: &str) -> Result<Arc<Session>, Error> {
        if credential.starts_with(ApiKeys::PREFIX) {
            return self.by_api_key(credential, path).await;
        }
        self.by_token(self.keys.tokens.read(credential).map_err(|_| BAD)?).await
    }

    async fn by_token(&self, claims: Claims) -> Result<Arc<Session>, Error> {
        let key = Key::Token(claims.jti.clone());
        if let Some(session) = self.principals.recall(&key) {
            return Ok(session);
        }
        let begun = self.principals.begin();
        if self.store.is_token_revoked(&claims.jti).await? {
            return Err(BAD);
        }
        let principal = self.store.principal(&claims.id).await?.ok_or(BAD)?;
        if principal.session_generation != claims.generation {
            return Err(BAD);
        }
        let session = self.session(principal, Presented::Token(claims)).await?;
        self.principals.remember(begun, key, session.clone());
        Ok(session)
    }

    async fn by_api_key(&self, credential: &str, path: &str) -> Result<Arc<Session>, Error> {
        let digest = self.keys.api_keys.digest(credential);
        let key = Key::ApiKey(digest.clone());
        let session = match self.principals.recall(&key) {
            Some(session) => session,
            None => {
                let begun = self.principals.begin();
                let principal = self.store.principal_by_key(&digest).await?.ok_or(BAD)?;
                let session = self.session(principal, Presented::ApiKey).await?;
                self.principals.remember(begun, key, session.clone());
                session
            }
        };
        self.may_use_key(&session.caller, path)?;
        Ok(session)
    }

    fn may_use_key(&self, caller: &Caller, path: &str) -> Result<(), Error> {
        let settings = self.settings.load();
        // A pending account is refused for being pending, not for its permissions.
        let permitted = caller.role == Role::Pending || caller.may("features.api_keys");
        if !settings.enable_api_keys || !permitted {
            return Err(Error::Forbidden("API keys are not allowed here, or not for your account".to_owned()));
        }
        match &settings.api_keys_only {
            Some(allowed) if !allowed.iter().any(|prefix| opens(prefix, path)) => {
                Err(Error::Forbidden("API keys do not open this path".to_owned()))
            }
            _ => Ok(()),
        }
    }

    async fn session(&self, principal: Principal, presented: Presented) -> Result<Arc<Session>, Error> {
        let caller = self.caller(&principal).await?;
        if now() - principal.last_active_at > 60 {
            let (store, id) = (self.store.clone(), principal.id.clone());
            // Nobody waits for this, and nothing is lost where it fails.
            tokio::spawn(async move { store.touch_user(&id, now()).await });
        }
        Ok(Arc::new(Session { caller, presented }))
    }

    pub(super) async fn caller(&self, principal: &Principal) -> Result<Caller, Error> {
        let mut permissions = self.stored_permissions().await?;
        for group in &principal.group_permissions {
            permissions.add(group);
        }
        Ok(Caller {
            id: principal.id.clone(),
            role: principal.role,
            groups: principal.groups.clone().into(),
            permissions: Arc::new(permissions),
        })
    }

    /// Ends the session's token. An API key stays.
    pub async fn sign_out(&self, session: &Session) -> Result<(), Error> {
        let Presented::Token(claims) = &session.presented else { return Ok(()) };
        let _change = self.principals.change_of([&session.caller.id]);
        Ok(self.store.revoke_token(&claims.jti, claims.exp.unwrap_or(FOR_EVER)).await?)
    }
}

/// Whether `path` is `prefix` or lies under it; `/api/models` does not open `/api/models2`.
fn opens(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim().trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && prefix.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_path_opens_whole_segments() {
        assert!(opens("/api/models", "/api/models"));
        assert!(opens("/api/models/", "/api/models/x"));
        assert!(opens("/api", "/api/models"));
        assert!(!opens("/api/models", "/api/models2"));
        assert!(!opens("/api/models", "/api"));
        assert!(!opens("", "/api"));
        assert!(!opens(" ", "/api"));
    }

    fn remembered(principals: &Principals, account: &str) -> (Key, Arc<Session>) {
        let session = Arc::new(Session { caller: Caller::new(account.into(), Role::User), presented: Presented::ApiKey });
        let key = Key::ApiKey(format!("digest of {account}"));
        principals.remember(principals.begin(), key.clone(), session.clone());
        assert!(principals.recall(&key).is_some());
        (key, session)
    }

    #[test]
    fn what_was_read_before_a_change_is_not_believed_after_it() {
        let principals = Principals::new(&AccountsConfig::default());
        let (key, session) = remembered(&principals, "ada");
        for change in
            [|principals: &Principals| drop(principals.change()), |principals: &Principals| drop(principals.change_of([&"ada".into()]))]
        {
            principals.remember(principals.begin(), key.clone(), session.clone());
            assert!(principals.recall(&key).is_some());
            let before = principals.begin();
            change(&principals);
            assert!(principals.recall(&key).is_none());
            // A read that began before the change ends after it.
            principals.remember(before, key.clone(), session.clone());
            assert!(principals.recall(&key).is_none());
        }
    }

    #[test]
    fn a_change_of_one_account_leaves_the_others_known() {
        let principals = Principals::new(&AccountsConfig::default());
        let (ada, _) = remembered(&principals, "ada");
        let other = (0..).map(|n| format!("bob {n}")).find(|name| counter(&name.as_str().into()) != counter(&"ada".into()));
        let (bob, _) = remembered(&principals, &other.expect("a name"));
        drop(principals.change_of([&"ada".into()]));
        assert!(principals.recall(&ada).is_none() && principals.recall(&bob).is_some());
        drop(principals.change());
        assert!(principals.recall(&bob).is_none());
    }
}
