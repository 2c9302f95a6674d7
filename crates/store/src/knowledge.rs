//! Knowledge collections.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Order, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use transom_domain::{Caller, Grant, Knowledge, KnowledgeId, Permission, now};

use crate::access::{self, Resource};
use crate::entity::{knowledge, knowledge_file};
use crate::json::{self, Json};
use crate::query::{IDS_AT_ONCE, Whose, contains, fold, ordinal, page};
use crate::{Direction, Store, StoreError, grants};

/// What a collection is made of, and what an update replaces.
#[derive(Clone, Debug, Default)]
pub struct NewKnowledge {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Free facts; `None` leaves an update's as they are.
    pub meta: Option<Value>,
    /// Who else; `None` leaves an update's grants as they are, and means nobody else for a new one.
    pub access_grants: Option<Vec<Grant>>,
}

/// A collection as one caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeView {
    /// The collection.
    pub knowledge: Knowledge,
    /// Whether the caller may change it.
    pub write_access: bool,
}

/// What collections can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnowledgeOrder {
    /// When they were changed.
    #[default]
    UpdatedAt,
    /// When they were made.
    CreatedAt,
    /// By name.
    Name,
}

/// Which collections to list.
#[derive(Clone, Debug, Default)]
pub struct KnowledgeQuery {
    /// Part of the name or description, case-insensitive.
    pub search: Option<String>,
    /// Only those that the caller may change.
    pub writable: bool,
    /// Whose.
    pub whose: Whose,
    /// Order.
    pub order: KnowledgeOrder,
    /// Direction.
    pub direction: Direction,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl Store {
    /// Makes a collection of the caller's.
    pub async fn create_knowledge(&self, caller: &Caller, new: NewKnowledge) -> Result<Knowledge, StoreError> {
        let at = now();
        let row = knowledge::Model {
            id: KnowledgeId::random().into(),
            user_id: caller.id.as_str().to_owned(),
            folded: folded(&new.name, &new.description),
            name: new.name,
            description: new.description,
            meta: new.meta.map(|meta| json::KNOWLEDGE_META.keep(meta)).transpose()?,
            created_at: at,
            updated_at: at,
            ordinal: ordinal(),
        };
        let tx = self.begin().await?;
        knowledge::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await?;
        let grants = grants::replace(&tx, Resource::Knowledge, &row.id, &new.access_grants.unwrap_or_default()).await?;
        tx.commit().await?;
        Ok(read(row, grants))
    }

    /// A collection that the caller may read, or change.
    pub async fn knowledge(&self, caller: &Caller, id: &KnowledgeId, needed: Permission) -> Result<Option<KnowledgeView>, StoreError> {
        let select = knowledge::Entity::find_by_id(id.as_str()).filter(access::knowledge(caller, needed));
        let Some(row) = select.one(&self.read).await? else { return Ok(None) };
        Ok(views(&self.read, caller, vec![row]).await?.pop())
    }

    /// The collections that the caller may read, last changed first unless the query says otherwise, and how many there are without skip and limit.
    pub async fn list_knowledge(&self, caller: &Caller, query: &KnowledgeQuery) -> Result<(Vec<KnowledgeView>, u64), StoreError> {
        let needed = if query.writable { Permission::Write } else { Permission::Read };
        let part = query.search.as_deref().filter(|part| !part.is_empty());
        let part = part.map(|part| contains((knowledge::Entity, knowledge::Column::Folded), part));
        let whose = query.whose.filter((knowledge::Entity, knowledge::Column::UserId), caller);
        let select = knowledge::Entity::find().filter(access::knowledge(caller, needed));
        let select = select.filter(Condition::all().add_option(part).add_option(whose));
        let total = select.clone().count(&self.read).await?;
        let column = match query.order {
            KnowledgeOrder::UpdatedAt => knowledge::Column::UpdatedAt,
            KnowledgeOrder::CreatedAt => knowledge::Column::CreatedAt,
            KnowledgeOrder::Name => knowledge::Column::Folded,
        };
        let direction: Order = query.direction.into();
        let select = select.order_by(column, direction.clone()).order_by(knowledge::Column::Ordinal, direction);
        let rows = page(select, query.skip, query.limit).all(&self.read).await?;
        Ok((views(&self.read, caller, rows).await?, total))
    }

    /// Changes a collection that the caller may change.
    pub async fn update_knowledge(&self, caller: &Caller, id: &KnowledgeId, new: NewKnowledge) -> Result<Option<Knowledge>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        row.folded = folded(&new.name, &new.description);
        row.name = new.name;
        row.description = new.description;
        row.meta = new.meta.map(|meta| json::KNOWLEDGE_META.keep(meta)).transpose()?.or(row.meta);
        let changed = put(&tx, row, new.access_grants.as_deref()).await?;
        tx.commit().await?;
        Ok(Some(changed))
    }

    /// Replaces the grants of a collection that the caller may change.
    pub async fn set_knowledge_grants(&self, caller: &Caller, id: &KnowledgeId, grants: &[Grant]) -> Result<Option<Knowledge>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        let changed = put(&tx, row, Some(grants)).await?;
        tx.commit().await?;
        Ok(Some(changed))
    }

    /// Deletes a collection that the caller may change. Its files stay.
    pub async fn delete_knowledge(&self, caller: &Caller, id: &KnowledgeId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        if changeable(&tx, caller, id).await?.is_none() {
            return Ok(false);
        }
        delete(&tx, Condition::all().add(knowledge::Column::Id.eq(id.as_str()))).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes every collection there is; nothing unless the caller is an administrator. The files stay.
    pub async fn delete_all_knowledge(&self, caller: &Caller) -> Result<(), StoreError> {
        if !caller.is_admin() {
            return Ok(());
        }
        let tx = self.begin().await?;
        delete(&tx, Condition::all()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes all files out of a collection that the caller may change.
    pub async fn reset_knowledge(&self, caller: &Caller, id: &KnowledgeId) -> Result<Option<Knowledge>, StoreError> {
        let tx = self.begin().await?;
        let Some(row) = changeable(&tx, caller, id).await? else { return Ok(None) };
        knowledge_file::Entity::delete_many().filter(knowledge_file::Column::KnowledgeId.eq(id.as_str())).exec(&tx).await?;
        let changed = put(&tx, row, None).await?;
        tx.commit().await?;
        Ok(Some(changed))
    }
}

/// The row of a collection that the caller may change, locked until the transaction ends.
pub(crate) async fn changeable(
    tx: &DatabaseTransaction,
    caller: &Caller,
    id: &KnowledgeId,
) -> Result<Option<knowledge::Model>, StoreError> {
    let select = knowledge::Entity::find_by_id(id.as_str()).filter(access::knowledge(caller, Permission::Write));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// Writes a row back, with the time of the change; `None` leaves the grants.
pub(crate) async fn put(tx: &DatabaseTransaction, mut row: knowledge::Model, grants: Option<&[Grant]>) -> Result<Knowledge, StoreError> {
    row.updated_at = now();
    row.clone().into_active_model().reset_all().update(tx).await?;
    let grants = match grants {
        Some(grants) => grants::replace(tx, Resource::Knowledge, &row.id, grants).await?,
        None => grants::of_one(tx, Resource::Knowledge, &row.id).await?,
    };
    Ok(read(row, grants))
}

/// Deletes collections with their memberships and grants.
pub(crate) async fn delete(tx: &DatabaseTransaction, which: Condition) -> Result<(), StoreError> {
    loop {
        let rows = knowledge::Entity::find().filter(which.clone()).limit(IDS_AT_ONCE as u64).all(tx).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        grants::remove(tx, Resource::Knowledge, &ids).await?;
        // Memberships go with the row.
        knowledge::Entity::delete_many().filter(knowledge::Column::Id.is_in(ids)).exec(tx).await?;
    }
}

async fn views(db: &impl ConnectionTrait, caller: &Caller, rows: Vec<knowledge::Model>) -> Result<Vec<KnowledgeView>, StoreError> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut grants = grants::of(db, Resource::Knowledge, &ids).await?;
    let view = |row: knowledge::Model| {
        let grants = grants.remove(&row.id).unwrap_or_default();
        let knowledge = read(row, grants);
        let write_access = transom_domain::access::permits(caller, &knowledge.user_id, &knowledge.access_grants, Permission::Write);
        KnowledgeView { knowledge, write_access }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Name and description stand apart, so that no search finds the end of one and the beginning of the other.
fn folded(name: &str, description: &str) -> String {
    fold(&format!("{name}\n{description}"))
}

fn read(row: knowledge::Model, access_grants: Vec<Grant>) -> Knowledge {
    Knowledge {
        id: row.id.into(),
        user_id: row.user_id.into(),
        name: row.name,
        description: row.description,
        meta: row.meta.map(Json::into_value),
        access_grants,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
