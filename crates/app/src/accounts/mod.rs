//! Accounts: signing up and in, sessions, API keys, permissions, and the administrator's rule over them.
//!
//! [`Accounts::authenticate`] is on every request's path. What it found is kept for half a minute, so that a known credential costs
//! neither SQL nor a password hash; any change of an account, a group, a permission or a session takes from that memory what it concerns.

mod admin;
mod api_keys;
mod attempts;
mod config;
mod permissions;
mod principals;
mod profile;
mod rules;
mod sign_in;
mod users;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use transom_auth::{AuthError, Keys, Passwords, Secret};
use transom_domain::{Caller, User, UserId};
use transom_store::Store;

use crate::Error;
use attempts::Attempts;

pub(crate) use permissions::well_formed;
pub(crate) use principals::Principals;

pub use admin::AuthSettings;
pub(crate) use admin::{changed_settings, reset_settings};
pub use config::{AccountsConfig, ApiKeysConfig, SameSite, SignInLimits};
pub use permissions::{UnknownPermission, default_permissions, permissions_from_environment};
pub use principals::{Presented, Session};
pub use profile::Profile;
pub use rules::{PasswordRule, email as readable_email, password as acceptable_password};
pub use sign_in::{NewAccount, NewSession};
pub use transom_store::{Direction, UserOrder, UserQuery};
pub use users::{ListedUser, UserUpdate, UsersPage};

/// The accounts of the server and everything that proves who asks.
pub struct Accounts {
    store: Store,
    keys: Keys,
    passwords: Passwords,
    config: AccountsConfig,
    settings: ArcSwap<AuthSettings>,
    principals: Arc<Principals>,
    attempts: Attempts,
    /// Held while the settings are changed, so that memory and row agree on which change was the last.
    changing: Mutex<()>,
}

impl Accounts {
    /// Makes the service; what an administrator changed in an earlier run is read back.
    pub async fn open(store: Store, secret: &Secret, config: AccountsConfig) -> Result<Self, Error> {
        let keys = Keys::derive(secret)?;
        let settings = admin::load(&store, &config).await?;
        Ok(Self {
            store,
            keys,
            passwords: config.passwords.clone(),
            settings: ArcSwap::from_pointee(settings),
            principals: Arc::new(Principals::new(&config)),
            attempts: Attempts::new(config.sign_ins),
            changing: Mutex::default(),
            config,
        })
    }

    /// The boot settings.
    pub fn config(&self) -> &AccountsConfig {
        &self.config
    }

    /// Whether there is no account yet: whoever signs up next is the administrator.
    pub async fn is_new(&self) -> Result<bool, Error> {
        Ok(self.store.count_users().await? == 0)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.store.ping().await.map_err(|_| Error::Unavailable("the database does not answer".to_owned()))
    }

    pub(crate) fn principals(&self) -> Arc<Principals> {
        self.principals.clone()
    }

    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    /// The first administrator: the one who set the server up, whom no other may depose.
    async fn primary(&self) -> Result<Option<UserId>, Error> {
        let query = UserQuery { order: UserOrder::CreatedAt, direction: Direction::Ascending, limit: Some(1), ..UserQuery::default() };
        let (users, _) = self.store.list_users(&query).await?;
        Ok(users.into_iter().next().map(|user| user.id))
    }
}

pub(crate) fn admin_only(caller: &Caller) -> Result<(), Error> {
    if caller.is_admin() { Ok(()) } else { Err(Error::WrongRole) }
}

fn found<T>(thing: Option<T>) -> Result<T, Error> {
    thing.ok_or_else(|| Error::NotFound("the account could not be found".to_owned()))
}

/// Whether an account was seen in the last three minutes.
pub fn is_active(user: &User) -> bool {
    transom_domain::now() - user.last_active_at <= 180
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Busy => {
                Self::TooMany { detail: "too many people are signing in at this moment; try again in a second".to_owned(), retry_after: 1 }
            }
            error => Self::internal(error),
        }
    }
}
