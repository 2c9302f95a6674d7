//! [`transom_domain::access::permits`], said in SQL.

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};
use sea_orm::{Condition, EntityTrait};
use transom_domain::{Caller, Grant, Permission, Role};

use crate::entity::{file, grant, knowledge, knowledge_file, model};
use crate::links;
use crate::query::never;

/// What grants are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Knowledge,
    Model,
}

impl Resource {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Resource::Knowledge => "knowledge",
            Resource::Model => "model",
        }
    }
}

/// The collections with which the caller may do what is needed.
pub(crate) fn knowledge(caller: &Caller, needed: Permission) -> Condition {
    let (owner, id) = ((knowledge::Entity, knowledge::Column::UserId), (knowledge::Entity, knowledge::Column::Id));
    permitted(caller, || Condition::any().add(owned(caller, owner)).add(granted(caller, Resource::Knowledge, id, needed)))
}

/// The model records with which the caller may do what is needed.
pub(crate) fn models(caller: &Caller, needed: Permission) -> Condition {
    let (owner, id) = ((model::Entity, model::Column::UserId), (model::Entity, model::Column::Id));
    permitted(caller, || Condition::any().add(owned(caller, owner)).add(granted(caller, Resource::Model, id, needed)))
}

/// The files with which the caller may do what is needed: its own, and those in collections that it may read or write,
/// as far as [`links`] say that the collection opens the file.
pub(crate) fn files(caller: &Caller, needed: Permission) -> Condition {
    permitted(caller, || {
        let mut collections = Query::select();
        collections
            .expr(Expr::cust("1"))
            .from(knowledge_file::Entity)
            .inner_join(
                knowledge::Entity,
                Expr::col((knowledge::Entity, knowledge::Column::Id)).equals((knowledge_file::Entity, knowledge_file::Column::KnowledgeId)),
            )
            .and_where(Expr::col((knowledge_file::Entity, knowledge_file::Column::FileId)).equals((file::Entity, file::Column::Id)))
            .cond_where(knowledge(caller, needed))
            .cond_where(links::open(needed));
        Condition::any().add(owned(caller, (file::Entity, file::Column::UserId))).add(Expr::exists(collections))
    })
}

/// The functions that the caller may see and change: administrators all, others none.
pub(crate) fn functions(caller: &Caller) -> Condition {
    permitted(caller, || Condition::all().add(never()))
}

/// Administrators everything, pending accounts nothing, others what the rule says.
fn permitted(caller: &Caller, rule: impl FnOnce() -> Condition) -> Condition {
    match caller.role {
        Role::Admin => Condition::all(),
        Role::Pending => Condition::all().add(never()),
        Role::User => rule(),
    }
}

fn owned(caller: &Caller, owner: impl IntoColumnRef) -> Expr {
    Expr::col(owner).eq(caller.id.as_str())
}

fn granted<E: EntityTrait, C>(caller: &Caller, resource: Resource, id: (E, C), needed: Permission) -> Expr
where
    (E, C): IntoColumnRef,
{
    let mut grants: SelectStatement = Query::select();
    grants
        .expr(Expr::cust("1"))
        .from(grant::Entity)
        .and_where(Expr::col((grant::Entity, grant::Column::ResourceType)).eq(resource.as_str()))
        .and_where(Expr::col((grant::Entity, grant::Column::ResourceId)).equals(id))
        .cond_where(for_caller(caller));
    if needed == Permission::Write {
        grants.and_where(Expr::col((grant::Entity, grant::Column::Permission)).eq("write"));
    }
    Expr::exists(grants)
}

fn for_caller(caller: &Caller) -> Condition {
    let kind = || Expr::col((grant::Entity, grant::Column::PrincipalType));
    let id = || Expr::col((grant::Entity, grant::Column::PrincipalId));
    let account = Condition::all().add(kind().eq("user")).add(id().is_in([Grant::EVERYONE, caller.id.as_str()]));
    if caller.groups.is_empty() {
        return account;
    }
    let group = Condition::all().add(kind().eq("group")).add(id().is_in(caller.groups.iter().map(|group| group.as_str())));
    Condition::any().add(account).add(group)
}
