//! Model records: who may see, make, change and share them.

use transom_domain::{Caller, Grant, ModelId, ModelRecord, Permission, Principal, access};
use transom_store::NewModelRecord;

use super::Models;
use crate::Error;

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
        self.check(caller, &new).await?;
        let record = self.kept()?.create_model_record(caller, new).await?;
        self.records_changed().await?;
        Ok(record)
    }

    /// Replaces a record that the caller may change.
    pub async fn update_record(&self, caller: &Caller, new: NewModelRecord) -> Result<ModelRecord, Error> {
        self.writable(caller, &new.id)?;
        self.check(caller, &new).await?;
        let id = new.id.clone();
        let record = self.kept()?.update_model_record(caller, new).await?.ok_or_else(|| missing(&id))?;
        self.records_changed().await?;
        Ok(record)
    }

    /// Replaces who may use a model. An administrator may so grant an upstream's model that has no record yet.
    pub async fn set_grants(&self, caller: &Caller, id: &ModelId, name: Option<String>, grants: Vec<Grant>) -> Result<ModelRecord, Error> {
        check_sharing(caller, &grants)?;
        check_id(id)?;
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

    /// Makes or replaces each record.
    pub async fn import_records(&self, caller: &Caller, records: Vec<NewModelRecord>) -> Result<Vec<ModelRecord>, Error> {
        let mut imported = Vec::with_capacity(records.len());
        for record in records {
            imported.push(match self.record(&record.id) {
                Some(_) => self.update_record(caller, record).await?,
                None => self.create_record(caller, record).await?,
            });
        }
        Ok(imported)
    }

    fn writable(&self, caller: &Caller, id: &ModelId) -> Result<(), Error> {
        let record = self.record(id).ok_or_else(|| missing(id))?;
        if access::permits(caller, &record.user_id, &record.access_grants, Permission::Write) {
            return Ok(());
        }
        Err(missing(id))
    }

    /// Whether the caller may have such a record. Only administrators decorate (and so grant) an upstream's own model;
    /// everyone else stands on a model that it may use itself.
    async fn check(&self, caller: &Caller, new: &NewModelRecord) -> Result<(), Error> {
        check_id(&new.id)?;
        if caller.is_admin() {
            return Ok(());
        }
        if !caller.may("workspace.models") {
            return Err(Error::WrongRole);
        }
        let Some(base) = &new.base_model_id else {
            return Err(Error::Forbidden("only administrators change the models of an upstream; choose a base model".to_owned()));
        };
        if self.current().await?.is_an_upstreams(new.id.as_str()) {
            return Err(Error::Invalid("this model id is already taken".to_owned()));
        }
        if self.resolve(caller, base.as_str()).await?.is_none() {
            return Err(Error::Forbidden(format!("the base model {base} is not there, or not yours to use")));
        }
        check_sharing(caller, new.access_grants.as_deref().unwrap_or_default())
    }
}

fn check_id(id: &ModelId) -> Result<(), Error> {
    let id = id.as_str();
    if (1..=256).contains(&id.chars().count()) && !id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(Error::Malformed("`id` is 1 to 256 characters without spaces".to_owned()))
}

/// Sharing with all accounts, and with some, are permissions of their own.
fn check_sharing(caller: &Caller, grants: &[Grant]) -> Result<(), Error> {
    let is_public = |grant: &&Grant| matches!(&grant.principal, Principal::User(id) if id.as_str() == Grant::EVERYONE);
    if grants.iter().any(|grant| is_public(&grant)) && !caller.may("sharing.public_models") {
        return Err(Error::Forbidden("your account may not share models with everyone".to_owned()));
    }
    if !grants.iter().all(|grant| is_public(&grant)) && !caller.may("sharing.models") {
        return Err(Error::Forbidden("your account may not share models".to_owned()));
    }
    Ok(())
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
