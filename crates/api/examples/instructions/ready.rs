//! A house whose one upstream has its answers ready.

use std::sync::Arc;

use actix_web::web::Data;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use transom_app::accounts::{Accounts, AccountsConfig, NewAccount, Session};
use transom_app::chat::Chat;
use transom_app::files::{Files, FilesConfig};
use transom_app::functions::Functions;
use transom_app::groups::Groups;
use transom_app::intake::Intake;
use transom_app::jobs::Signals;
use transom_app::knowledge::KnowledgeBases;
use transom_app::models::{Connection, Kind, Models, ModelsConfig};
use transom_app::retrieval::{Retrieval, RetrievalSettings};
use transom_app::status::{Folders, Status};
use transom_app::{About, App};
use transom_auth::Secret;
use transom_domain::{Grant, Permission, Principal};
use transom_index::Index;
use transom_ingest::InProcess;
use transom_llm::{Body, ChatAnswer, ChatModel, ChatRequest, LlmError, UpstreamModel};
use transom_provider_openai::until_its_end;
use transom_store::{NewModelRecord, Store, StoreConfig};
use transom_testkit::BagOfWords;
use transom_vector::MemoryStore;

/// Models of the upstream.
const MODELS: usize = 500;
/// The one that is asked.
pub const MODEL: &str = "model-0250";
/// A call of ordinary length.
pub const CHAT: &[u8] = br#"{"model":"model-0250","stream":false,"temperature":0.7,"messages":[{"role":"system","content":"You are a patient assistant. Answer in plain words and say where you are not sure."},{"role":"user","content":"Why is the sky blue at noon and red in the evening, and why is it never green?"}]}"#;

const WHOLE: Bytes = Bytes::from_static(
    br#"{"id":"c","object":"chat.completion","created":1,"model":"model-0250","choices":[{"index":0,"message":{"role":"assistant","content":"Because of the air."},"finish_reason":"stop"}]}"#,
);
const CHUNK: Bytes = Bytes::from_static(
    b"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"model-0250\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"},\"finish_reason\":null}]}\n\n",
);
const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// Everything behind the API, with an administrator's key. The account has been asked for once, so it is remembered.
pub struct House {
    pub app: Data<App>,
    pub key: String,
}

impl House {
    pub async fn build() -> Self {
        let store = Store::open(&StoreConfig { url: "sqlite::memory:".into(), pool_size: 1 }).await.unwrap();
        let secret = Secret::new("a secret of the count, 0123456789abcdef");
        let accounts = Accounts::open(store.clone(), &secret, AccountsConfig::default()).await.unwrap();
        let session = account(&accounts).await;
        let admin = session.caller.clone();
        let key = accounts.create_api_key(&session).await.unwrap();
        accounts.authenticate(&key, "/api/chat/completions").await.unwrap();
        for place in 0..MODELS {
            store.create_model_record(&admin, granted(place)).await.unwrap();
        }
        let upstream = Connection::without_api(Kind::OpenAi, 0, Arc::new(Ready));
        let models = Models::with_records(ModelsConfig::default(), vec![upstream], store.clone());
        models.refresh().await.unwrap();
        let files = Files::new(store.clone(), Arc::new(object_store::memory::InMemory::new()), Signals::default(), FilesConfig::default());
        let index = Index::new(Arc::new(MemoryStore::new()), Arc::new(BagOfWords::new("count")));
        let retrieval = Retrieval::new(store.clone(), files.clone(), index, RetrievalSettings::default());
        let knowledge = KnowledgeBases::new(store.clone(), files.clone());
        let fetcher = transom_fetch::Fetcher::new(transom_fetch::FetchSettings::default()).unwrap();
        let app = App {
            intake: Intake::new(files.clone(), knowledge.clone(), fetcher.clone(), Arc::new(InProcess::default())),
            about: About { name: "Transom".into(), version: "0".into() },
            groups: Groups::new(&accounts),
            chat: Chat::new(models.clone()).with_documents(retrieval.clone()),
            status: Status::new(store.clone(), Folders::default()),
            functions: Functions::new(store, models.clone(), &secret, None, Some(fetcher)).unwrap(),
            knowledge,
            models,
            retrieval,
            files,
            accounts,
        };
        Self { app: Data::new(app), key }
    }
}

async fn account(accounts: &Accounts) -> Arc<Session> {
    let new =
        NewAccount { name: "Ada".into(), email: "ada@example.com".into(), password: "Passw0rd!".into(), profile_image_url: String::new() };
    let token = accounts.sign_up(new, None).await.unwrap().token;
    accounts.authenticate(&token, "/").await.unwrap()
}

/// A record that lets everybody use a model.
fn granted(place: usize) -> NewModelRecord {
    NewModelRecord {
        id: name(place).into(),
        base_model_id: None,
        name: name(place),
        params: serde_json::Map::new(),
        meta: serde_json::Map::new(),
        access_grants: Some(vec![Grant { principal: Principal::User(Grant::EVERYONE.into()), permission: Permission::Read }]),
        is_active: true,
    }
}

fn name(place: usize) -> String {
    format!("model-{place:04}")
}

struct Ready;

#[async_trait]
impl ChatModel for Ready {
    fn name(&self) -> &str {
        "ready"
    }

    async fn models(&self) -> Result<Vec<UpstreamModel>, LlmError> {
        let model = |id: String| UpstreamModel { name: id.clone(), owned_by: "openai", created: 0, raw: json!({ "id": id }), id };
        Ok((0..MODELS).map(name).map(model).collect())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatAnswer, LlmError> {
        if !request.stream {
            return Ok(ChatAnswer::Whole(WHOLE));
        }
        let pieces = request.body.get::<usize>("max_tokens").ok().flatten().unwrap_or_default();
        let bytes = stream::iter(std::iter::repeat_n(CHUNK, pieces)).chain(stream::iter([DONE])).map(Ok);
        Ok(ChatAnswer::Sse(until_its_end(Box::pin(bytes), "ready")))
    }

    async fn embeddings(&self, _request: Body) -> Result<Bytes, LlmError> {
        Ok(WHOLE)
    }
}
