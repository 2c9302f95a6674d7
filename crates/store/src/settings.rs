//! Settings that are changed while the server runs.

use serde_json::Value;

use crate::{Store, StoreError};

impl Store {
    /// A setting, by its name (`permissions.default`).
    pub async fn setting(&self, _name: &str) -> Result<Option<Value>, StoreError> {
        todo!()
    }

    /// Sets it.
    pub async fn set_setting(&self, _name: &str, _value: &Value) -> Result<(), StoreError> {
        todo!()
    }
}
