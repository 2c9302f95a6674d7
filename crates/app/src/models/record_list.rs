//! Pages of presets, as a workspace lists them.

use std::collections::HashMap;

use serde_json::Value;
use transom_domain::{Caller, User, UserId};
use transom_store::Whose;

use super::{Models, RecordView};
use crate::Error;

/// What records are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordOrder {
    /// When they were changed.
    #[default]
    UpdatedAt,
    /// When they were made.
    CreatedAt,
    /// By name.
    Name,
}

/// Which presets to list.
#[derive(Clone, Debug, Default)]
pub struct RecordQuery {
    /// Part of the name, of the base model's id or of the owner's name, case-insensitive.
    pub search: Option<String>,
    /// Whose.
    pub whose: Whose,
    /// A tag that they have, case-insensitive.
    pub tag: Option<String>,
    /// Order.
    pub order: RecordOrder,
    /// Whether the order begins with the smallest.
    pub ascending: bool,
    /// How many to pass over.
    pub skip: usize,
    /// How many at most.
    pub limit: usize,
}

/// Presets on a page, with their owners.
pub struct RecordPage {
    /// The presets, each with the account whose it is, where that is still there.
    pub items: Vec<(RecordView, Option<User>)>,
    /// How many there are.
    pub total: usize,
}

impl Models {
    /// The presets that the caller may read.
    pub async fn presets(&self, caller: &Caller, query: &RecordQuery) -> Result<RecordPage, Error> {
        let mut views = self.records(caller).await?;
        views.retain(|view| view.record.base_model_id.is_some() && query.is_in_set(caller, view) && query.has_tag(view));
        let owners = self.owners_of(&views).await?;
        views.retain(|view| query.is_found(view, owners.get(&view.record.user_id)));
        query.sort(&mut views);
        let total = views.len();
        let page = views.into_iter().skip(query.skip).take(query.limit);
        let items = page.map(|view| (owners.get(&view.record.user_id).cloned(), view)).map(|(owner, view)| (view, owner)).collect();
        Ok(RecordPage { items, total })
    }

    async fn owners_of(&self, views: &[RecordView]) -> Result<HashMap<UserId, User>, Error> {
        let mut ids: Vec<UserId> = views.iter().map(|view| view.record.user_id.clone()).collect();
        ids.sort();
        ids.dedup();
        Ok(self.kept()?.users_by_id(&ids).await?.into_iter().map(|user| (user.id.clone(), user)).collect())
    }
}

impl RecordQuery {
    fn is_in_set(&self, caller: &Caller, view: &RecordView) -> bool {
        match self.whose {
            Whose::All => true,
            Whose::Own => view.record.user_id == caller.id,
            Whose::Others => view.record.user_id != caller.id,
        }
    }

    fn has_tag(&self, view: &RecordView) -> bool {
        let Some(wanted) = self.tag.as_deref().filter(|tag| !tag.is_empty()) else { return true };
        tags(&view.record.meta).any(|tag| tag.to_lowercase() == wanted.to_lowercase())
    }

    fn is_found(&self, view: &RecordView, owner: Option<&User>) -> bool {
        let Some(wanted) = self.search.as_deref().filter(|search| !search.is_empty()).map(str::to_lowercase) else { return true };
        let base = view.record.base_model_id.as_ref().map(|base| base.as_str());
        let texts = [Some(view.record.name.as_str()), base, owner.map(|owner| owner.name.as_str())];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&wanted))
    }

    fn sort(&self, views: &mut [RecordView]) {
        views.sort_by(|a, b| {
            let (a, b) = (&a.record, &b.record);
            let order = match self.order {
                RecordOrder::UpdatedAt => a.updated_at.cmp(&b.updated_at),
                RecordOrder::CreatedAt => a.created_at.cmp(&b.created_at),
                RecordOrder::Name => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            };
            let order = order.then_with(|| a.id.cmp(&b.id));
            if self.ascending { order } else { order.reverse() }
        });
    }
}

/// The tags of a record: `{"name": …}` each, or a plain text.
pub fn tags(meta: &serde_json::Map<String, Value>) -> impl Iterator<Item = &str> {
    let named = meta.get("tags").and_then(Value::as_array).into_iter().flatten();
    named.filter_map(|tag| tag.as_str().or_else(|| tag.get("name").and_then(Value::as_str)))
}
