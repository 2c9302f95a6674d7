//! Signing up and in, and changing one's own password and profile.

use std::net::IpAddr;

use serde_json::Value;
use transom_auth::{AuthError, Verdict};
use transom_domain::{Caller, NewUser, Permissions, Role, Timestamp, User, UserId, now};

use super::attempts::Origin;
use super::{Accounts, Session, admin_only, found, rules};
use crate::Error;

/// What a person says of itself to get an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Where it signs in.
    pub email: String,
    /// Its password.
    pub password: String,
    /// A path or a `data:` URL; empty for the default picture.
    pub profile_image_url: String,
}

/// An account with a session token that was just made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The account.
    pub user: User,
    /// What it may do.
    pub permissions: Permissions,
    /// The token.
    pub token: String,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
}

impl Accounts {
    /// Makes an account for whoever asks, from whichever address: the first one is the administrator, later ones where signing up is
    /// open.
    pub async fn sign_up(&self, account: NewAccount, from: Option<IpAddr>) -> Result<NewSession, Error> {
        self.attempts.admit(Origin::of(from))?;
        let later_role = {
            let settings = self.settings.load();
            settings.enable_signup.then_some(settings.default_user_role)
        };
        let closed = || Error::Forbidden("signing up is closed here; ask the administrator for an account".to_owned());
        // The transaction below decides; this spares a password hash.
        if later_role.is_none() && !self.is_new().await? {
            return Err(closed());
        }
        let new = self.new_user(account).await?;
        let user = self.store.sign_up(new, later_role).await?.ok_or_else(closed)?;
        self.begin(&user.id, None).await
    }

    /// Makes an account as an administrator. An API key makes no administrators.
    pub async fn add(&self, session: &Session, account: NewAccount, role: Role) -> Result<NewSession, Error> {
        admin_only(&session.caller)?;
        if role == Role::Admin {
            session.claims()?;
        }
        let new = self.new_user(account).await?;
        let user = self.store.create_user(new, role).await?;
        self.begin(&user.id, None).await
    }

    /// Opens a session. An unknown address and a wrong password are one answer, at one cost.
    pub async fn sign_in(&self, email: &str, password: &str, from: Option<IpAddr>) -> Result<NewSession, Error> {
        let wrong = || Error::Invalid("the e-mail address or the password is wrong".to_owned());
        let from = Origin::of(from);
        self.attempts.admit(from)?;
        let Ok(email) = rules::email(email) else {
            self.passwords.verify(password.to_owned(), None).await?;
            return Err(wrong());
        };
        tokio::time::sleep(self.attempts.guess(&email, from)?).await;
        let credentials = self.store.credentials(&email).await?;
        let hash = credentials.as_ref().map(|credentials| credentials.password_hash.clone());
        let verdict = self.verify(password, hash, &email, from).await?;
        let Some(credentials) = credentials.filter(|_| verdict != Verdict::Wrong) else { return Err(wrong()) };
        self.attempts.was_right(&email, from);
        if verdict == Verdict::RightButOld {
            match self.passwords.hash(password.to_owned()).await {
                Ok(hash) => self.store.rehash_password(&credentials.id, &credentials.password_hash, &hash).await?,
                // It can wait for the next sign-in.
                Err(AuthError::Busy) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.begin(&credentials.id, Some(credentials.session_generation)).await
    }

    /// Changes the password of the caller's account, which ends its sessions and its API key.
    pub async fn update_password(&self, caller: &Caller, old: &str, new: &str, from: Option<IpAddr>) -> Result<(), Error> {
        let (guessed_at, from) = (format!("password of {}", caller.id), Origin::of(from));
        tokio::time::sleep(self.attempts.guess(&guessed_at, from)?).await;
        let credentials = found(self.store.credentials_by_id(&caller.id).await?)?;
        if self.verify(old, Some(credentials.password_hash.clone()), &guessed_at, from).await? == Verdict::Wrong {
            return Err(Error::Invalid("the present password is wrong".to_owned()));
        }
        self.attempts.was_right(&guessed_at, from);
        rules::password(new, self.config.password_rule.as_ref())?;
        let hash = self.passwords.hash(new.to_owned()).await?;
        let _change = self.principals.change_of([&caller.id]);
        // Not where it was changed meanwhile: an administrator's reset is not undone by somebody who knew the old password.
        if !self.store.replace_password(&caller.id, &credentials.password_hash, &hash).await? {
            return Err(Error::Conflict("the password was changed by somebody else just now; sign in again".to_owned()));
        }
        Ok(())
    }

    /// Looks at a guess. One that finds no place in the queue was none.
    async fn verify(&self, password: &str, hash: Option<String>, guessed_at: &str, from: Origin) -> Result<Verdict, Error> {
        let verdict = self.passwords.verify(password.to_owned(), hash).await;
        if matches!(verdict, Err(AuthError::Busy)) {
            self.attempts.take_back(guessed_at, from);
        }
        Ok(verdict?)
    }

    /// Adds facts about the caller to those that are kept already.
    pub async fn update_info(&self, caller: &Caller, more: serde_json::Map<String, Value>) -> Result<User, Error> {
        found(self.store.merge_user_info(&caller.id, more).await?)
    }

    async fn new_user(&self, account: NewAccount) -> Result<NewUser, Error> {
        let email = rules::email(&account.email)?;
        let name = rules::name(&account.name)?;
        let profile_image_url = rules::picture(&account.profile_image_url)?;
        rules::password(&account.password, self.config.password_rule.as_ref())?;
        Ok(NewUser { email, name, password_hash: self.passwords.hash(account.password).await?, profile_image_url })
    }

    /// Opens a session of the generation whose password was shown: where the password changed meanwhile, the session is over before it begins.
    async fn begin(&self, id: &UserId, generation: Option<i64>) -> Result<NewSession, Error> {
        let principal = found(self.store.principal(id).await?)?;
        let generation = generation.unwrap_or(principal.session_generation);
        let token = self.keys.tokens.issue(id, generation, now(), self.settings.load().session_lifetime)?;
        let permissions = std::sync::Arc::unwrap_or_clone(self.caller(&principal).await?.permissions);
        let user = found(self.store.user(id).await?)?;
        Ok(NewSession { user, permissions, token: token.text, expires_at: token.expires_at })
    }
}
