//! Signing up and in, and changing one's own password and profile.

use serde_json::Value;
use transom_auth::Verdict;
use transom_domain::{Caller, NewUser, Permissions, Role, Timestamp, User, UserId, now};
use transom_store::UserPatch;

use super::{Accounts, admin_only, found, rules};
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
    /// Makes an account for whoever asks: the first one is the administrator, later ones where signing up is open.
    pub async fn sign_up(&self, account: NewAccount) -> Result<NewSession, Error> {
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

    /// Makes an account as an administrator.
    pub async fn add(&self, caller: &Caller, account: NewAccount, role: Role) -> Result<NewSession, Error> {
        admin_only(caller)?;
        let new = self.new_user(account).await?;
        let user = self.store.create_user(new, role).await?;
        self.begin(&user.id, None).await
    }

    /// Opens a session. An unknown address and a wrong password are one answer, at one cost.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<NewSession, Error> {
        let wrong = || Error::Invalid("the e-mail address or the password is wrong".to_owned());
        let Ok(email) = rules::email(email) else {
            self.passwords.verify(password.to_owned(), None).await?;
            return Err(wrong());
        };
        self.attempts.count(&email)?;
        let credentials = self.store.credentials(&email).await?;
        let hash = credentials.as_ref().map(|credentials| credentials.password_hash.clone());
        let verdict = self.passwords.verify(password.to_owned(), hash).await?;
        let Some(credentials) = credentials.filter(|_| verdict != Verdict::Wrong) else { return Err(wrong()) };
        self.attempts.forget(&email);
        if verdict == Verdict::RightButOld {
            let hash = self.passwords.hash(password.to_owned()).await?;
            self.store.rehash_password(&credentials.user.id, &credentials.password_hash, &hash).await?;
        }
        self.begin(&credentials.user.id, Some(credentials.session_generation)).await
    }

    /// Changes the caller's password, which ends its sessions.
    pub async fn update_password(&self, caller: &Caller, old: &str, new: &str) -> Result<(), Error> {
        let guessed_at = format!("password of {}", caller.id);
        self.attempts.count(&guessed_at)?;
        let credentials = found(self.store.credentials_by_id(&caller.id).await?)?;
        if self.passwords.verify(old.to_owned(), Some(credentials.password_hash)).await? == Verdict::Wrong {
            return Err(Error::Invalid("the present password is wrong".to_owned()));
        }
        self.attempts.forget(&guessed_at);
        rules::password(new)?;
        let patch = UserPatch { password_hash: Some(self.passwords.hash(new.to_owned()).await?), ..UserPatch::default() };
        let _change = self.principals.change();
        found(self.store.update_user(&caller.id, patch).await?)?;
        Ok(())
    }

    /// Changes the caller's name and picture.
    pub async fn update_profile(&self, caller: &Caller, name: &str, picture: &str) -> Result<User, Error> {
        let patch = UserPatch { name: Some(rules::name(name)?), profile_image_url: Some(rules::picture(picture)?), ..UserPatch::default() };
        self.patch_self(caller, patch).await
    }

    /// Replaces the settings of the caller's clients.
    pub async fn update_settings(&self, caller: &Caller, settings: Value) -> Result<User, Error> {
        self.patch_self(caller, UserPatch { settings: Some(settings), ..UserPatch::default() }).await
    }

    /// Adds facts about the caller to those that are kept already.
    pub async fn update_info(&self, caller: &Caller, more: serde_json::Map<String, Value>) -> Result<User, Error> {
        let user = found(self.store.user(&caller.id).await?)?;
        let mut info = match user.info {
            Some(Value::Object(info)) => info,
            _ => serde_json::Map::new(),
        };
        info.extend(more);
        self.patch_self(caller, UserPatch { info: Some(Value::Object(info)), ..UserPatch::default() }).await
    }

    async fn patch_self(&self, caller: &Caller, patch: UserPatch) -> Result<User, Error> {
        let _change = self.principals.change();
        found(self.store.update_user(&caller.id, patch).await?)
    }

    async fn new_user(&self, account: NewAccount) -> Result<NewUser, Error> {
        let email = rules::email(&account.email)?;
        let name = rules::name(&account.name)?;
        let profile_image_url = rules::picture(&account.profile_image_url)?;
        rules::password(&account.password)?;
        Ok(NewUser { email, name, password_hash: self.passwords.hash(account.password).await?, profile_image_url })
    }

    /// Opens a session of the generation whose password was shown: where the password changed meanwhile, the session is over before it begins.
    async fn begin(&self, id: &UserId, generation: Option<i64>) -> Result<NewSession, Error> {
        let principal = found(self.store.principal(id).await?)?;
        let generation = generation.unwrap_or(principal.session_generation);
        let token = self.keys.tokens.issue(id, generation, now(), self.settings.load().session_lifetime)?;
        let permissions = std::sync::Arc::unwrap_or_clone(self.caller(&principal).await?.permissions);
        Ok(NewSession { user: principal.user, permissions, token: token.text, expires_at: token.expires_at })
    }
}
