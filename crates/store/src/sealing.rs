//! Values of functions' settings that an earlier version stored in the clear, for the server itself: it seals them when it starts.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::{Map, Value};
use transom_domain::{FunctionId, UserId};

use crate::entity::{account, function};
use crate::json::Json;
use crate::query::contains;
use crate::{Store, StoreError};

/// Where the values of users stand in an account's settings.
const USER_VALVES: &str = "/functions/valves";

impl Store {
    /// The functions whose values are stored in the clear, with those values.
    pub async fn clear_function_valves(&self) -> Result<Vec<(FunctionId, Map<String, Value>)>, StoreError> {
        let select = function::Entity::find().filter(function::Column::Valves.is_not_null());
        let rows = select.all(&self.read).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.id.into(), clear(row.valves?.into_value())?))).collect())
    }

    /// Puts sealed values in the place of these, unless others were set meanwhile.
    pub async fn seal_function_valves(&self, id: &FunctionId, old: &Map<String, Value>, sealed: Value) -> Result<(), StoreError> {
        let tx = self.begin().await?;
        let Some(row) = function::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await? else { return Ok(()) };
        if row.valves.and_then(|json| clear(json.into_value())).as_ref() == Some(old) {
            function::Entity::update_many()
                .col_expr(function::Column::Valves, Expr::value(Json::ours(sealed)))
                .filter(function::Column::Id.eq(id.as_str()))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The accounts that have values in the clear among their settings.
    pub async fn accounts_with_clear_valves(&self) -> Result<Vec<UserId>, StoreError> {
        let select = account::Entity::find().filter(contains((account::Entity, account::Column::Settings), "valves"));
        let rows = select.all(&self.read).await?;
        let has_clear = |settings: &Value| {
            settings.pointer(USER_VALVES).and_then(Value::as_object).is_some_and(|all| all.values().any(Value::is_object))
        };
        Ok(rows
            .into_iter()
            .filter(|row| row.settings.as_ref().is_some_and(|json| has_clear(json.value())))
            .map(|row| row.id.into())
            .collect())
    }

    /// Seals the values that an account has in the clear; `seal` gives what is stored instead.
    pub async fn seal_user_valves<E: From<StoreError>>(
        &self,
        id: &UserId,
        mut seal: impl FnMut(&str, &Map<String, Value>) -> Result<Value, E>,
    ) -> Result<(), E> {
        let tx = self.begin().await?;
        let found = account::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await.map_err(StoreError::from)?;
        let Some(mut row) = found else { return Ok(()) };
        let Some(mut settings) = row.settings.take().map(Json::into_value) else { return Ok(()) };
        for (function, values) in settings.pointer_mut(USER_VALVES).and_then(Value::as_object_mut).into_iter().flatten() {
            if let Value::Object(clear) = values {
                *values = seal(function, clear)?;
            }
        }
        row.settings = Some(Json::ours(settings));
        row.into_active_model().reset_all().update(&tx).await.map_err(StoreError::from)?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn clear(valves: Value) -> Option<Map<String, Value>> {
    match valves {
        Value::Object(values) => Some(values),
        _ => None,
    }
}
