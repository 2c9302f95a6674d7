//! Groups of accounts. Administrators make and change them; members see those that they are in.

use std::sync::Arc;

use transom_domain::{Caller, Group, GroupId, User, UserId};
use transom_store::Store;
pub use transom_store::{GroupPatch, NewGroup};

use crate::Error;
use crate::accounts::{Accounts, Principals, admin_only, well_formed};

/// Groups of accounts.
pub struct Groups {
    store: Store,
    principals: Arc<Principals>,
}

impl Groups {
    /// The groups over the same accounts: a change of a group is felt by its members' next request.
    pub fn new(accounts: &Accounts) -> Self {
        Self { store: accounts.store(), principals: accounts.principals() }
    }

    /// Those that the caller may see: all for administrators, its own for others.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Group>, Error> {
        Ok(self.store.list_groups(caller).await?)
    }

    /// One of them.
    pub async fn get(&self, caller: &Caller, id: &GroupId) -> Result<Group, Error> {
        found(self.store.group(caller, id).await?)
    }

    /// Makes one.
    pub async fn create(&self, caller: &Caller, new: NewGroup) -> Result<Group, Error> {
        admin_only(caller)?;
        named(&new.name)?;
        new.permissions.as_ref().map_or(Ok(()), well_formed)?;
        Ok(self.store.create_group(caller, new).await?)
    }

    /// Changes one.
    pub async fn update(&self, caller: &Caller, id: &GroupId, patch: GroupPatch) -> Result<Group, Error> {
        admin_only(caller)?;
        patch.name.as_deref().map_or(Ok(()), named)?;
        patch.permissions.as_ref().map_or(Ok(()), well_formed)?;
        let _change = self.principals.change();
        found(self.store.update_group(id, patch).await?)
    }

    /// Adds members.
    pub async fn add(&self, caller: &Caller, id: &GroupId, users: &[UserId]) -> Result<Group, Error> {
        admin_only(caller)?;
        let _change = self.principals.change_of(users);
        found(self.store.add_members(id, users).await?)
    }

    /// Removes members.
    pub async fn remove(&self, caller: &Caller, id: &GroupId, users: &[UserId]) -> Result<Group, Error> {
        admin_only(caller)?;
        let _change = self.principals.change_of(users);
        found(self.store.remove_members(id, users).await?)
    }

    /// Deletes one.
    pub async fn delete(&self, caller: &Caller, id: &GroupId) -> Result<(), Error> {
        admin_only(caller)?;
        let _change = self.principals.change();
        found(self.store.delete_group(id).await?.then_some(()))
    }

    /// Its members, by name; for administrators.
    pub async fn members(&self, caller: &Caller, id: &GroupId) -> Result<Vec<User>, Error> {
        admin_only(caller)?;
        let group = self.get(caller, id).await?;
        let mut users = self.store.users_by_id(&group.member_ids).await?;
        users.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(users)
    }
}

fn found<T>(thing: Option<T>) -> Result<T, Error> {
    thing.ok_or_else(|| Error::NotFound("the group could not be found".to_owned()))
}

fn named(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() { Err(Error::Invalid("a group needs a name".to_owned())) } else { Ok(()) }
}
