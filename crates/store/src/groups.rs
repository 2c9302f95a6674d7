//! Groups. Only administrators change them; the check is `app::groups`'.

use serde_json::Value;
use transom_domain::{Caller, Group, GroupId, Permissions, UserId};

use crate::{Store, StoreError};

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
    pub async fn create_group(&self, _by: &Caller, _new: NewGroup) -> Result<Group, StoreError> {
        todo!()
    }

    /// The groups that the caller may see: all for administrators, its own for others. By name.
    pub async fn list_groups(&self, _caller: &Caller) -> Result<Vec<Group>, StoreError> {
        todo!()
    }

    /// One of them.
    pub async fn group(&self, _caller: &Caller, _id: &GroupId) -> Result<Option<Group>, StoreError> {
        todo!()
    }

    /// The groups of an account.
    pub async fn groups_of(&self, _user: &UserId) -> Result<Vec<Group>, StoreError> {
        todo!()
    }

    /// Changes a group.
    pub async fn update_group(&self, _id: &GroupId, _patch: GroupPatch) -> Result<Option<Group>, StoreError> {
        todo!()
    }

    /// Adds members; those that are in it already and unknown accounts are passed over.
    pub async fn add_members(&self, _id: &GroupId, _users: &[UserId]) -> Result<Option<Group>, StoreError> {
        todo!()
    }

    /// Removes members.
    pub async fn remove_members(&self, _id: &GroupId, _users: &[UserId]) -> Result<Option<Group>, StoreError> {
        todo!()
    }

    /// Deletes a group with its memberships and the grants to it; whether it was there.
    pub async fn delete_group(&self, _id: &GroupId) -> Result<bool, StoreError> {
        todo!()
    }
}
