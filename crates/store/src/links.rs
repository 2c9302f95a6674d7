//! When a collection opens a file that is in it.
//!
//! A link is a row that puts a file into a collection. It opens the file to the people of the collection while
//!
//! - the collection's owner owns the file, or
//! - whoever added the link owns the file, is an administrator, or may change the file through a link of one of these kinds.
//!
//! The last case looks at one more link and no further, so rights cannot be passed on in a chain. All of it is read anew by each query:
//! a grant that is taken back closes what was added by means of it.

use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use transom_domain::{Grant, Permission};

use crate::access::Resource;
use crate::entity::{account, file, grant, knowledge, knowledge_file, member};

/// The link through which the adder of another has its right, and the collection that this link is in.
const SOURCE_LINK: &str = "source_link";
const SOURCE: &str = "source";

/// The link in `knowledge_file`, of the file in `file` and the collection in `knowledge`, opens the file.
///
/// Links of earlier versions whose adder could only read the file are not `changeable`: they never open it for writing.
pub(crate) fn open(needed: Permission) -> Condition {
    let opens = Condition::any().add(is_original("knowledge_file", "knowledge")).add(Expr::exists(through_another()));
    let all = Condition::all().add(opens);
    match needed {
        Permission::Read => all,
        Permission::Write => all.add(Expr::col(("knowledge_file", knowledge_file::Column::Changeable)).eq(true)),
    }
}

/// A link whose adder needs no other link for its right, or whose collection belongs to the file's owner.
fn is_original(link: &'static str, collection: &'static str) -> Condition {
    let added_by = || Expr::col((link, knowledge_file::Column::AddedBy));
    let mut admins = Query::select();
    admins
        .expr(Expr::cust("1"))
        .from(account::Entity)
        .and_where(Expr::col((account::Entity, account::Column::Id)).equals((link, knowledge_file::Column::AddedBy)))
        .and_where(Expr::col((account::Entity, account::Column::Role)).eq("admin"));
    Condition::any()
        .add(added_by().equals((file::Entity, file::Column::UserId)))
        .add(Expr::col((collection, knowledge::Column::UserId)).equals((file::Entity, file::Column::UserId)))
        .add(Expr::exists(admins))
}

/// The original links through which the adder of the link in `knowledge_file` may change the file.
fn through_another() -> SelectStatement {
    let adder = ("knowledge_file", knowledge_file::Column::AddedBy);
    let mut active = Query::select();
    active
        .expr(Expr::cust("1"))
        .from(account::Entity)
        .and_where(Expr::col((account::Entity, account::Column::Id)).equals(adder))
        .and_where(Expr::col((account::Entity, account::Column::Role)).eq("user"));
    let mut links = Query::select();
    links
        .expr(Expr::cust("1"))
        .from_as(knowledge_file::Entity, SOURCE_LINK)
        .join_as(
            sea_orm::JoinType::InnerJoin,
            knowledge::Entity,
            SOURCE,
            Expr::col((SOURCE, knowledge::Column::Id)).equals((SOURCE_LINK, knowledge_file::Column::KnowledgeId)),
        )
        .and_where(Expr::col((SOURCE_LINK, knowledge_file::Column::FileId)).equals((file::Entity, file::Column::Id)))
        .and_where(Expr::col((SOURCE_LINK, knowledge_file::Column::Changeable)).eq(true))
        .cond_where(is_original(SOURCE_LINK, SOURCE))
        .and_where(Expr::exists(active))
        .cond_where(
            Condition::any().add(Expr::col((SOURCE, knowledge::Column::UserId)).equals(adder)).add(Expr::exists(write_grants_of_adder())),
        );
    links
}

/// The grants by which the adder of the link in `knowledge_file` may change the collection in [`SOURCE`].
fn write_grants_of_adder() -> SelectStatement {
    let adder = ("knowledge_file", knowledge_file::Column::AddedBy);
    let kind = || Expr::col((grant::Entity, grant::Column::PrincipalType));
    let id = || Expr::col((grant::Entity, grant::Column::PrincipalId));
    let mut groups = Query::select();
    groups
        .column(member::Column::GroupId)
        .from(member::Entity)
        .and_where(Expr::col((member::Entity, member::Column::UserId)).equals(adder));
    let account = Condition::all().add(kind().eq("user")).add(id().equals(adder).or(id().eq(Grant::EVERYONE)));
    let group = Condition::all().add(kind().eq("group")).add(id().in_subquery(groups));
    let mut grants = Query::select();
    grants
        .expr(Expr::cust("1"))
        .from(grant::Entity)
        .and_where(Expr::col((grant::Entity, grant::Column::ResourceType)).eq(Resource::Knowledge.as_str()))
        .and_where(Expr::col((grant::Entity, grant::Column::ResourceId)).equals((SOURCE, knowledge::Column::Id)))
        .and_where(Expr::col((grant::Entity, grant::Column::Permission)).eq("write"))
        .cond_where(Condition::any().add(account).add(group));
    grants
}
