//! Extracted text, and how far a file's processing has come.

use std::borrow::Cow;

use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use transom_domain::{Caller, FileId, FileStatus, Permission, Text, now};

use crate::entity::{file, file_text};
use crate::json::Json;
use crate::query::IDS_AT_ONCE;
use crate::{Store, StoreError, access};

impl Store {
    /// Characters of the extracted texts of files that the caller may read, together. None of them is read for it.
    pub async fn text_length(&self, caller: &Caller, ids: &[FileId]) -> Result<u64, StoreError> {
        let mut total: u64 = 0;
        for ids in ids.chunks(IDS_AT_ONCE) {
            let mut readable = Query::select();
            readable
                .column(file::Column::Id)
                .from(file::Entity)
                .and_where(file::Column::Id.is_in(ids.iter().map(FileId::as_str)))
                .cond_where(access::files(caller, Permission::Read));
            let length = file_text::Entity::find()
                .select_only()
                .expr(Func::char_length(Expr::col(file_text::Column::Text)).sum())
                .filter(file_text::Column::FileId.in_subquery(readable))
                .into_tuple::<Option<i64>>()
                .one(&self.read)
                .await?;
            total = total.saturating_add(length.flatten().and_then(|length| u64::try_from(length).ok()).unwrap_or(0));
        }
        Ok(total)
    }
}

/// A file's text.
pub(crate) async fn of(db: &impl ConnectionTrait, id: &FileId) -> Result<Option<Text>, StoreError> {
    let Some(row) = file_text::Entity::find_by_id(id.as_str()).one(db).await? else { return Ok(None) };
    let pages = serde_json::from_value(row.pages.into_value()).map_err(|_| StoreError::unreadable("list of pages"))?;
    Ok(Some(Text { text: row.text, pages }))
}

/// Keeps a file's text and its SHA-256 (hex) in place of any earlier ones. The file is there.
pub(crate) async fn keep(db: &impl ConnectionTrait, id: &FileId, text: &Text, hash: &str) -> Result<(), StoreError> {
    use file_text::Column;
    let pages = serde_json::to_value(&text.pages).map_err(|_| StoreError::unreadable("list of pages"))?;
    let row = file_text::ActiveModel {
        file_id: Set(id.as_str().to_owned()),
        text: Set(without_nul(&text.text).into_owned()),
        pages: Set(Json::ours(pages)),
    };
    let replace = OnConflict::column(Column::FileId).update_columns([Column::Text, Column::Pages]).to_owned();
    file_text::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    file::Entity::update_many()
        .col_expr(file::Column::TextHash, Expr::value(hash))
        .col_expr(file::Column::Pages, Expr::value(last_page(text)))
        .col_expr(file::Column::UpdatedAt, Expr::value(now()))
        .filter(file::Column::Id.eq(id.as_str()))
        .exec(db)
        .await?;
    Ok(())
}

/// The number of the last page that has text.
fn last_page(text: &Text) -> Option<i32> {
    text.pages.iter().map(|page| page.number).max().and_then(|page| i32::try_from(page).ok())
}

/// Sets a file's status and the reason of a failure; whether it was there.
pub(crate) async fn status(db: &impl ConnectionTrait, id: &FileId, status: FileStatus, error: Option<&str>) -> Result<bool, StoreError> {
    let updated = file::Entity::update_many()
        .col_expr(file::Column::Status, Expr::value(status.as_str()))
        .col_expr(file::Column::Error, Expr::value(error.map(|error| without_nul(error).into_owned())))
        .col_expr(file::Column::UpdatedAt, Expr::value(now()))
        .filter(file::Column::Id.eq(id.as_str()))
        .exec(db)
        .await?;
    Ok(updated.rows_affected > 0)
}

/// PostgreSQL's text cannot hold U+0000, which documents do hold. A space takes as many bytes, so that offsets into the text stay right.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', " ").into() } else { text.into() }
}
