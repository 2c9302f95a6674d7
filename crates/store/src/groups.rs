//! Groups. Only administrators change them; the check is `app::groups`'.

use std::collections::{HashMap, HashSet};

use sea_orm::sea_query::{OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use transom_domain::{Caller, Group, GroupId, Permissions, Principal, UserId, now};

use crate::entity::{account, group, member};
use crate::json::{self, Json};
use crate::query::{IDS_AT_ONCE, ordinal};
use crate::{Store, StoreError, grants};

/// What a group is made of.
#[derive(Clone, Debug, Default)]
pub struct NewGroup {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What membership adds.
    pub permissions: Option<Permissions>,
    /// Free settings.
    pub data: Option<Value>,
}

/// What to change of a group; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct GroupPatch {
    /// New name.
    pub name: Option<String>,
    /// New description.
    pub description: Option<String>,
    /// New permissions.
    pub permissions: Option<Permissions>,
    /// New settings.
    pub data: Option<Value>,
}

impl Store {
    /// Makes a group.
    pub async fn create_group(&self, by: &Caller, new: NewGroup) -> Result<Group, StoreError> {
        let at = now();
        let row = group::Model {
            id: GroupId::random().into(),
            user_id: by.id.as_str().to_owned(),
            name: new.name,
            description: new.description,
            permissions: new.permissions.map(written).transpose()?,
            data: new.data.map(|data| json::GROUP_DATA.keep(data)).transpose()?,
            meta: None,
            created_at: at,
            updated_at: at,
        };
        group::Entity::insert(row.clone().into_active_model()).exec_without_returning(&self.write).await?;
        read(row, Vec::new())
    }

    /// The groups that the caller may see: all for administrators, its own for others. By name.
    pub async fn list_groups(&self, caller: &Caller) -> Result<Vec<Group>, StoreError> {
        list(&self.read, visible(caller)).await
    }

    /// One of them.
    pub async fn group(&self, caller: &Caller, id: &GroupId) -> Result<Option<Group>, StoreError> {
        Ok(list(&self.read, visible(caller).add(group::Column::Id.eq(id.as_str()))).await?.pop())
    }

    /// The groups of an account.
    pub async fn groups_of(&self, user: &UserId) -> Result<Vec<Group>, StoreError> {
        list(&self.read, Condition::all().add(has_member(user))).await
    }

    /// Changes a group.
    pub async fn update_group(&self, id: &GroupId, patch: GroupPatch) -> Result<Option<Group>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = locked(&tx, id).await? else { return Ok(None) };
        row.name = patch.name.unwrap_or(row.name);
        row.description = patch.description.unwrap_or(row.description);
        row.permissions = patch.permissions.map(written).transpose()?.or(row.permissions);
        row.data = patch.data.map(|data| json::GROUP_DATA.keep(data)).transpose()?.or(row.data);
        row.updated_at = now();
        row.into_active_model().reset_all().update(&tx).await?;
        let group = one(&tx, id).await?;
        tx.commit().await?;
        Ok(group)
    }

    /// Adds members; those that are in it already and unknown accounts are passed over.
    pub async fn add_members(&self, id: &GroupId, users: &[UserId]) -> Result<Option<Group>, StoreError> {
        let tx = self.begin().await?;
        if locked(&tx, id).await?.is_none() {
            return Ok(None);
        }
        let mut seen = HashSet::new();
        let users: Vec<&UserId> = users.iter().filter(|user| seen.insert(*user)).collect();
        for users in users.chunks(IDS_AT_ONCE) {
            let ids = users.iter().map(|user| user.as_str());
            // Locked, so that PostgreSQL's foreign key cannot fail over an account that is deleted meanwhile.
            let known = account::Entity::find().filter(account::Column::Id.is_in(ids)).lock_shared().all(&tx).await?;
            let known: HashSet<String> = known.into_iter().map(|row| row.id).collect();
            let rows: Vec<_> = users
                .iter()
                .filter(|user| known.contains(user.as_str()))
                .map(|user| member::ActiveModel {
                    group_id: Set(id.as_str().to_owned()),
                    user_id: Set(user.as_str().to_owned()),
                    ordinal: Set(ordinal()),
                })
                .collect();
            if !rows.is_empty() {
                let again = OnConflict::columns([member::Column::GroupId, member::Column::UserId]).do_nothing().to_owned();
                member::Entity::insert_many(rows).on_conflict(again).exec_without_returning(&tx).await?;
            }
        }
        touch(&tx, id).await?;
        let group = one(&tx, id).await?;
        tx.commit().await?;
        Ok(group)
    }

    /// Removes members.
    pub async fn remove_members(&self, id: &GroupId, users: &[UserId]) -> Result<Option<Group>, StoreError> {
        let tx = self.begin().await?;
        if locked(&tx, id).await?.is_none() {
            return Ok(None);
        }
        for users in users.chunks(IDS_AT_ONCE) {
            member::Entity::delete_many()
                .filter(member::Column::GroupId.eq(id.as_str()))
                .filter(member::Column::UserId.is_in(users.iter().map(UserId::as_str)))
                .exec(&tx)
                .await?;
        }
        touch(&tx, id).await?;
        let group = one(&tx, id).await?;
        tx.commit().await?;
        Ok(group)
    }

    /// Deletes a group with its memberships and the grants to it; whether it was there.
    pub async fn delete_group(&self, id: &GroupId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        grants::forget(&tx, &Principal::Group(id.clone())).await?;
        // Memberships go with the row.
        let deleted = group::Entity::delete_by_id(id.as_str()).exec(&tx).await?.rows_affected;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

/// Permissions as a group's row holds them.
pub(crate) fn permissions(column: Option<Json>) -> Result<Option<Permissions>, StoreError> {
    match column.map(Json::into_value) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(tree)) => Ok(Some(Permissions(tree))),
        Some(_) => Err(StoreError::unreadable("tree of permissions")),
    }
}

fn written(permissions: Permissions) -> Result<Json, StoreError> {
    json::GROUP_PERMISSIONS.keep(permissions.0)
}

/// The groups that have this member.
pub(crate) fn has_member(user: &UserId) -> sea_orm::sea_query::Expr {
    let mut groups: SelectStatement = Query::select();
    groups.column(member::Column::GroupId).from(member::Entity).and_where(member::Column::UserId.eq(user.as_str()));
    group::Column::Id.in_subquery(groups)
}

fn visible(caller: &Caller) -> Condition {
    if caller.is_admin() { Condition::all() } else { Condition::all().add(has_member(&caller.id)) }
}

async fn locked(tx: &impl ConnectionTrait, id: &GroupId) -> Result<Option<group::Model>, StoreError> {
    Ok(group::Entity::find_by_id(id.as_str()).lock_exclusive().one(tx).await?)
}

async fn touch(tx: &impl ConnectionTrait, id: &GroupId) -> Result<(), StoreError> {
    let row = group::ActiveModel { id: sea_orm::Unchanged(id.as_str().to_owned()), updated_at: Set(now()), ..Default::default() };
    row.update(tx).await?;
    Ok(())
}

async fn one(db: &impl ConnectionTrait, id: &GroupId) -> Result<Option<Group>, StoreError> {
    Ok(list(db, Condition::all().add(group::Column::Id.eq(id.as_str()))).await?.pop())
}

async fn list(db: &impl ConnectionTrait, which: Condition) -> Result<Vec<Group>, StoreError> {
    let rows = group::Entity::find().filter(which).order_by_asc(group::Column::Name).order_by_asc(group::Column::Id).all(db).await?;
    let mut members: HashMap<String, Vec<UserId>> = HashMap::new();
    for rows in rows.chunks(IDS_AT_ONCE) {
        let ids = rows.iter().map(|row| row.id.as_str());
        let found = member::Entity::find().filter(member::Column::GroupId.is_in(ids)).order_by_asc(member::Column::Ordinal).all(db).await?;
        for row in found {
            members.entry(row.group_id).or_default().push(row.user_id.into());
        }
    }
    rows.into_iter()
        .map(|row| {
            let members = members.remove(&row.id).unwrap_or_default();
            read(row, members)
        })
        .collect()
}

fn read(row: group::Model, member_ids: Vec<UserId>) -> Result<Group, StoreError> {
    Ok(Group {
        id: row.id.into(),
        user_id: row.user_id.into(),
        name: row.name,
        description: row.description,
        permissions: permissions(row.permissions)?,
        data: row.data.map(Json::into_value),
        meta: row.meta.map(Json::into_value),
        member_ids,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
