//! Lists of records: the presets of a workspace, and what stands over the upstreams' models.

use actix_web::web::Data;
use paperclip::actix::api_v2_operation;
use serde::{Deserialize, Serialize};
use transom_app::App;
use transom_app::knowledge::Whose;
use transom_app::models::{RecordOrder, RecordQuery, RecordView, tags};
use transom_domain::ModelRecord;
use utoipa::ToSchema;

use super::RecordResponse;
use crate::description::shapes::ModelRecordShape;
use crate::params::{Query, number};
use crate::reply::{List, Reply};
use crate::user_shapes::Owner;
use crate::{Admin, ApiError, SignedIn};

/// Presets on a page.
const PAGE: usize = 30;

#[derive(Deserialize, ToSchema)]
pub(super) struct PresetsQuery {
    /// Part of a name, of a base model's id or of an owner's name
    query: Option<String>,
    /// `created` for the caller's own, `shared` for those of others
    view_option: Option<String>,
    /// A tag that they have
    tag: Option<String>,
    /// `name`, `created_at` or `updated_at`
    order_by: Option<String>,
    /// `asc` or `desc`
    direction: Option<String>,
    #[serde(default, deserialize_with = "number")]
    #[schema(maximum = 1_000_000_000)]
    page: Option<u64>,
}

impl From<PresetsQuery> for RecordQuery {
    fn from(query: PresetsQuery) -> Self {
        let page = usize::try_from(query.page.unwrap_or(1)).unwrap_or(usize::MAX);
        Self {
            search: query.query,
            whose: match query.view_option.as_deref() {
                Some("created") => Whose::Own,
                Some("shared") => Whose::Others,
                _ => Whose::All,
            },
            tag: query.tag,
            order: match query.order_by.as_deref() {
                Some("name") => RecordOrder::Name,
                Some("created_at") => RecordOrder::CreatedAt,
                _ => RecordOrder::UpdatedAt,
            },
            ascending: query.direction.as_deref() == Some("asc"),
            skip: page.saturating_sub(1).saturating_mul(PAGE),
            limit: PAGE,
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct TagQuery {
    /// A tag that they have
    tag: Option<String>,
}

/// A preset, whose it is, and whether the caller may change it.
#[derive(Serialize, ToSchema)]
struct ListedPreset {
    #[serde(flatten)]
    record: RecordResponse,
    user: Option<Owner>,
}

/// A page of presets, and how many there are.
#[derive(Serialize, ToSchema)]
pub(super) struct PresetsPage {
    items: Vec<ListedPreset>,
    total: usize,
}

/// Lists the presets that the caller may see, a page of thirty at a time
///
/// Pictures are left out.
#[api_v2_operation]
pub(super) async fn list_records(
    app: Data<App>,
    SignedIn(caller): SignedIn,
    query: Query<PresetsQuery>,
) -> Result<Reply<PresetsPage>, ApiError> {
    let page = app.models.presets(&caller, &query.0.into()).await?;
    let items = page.items.into_iter().map(|(mut view, owner)| {
        view.record.meta.remove("profile_image_url");
        ListedPreset { record: view.into(), user: owner.as_ref().map(Owner::from) }
    });
    Ok(Reply::of(&PresetsPage { items: items.collect(), total: page.total }))
}

/// Lists the records over the upstreams' models
#[api_v2_operation]
pub(super) async fn list_base_records(
    app: Data<App>,
    Admin(caller): Admin,
    query: Query<TagQuery>,
) -> Result<List<ModelRecordShape>, ApiError> {
    let wanted = query.tag.as_deref().filter(|tag| !tag.is_empty());
    let is_listed = |record: &ModelRecord| {
        record.base_model_id.is_none() && wanted.is_none_or(|wanted| tags(&record.meta).any(|tag| tag.eq_ignore_ascii_case(wanted)))
    };
    let records = app.models.records(&caller).await?.into_iter().map(|view| view.record);
    Ok(List::shaped(&records.filter(is_listed).collect::<Vec<ModelRecord>>()))
}

/// Lists all records
#[api_v2_operation]
pub(super) async fn all_records(app: Data<App>, Admin(caller): Admin) -> Result<List<ModelRecordShape>, ApiError> {
    let records: Vec<ModelRecord> = app.models.records(&caller).await?.into_iter().map(|view| view.record).collect();
    Ok(List::shaped(&records))
}

/// Lists the tags of models
#[api_v2_operation]
pub(super) async fn list_model_tags(app: Data<App>, SignedIn(caller): SignedIn) -> Result<List<String>, ApiError> {
    let views: Vec<RecordView> = app.models.records(&caller).await?;
    let mut named: Vec<String> = views.iter().flat_map(|view| tags(&view.record.meta)).map(str::to_owned).collect();
    named.sort();
    named.dedup();
    Ok(List::of(&named))
}
