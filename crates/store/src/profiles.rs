//! What an account changes of itself: its profile, and the settings of its clients.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect};
use serde_json::{Map, Value};
use transom_domain::{User, UserId, now};

use crate::entity::account;
use crate::json::{self, Json};
use crate::users::folded;
use crate::{Store, StoreError};

/// What an account says of itself. `None` leaves what is there, `Some(None)` takes it away.
#[derive(Clone, Debug, Default)]
pub struct ProfilePatch {
    /// What it is called.
    pub name: Option<String>,
    /// A path or a `data:` URL.
    pub profile_image_url: Option<String>,
    /// A text about itself.
    pub bio: Option<Option<String>>,
    /// Its gender, in its own words.
    pub gender: Option<Option<String>>,
    /// A date, YYYY-MM-DD.
    pub date_of_birth: Option<Option<String>>,
}

impl Store {
    /// Changes an account's profile; `None` where there is no such account.
    pub async fn update_profile(&self, id: &UserId, patch: ProfilePatch) -> Result<Option<User>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = locked(&tx, id).await? else { return Ok(None) };
        row.name = patch.name.unwrap_or(row.name);
        row.folded = folded(&row.name, &row.email);
        row.profile_image_url = patch.profile_image_url.unwrap_or(row.profile_image_url);
        row.bio = patch.bio.unwrap_or(row.bio);
        row.gender = patch.gender.unwrap_or(row.gender);
        row.date_of_birth = patch.date_of_birth.unwrap_or(row.date_of_birth);
        keep(tx, row).await.map(Some)
    }

    /// Lays settings over those of an account, in one transaction: members replace those of the same name, and those of `ui` one by
    /// one, where null takes a member away. `None` where there is no such account.
    pub async fn merge_settings(&self, id: &UserId, mut new: Map<String, Value>) -> Result<Option<User>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = locked(&tx, id).await? else { return Ok(None) };
        let mut settings = match row.settings.take().map(Json::into_value) {
            Some(Value::Object(settings)) => settings,
            _ => Map::new(),
        };
        let ui = new.remove("ui");
        settings.extend(new);
        if let Some(Value::Object(ui)) = ui {
            let mut merged = match settings.remove("ui") {
                Some(Value::Object(merged)) => merged,
                _ => Map::new(),
            };
            for (name, value) in ui {
                if value.is_null() {
                    merged.remove(&name);
                } else {
                    merged.insert(name, value);
                }
            }
            settings.insert("ui".to_owned(), Value::Object(merged));
        }
        row.settings = Some(json::ACCOUNT_SETTINGS.keep(settings)?);
        keep(tx, row).await.map(Some)
    }
}

async fn locked(tx: &DatabaseTransaction, id: &UserId) -> Result<Option<account::Model>, StoreError> {
    Ok(account::Entity::find_by_id(id.as_str()).lock_exclusive().one(tx).await?)
}

async fn keep(tx: DatabaseTransaction, mut row: account::Model) -> Result<User, StoreError> {
    row.updated_at = now();
    let user = User::try_from(row.clone())?;
    row.into_active_model().reset_all().update(&tx).await?;
    tx.commit().await?;
    Ok(user)
}
