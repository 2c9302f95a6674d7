//! Who may do what with a thing that has an owner and grants: the one rule.

use serde::{Deserialize, Serialize};

use crate::{Caller, GroupId, Role, UserId};

/// What a grant allows. Writing includes reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// See it, ask it, use it.
    Read,
    /// Change or delete it.
    Write,
}

/// Who a grant is for. On the wire, `principal_type` and `principal_id`; everyone is user `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "principal_type", content = "principal_id", rename_all = "lowercase")]
pub enum Principal {
    /// One account, or `*` for every account that is not pending.
    User(UserId),
    /// The members of a group.
    Group(GroupId),
}

/// One line of an access list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// Who.
    #[serde(flatten)]
    pub principal: Principal,
    /// What.
    pub permission: Permission,
}

impl Grant {
    /// The user id that stands for everyone.
    pub const EVERYONE: &'static str = "*";

    fn covers(&self, caller: &Caller, needed: Permission) -> bool {
        let for_caller = match &self.principal {
            Principal::User(id) => id.as_str() == Self::EVERYONE || *id == caller.id,
            Principal::Group(id) => caller.groups.contains(id),
        };
        for_caller && self.permission >= needed
    }
}

/// Whether `caller` may do what `needed` says with a thing of `owner` that carries `grants`.
///
/// Administrators may do everything, pending accounts nothing, owners everything with what is theirs;
/// everyone else needs a grant. The store's queries say the same in SQL.
pub fn permits(caller: &Caller, owner: &UserId, grants: &[Grant], needed: Permission) -> bool {
    match caller.role {
        Role::Admin => true,
        Role::Pending => false,
        Role::User => caller.id == *owner || grants.iter().any(|grant| grant.covers(caller, needed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> Caller {
        Caller::new(UserId::from(id), Role::User)
    }

    fn grant(principal: Principal, permission: Permission) -> Grant {
        Grant { principal, permission }
    }

    #[test]
    fn a_stranger_is_refused() {
        assert!(!permits(&user("eve"), &UserId::from("owner"), &[], Permission::Read));
    }

    #[test]
    fn reading_does_not_allow_writing() {
        let grants = [grant(Principal::User(UserId::from("eve")), Permission::Read)];
        assert!(permits(&user("eve"), &UserId::from("owner"), &grants, Permission::Read));
        assert!(!permits(&user("eve"), &UserId::from("owner"), &grants, Permission::Write));
    }

    #[test]
    fn a_group_opens_to_its_members_alone() {
        let grants = [grant(Principal::Group(GroupId::from("staff")), Permission::Write)];
        let mut member = user("member");
        member.groups = vec![GroupId::from("staff")].into();
        assert!(permits(&member, &UserId::from("owner"), &grants, Permission::Read));
        assert!(!permits(&user("eve"), &UserId::from("owner"), &grants, Permission::Read));
    }

    #[test]
    fn a_pending_account_is_refused_even_what_everyone_may_see() {
        let grants = [grant(Principal::User(UserId::from(Grant::EVERYONE)), Permission::Read)];
        let pending = Caller::new(UserId::from("eve"), Role::Pending);
        assert!(!permits(&pending, &UserId::from("owner"), &grants, Permission::Read));
        assert!(permits(&user("bob"), &UserId::from("owner"), &grants, Permission::Read));
    }

    #[test]
    fn a_grant_is_written_flat() {
        let json = serde_json::json!({"principal_type": "user", "principal_id": "*", "permission": "read"});
        let parsed: Grant = serde_json::from_value(json.clone()).expect("a grant");
        assert_eq!(parsed, grant(Principal::User(UserId::from("*")), Permission::Read));
        assert_eq!(serde_json::to_value(parsed).expect("json"), json);
    }
}
