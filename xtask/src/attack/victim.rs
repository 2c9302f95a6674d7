//! The accounts of an attack, and somebody whose things are to be read and changed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chance::Chance;
use super::description::Targets;
use super::http::Request;
use super::rules::{Canary, Secret, Who};
use super::upstream::MODEL;

const PASSWORD: &str = "a password of the attack";

/// The administrator, and what was made with its credential.
pub struct Stage {
    pub server: SocketAddr,
    pub admin: String,
    /// A credential each, and the ids of those accounts.
    pub actors: BTreeMap<Who, (String, String)>,
    pub victim: (String, String),
    pub key: String,
    /// What the victim shares with nobody.
    pub private: Targets,
    /// What a reader may see and a writer may change.
    pub shared: Targets,
    pub canaries: Vec<Canary>,
    /// Whether functions can be made here.
    pub has_functions: bool,
    /// The address of a page that only the server can reach, and what it says.
    intranet: (String, String),
    chance: Chance,
}

impl Stage {
    /// Signs the administrator up and makes everything.
    pub fn build(server: SocketAddr, intranet: (String, String), seed: u64) -> Result<Self, String> {
        let mut chance = Chance::new(seed);
        let account = json!({"name": "Admin", "email": "admin@example.com", "password": PASSWORD});
        let session = post(server, "", "/api/v1/auths/signup", &account)?;
        let mut stage = Self {
            server,
            admin: text(&session, "token")?,
            actors: BTreeMap::new(),
            victim: Default::default(),
            key: String::new(),
            private: Targets::default(),
            shared: Targets::default(),
            canaries: Vec::new(),
            has_functions: true,
            intranet,
            chance: Chance::new(chance.number()),
        };
        stage.open_everything()?;
        for who in Who::WITH_ACCOUNT {
            stage.renew(who)?;
        }
        stage.set_up()?;
        Ok(stage)
    }

    /// Every permission is given to all: what is refused then is refused because of whose it is.
    fn open_everything(&self) -> Result<(), String> {
        let mut permissions = get(self.server, &self.admin, "/api/v1/users/default/permissions")?;
        for permission in permissions.as_object_mut().into_iter().flatten().flat_map(|(_, group)| group.as_object_mut()).flatten() {
            if permission.1.is_boolean() {
                *permission.1 = json!(true);
            }
        }
        post(self.server, &self.admin, "/api/v1/users/default/permissions", &permissions)?;
        let everyone = json!([{"principal_type": "user", "principal_id": "*", "permission": "read"}]);
        let record = json!({"id": MODEL, "base_model_id": null, "name": MODEL, "meta": {}, "params": {}, "access_grants": everyone});
        post(self.server, &self.admin, "/api/v1/models/create", &record).map(drop)
    }

    /// A new account for an actor whose credential has ended, or that has none yet.
    pub fn renew(&mut self, who: Who) -> Result<(), String> {
        let role = match who {
            Who::Pending => "pending",
            Who::Admin => "admin",
            _ => "user",
        };
        let address = self.chance.word();
        let (mut credential, id) = self.account(&format!("{who:?}"), &address, role)?;
        if who == Who::StrangerByKey {
            credential = text(&post(self.server, &credential, "/api/v1/auths/api_key", &json!({}))?, "api_key")?;
        }
        self.actors.insert(who, (credential, id));
        if matches!(who, Who::Reader | Who::Writer) && !self.shared.collection.is_empty() {
            self.share(&[Who::Reader, Who::Writer])?;
        }
        Ok(())
    }

    /// The same where a call has ended the credential; whether it had.
    pub fn revive(&mut self, who: Who) -> Result<bool, String> {
        let answer = Request::new("GET", "/api/v1/auths/").bearing(self.credential(who)).send(self.server)?;
        let has_ended = answer.status != 200;
        if has_ended {
            self.renew(who)?;
        }
        Ok(has_ended)
    }

    /// An account's session and id.
    fn account(&self, name: &str, address: &str, role: &str) -> Result<(String, String), String> {
        let account = json!({"name": name, "email": format!("{address}@example.com"), "password": PASSWORD, "role": role});
        let session = post(self.server, &self.admin, "/api/v1/auths/add", &account)?;
        Ok((text(&session, "token")?, text(&session, "id")?))
    }

    /// A victim with everything that one can have. What an earlier one had is forgotten, not deleted.
    pub fn set_up(&mut self) -> Result<(), String> {
        let (server, admin) = (self.server, self.admin.clone());
        self.canaries = vec![Canary::new(&self.intranet.1, Secret::Nobodys)];
        // Whoever shares something shows who they are to those they share it with.
        let address = self.canary(Secret::Shared);
        self.victim = self.account("Victim", &address, "user")?;
        let victim = self.victim.0.clone();
        self.key = text(&post(server, &victim, "/api/v1/auths/api_key", &json!({}))?, "api_key")?;
        self.canaries.push(Canary::new(&self.key, Secret::Nobodys));
        let (note, info) = (self.canary(Secret::Victims), self.canary(Secret::Victims));
        post(server, &victim, "/api/v1/users/user/settings/update", &json!({"ui": {"note": note}}))?;
        post(server, &victim, "/api/v1/users/user/info/update", &json!({"note": info}))?;

        let description = self.canary(Secret::Administrators);
        let group = post(server, &admin, "/api/v1/groups/create", &json!({"name": self.chance.word(), "description": description}))?;
        let group = text(&group, "id")?;
        post(server, &admin, &format!("/api/v1/groups/id/{group}/users/add"), &json!({"user_ids": [self.victim.1]}))?;
        let function = self.function()?;
        let own = |own: Targets| Targets { group: group.clone(), function: function.clone(), ..own };
        self.private = own(self.things(Secret::Victims)?);
        self.shared = own(self.things(Secret::Shared)?);
        // Those who had a grant once, and then those who have one now: the second list replaces the first.
        self.share(&[Who::FormerReader, Who::FormerWriter])?;
        self.share(&[Who::Reader, Who::Writer])
    }

    /// A file, a collection with it, and a preset.
    fn things(&mut self, secret: Secret) -> Result<Targets, String> {
        let (server, victim) = (self.server, self.victim.0.clone());
        let (in_file, in_name, in_description, in_prompt) =
            (self.canary(secret), self.canary(secret), self.canary(secret), self.canary(secret));
        let form = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{in_name}.txt\"\r\nContent-Type: text/plain\r\n\r\n\
             The canary of the documents is {in_file}.\r\n--x--\r\n"
        );
        let upload = Request::new("POST", "/api/v1/files/").bearing(&victim).body("multipart/form-data; boundary=x", form.into_bytes());
        let file = text(&answered(server, &upload)?, "id")?;
        wait_until_processed(server, &victim, &file)?;
        let collection = json!({"name": self.chance.word(), "description": in_description});
        let collection = text(&post(server, &victim, "/api/v1/knowledge/create", &collection)?, "id")?;
        post(server, &victim, &format!("/api/v1/knowledge/{collection}/file/add"), &json!({"file_id": file}))?;
        let preset = format!("preset-{}", self.chance.word());
        let record = json!({
            "id": preset, "base_model_id": MODEL, "name": preset, "meta": {"description": "a preset"}, "params": {"system": in_prompt},
        });
        post(server, &victim, "/api/v1/models/create", &record)?;
        let user = self.victim.1.clone();
        Ok(Targets { user, file, collection, preset, intranet: self.intranet.0.clone(), ..Targets::default() })
    }

    /// A function of the administrator's, with valves; an empty id where functions cannot run here.
    fn function(&mut self) -> Result<String, String> {
        let (in_code, in_valves, id) = (self.canary(Secret::Administrators), self.canary(Secret::Administrators), self.chance.word());
        let id = format!("f{id}");
        let code = format!(
            "from pydantic import BaseModel\n\nclass Filter:\n    class Valves(BaseModel):\n        note: str = ''\n\n    \
             def __init__(self):\n        self.valves = self.Valves()  # {in_code}\n"
        );
        let function = json!({"id": id, "name": id, "content": code, "meta": {"description": "a filter"}});
        if let Err(reason) = post(self.server, &self.admin, "/api/v1/functions/create", &function) {
            if self.has_functions {
                println!("functions are left out: {reason}");
            }
            self.has_functions = false;
            return Ok(String::from("none"));
        }
        post(self.server, &self.admin, &format!("/api/v1/functions/id/{id}/valves/update"), &json!({"note": in_valves}))?;
        Ok(id)
    }

    /// Grants what is shared to these, and to nobody else.
    fn share(&self, with: &[Who]) -> Result<(), String> {
        let grant = |who: &Who| {
            let writes = matches!(who, Who::Writer | Who::FormerWriter);
            let id = self.actors.get(who).map(|(_, id)| id);
            json!({"principal_type": "user", "principal_id": id, "permission": if writes { "write" } else { "read" }})
        };
        let grants: Vec<Value> = with.iter().map(grant).collect();
        let (collection, preset) = (&self.shared.collection, &self.shared.preset);
        let path = format!("/api/v1/knowledge/{collection}/access/update");
        post(self.server, &self.victim.0, &path, &json!({"access_grants": grants}))?;
        let body = json!({"id": preset, "name": preset, "access_grants": grants});
        post(self.server, &self.victim.0, "/api/v1/models/model/access/update", &body).map(drop)
    }

    fn canary(&mut self, secret: Secret) -> String {
        let text = format!("canary{}", self.chance.word());
        self.canaries.push(Canary::new(&text, secret));
        text
    }

    /// The credential of an actor; nothing for nobody.
    pub fn credential(&self, who: Who) -> &str {
        self.actors.get(&who).map_or("", |(credential, _)| credential)
    }
}

fn wait_until_processed(server: SocketAddr, credential: &str, file: &str) -> Result<(), String> {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(120) {
        let status = get(server, credential, &format!("/api/v1/files/{file}/process/status"))?;
        match status["status"].as_str() {
            Some("completed") => return Ok(()),
            Some("failed") => return Err(format!("a file could not be processed: {status}")),
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    Err("a file is still being processed after two minutes".into())
}

/// A GET that succeeds.
pub fn get(server: SocketAddr, credential: &str, path: &str) -> Result<Value, String> {
    answered(server, &Request::new("GET", path).bearing(credential))
}

/// A POST that succeeds.
pub fn post(server: SocketAddr, credential: &str, path: &str, body: &Value) -> Result<Value, String> {
    answered(server, &Request::new("POST", path).bearing(credential).json(body))
}

fn answered(server: SocketAddr, request: &Request) -> Result<Value, String> {
    let answer = request.send_patiently(server)?;
    if answer.status == 200 { Ok(answer.json()) } else { Err(format!("{request}: {} {}", answer.status, answer.text())) }
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    value[field].as_str().map(str::to_owned).ok_or_else(|| format!("an answer has no {field}"))
}
