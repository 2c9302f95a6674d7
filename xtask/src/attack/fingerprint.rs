//! What the victim has, in numbers: equal before and after a call that may change nothing.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::description::Targets;
use super::http::Request;
use super::victim::Stage;

/// Fields that change by themselves.
const RESTLESS: [&str; 2] = ["last_active_at", "is_active"];

/// A number for each thing.
pub struct Fingerprint {
    /// What nobody but the victim and administrators may change.
    private: BTreeMap<String, u64>,
    /// What a writer may change too.
    shared: BTreeMap<String, u64>,
}

impl Fingerprint {
    pub fn of(stage: &Stage) -> Result<Self, String> {
        let mut paths = of_targets(&stage.private);
        let (user, group, function) = (&stage.victim.1, &stage.private.group, &stage.private.function);
        paths.extend([format!("/api/v1/users/{user}"), format!("/api/v1/users/{user}/info")]);
        paths.extend([format!("/api/v1/groups/id/{group}"), format!("/api/v1/groups/id/{group}/members")]);
        if stage.has_functions {
            paths.extend([format!("/api/v1/functions/id/{function}"), format!("/api/v1/functions/id/{function}/valves")]);
        }
        let settings = ["auths/admin/config", "users/default/permissions", "retrieval/config", "retrieval/embedding"];
        paths.extend(settings.map(|path| format!("/api/v1/{path}")));
        let mut private = read(stage, &stage.admin, &paths)?;
        let own = ["auths/", "auths/api_key", "users/user/settings", "users/user/info"].map(|path| format!("/api/v1/{path}"));
        private.extend(read(stage, &stage.victim.0, &own)?);
        Ok(Self { private, shared: read(stage, &stage.admin, &of_targets(&stage.shared))? })
    }

    /// What is not as it was, of what is private.
    pub fn changed(&self, before: &Self) -> Vec<String> {
        differences(&before.private, &self.private)
    }

    /// The same of what is shared.
    pub fn changed_of_shared(&self, before: &Self) -> Vec<String> {
        differences(&before.shared, &self.shared)
    }
}

fn differences(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<String> {
    before.iter().filter(|(path, hash)| after.get(*path) != Some(*hash)).map(|(path, _)| path.clone()).collect()
}

fn of_targets(targets: &Targets) -> Vec<String> {
    let Targets { file, collection, preset, .. } = targets;
    vec![
        format!("/api/v1/files/{file}"),
        format!("/api/v1/files/{file}/content"),
        format!("/api/v1/files/{file}/data/content"),
        format!("/api/v1/knowledge/{collection}"),
        format!("/api/v1/knowledge/{collection}/files"),
        format!("/api/v1/models/model?id={preset}"),
    ]
}

fn read(stage: &Stage, credential: &str, paths: &[String]) -> Result<BTreeMap<String, u64>, String> {
    let one = |path: &String| {
        let answer = Request::new("GET", path).bearing(credential).send(stage.server)?;
        let mut hasher = DefaultHasher::new();
        answer.status.hash(&mut hasher);
        match serde_json::from_slice(&answer.body) {
            Ok(mut value) => {
                calm(&mut value);
                value.to_string().hash(&mut hasher);
            }
            Err(_) => answer.body.hash(&mut hasher),
        }
        Ok((path.clone(), hasher.finish()))
    };
    paths.iter().map(one).collect()
}

fn calm(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        RESTLESS.iter().for_each(|field| drop(object.remove(*field)));
        object.values_mut().for_each(calm);
    }
    value.as_array_mut().into_iter().flatten().for_each(calm);
}
