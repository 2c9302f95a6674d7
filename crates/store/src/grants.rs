//! Access lists. What they mean is in `access`.

use std::collections::{HashMap, HashSet};

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use transom_domain::{Grant, GroupId, Permission, Principal, UserId};

use crate::StoreError;
use crate::access::Resource;
use crate::entity::{account, grant, group};
use crate::query::IDS_AT_ONCE;

/// The grants of several things, by the thing's id, in the order in which they were given.
pub(crate) async fn of(db: &impl ConnectionTrait, resource: Resource, ids: &[&str]) -> Result<HashMap<String, Vec<Grant>>, StoreError> {
    let mut grants: HashMap<String, Vec<Grant>> = HashMap::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let rows = grant::Entity::find()
            .filter(grant::Column::ResourceType.eq(resource.as_str()))
            .filter(grant::Column::ResourceId.is_in(ids.iter().copied()))
            .order_by_asc(grant::Column::Position)
            .all(db)
            .await?;
        for row in rows {
            let (id, grant) = read(row)?;
            grants.entry(id).or_default().push(grant);
        }
    }
    Ok(grants)
}

/// The grants of one thing.
pub(crate) async fn of_one(db: &impl ConnectionTrait, resource: Resource, id: &str) -> Result<Vec<Grant>, StoreError> {
    Ok(of(db, resource, &[id]).await?.remove(id).unwrap_or_default())
}

/// Replaces the grants of a thing. Repeated ones are kept once; those to accounts and groups that do not exist are left out,
/// so that whoever gets such an id later does not get the grant with it.
pub(crate) async fn replace(db: &impl ConnectionTrait, resource: Resource, id: &str, grants: &[Grant]) -> Result<Vec<Grant>, StoreError> {
    remove(db, resource, &[id]).await?;
    let mut seen = HashSet::new();
    let known = known(db, grants).await?;
    let kept: Vec<Grant> = grants.iter().filter(|grant| known.contains(&grant.principal) && seen.insert(*grant)).cloned().collect();
    for (at, grants) in kept.chunks(IDS_AT_ONCE).enumerate() {
        let rows = grants.iter().enumerate().map(|(position, grant)| {
            let (principal_type, principal_id) = columns(&grant.principal);
            grant::ActiveModel {
                resource_type: Set(resource.as_str().to_owned()),
                resource_id: Set(id.to_owned()),
                principal_type: Set(principal_type.to_owned()),
                principal_id: Set(principal_id.to_owned()),
                permission: Set(written(grant.permission).to_owned()),
                position: Set(i32::try_from(at * IDS_AT_ONCE + position).unwrap_or(i32::MAX)),
            }
        });
        grant::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(kept)
}

/// Removes all grants of things that are deleted.
pub(crate) async fn remove(db: &impl ConnectionTrait, resource: Resource, ids: &[&str]) -> Result<(), StoreError> {
    for ids in ids.chunks(IDS_AT_ONCE) {
        grant::Entity::delete_many()
            .filter(grant::Column::ResourceType.eq(resource.as_str()))
            .filter(grant::Column::ResourceId.is_in(ids.iter().copied()))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Removes all grants to an account or a group that is deleted.
pub(crate) async fn forget(db: &impl ConnectionTrait, principal: &Principal) -> Result<(), StoreError> {
    let (principal_type, principal_id) = columns(principal);
    grant::Entity::delete_many()
        .filter(grant::Column::PrincipalType.eq(principal_type))
        .filter(grant::Column::PrincipalId.eq(principal_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Which of the accounts and groups that the grants name there are.
async fn known(db: &impl ConnectionTrait, grants: &[Grant]) -> Result<HashSet<Principal>, StoreError> {
    let mut known = HashSet::from([Principal::User(Grant::EVERYONE.into())]);
    for grants in grants.chunks(IDS_AT_ONCE) {
        let ids = |kind: &str| -> Vec<String> {
            grants.iter().map(|grant| columns(&grant.principal)).filter(|(of, _)| *of == kind).map(|(_, id)| id.to_owned()).collect()
        };
        let users = account::Entity::find().filter(account::Column::Id.is_in(ids("user"))).all(db).await?;
        known.extend(users.into_iter().map(|row| Principal::User(UserId::from(row.id))));
        let groups = group::Entity::find().filter(group::Column::Id.is_in(ids("group"))).all(db).await?;
        known.extend(groups.into_iter().map(|row| Principal::Group(GroupId::from(row.id))));
    }
    Ok(known)
}

fn columns(principal: &Principal) -> (&'static str, &str) {
    match principal {
        Principal::User(id) => ("user", id.as_str()),
        Principal::Group(id) => ("group", id.as_str()),
    }
}

fn written(permission: Permission) -> &'static str {
    match permission {
        Permission::Read => "read",
        Permission::Write => "write",
    }
}

fn read(row: grant::Model) -> Result<(String, Grant), StoreError> {
    let principal = match row.principal_type.as_str() {
        "user" => Principal::User(row.principal_id.into()),
        "group" => Principal::Group(row.principal_id.into()),
        _ => return Err(StoreError::unreadable("grant")),
    };
    let permission = match row.permission.as_str() {
        "read" => Permission::Read,
        "write" => Permission::Write,
        _ => return Err(StoreError::unreadable("grant")),
    };
    Ok((row.resource_id, Grant { principal, permission }))
}
