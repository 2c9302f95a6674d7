//! What functions are told of a call, and the filters around it.
//!
//! A call that no function sees never comes here.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use transom_domain::{Caller, User};
use transom_llm::{Body, CallContext, ChatEvent, EventReceiver, EventSink, LlmError, RequestHead, StreamFilter, json as text};

use super::host::CallHost;
use super::{Asked, Chat};
use crate::Error;
use crate::functions::Running;
use crate::models::Resolved;

/// Events of filters that wait for a stream to carry them, at most.
const WAITING_EVENTS: usize = 256;

/// What a request says of its conversation, and how functions are told it.
const METADATA: [(&str, &str); 12] = [
    ("chat_id", "chat_id"),
    ("session_id", "session_id"),
    ("id", "message_id"),
    ("message_id", "message_id"),
    ("parent_id", "parent_id"),
    ("filter_ids", "filter_ids"),
    ("tool_ids", "tool_ids"),
    ("files", "files"),
    ("features", "features"),
    ("variables", "variables"),
    ("params", "params"),
    ("user_message", "user_message"),
];

/// The functions around one call.
pub(super) struct Around {
    filters: Vec<Arc<Running>>,
    context: Arc<CallContext>,
    events: EventReceiver,
}

impl Chat {
    /// The filters that look at this call, in order. Where there is none at all, nothing of the request is read.
    pub(super) fn filters_of(&self, body: &Body, resolved: &Resolved) -> Result<Vec<Arc<Running>>, Error> {
        let active = self.models.functions().active();
        if active.filters.is_empty() {
            return Ok(Vec::new());
        }
        let asked_for: HashSet<String> = body.get::<Vec<String>>("filter_ids")?.unwrap_or_default().into_iter().collect();
        Ok(active.filters_of(resolved.entry.record.as_deref(), &asked_for))
    }
}

impl Around {
    /// Gathers what functions may know of a call. Files that the caller may not see refuse it.
    pub async fn gather(
        chat: &Chat,
        asked: &Asked<'_>,
        head: RequestHead,
        resolved: &Resolved,
        body: &Body,
        filters: Vec<Arc<Running>>,
    ) -> Result<Self, Error> {
        let (files, metadata) = text::off_thread(body.size(), {
            let body = body.clone();
            move || Ok::<_, Error>((body.get::<Vec<Value>>("files")?.unwrap_or_default(), metadata(&body)?))
        })
        .await?;
        if !files.is_empty() {
            chat.documents()?.resolve(asked.caller, &files).await?;
        }
        let user = match chat.models.store() {
            Some(store) => store.user(&asked.caller.id).await?,
            None => None,
        };
        let (sink, events) = EventSink::new(WAITING_EVENTS);
        let host = CallHost::new(chat.clone(), asked.caller.clone(), head.clone(), asked.depth);
        let settings = user.as_ref().and_then(|user| user.settings.as_ref());
        let context = CallContext {
            user_valves: chat.models.functions().user_valves(&asked.caller.id, settings),
            user: user.as_ref().map(|user| known(user, asked.caller)).unwrap_or_default(),
            metadata,
            model: serde_json::from_slice(resolved.entry.json()).map_err(Error::internal)?,
            files,
            sources: Vec::new(),
            request: head,
            host: Arc::new(host),
            events: sink,
        };
        Ok(Self { filters, context: Arc::new(context), events })
    }

    /// Puts the request through the inlets: what the last one gives back is the request.
    /// What a filter notes in the metadata is there for those after it, for a pipe and for the stream.
    pub async fn inlets(&mut self, mut body: Body) -> Result<Body, Error> {
        let own_metadata = body.get::<Value>("metadata")?;
        let told = self.filters.iter().any(|filter| filter.about.inlet);
        if told {
            body.set("metadata", &self.context.metadata);
        }
        for filter in self.filters.iter().filter(|filter| filter.about.inlet) {
            body = filter.function.inlet(body, &self.context).await.map_err(refused)?;
            let noted = body.get::<Map<String, Value>>("metadata").ok().flatten();
            if let Some(metadata) = noted.filter(|noted| *noted != self.context.metadata) {
                self.context = Arc::new(CallContext { metadata, ..(*self.context).clone() });
            }
        }
        if told {
            // What we told the filters is not the upstream's to know; what the client said there is.
            body.remove("metadata");
            own_metadata.inspect(|own| body.set("metadata", own));
        }
        if self.filters.iter().any(|filter| filter.about.file_handler) {
            body.remove("files");
        }
        Ok(body)
    }

    /// Puts a finished conversation through the outlets.
    pub async fn outlets(&self, mut body: Body) -> Result<Body, Error> {
        for filter in self.filters.iter().filter(|filter| filter.about.outlet) {
            body = filter.function.outlet(body, &self.context).await.map_err(refused)?;
        }
        Ok(body)
    }

    /// What a pipe is told: the same, with the passages that were found, and the question without them.
    pub fn context(&self, sources: &[crate::retrieval::Source], question: String) -> Arc<CallContext> {
        if sources.is_empty() {
            return self.context.clone();
        }
        let mut context = (*self.context).clone();
        context.sources = sources.iter().map(|source| json!(source)).collect();
        context.metadata.insert("user_prompt".to_owned(), Value::String(question));
        Arc::new(context)
    }

    /// The passages that filters cited on the way, for a whole answer; it has no place for their other events.
    pub fn into_cited(mut self) -> Vec<Value> {
        let mut cited = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let ChatEvent::Frame(mut frame) = event
                && let Some(Value::Array(sources)) = frame.get_mut("sources").map(Value::take)
            {
                cited.extend(sources);
            }
        }
        cited
    }

    /// The filters of the answer's stream, and the events that wait for it.
    pub fn into_stream_filters(self) -> (Vec<Box<dyn StreamFilter>>, EventReceiver) {
        let looking = self.filters.iter().filter(|filter| filter.about.stream);
        (looking.filter_map(|filter| filter.function.stream(&self.context)).collect(), self.events)
    }
}

/// A filter's own refusal is the client's to read, as a mistake of the request; what else failed is not.
fn refused(error: LlmError) -> Error {
    match error {
        LlmError::Refused { status, detail, more, .. } if !(400..500).contains(&status) => Error::Refused { status: 400, detail, more },
        other => other.into(),
    }
}

fn metadata(body: &Body) -> Result<Map<String, Value>, Error> {
    let mut out = body.get::<Value>("metadata")?.and_then(|own| own.as_object().cloned()).unwrap_or_default();
    for (said, told) in METADATA {
        if let Some(value) = body.get::<Value>(said)? {
            out.insert(told.to_owned(), value);
        }
    }
    Ok(out)
}

/// An account as functions of its own calls may know it: all but what proves who it is, and its settings, which hold values for other functions.
pub(super) fn known(user: &User, caller: &Caller) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("id".to_owned(), json!(user.id));
    out.insert("name".to_owned(), json!(user.name));
    if user.id == caller.id || caller.is_admin() {
        out.insert("email".to_owned(), json!(user.email));
        out.insert("info".to_owned(), json!(user.info));
        out.insert("last_active_at".to_owned(), json!(user.last_active_at));
        out.insert("created_at".to_owned(), json!(user.created_at));
        out.insert("updated_at".to_owned(), json!(user.updated_at));
    }
    out.insert("role".to_owned(), json!(user.role));
    out.insert("profile_image_url".to_owned(), json!(format!("/api/v1/users/{}/profile/image", user.id)));
    out
}
