//! Every permission of the tree: what it refuses, or why nothing of ours can.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::common::Answer;
use crate::gateway::{Gateway, chat, read};

const GPT: &str = "gpt-4-turbo";

/// Permissions for what is not there, with the beginning of the paths where it would be.
const NO_ROUTE_YET: [(&str, &str); 41] = [
    ("workspace.prompts", "/api/v1/prompts"),
    ("workspace.prompts_import", "/api/v1/prompts"),
    ("workspace.prompts_export", "/api/v1/prompts"),
    ("workspace.tools", "/api/v1/tools"),
    ("workspace.tools_import", "/api/v1/tools"),
    ("workspace.tools_export", "/api/v1/tools"),
    ("workspace.skills", "/api/v1/skills"),
    ("workspace.skills_import", "/api/v1/skills"),
    ("workspace.skills_export", "/api/v1/skills"),
    ("sharing.prompts", "/api/v1/prompts"),
    ("sharing.public_prompts", "/api/v1/prompts"),
    ("sharing.tools", "/api/v1/tools"),
    ("sharing.public_tools", "/api/v1/tools"),
    ("sharing.skills", "/api/v1/skills"),
    ("sharing.public_skills", "/api/v1/skills"),
    ("sharing.notes", "/api/v1/notes"),
    ("sharing.public_notes", "/api/v1/notes"),
    ("sharing.folders", "/api/v1/folders"),
    ("sharing.public_chats", "/api/v1/chats"),
    ("sharing.open_chats", "/api/v1/chats"),
    ("sharing.public_calendars", "/api/v1/calendars"),
    ("chat.delete", "/api/v1/chats"),
    ("chat.delete_message", "/api/v1/chats"),
    ("chat.continue_response", "/api/v1/chats"),
    ("chat.regenerate_response", "/api/v1/chats"),
    ("chat.rate_response", "/api/v1/evaluations"),
    ("chat.edit", "/api/v1/chats"),
    ("chat.share", "/api/v1/chats"),
    ("chat.export", "/api/v1/chats"),
    ("chat.import", "/api/v1/chats"),
    ("chat.call", "/api/v1/audio"),
    ("chat.multiple_models", "/api/v1/chats"),
    ("chat.temporary", "/api/v1/chats"),
    ("chat.temporary_enforced", "/api/v1/chats"),
    ("features.notes", "/api/v1/notes"),
    ("features.folders", "/api/v1/folders"),
    ("features.channels", "/api/v1/channels"),
    ("features.encrypted_channels", "/api/v1/channels"),
    ("features.automations", "/api/v1/automations"),
    ("features.calendar", "/api/v1/calendars"),
    // Which entries of a list a client shows; the list is the same for everybody.
    ("workspace.models_hidden", "/api/v1/models/hidden"),
];

struct Scene {
    gateway: Gateway,
    group: String,
    count: usize,
}

impl Scene {
    async fn new() -> Self {
        let gateway = Gateway::start().await;
        gateway.grant_bob(GPT).await;
        let group = gateway.admin.post("/api/v1/groups/create", json!({"name": "staff", "description": ""})).await.ok();
        Self { gateway, group: group["id"].as_str().unwrap().to_owned(), count: 0 }
    }

    /// Switches everything on but this.
    async fn all_but(&self, leaf: &str) {
        let mut tree = self.gateway.admin.get("/api/v1/users/default/permissions/defaults").await.ok();
        for (section, switches) in tree.as_object_mut().unwrap() {
            for (name, on) in switches.as_object_mut().unwrap() {
                *on = json!(leaf != format!("{section}.{name}"));
            }
        }
        self.gateway.admin.post("/api/v1/users/default/permissions", tree).await.ok();
    }

    /// Whether Bob is refused what the permission is for; `None` where this test knows nothing that it is for.
    async fn is_refused(&mut self, leaf: &str) -> Option<bool> {
        self.count += 1;
        let bob = &self.gateway.bob;
        let (everyone, somebody) = (json!([read("user", "*")]), json!([read("user", &self.gateway.bob_id)]));
        let preset = |grants: Value| json!({"id": format!("preset{}", self.count), "base_model_id": GPT, "name": "P", "meta": {}, "params": {}, "access_grants": grants});
        let collection = |grants: Value| json!({"name": "C", "description": "", "access_grants": grants});
        let with = |member: &str, value: Value| {
            let mut call = chat(GPT);
            call[member] = value;
            call
        };
        let (create_model, create_knowledge, complete) = ("/api/v1/models/create", "/api/v1/knowledge/create", "/api/chat/completions");
        let answer = match leaf {
            "workspace.models" => bob.post(create_model, preset(json!([]))).await,
            "workspace.knowledge" => bob.post(create_knowledge, collection(json!([]))).await,
            "workspace.models_import" => bob.post("/api/v1/models/import", json!({"models": []})).await,
            "workspace.models_export" => bob.get("/api/v1/models/export").await,
            "sharing.models" => bob.post(create_model, preset(somebody)).await,
            "sharing.public_models" => bob.post(create_model, preset(everyone)).await,
            "sharing.knowledge" => bob.post(create_knowledge, collection(somebody)).await,
            "sharing.public_knowledge" => bob.post(create_knowledge, collection(everyone)).await,
            "access_grants.allow_users" => bob.post(create_knowledge, collection(somebody)).await,
            "access_grants.allow_groups" => bob.post(create_knowledge, collection(json!([read("group", &self.group)]))).await,
            "chat.controls" => bob.post(complete, with("temperature", json!(1))).await,
            "chat.params" => bob.post(complete, with("params", json!({"temperature": 1}))).await,
            "chat.system_prompt" => bob.post(complete, with("messages", json!([{"role": "system", "content": "be kind"}]))).await,
            "chat.valves" => bob.post("/api/v1/functions/id/f/valves/user/update", json!({})).await,
            "chat.file_upload" => {
                let part = Part::bytes(b"words".to_vec()).file_name("a.txt");
                let upload = bob.request(Method::POST, "/api/v1/files/?process=false").multipart(Form::new().part("file", part));
                Answer::of(upload).await
            }
            "chat.web_upload" => bob.post("/api/v1/retrieval/process/web", json!({"url": "http://127.0.0.1:9/"})).await,
            "chat.tts" => bob.post("/openai/audio/speech", json!({"model": GPT, "input": "hi"})).await,
            "chat.stt" => bob.post("/openai/audio/transcriptions", json!({"model": GPT})).await,
            "features.image_generation" => bob.post("/openai/images/generations", json!({"model": GPT, "prompt": "a kiln"})).await,
            "features.api_keys" => bob.post("/api/v1/auths/api_key", json!({})).await,
            "features.direct_tool_servers" => bob.post(complete, with("tool_servers", json!([{"url": "http://x"}]))).await,
            "features.web_search" => bob.post(complete, with("features", json!({"web_search": true}))).await,
            "features.code_interpreter" => bob.post(complete, with("features", json!({"code_interpreter": true}))).await,
            "features.memories" => bob.post(complete, with("features", json!({"memory": true}))).await,
            // Clients send all settings that they know, so those that are not permitted are left as they are.
            "features.webhooks" => return Some(!self.keeps("/notifications/webhook_url", "http://x").await),
            "settings.interface" => return Some(!self.keeps("/ui/chatBubble", "on").await),
            _ => return None,
        };
        let is_refusal = matches!(answer.status, 401 | 403);
        assert!(is_refusal || answer.status != 422, "{leaf}: the test's own call is wrong: {}", answer.body);
        Some(is_refusal)
    }

    /// Whether a setting of Bob's client is kept; `path` has two parts.
    async fn keeps(&self, path: &str, value: &str) -> bool {
        let (outer, inner) = path.trim_start_matches('/').split_once('/').unwrap();
        let answer = self.gateway.bob.post("/api/v1/users/user/settings/update", json!({outer: {inner: value}})).await.ok();
        assert_eq!(answer, self.gateway.bob.get("/api/v1/users/user/settings").await.ok());
        answer.pointer(path) == Some(&json!(value))
    }
}

#[actix_web::test]
async fn every_permission_of_the_tree_refuses_something_or_has_no_route_yet() {
    let mut scene = Scene::new().await;
    let tree = scene.gateway.admin.get("/api/v1/users/default/permissions/defaults").await.ok();
    let leaves = tree
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(section, switches)| switches.as_object().unwrap().keys().map(move |name| format!("{section}.{name}")));
    let leaves: Vec<String> = leaves.collect();
    let routes = transom_api::routes();
    for (leaf, _) in NO_ROUTE_YET {
        assert!(leaves.contains(&leaf.to_owned()), "{leaf} is no permission of the tree");
    }
    for leaf in &leaves {
        let missing = NO_ROUTE_YET.iter().find(|(known, _)| known == leaf).map(|(_, below)| *below);
        scene.all_but(leaf).await;
        let refused = scene.is_refused(leaf).await;
        match (refused, missing) {
            (Some(refused), None) => assert!(refused, "{leaf} is off, and refuses nothing"),
            (None, Some(below)) => {
                let route = routes.iter().find(|(_, path)| path.starts_with(below));
                assert!(route.is_none(), "{leaf}: there is a route now, {route:?}, and nothing here that it refuses");
                continue;
            }
            (None, None) => panic!("{leaf}: nothing says what it refuses"),
            (Some(_), Some(_)) => panic!("{leaf} is enforced, and need not be excused"),
        }
        scene.all_but("").await;
        assert_eq!(scene.is_refused(leaf).await, Some(false), "{leaf} is on, and it is refused all the same");
    }
}

#[actix_web::test]
async fn the_permissions_of_a_chat_hold_on_every_road_to_a_model() {
    let scene = Scene::new().await;
    let bob = &scene.gateway.bob;
    scene.gateway.grant_bob("llama3.1:latest").await;
    let roads = [
        ("/api/chat/completions", GPT),
        ("/api/v1/chat/completions", GPT),
        ("/openai/chat/completions", GPT),
        ("/openai/responses", GPT),
        ("/openai/completions", GPT),
        ("/ollama/api/chat", "llama3.1"),
        ("/ollama/api/generate", "llama3.1"),
        ("/ollama/v1/chat/completions", "llama3.1"),
    ];
    for (leaf, members) in [
        ("chat.params", json!({"temperature": 1})),
        ("chat.controls", json!({"options": {"num_ctx": 64}})),
        ("chat.system_prompt", json!({"messages": [{"role": "system", "content": "be kind"}]})),
        ("chat.system_prompt", json!({"system": "be kind"})),
        ("chat.system_prompt", json!({"instructions": "be kind"})),
    ] {
        for (path, model) in roads {
            let mut call = chat(model);
            call.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            scene.all_but(leaf).await;
            scene.gateway.upstream.forget();
            bob.post(path, call.clone()).await.refused(403);
            assert!(scene.gateway.upstream.requests().is_empty(), "{leaf}: {path}");
            scene.all_but("").await;
            assert_ne!(bob.post(path, call.clone()).await.status, 403, "{leaf}: {path}");
            scene.all_but(leaf).await;
            assert_ne!(scene.gateway.admin.post(path, call).await.status, 403, "{leaf}: administrators are not bound: {path}");
        }
    }
}

#[actix_web::test]
async fn a_form_needs_the_permission_of_its_endpoint_too() {
    let scene = Scene::new().await;
    for (leaf, path) in [
        ("chat.stt", "/openai/audio/transcriptions"),
        ("chat.stt", "/openai/audio/translations"),
        ("features.image_generation", "/openai/images/edits"),
    ] {
        let send = async || {
            let file = Part::bytes(b"bytes".to_vec()).file_name("a.bin");
            let form = Form::new().text("model", GPT).part("file", file);
            Answer::of(scene.gateway.bob.request(Method::POST, path).multipart(form)).await
        };
        scene.all_but(leaf).await;
        scene.gateway.upstream.forget();
        send().await.refused(403);
        assert!(scene.gateway.upstream.requests().is_empty(), "{path}");
        scene.all_but("").await;
        assert_ne!(send().await.status, 403, "{path}");
    }
}

#[actix_web::test]
async fn who_may_not_share_may_still_take_grants_back() {
    let scene = Scene::new().await;
    let bob = &scene.gateway.bob;
    scene.all_but("").await;
    let grants = json!([read("user", "*"), read("group", &scene.group)]);
    let made = bob.post("/api/v1/knowledge/create", json!({"name": "C", "description": "", "access_grants": grants})).await.ok();
    let path = format!("/api/v1/knowledge/{}/access/update", made["id"].as_str().unwrap());
    scene.all_but("sharing.knowledge").await;
    let with_one_more = json!([read("user", "*"), read("group", &scene.group), read("user", &scene.gateway.bob_id)]);
    bob.post(&path, json!({"access_grants": with_one_more})).await.refused(403);
    bob.post(&path, json!({"access_grants": [read("user", "*")]})).await.ok();
    bob.post(&path, json!({"access_grants": []})).await.ok();
    bob.post(&path, json!({"access_grants": [read("user", "*")]})).await.refused(403);
}
