//! The scripted upstream as a stage of the suite that every chat model passes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use transom_llm::ChatModel;
use transom_llm::testkit::suite::{Scene, Stage};

use crate::{ClosedPort, Script, Upstream};

/// Makes an adapter for an upstream's address (without a path) that waits no longer than the duration.
type Make = Box<dyn Fn(&str, Duration) -> Arc<dyn ChatModel> + Send + Sync>;

/// An upstream, and how an adapter is made for it.
pub struct UpstreamStage {
    upstream: Upstream,
    closed: ClosedPort,
    make: Make,
}

impl UpstreamStage {
    /// Starts an upstream. `make` gets its address without a path, and how long the adapter is to wait.
    pub async fn new(make: impl Fn(&str, Duration) -> Arc<dyn ChatModel> + Send + Sync + 'static) -> Self {
        Self { upstream: Upstream::start().await, closed: ClosedPort::start(), make: Box::new(make) }
    }
}

#[async_trait]
impl Stage for UpstreamStage {
    fn play(&self, scene: Scene) {
        self.upstream.script(match scene {
            Scene::Says(pieces) => Script::says(&pieces),
            Scene::Refuses(status, words) => Script::refuses(status, words),
            Scene::Breaks(pieces) => Script::says(&pieces).then_breaks(),
            Scene::StopsShort(pieces) => Script::says(&pieces).then_stops_short(),
            Scene::Hangs(pieces) if pieces.is_empty() => Script::hangs(),
            Scene::Hangs(pieces) => Script::says(&pieces).then_hangs(),
        });
    }

    fn model(&self) -> Arc<dyn ChatModel> {
        (self.make)(self.upstream.base_url(), Duration::from_secs(60))
    }

    fn impatient_model(&self) -> Arc<dyn ChatModel> {
        // Long enough for a first piece over the loopback on a busy machine.
        (self.make)(self.upstream.base_url(), Duration::from_secs(1))
    }

    fn model_of_a_dead_upstream(&self) -> Arc<dyn ChatModel> {
        (self.make)(&self.closed.base_url(), Duration::from_secs(60))
    }

    fn last_body(&self) -> Value {
        self.upstream.requests().last().map(|request| request.body.clone()).unwrap_or_default()
    }

    async fn called(&self) {
        self.upstream.calls(1).await;
    }

    async fn client_left(&self) {
        self.upstream.clients_left(1).await;
    }
}
