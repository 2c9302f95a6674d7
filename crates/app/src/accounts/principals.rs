//! Who a credential belongs to, remembered for a short while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use transom_auth::{ApiKeys, Claims};
use transom_domain::{Caller, Role, Timestamp, User, now};
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
    /// The account.
    pub user: User,
    /// What queries ask for.
    pub caller: Caller,
    /// By what.
    pub presented: Presented,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Token(String),
    ApiKey(String),
}

#[derive(Clone)]
struct Remembered {
    epoch: u64,
    session: Arc<Session>,
}

/// The memory of who is who.
///
/// Every change of anything that a decision rests on begins a new epoch, and what was read in an earlier one is not believed.
/// An epoch is noted before the rows are read: a read that raced a change is thrown away with the rest.
/// Another process on the same database notices a change when its own memory of it runs out.
pub(crate) struct Principals {
    epoch: AtomicU64,
    known: Cache<Key, Remembered>,
}

/// Begins a new epoch when it goes out of scope, also where the change was broken off.
pub(crate) struct Change<'a>(&'a Principals);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

impl Principals {
    pub(super) fn new(config: &AccountsConfig) -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(config.remember_seconds)).build();
        Self { epoch: AtomicU64::new(0), known }
    }

    /// Announces a change; hold it until the change is committed.
    #[must_use = "the memory is emptied when this is dropped"]
    pub(crate) fn change(&self) -> Change<'_> {
        Change(self)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn recall(&self, key: &Key) -> Option<Arc<Session>> {
        self.known.get(key).filter(|known| known.epoch == self.epoch()).map(|known| known.session)
    }

    fn remember(&self, epoch: u64, key: Key, session: Arc<Session>) {
        self.known.insert(key, Remembered { epoch, session });
    }
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
        let epoch = self.principals.epoch();
        if self.store.is_token_revoked(&claims.jti).await? {
            return Err(BAD);
        }
        let principal = self.store.principal(&claims.id).await?.ok_or(BAD)?;
        if principal.session_generation != claims.generation {
            return Err(BAD);
        }
        let session = self.session(principal, Presented::Token(claims)).await?;
        self.principals.remember(epoch, key, session.clone());
        Ok(session)
    }

    async fn by_api_key(&self, credential: &str, path: &str) -> Result<Arc<Session>, Error> {
        let digest = self.keys.api_keys.digest(credential);
        let key = Key::ApiKey(digest.clone());
        let session = match self.principals.recall(&key) {
            Some(session) => session,
            None => {
                let epoch = self.principals.epoch();
                let principal = self.store.principal_by_key(&digest).await?.ok_or(BAD)?;
                let session = self.session(principal, Presented::ApiKey).await?;
                self.principals.remember(epoch, key, session.clone());
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
        if now() - principal.user.last_active_at > 60 {
            let (store, id) = (self.store.clone(), principal.user.id.clone());
            // Nobody waits for this, and nothing is lost where it fails.
            tokio::spawn(async move { store.touch_user(&id, now()).await });
        }
        Ok(Arc::new(Session { user: principal.user, caller, presented }))
    }

    pub(super) async fn caller(&self, principal: &Principal) -> Result<Caller, Error> {
        let mut permissions = self.stored_permissions().await?;
        for group in &principal.group_permissions {
            permissions.add(group);
        }
        Ok(Caller {
            id: principal.user.id.clone(),
            role: principal.user.role,
            groups: principal.groups.clone().into(),
            permissions: Arc::new(permissions),
        })
    }

    /// Ends the session's token. An API key stays.
    pub async fn sign_out(&self, session: &Session) -> Result<(), Error> {
        let Presented::Token(claims) = &session.presented else { return Ok(()) };
        let _change = self.principals.change();
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

    #[test]
    fn what_was_read_before_a_change_is_not_believed_after_it() {
        let principals = Principals::new(&AccountsConfig::default());
        let caller = Caller::new("ada".into(), Role::User);
        let user = User {
            id: caller.id.clone(),
            email: String::new(),
            name: String::new(),
            role: Role::User,
            profile_image_url: String::new(),
            settings: None,
            info: None,
            last_active_at: 0,
            updated_at: 0,
            created_at: 0,
        };
        let session = Arc::new(Session { user, caller, presented: Presented::ApiKey });
        let key = Key::ApiKey("digest".to_owned());
        principals.remember(principals.epoch(), key.clone(), session.clone());
        assert!(principals.recall(&key).is_some());
        let before = principals.epoch();
        drop(principals.change());
        assert!(principals.recall(&key).is_none());
        // A read that began before the change ends after it.
        principals.remember(before, key.clone(), session);
        assert!(principals.recall(&key).is_none());
    }
}
