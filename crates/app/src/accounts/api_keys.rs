//! An account's API key: one at a time, shown again on request.
//!
//! Keys are managed by sessions alone. Whoever has got hold of a key can neither read it back, nor make another, nor keep it alive: it
//! ends with whatever ends its account's sessions, and an administrator can end it.

use transom_domain::{Caller, UserId};
use transom_store::ApiKeyRow;

use super::{Accounts, Session, admin_only, found};
use crate::Error;

impl Accounts {
    /// Makes the key of a session's account, in place of any earlier one.
    pub async fn create_api_key(&self, session: &Session) -> Result<String, Error> {
        let (caller, claims) = (&session.caller, session.claims()?);
        if !self.settings.load().enable_api_keys || !caller.may("features.api_keys") {
            return Err(Error::Forbidden("API keys are not allowed here, or not for your account".to_owned()));
        }
        let key = self.keys.api_keys.generate()?;
        let row = ApiKeyRow { digest: self.keys.api_keys.digest(&key), sealed: self.keys.api_keys.seal(&caller.id, &key)? };
        let _change = self.principals.change_of([&caller.id]);
        if !self.store.set_api_key(&caller.id, claims.generation, row).await? {
            return Err(Error::Unauthenticated("this session has ended; sign in again"));
        }
        Ok(key)
    }

    /// The key of a session's account. One that was sealed under another secret opens nothing any more and counts as missing.
    pub async fn api_key(&self, session: &Session) -> Result<String, Error> {
        session.claims()?;
        let id = &session.caller.id;
        let row = self.store.api_key(id).await?;
        row.and_then(|row| self.keys.api_keys.open(id, &row.sealed))
            .ok_or_else(|| Error::NotFound("you have no API key; make one with POST /api/v1/auths/api_key".to_owned()))
    }

    /// Removes the key of a session's account; whether there was one.
    pub async fn delete_api_key(&self, session: &Session) -> Result<bool, Error> {
        session.claims()?;
        self.end_api_key(&session.caller.id).await
    }

    /// Removes the key of any account, as an administrator; whether there was one.
    pub async fn delete_api_key_of(&self, caller: &Caller, id: &UserId) -> Result<bool, Error> {
        admin_only(caller)?;
        found(self.store.user(id).await?)?;
        self.end_api_key(id).await
    }

    async fn end_api_key(&self, id: &UserId) -> Result<bool, Error> {
        let _change = self.principals.change_of([id]);
        Ok(self.store.delete_api_key(id).await?)
    }
}
