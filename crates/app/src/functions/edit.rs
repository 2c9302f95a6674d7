//! Making, changing, switching and deleting functions. Code is loaded before it is kept: what does not load is refused with the reason.

use std::sync::Arc;

use serde_json::{Map, Value};
use transom_domain::{Caller, FunctionId, FunctionRecord};
use transom_llm::{Function, FunctionAbout, FunctionKind, Valves};
use transom_store::{NewFunction, StoredFunction, Switch, SyncedFunction};

use super::{FunctionWithValves, Functions, missing};
use crate::Error;
use crate::accounts::admin_only;

/// The longest id.
const LONGEST_ID: usize = 128;

/// A function as its administrator writes it.
#[derive(Clone)]
pub struct FunctionDraft {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its code.
    pub content: String,
    /// Its facts; the front matter of the code becomes their `manifest`.
    pub meta: Map<String, Value>,
    /// Why, for its history.
    pub commit_message: Option<String>,
}

/// A function of a whole set, with its switches and the values of its settings.
#[derive(Clone)]
pub struct SyncDraft {
    /// The function.
    pub draft: FunctionDraft,
    /// The values; `None` leaves those of a known function.
    pub valves: Option<Map<String, Value>>,
    /// Whether it is used.
    pub is_active: bool,
    /// Whether it is for every model.
    pub is_global: bool,
}

impl Functions {
    /// Makes a function, switched off.
    pub async fn create(&self, caller: &Caller, mut draft: FunctionDraft) -> Result<FunctionRecord, Error> {
        admin_only(caller)?;
        draft.id = readable_id(&draft.id)?;
        if self.store.function(caller, &draft.id.as_str().into()).await?.is_some() {
            return Err(Error::Invalid("this function id is already taken".to_owned()));
        }
        let (new, _) = self.judged(draft).await?;
        let stored = self.store.create_function(caller, new).await?.ok_or(Error::WrongRole)?;
        Ok(stored.record)
    }

    /// Replaces a function's name, code and facts; calls that are under way come to their end with the old code.
    pub async fn update(&self, caller: &Caller, id: &FunctionId, draft: FunctionDraft) -> Result<FunctionRecord, Error> {
        self.stored(caller, id).await?;
        let (new, loaded) = self.judged(FunctionDraft { id: id.to_string(), ..draft }).await?;
        let stored = self.store.update_function(caller, new).await?.ok_or_else(|| missing(id))?;
        self.changed(id, Some(loaded)).await?;
        Ok(stored.record)
    }

    /// Switches a function on or off. What runs for one that is off ends at once.
    pub async fn toggle(&self, caller: &Caller, id: &FunctionId, switch: Switch) -> Result<FunctionRecord, Error> {
        self.stored(caller, id).await?;
        let stored = self.store.toggle_function(caller, id, switch).await?.ok_or_else(|| missing(id))?;
        self.changed(id, None).await?;
        Ok(stored.record)
    }

    /// Deletes a function with its history; whether it was there.
    pub async fn delete(&self, caller: &Caller, id: &FunctionId) -> Result<bool, Error> {
        admin_only(caller)?;
        let runtime = self.runtime()?;
        let deleted = self.store.delete_function(caller, id).await?;
        if deleted {
            self.changed(id, None).await?;
            runtime.forget(id.as_str()).await;
        }
        Ok(deleted)
    }

    /// Makes the functions exactly these. Nothing is changed where one of them does not load.
    pub async fn sync(&self, caller: &Caller, drafts: Vec<SyncDraft>) -> Result<Vec<FunctionWithValves>, Error> {
        admin_only(caller)?;
        let (runtime, vault) = (self.runtime()?, self.vault()?);
        let mut functions = Vec::with_capacity(drafts.len());
        for SyncDraft { mut draft, valves, is_active, is_global } in drafts {
            draft.id = readable_id(&draft.id)?;
            let (new, loaded) = self.judged(draft).await?;
            let valves = match valves {
                Some(values) if !values.is_empty() => Some(loaded.check_valves(Valves::Admin, values).await?),
                other => other,
            };
            let valves = valves.map(|values| vault.seal(&new.id, &values)).transpose()?;
            functions.push(SyncedFunction { new, valves, is_active, is_global });
        }
        let before = self.store.functions(caller).await?;
        let now = self.store.sync_functions(caller, functions).await?;
        self.run_what_is_on(None).await?;
        for gone in before.iter().filter(|old| !now.iter().any(|new| new.record.id == old.record.id)) {
            runtime.forget(gone.record.id.as_str()).await;
        }
        for stored in now.iter().filter(|stored| stored.record.is_active) {
            self.changed(&stored.record.id, None).await?;
        }
        self.models.functions_changed().await?;
        let shown =
            |stored: StoredFunction| FunctionWithValves { valves: Some(vault.open(&stored).unwrap_or_default()), record: stored.record };
        Ok(now.into_iter().map(shown).collect())
    }

    /// Loads the code, and says what it is; the handle too, whose code is loaded.
    async fn judged(&self, draft: FunctionDraft) -> Result<(NewFunction, Arc<dyn Function>), Error> {
        let function = self.runtime()?.function(&draft.id, &draft.content);
        let about = function.about().await?;
        let FunctionDraft { id, name, content, mut meta, commit_message } = draft;
        if name.trim().is_empty() {
            return Err(Error::Invalid("a function needs a name".to_owned()));
        }
        describe(&mut meta, &about);
        let about_json = serde_json::to_value(&*about).map_err(Error::internal)?;
        let kind = about.kind.as_str().to_owned();
        Ok((NewFunction { id: id.into(), name, kind, content, meta, about: about_json, commit_message }, function))
    }

    /// Loads the code that a version holds; what it says of itself.
    pub(super) async fn about_of(&self, id: &FunctionId, content: &str) -> Result<(Value, Arc<dyn Function>), Error> {
        let function = self.runtime()?.function(id.as_str(), content);
        let about = function.about().await?;
        Ok((serde_json::to_value(&*about).map_err(Error::internal)?, function))
    }
}

/// Puts what the code says of itself into the facts that clients see.
fn describe(meta: &mut Map<String, Value>, about: &FunctionAbout) {
    meta.entry("description").or_insert(Value::Null);
    meta.insert("manifest".to_owned(), Value::Object(about.manifest.clone()));
    match about.kind == FunctionKind::Filter && about.toggle {
        true => _ = meta.insert("toggle".to_owned(), Value::Bool(true)),
        false => _ = meta.remove("toggle"),
    }
}

/// An id is a word that Python could have for a name, in small letters: it is part of model names and names a folder.
fn readable_id(id: &str) -> Result<String, Error> {
    let good = id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && id.len() <= LONGEST_ID
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if good {
        return Ok(id.to_ascii_lowercase());
    }
    Err(Error::Invalid("a function's id is letters, digits and underscores, and begins with no digit".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_word_in_small_letters() {
        assert_eq!(readable_id("My_Pipe2").expect("an id"), "my_pipe2");
        for bad in ["", "2x", "a-b", "a b", "a/b", "../x", "ä", "a.b", &"x".repeat(200)] {
            assert!(readable_id(bad).is_err(), "{bad:?}");
        }
    }
}
