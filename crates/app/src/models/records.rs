//! Model records: who may see, make, change and share them.

use transom_domain::{Caller, Grant, ModelId, ModelRecord, Permission, access};
use transom_store::{ModelRecordChange, NewModelRecord};

use super::Models;
use crate::Error;
use crate::chat::routing;
use crate::sharing::{self, Shared};

/// A record as one caller sees it.
pub struct RecordView {
    /// The record.
    pub record: ModelRecord,
    /// Whether the caller may change it.
    pub write_access: bool,
}

impl Models {
    /// The records that the caller may read, last changed first.
    pub async fn records(&self, caller: &Caller) -> Result<Vec<RecordView>, Error> {
        let mut records: Vec<RecordView> =
            self.kept()?.model_records().await?.into_iter().filter_map(|record| view(caller, record)).collect();
        records.sort_by(|a, b| b.record.updated_at.cmp(&a.record.updated_at).then_with(|| a.record.id.cmp(&b.record.id)));
        Ok(records)
    }

    /// One of them.
    pub async fn record_for(&self, caller: &Caller, id: &ModelId) -> Result<RecordView, Error> {
        let records = self.kept()?.model_records().await?;
        records.into_iter().find(|record| record.id == *id).and_then(|record| view(caller, record)).ok_or_else(|| missing(id))
    }

    /// Makes a record.
    pub async fn create_record(&self, caller: &Caller, new: NewModelRecord) -> Result<ModelRecord, Error> {
        self.check_new(caller, &new).await?;
        let record = self.kept()?.create_model_record(caller, new).await?;
        self.records_changed().await?;
        Ok(record)
    }

    /// Changes a record that the caller may change.
    pub async fn update_record(&self, caller: &Caller, change: ModelRecordChange) -> Result<ModelRecord, Error> {
        self.check_change(caller, &change).await?;
        let id = change.id.clone();
        let record = self.kept()?.update_model_record(caller, change).await?.ok_or_else(|| missing(&id))?;
        self.records_changed().await?;
        Ok(record)
    }

    /// Replaces who may use a model. An administrator may so grant an upstream's model that has no record yet.
    pub async fn set_grants(&self, caller: &Caller, id: &ModelId, name: Option<String>, grants: Vec<Grant>) -> Result<ModelRecord, Error> {
        let old = self.record(id).map(|record| record.access_grants.clone()).unwrap_or_default();
        sharing::check(caller, Shared::Models, &grants, &old)?;
        check_id(id, false)?;
        let record = match self.kept()?.set_model_grants(caller, id, &grants).await? {
            Some(record) => record,
            None if caller.is_admin() => {
                let new = NewModelRecord {
                    id: id.clone(),
                    base_model_id: None,
                    name: name.unwrap_or_else(|| id.to_string()),
                    params: Default::default(),
                    meta: Default::default(),
                    access_grants: Some(grants),
                    is_active: true,
                };
                self.kept()?.create_model_record(caller, new).await?
            }
            None => return Err(missing(id)),
        };
        self.records_changed().await?;
        Ok(record)
    }

    /// Switches a record on or off.
    pub async fn toggle_record(&self, caller: &Caller, id: &ModelId) -> Result<ModelRecord, Error> {
        let record = self.kept()?.toggle_model_record(caller, id).await?.ok_or_else(|| missing(id))?;
        self.records_changed().await?;
        Ok(record)
    }

    /// Deletes a record that the caller may change.
    pub async fn delete_record(&self, caller: &Caller, id: &ModelId) -> Result<(), Error> {
        if !self.kept()?.delete_model_record(caller, id).await? {
            return Err(missing(id));
        }
        self.records_changed().await
    }

    /// Makes or changes each record.
    pub async fn import_records(&self, caller: &Caller, records: Vec<ModelRecordChange>) -> Result<Vec<ModelRecord>, Error> {
        let mut imported = Vec::with_capacity(records.len());
        for record in records {
            imported.push(match self.record(&record.id) {
                Some(_) => self.update_record(caller, record).await?,
                None => self.create_record(caller, record.into()).await?,
            });
        }
        Ok(imported)
    }

    /// Whether the caller may make such a record. Only administrators decorate (and so grant) an upstream's own model;
    /// everyone else stands on a model that it may use itself.
    async fn check_new(&self, caller: &Caller, new: &NewModelRecord) -> Result<(), Error> {
        check_id(&new.id, new.base_model_id.is_some())?;
        self.check_meta(caller, &new.meta, None).await?;
        if caller.is_admin() {
            return Ok(());
        }
        if !caller.may("workspace.models") {
            return Err(Error::WrongRole);
        }
        routing::judge_preset(&new.params)?;
        if self.current().await?.is_an_upstreams(new.id.as_str()) && new.base_model_id.is_some() {
            return Err(Error::Invalid("this model id is already taken".to_owned()));
        }
        self.check_base(caller, new.base_model_id.as_ref()).await?;
        sharing::check(caller, Shared::Models, new.access_grants.as_deref().unwrap_or_default(), &[])
    }

    /// Whether the caller may change a record in this way. What stays as it is has been judged before, perhaps for somebody else:
    /// whoever was granted to write a preset need not be able to use its base.
    async fn check_change(&self, caller: &Caller, change: &ModelRecordChange) -> Result<(), Error> {
        let old = self.record(&change.id).ok_or_else(|| missing(&change.id))?;
        if !access::permits(caller, &old.user_id, &old.access_grants, Permission::Write) {
            return Err(missing(&change.id));
        }
        self.check_meta(caller, &change.meta, Some(&old.meta)).await?;
        if caller.is_admin() {
            return Ok(());
        }
        if change.params != old.params {
            routing::judge_preset(&change.params)?;
        }
        if let Some(base) = change.base_model_id.as_ref().filter(|base| **base != old.base_model_id) {
            self.check_base(caller, base.as_ref()).await?;
        }
        sharing::check(caller, Shared::Models, change.access_grants.as_deref().unwrap_or_default(), &old.access_grants)
    }

    async fn check_base(&self, caller: &Caller, base: Option<&ModelId>) -> Result<(), Error> {
        let Some(base) = base else {
            return Err(Error::Forbidden("only administrators change the models of an upstream; choose a base model".to_owned()));
        };
        if self.resolve(caller, base.as_str()).await?.is_none() {
            return Err(Error::Forbidden(format!("the base model {base} is not there, or not yours to use")));
        }
        Ok(())
    }
}

/// Upstreams have models with spaces in their names; presets do not, so that their names can be written everywhere.
fn check_id(id: &ModelId, is_preset: bool) -> Result<(), Error> {
    let id = id.as_str();
    let unusable = |c: char| c.is_control() || (is_preset && c.is_whitespace());
    if (1..=256).contains(&id.chars().count()) && id.trim() == id && !id.chars().any(unusable) {
        return Ok(());
    }
    let words = "`id` is 1 to 256 characters, without control characters and surrounding spaces; a preset's has no spaces at all";
    Err(Error::Malformed(words.to_owned()))
}

fn view(caller: &Caller, record: ModelRecord) -> Option<RecordView> {
    let may = |needed| access::permits(caller, &record.user_id, &record.access_grants, needed);
    if !may(Permission::Read) {
        return None;
    }
    let write_access = may(Permission::Write);
    Some(RecordView { record, write_access })
}

fn missing(id: &ModelId) -> Error {
    Error::NotFound(format!("there is no model record {id}, or it is not yours to change"))
}
