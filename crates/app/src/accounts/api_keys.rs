//! The caller's API key: one at a time, shown again on request.

use transom_domain::Caller;
use transom_store::ApiKeyRow;

use super::Accounts;
use crate::Error;

impl Accounts {
    /// Makes the caller's key, in place of any earlier one.
    pub async fn create_api_key(&self, caller: &Caller) -> Result<String, Error> {
        if !self.settings.load().enable_api_keys || !caller.may("features.api_keys") {
            return Err(Error::Forbidden("API keys are not allowed here, or not for your account".to_owned()));
        }
        let key = self.keys.api_keys.generate()?;
        let row = ApiKeyRow { digest: self.keys.api_keys.digest(&key), sealed: self.keys.api_keys.seal(&caller.id, &key)? };
        let _change = self.principals.change();
        self.store.set_api_key(&caller.id, row).await?;
        Ok(key)
    }

    /// The caller's key. One that was sealed under another secret opens nothing any more and counts as missing.
    pub async fn api_key(&self, caller: &Caller) -> Result<String, Error> {
        let row = self.store.api_key(&caller.id).await?;
        row.and_then(|row| self.keys.api_keys.open(&caller.id, &row.sealed))
            .ok_or_else(|| Error::NotFound("you have no API key; make one with POST /api/v1/auths/api_key".to_owned()))
    }

    /// Removes the caller's key; whether there was one.
    pub async fn delete_api_key(&self, caller: &Caller) -> Result<bool, Error> {
        let _change = self.principals.change();
        Ok(self.store.delete_api_key(&caller.id).await?)
    }
}
