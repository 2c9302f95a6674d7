//! Functions. They are the administrators': nobody else reads or changes a row here.

use std::fmt;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use transom_domain::{Caller, FunctionId, FunctionRecord, UserId, VersionId, now};

use crate::entity::{account, function};
use crate::json::{self, Json};
use crate::{Store, StoreError, access, function_versions as versions};

/// A function with what is never shown along with it.
#[derive(Clone, PartialEq)]
pub struct StoredFunction {
    /// The function.
    pub record: FunctionRecord,
    /// What its code said of itself when it was last loaded.
    pub about: Value,
    /// The administrator's values of its settings as they are stored: secrets, sealed by whoever stored them.
    pub valves: Option<Value>,
}

impl fmt::Debug for StoredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredFunction").field("id", &self.record.id).finish_non_exhaustive()
    }
}

/// What a function is made of, and what an update replaces.
#[derive(Clone)]
pub struct NewFunction {
    /// Its id.
    pub id: FunctionId,
    /// What it is called.
    pub name: String,
    /// `pipe`, `filter` or `action`.
    pub kind: String,
    /// Its code.
    pub content: String,
    /// Its facts.
    pub meta: Map<String, Value>,
    /// What its code says of itself.
    pub about: Value,
    /// Why it is made or changed, for its history.
    pub commit_message: Option<String>,
}

/// A function as a whole set of functions brings it, with its switches and values.
#[derive(Clone)]
pub struct SyncedFunction {
    /// What it is made of.
    pub new: NewFunction,
    /// The administrator's values, sealed; `None` leaves those of a known function.
    pub valves: Option<Value>,
    /// Whether it is used.
    pub is_active: bool,
    /// Whether it is for every model.
    pub is_global: bool,
}

/// What can be switched on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Whether it is used.
    Active,
    /// Whether it is for every model.
    Global,
}

impl Store {
    /// All functions of the caller's to see, oldest first.
    pub async fn functions(&self, caller: &Caller) -> Result<Vec<StoredFunction>, StoreError> {
        let select = function::Entity::find().filter(access::functions(caller));
        let rows = select.order_by_asc(function::Column::CreatedAt).order_by_asc(function::Column::Id).all(&self.read).await?;
        rows.into_iter().map(read).collect()
    }

    /// One of them.
    pub async fn function(&self, caller: &Caller, id: &FunctionId) -> Result<Option<StoredFunction>, StoreError> {
        let select = function::Entity::find_by_id(id.as_str()).filter(access::functions(caller));
        select.one(&self.read).await?.map(read).transpose()
    }

    /// Those that are switched on, for the server itself: they run for everybody's calls.
    pub async fn running_functions(&self) -> Result<Vec<StoredFunction>, StoreError> {
        let select = function::Entity::find().filter(function::Column::IsActive.eq(true));
        let rows = select.order_by_asc(function::Column::CreatedAt).order_by_asc(function::Column::Id).all(&self.read).await?;
        rows.into_iter().map(read).collect()
    }

    /// Makes a function, switched off, with its first version. [`StoreError::Taken`] for a known id; `None` for who may not.
    pub async fn create_function(&self, caller: &Caller, new: NewFunction) -> Result<Option<StoredFunction>, StoreError> {
        if !caller.is_admin() {
            return Ok(None);
        }
        let tx = self.begin().await?;
        let made = insert(&tx, caller, new).await?;
        tx.commit().await?;
        read(made).map(Some)
    }

    /// Replaces a function's name, code and facts, and keeps what it becomes as a version where that differs from what it was.
    pub async fn update_function(&self, caller: &Caller, new: NewFunction) -> Result<Option<StoredFunction>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, &new.id).await? else { return Ok(None) };
        let row = replace(&tx, caller, row, new).await?;
        let row = put(&tx, row).await?;
        tx.commit().await?;
        read(row).map(Some)
    }

    /// Makes a function what it was at a version; `about` is what that code says of itself.
    pub async fn restore_function(
        &self,
        caller: &Caller,
        id: &FunctionId,
        version: &VersionId,
        about: Value,
    ) -> Result<Option<StoredFunction>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let Some(kept) = versions::one(&tx, id.as_str(), version.as_str()).await? else { return Ok(None) };
        row.name = kept.snapshot.name;
        row.kind = kept.snapshot.kind;
        row.content = kept.snapshot.content;
        row.meta = json::FUNCTION_META.keep(kept.snapshot.meta)?;
        row.about = json::FUNCTION_ABOUT.keep(about)?;
        row.version_id = Some(kept.id.into());
        let row = put(&tx, row).await?;
        tx.commit().await?;
        read(row).map(Some)
    }

    /// Turns a switch over.
    pub async fn toggle_function(&self, caller: &Caller, id: &FunctionId, switch: Switch) -> Result<Option<StoredFunction>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        match switch {
            Switch::Active => row.is_active = !row.is_active,
            Switch::Global => row.is_global = !row.is_global,
        }
        let row = put(&tx, row).await?;
        tx.commit().await?;
        read(row).map(Some)
    }

    /// Sets the administrator's values of its settings, sealed.
    pub async fn set_function_valves(&self, caller: &Caller, id: &FunctionId, valves: Value) -> Result<Option<StoredFunction>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        row.valves = Some(json::FUNCTION_VALVES.keep(valves)?);
        let row = put(&tx, row).await?;
        tx.commit().await?;
        read(row).map(Some)
    }

    /// Deletes a function with its versions; whether it was there.
    pub async fn delete_function(&self, caller: &Caller, id: &FunctionId) -> Result<bool, StoreError> {
        let delete = function::Entity::delete_many().filter(function::Column::Id.eq(id.as_str())).filter(access::functions(caller));
        Ok(delete.exec(&self.write).await?.rows_affected > 0)
    }

    /// Makes the functions exactly these, in one transaction; known ones keep their history.
    pub async fn sync_functions(&self, caller: &Caller, functions: Vec<SyncedFunction>) -> Result<Vec<StoredFunction>, StoreError> {
        if !caller.is_admin() {
            return Ok(Vec::new());
        }
        let tx = self.begin().await?;
        let kept: Vec<&str> = functions.iter().map(|function| function.new.id.as_str()).collect();
        let others = Condition::all().add(function::Column::Id.is_not_in(kept)).add(access::functions(caller));
        function::Entity::delete_many().filter(others).exec(&tx).await?;
        let mut rows = Vec::with_capacity(functions.len());
        for SyncedFunction { new, valves, is_active, is_global } in functions {
            let mut row = match changeable(&tx, caller, &new.id).await? {
                Some(row) => replace(&tx, caller, row, new).await?,
                None => insert(&tx, caller, new).await?,
            };
            row.valves = valves.map(|valves| json::FUNCTION_VALVES.keep(valves)).transpose()?.or(row.valves);
            row.is_active = is_active;
            row.is_global = is_global;
            rows.push(put(&tx, row).await?);
        }
        tx.commit().await?;
        rows.into_iter().map(read).collect()
    }

    /// Sets the caller's own values of a function's settings, sealed, which stand among the account's settings.
    pub async fn set_user_valves(&self, caller: &Caller, id: &FunctionId, values: Value) -> Result<Option<()>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = account::Entity::find_by_id(caller.id.as_str()).lock_exclusive().one(&tx).await? else { return Ok(None) };
        let mut settings = row.settings.take().map_or(Value::Null, Json::into_value);
        let place =
            ["functions", "valves"].iter().fold(object(&mut settings), |place, name| object(place.entry(*name).or_insert(Value::Null)));
        place.insert(id.to_string(), values);
        row.settings = Some(json::ACCOUNT_SETTINGS.keep(settings)?);
        row.into_active_model().reset_all().update(&tx).await?;
        tx.commit().await?;
        Ok(Some(()))
    }
}

/// The value as an object, made one where it is something else.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(object) => object,
        _ => unreachable!("it was made an object"),
    }
}

async fn insert(tx: &DatabaseTransaction, caller: &Caller, new: NewFunction) -> Result<function::Model, StoreError> {
    let at = now();
    let mut row = function::Model {
        id: new.id.into(),
        user_id: Some(caller.id.as_str().to_owned()),
        name: new.name,
        kind: new.kind,
        content: new.content,
        meta: json::FUNCTION_META.keep(new.meta)?,
        about: json::FUNCTION_ABOUT.keep(new.about)?,
        valves: None,
        is_active: false,
        is_global: false,
        version_id: None,
        created_at: at,
        updated_at: at,
    };
    let insert = function::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await;
    insert.map_err(|error| StoreError::or_taken(error, "function id"))?;
    row.version_id = Some(versions::keep(tx, caller, &row, new.commit_message).await?);
    row.clone().into_active_model().reset_all().update(tx).await?;
    Ok(row)
}

async fn replace(tx: &DatabaseTransaction, caller: &Caller, row: function::Model, new: NewFunction) -> Result<function::Model, StoreError> {
    let mut changed = function::Model {
        name: new.name,
        kind: new.kind,
        content: new.content,
        meta: json::FUNCTION_META.keep(new.meta)?,
        about: json::FUNCTION_ABOUT.keep(new.about)?,
        ..row.clone()
    };
    let same = (&changed.name, &changed.content, &changed.meta) == (&row.name, &row.content, &row.meta);
    if !same || new.commit_message.is_some() {
        changed.version_id = Some(versions::keep(tx, caller, &changed, new.commit_message).await?);
    }
    Ok(changed)
}

async fn changeable(tx: &DatabaseTransaction, caller: &Caller, id: &FunctionId) -> Result<Option<function::Model>, StoreError> {
    let select = function::Entity::find_by_id(id.as_str()).filter(access::functions(caller));
    Ok(select.lock_exclusive().one(tx).await?)
}

async fn put(tx: &DatabaseTransaction, mut row: function::Model) -> Result<function::Model, StoreError> {
    row.updated_at = now();
    row.clone().into_active_model().reset_all().update(tx).await?;
    Ok(row)
}

fn read(row: function::Model) -> Result<StoredFunction, StoreError> {
    let object = |json: Json| match json.into_value() {
        Value::Object(object) => Ok(object),
        _ => Err(StoreError::unreadable("function")),
    };
    Ok(StoredFunction {
        record: FunctionRecord {
            id: row.id.into(),
            user_id: row.user_id.map(UserId::from),
            name: row.name,
            kind: row.kind,
            content: row.content,
            meta: object(row.meta)?,
            is_active: row.is_active,
            is_global: row.is_global,
            version_id: row.version_id.map(VersionId::from),
            updated_at: row.updated_at,
            created_at: row.created_at,
        },
        about: row.about.into_value(),
        valves: row.valves.map(Json::into_value),
    })
}
