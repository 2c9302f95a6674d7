//! Other people's accounts: the administrator's view, and the little that everybody may see.

use transom_domain::{Caller, Group, GroupId, Role, User, UserId};
use transom_store::{UserOrder, UserPatch, UserQuery};

use super::{Accounts, Session, admin_only, found, rules};
use crate::Error;

/// What an administrator changes of an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UserUpdate {
    /// New role; ends its sessions where it differs.
    pub role: Option<Role>,
    /// New name.
    pub name: Option<String>,
    /// New e-mail address.
    pub email: Option<String>,
    /// New picture.
    pub profile_image_url: Option<String>,
    /// New password; ends its sessions.
    pub password: Option<String>,
}

/// An account with its groups.
#[derive(Clone, Debug)]
pub struct ListedUser {
    /// The account.
    pub user: User,
    /// Its groups.
    pub groups: Vec<GroupId>,
}

/// Some accounts, and how many there are.
#[derive(Clone, Debug)]
pub struct UsersPage {
    /// These.
    pub users: Vec<ListedUser>,
    /// Of so many.
    pub total: u64,
}

impl Accounts {
    /// Accounts, for administrators.
    pub async fn list(&self, caller: &Caller, query: &UserQuery) -> Result<UsersPage, Error> {
        admin_only(caller)?;
        let groups = self.store.list_groups(caller).await?;
        let (users, total) = self.store.list_users(query).await?;
        let users = users.into_iter().map(|user| ListedUser { groups: groups_with(&groups, &user.id), user }).collect();
        Ok(UsersPage { users, total })
    }

    /// Accounts to share something with: for administrators, and for accounts that may share with others. These find a part of a name
    /// or a whole e-mail address, in the order of names: any other search or order would tell them of addresses and roles.
    pub async fn search(&self, caller: &Caller, mut query: UserQuery) -> Result<(Vec<User>, u64), Error> {
        if !caller.may("access_grants.allow_users") {
            return Err(Error::Forbidden("your account may not look for others".to_owned()));
        }
        if !caller.is_admin() {
            query.names_only = true;
            if matches!(query.order, UserOrder::Email | UserOrder::Role) {
                query.order = UserOrder::Name;
            }
        }
        Ok(self.store.list_users(&query).await?)
    }

    /// One account. Its name and picture are everybody's to see; the rest is for handlers to leave out.
    pub async fn user(&self, id: &UserId) -> Result<User, Error> {
        found(self.store.user(id).await?)
    }

    /// The groups of an account: for itself and for administrators.
    pub async fn groups_of(&self, caller: &Caller, id: &UserId) -> Result<Vec<Group>, Error> {
        if caller.id != *id {
            admin_only(caller)?;
        }
        Ok(self.store.groups_of(id).await?)
    }

    /// Changes an account. The first administrator is changed by itself alone, and stays one.
    /// An API key changes neither administrators nor anybody's password or e-mail address, and makes no administrators.
    pub async fn update(&self, session: &Session, id: &UserId, update: UserUpdate) -> Result<User, Error> {
        let caller = &session.caller;
        admin_only(caller)?;
        let password = update.password.filter(|password| !password.is_empty());
        if password.is_some() || update.email.is_some() || update.role == Some(Role::Admin) {
            session.claims()?;
        }
        self.spare_administrators(session, id).await?;
        if self.primary().await?.as_ref() == Some(id) {
            if caller.id != *id {
                return Err(Error::Forbidden("the first administrator's account is changed by itself alone".to_owned()));
            }
            if update.role.is_some_and(|role| role != Role::Admin) {
                return Err(Error::Forbidden("the first administrator stays one".to_owned()));
            }
        }
        let patch = UserPatch {
            role: update.role,
            name: update.name.as_deref().map(rules::name).transpose()?,
            email: update.email.as_deref().map(rules::email).transpose()?,
            profile_image_url: update.profile_image_url.as_deref().map(rules::picture).transpose()?,
            password_hash: match password {
                Some(password) => {
                    rules::password(&password, self.config.password_rule.as_ref())?;
                    Some(self.passwords.hash(password).await?)
                }
                None => None,
            },
            ..UserPatch::default()
        };
        let _change = self.principals.change_of([id]);
        found(self.store.update_user(id, patch).await?)
    }

    /// Deletes an account with everything that is its own. Neither oneself nor the first administrator, and no administrator by API key.
    pub async fn delete(&self, session: &Session, id: &UserId) -> Result<(), Error> {
        let caller = &session.caller;
        admin_only(caller)?;
        if caller.id == *id {
            return Err(Error::Forbidden("nobody deletes their own account".to_owned()));
        }
        if self.primary().await?.as_ref() == Some(id) {
            return Err(Error::Forbidden("the first administrator's account cannot be deleted".to_owned()));
        }
        self.spare_administrators(session, id).await?;
        let _change = self.principals.change_of([id]);
        found(self.store.delete_user(id).await?.then_some(()))
    }

    /// Ends all sessions of an account, and its API key: for itself and for administrators. Those of the first administrator end by
    /// itself alone, and those of administrators not by API key.
    pub async fn revoke_sessions(&self, session: &Session, id: &UserId) -> Result<(), Error> {
        if session.caller.id != *id {
            admin_only(&session.caller)?;
        }
        found(self.store.user(id).await?)?;
        if session.caller.id != *id && self.primary().await?.as_ref() == Some(id) {
            return Err(Error::Forbidden("the first administrator's sessions are ended by itself alone".to_owned()));
        }
        self.spare_administrators(session, id).await?;
        let _change = self.principals.change_of([id]);
        Ok(self.store.revoke_all_tokens(id).await?)
    }

    /// An API key that was stolen must not be able to shut administrators out, its own account among them.
    async fn spare_administrators(&self, session: &Session, id: &UserId) -> Result<(), Error> {
        if session.claims().is_ok() {
            return Ok(());
        }
        match self.store.user(id).await? {
            Some(user) if user.role != Role::Admin && user.id != session.caller.id => Ok(()),
            None => Ok(()),
            Some(_) => session.claims().map(|_| ()),
        }
    }
}

fn groups_with(groups: &[Group], user: &UserId) -> Vec<GroupId> {
    groups.iter().filter(|group| group.member_ids.contains(user)).map(|group| group.id.clone()).collect()
}
