//! Accounts as administrators and sign-up make, list, change and delete them.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::{Map, Value};
use transom_domain::{NewUser, Principal, Role, Timestamp, User, UserId, now};

use crate::accounts::end_api_key;
use crate::connect::Lock;
use crate::entity::{account, file, knowledge, model};
use crate::json::{self, Json};
use crate::query::{IDS_AT_ONCE, contains, contains_before_last_line, fold, ordinal, page};
use crate::{Direction, Store, StoreError, files, grants, knowledge as collections, models};

/// What to change of an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// New name.
    pub name: Option<String>,
    /// New e-mail address; stored in lower case.
    pub email: Option<String>,
    /// New role. Ends all sessions and the API key where it differs.
    pub role: Option<Role>,
    /// New password hash. Ends all sessions and the API key.
    pub password_hash: Option<String>,
    /// New picture.
    pub profile_image_url: Option<String>,
    /// New settings.
    pub settings: Option<Value>,
    /// New facts.
    pub info: Option<Value>,
}

/// What accounts can be ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserOrder {
    /// When they were made.
    #[default]
    CreatedAt,
    /// When they were last seen.
    LastActiveAt,
    /// When they were changed.
    UpdatedAt,
    /// By name.
    Name,
    /// By e-mail address.
    Email,
    /// By role.
    Role,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Part of a name or an e-mail address, case-insensitive.
    pub search: Option<String>,
    /// Whether `search` looks at names alone, and finds an e-mail address only as a whole: who may not see addresses could otherwise
    /// guess one letter by letter.
    pub names_only: bool,
    /// Order.
    pub order: UserOrder,
    /// Direction.
    pub direction: Direction,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most; `None` for all.
    pub limit: Option<u64>,
}

impl Store {
    /// Makes an account by sign-up, in one transaction: the very first one is an administrator whatever `later_role` says;
    /// later ones get `later_role`, and `Ok(None)` where that is `None` (sign-up is closed). [`StoreError::Taken`] for a known e-mail.
    pub async fn sign_up(&self, new: NewUser, later_role: Option<Role>) -> Result<Option<User>, StoreError> {
        let tx = self.begin_locked(Lock::Accounts).await?;
        let first = account::Entity::find().select_only().column(account::Column::Id).into_tuple::<String>().one(&tx).await?.is_none();
        let Some(role) = (if first { Some(Role::Admin) } else { later_role }) else { return Ok(None) };
        let user = insert(&tx, new, role).await?;
        tx.commit().await?;
        Ok(Some(user))
    }

    /// Makes an account of the given role. [`StoreError::Taken`] for a known e-mail.
    pub async fn create_user(&self, new: NewUser, role: Role) -> Result<User, StoreError> {
        let tx = self.begin_locked(Lock::Accounts).await?;
        let user = insert(&tx, new, role).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// How many accounts there are.
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        Ok(account::Entity::find().count(&self.read).await?)
    }

    /// One account.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        account::Entity::find_by_id(id.as_str()).one(&self.read).await?.map(User::try_from).transpose()
    }

    /// Several accounts, in no order; unknown ids are passed over.
    pub async fn users_by_id(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let mut users = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let ids = ids.iter().map(UserId::as_str);
            for row in account::Entity::find().filter(account::Column::Id.is_in(ids)).all(&self.read).await? {
                users.push(row.try_into()?);
            }
        }
        Ok(users)
    }

    /// Accounts, and how many the query has without skip and limit.
    pub async fn list_users(&self, query: &UserQuery) -> Result<(Vec<User>, u64), StoreError> {
        use account::Column;
        let part = query.search.as_deref().filter(|part| !part.is_empty());
        let condition = Condition::all().add_option(part.map(|part| {
            match query.names_only {
                false => Condition::all().add(contains((account::Entity, Column::Folded), part)),
                true => Condition::any()
                    .add(contains_before_last_line((account::Entity, Column::Folded), part))
                    .add(Column::Email.eq(part.trim().to_lowercase())),
            }
        }));
        let select = account::Entity::find().filter(condition);
        let total = select.clone().count(&self.read).await?;
        let column = match query.order {
            UserOrder::CreatedAt => Column::CreatedAt,
            UserOrder::LastActiveAt => Column::LastActiveAt,
            UserOrder::UpdatedAt => Column::UpdatedAt,
            UserOrder::Name => Column::Folded,
            UserOrder::Email => Column::Email,
            UserOrder::Role => Column::Role,
        };
        let select = select.order_by(column, query.direction.into()).order_by(Column::Ordinal, query.direction.into());
        let rows = page(select, query.skip, query.limit).all(&self.read).await?;
        Ok((rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?, total))
    }

    /// Changes an account; `None` where it is missing. [`StoreError::Taken`] for a known e-mail.
    pub async fn update_user(&self, id: &UserId, patch: UserPatch) -> Result<Option<User>, StoreError> {
        let tx = self.begin().await?;
        let Some(old) = account::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await? else { return Ok(None) };
        let sessions_end = patch.password_hash.is_some() || patch.role.is_some_and(|role| role.as_str() != old.role);
        let mut row = old.clone();
        row.name = patch.name.unwrap_or(row.name);
        row.email = patch.email.map_or(row.email, |email| email.to_lowercase());
        row.folded = folded(&row.name, &row.email);
        row.role = patch.role.map_or(row.role, |role| role.as_str().to_owned());
        row.password_hash = patch.password_hash.unwrap_or(row.password_hash);
        row.profile_image_url = patch.profile_image_url.unwrap_or(row.profile_image_url);
        row.settings = patch.settings.map(|settings| json::ACCOUNT_SETTINGS.keep(settings)).transpose()?.or(row.settings);
        row.info = patch.info.map(|info| json::ACCOUNT_INFO.keep(info)).transpose()?.or(row.info);
        row.session_generation += i64::from(sessions_end);
        row.updated_at = now();
        let user = User::try_from(row.clone())?;
        let row = row.into_active_model().reset_all();
        row.update(&tx).await.map_err(|error| StoreError::or_taken(error, EMAIL))?;
        if sessions_end {
            end_api_key(&tx, id.as_str()).await?;
        }
        tx.commit().await?;
        Ok(Some(user))
    }

    /// Deletes an account with everything that is its own: keys, memberships, grants to it, collections, model records, files.
    /// One transaction; a job to erase bytes and vectors is left for each file. Whether it was there.
    pub async fn delete_user(&self, id: &UserId) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        // Locked, so that nothing can be made in its name meanwhile.
        if account::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await?.is_none() {
            return Ok(false);
        }
        files::erase(&tx, Condition::all().add(file::Column::UserId.eq(id.as_str()))).await?;
        collections::delete(&tx, Condition::all().add(knowledge::Column::UserId.eq(id.as_str()))).await?;
        models::delete(&tx, Condition::all().add(model::Column::UserId.eq(id.as_str()))).await?;
        grants::forget(&tx, &Principal::User(id.clone())).await?;
        // Keys and memberships go with the row.
        account::Entity::delete_by_id(id.as_str()).exec(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Adds facts to those that an account holds, in one transaction: of two who add at once, neither undoes the other.
    pub async fn merge_user_info(&self, id: &UserId, more: Map<String, Value>) -> Result<Option<User>, StoreError> {
        let tx = self.begin().await?;
        let Some(mut row) = account::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await? else { return Ok(None) };
        let mut info = match row.info.take().map(Json::into_value) {
            Some(Value::Object(info)) => info,
            _ => Map::new(),
        };
        info.extend(more);
        row.info = Some(json::ACCOUNT_INFO.keep(info)?);
        row.updated_at = now();
        row.clone().into_active_model().reset_all().update(&tx).await?;
        tx.commit().await?;
        row.try_into().map(Some)
    }

    /// Notes that the account was seen.
    pub async fn touch_user(&self, id: &UserId, at: Timestamp) -> Result<(), StoreError> {
        account::Entity::update_many()
            .col_expr(account::Column::LastActiveAt, Expr::value(at))
            .filter(account::Column::Id.eq(id.as_str()))
            .exec(&self.write)
            .await?;
        Ok(())
    }
}

const EMAIL: &str = "e-mail address";

async fn insert(tx: &DatabaseTransaction, new: NewUser, role: Role) -> Result<User, StoreError> {
    let at = now();
    let email = new.email.to_lowercase();
    let row = account::Model {
        id: UserId::random().into(),
        folded: folded(&new.name, &email),
        email,
        name: new.name,
        role: role.as_str().to_owned(),
        password_hash: new.password_hash,
        profile_image_url: new.profile_image_url,
        settings: None,
        info: None,
        session_generation: 0,
        last_active_at: at,
        updated_at: at,
        created_at: at,
        ordinal: ordinal(),
        bio: None,
        gender: None,
        date_of_birth: None,
    };
    let insert = account::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await;
    insert.map_err(|error| StoreError::or_taken(error, EMAIL))?;
    row.try_into()
}

/// Name and address stand on lines of their own, so that no search finds the end of one and the beginning of the other.
pub(crate) fn folded(name: &str, email: &str) -> String {
    fold(&format!("{name}\n{email}"))
}

impl TryFrom<account::Model> for User {
    type Error = StoreError;

    fn try_from(row: account::Model) -> Result<Self, StoreError> {
        Ok(User {
            id: row.id.into(),
            email: row.email,
            name: row.name,
            role: row.role.parse().map_err(|_| StoreError::unreadable("role"))?,
            profile_image_url: row.profile_image_url,
            settings: row.settings.map(Json::into_value),
            info: row.info.map(Json::into_value),
            bio: row.bio,
            gender: row.gender,
            date_of_birth: row.date_of_birth,
            last_active_at: row.last_active_at,
            updated_at: row.updated_at,
            created_at: row.created_at,
        })
    }
}
