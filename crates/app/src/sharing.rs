//! Who may give others access: the permissions of `sharing` and `access_grants`, one rule for everything that has grants.

use transom_domain::{Caller, Grant, Principal};

use crate::Error;

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    Models,
    Knowledge,
}

impl Shared {
    /// The permission to share with anybody, the one to share with everybody, and what is shared in words.
    fn rules(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Models => ("sharing.models", "sharing.public_models", "models"),
            Self::Knowledge => ("sharing.knowledge", "sharing.public_knowledge", "collections"),
        }
    }
}

/// Refuses grants that the caller may not give. Those that are there already may stay or go.
pub(crate) fn check(caller: &Caller, what: Shared, new: &[Grant], old: &[Grant]) -> Result<(), Error> {
    let (share, share_with_all, things) = what.rules();
    for grant in new.iter().filter(|grant| !old.contains(grant)) {
        if !caller.may(share) {
            return Err(Error::Forbidden(format!("your account may not share {things}; ask your administrator")));
        }
        let (needed, audience) = match &grant.principal {
            Principal::User(id) if id.as_str() == Grant::EVERYONE => (share_with_all, "everyone"),
            Principal::User(_) => ("access_grants.allow_users", "single accounts"),
            Principal::Group(_) => ("access_grants.allow_groups", "groups"),
        };
        if !caller.may(needed) {
            return Err(Error::Forbidden(format!("your account may not share {things} with {audience}; ask your administrator")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use transom_domain::{Permission, Role};

    use super::*;

    fn caller(permissions: Value) -> Caller {
        let mut caller = Caller::new("ann".into(), Role::User);
        caller.permissions = Arc::new(serde_json::from_value(permissions).expect("a tree"));
        caller
    }

    fn grants(permission: Permission) -> [Grant; 3] {
        let principals = [Principal::User(Grant::EVERYONE.into()), Principal::User("bob".into()), Principal::Group("staff".into())];
        principals.map(|principal| Grant { principal, permission })
    }

    #[test]
    fn each_audience_needs_its_own_permission_and_the_one_to_share_at_all() {
        for (what, section) in [(Shared::Models, "models"), (Shared::Knowledge, "knowledge")] {
            let public = format!("public_{section}");
            let audiences = [
                json!({"sharing": {&public: true}}),
                json!({"access_grants": {"allow_users": true}}),
                json!({"access_grants": {"allow_groups": true}}),
            ];
            for (grant, audience) in grants(Permission::Read).iter().zip(audiences) {
                let given = std::slice::from_ref(grant);
                assert!(check(&caller(audience.clone()), what, given, &[]).is_err(), "{what:?}: {grant:?}");
                let mut share = caller(json!({"sharing": {section: true}}));
                assert!(check(&share, what, given, &[]).is_err(), "{what:?}: {grant:?}");
                Arc::make_mut(&mut share.permissions).add(&serde_json::from_value(audience).expect("a tree"));
                assert!(check(&share, what, given, &[]).is_ok(), "{what:?}: {grant:?}");
            }
        }
    }

    #[test]
    fn grants_that_are_there_may_stay_or_go_but_not_grow() {
        let nobody = caller(json!({}));
        let (old, more) = (grants(Permission::Read), grants(Permission::Write));
        assert!(check(&nobody, Shared::Knowledge, &old, &old).is_ok());
        assert!(check(&nobody, Shared::Knowledge, &[], &old).is_ok());
        assert!(check(&nobody, Shared::Knowledge, &more, &old).is_err());
    }
}
