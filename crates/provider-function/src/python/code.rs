//! The code of a Python function, and the worker that runs it while there is something to run.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use serde_json::{Map, Value};
use transom_llm::{FunctionAbout, FunctionError};

use super::House;
use super::environment::own_packages;
use super::protocol::{Bounds, Op};
use super::worker::{Worker, lock};

/// A function's code. Dropping it ends its worker.
pub(super) struct Code {
    pub id: String,
    source: String,
    pub house: Arc<House>,
    about: Mutex<Option<Arc<FunctionAbout>>>,
    valves: Mutex<Map<String, Value>>,
    slot: Arc<Slot>,
}

/// Where the running worker is.
#[derive(Default)]
struct Slot {
    worker: Mutex<Option<Arc<Worker>>>,
    /// Held while one is started, so that two calls do not start two.
    starting: tokio::sync::Mutex<()>,
}

impl Slot {
    /// The worker that takes calls; one that takes none any more is let go, and ends with the calls that it has.
    fn running(&self) -> Option<Arc<Worker>> {
        let mut slot = lock(&self.worker);
        if slot.as_ref().is_some_and(|worker| !worker.takes_calls()) {
            *slot = None;
        }
        slot.clone()
    }
}

impl Code {
    pub fn new(id: &str, source: &str, house: Arc<House>) -> Self {
        let (about, valves, slot) = Default::default();
        Self { id: id.to_owned(), source: source.to_owned(), house, about, valves, slot }
    }

    /// What it says of itself, where it was ever loaded.
    pub fn known(&self) -> Option<Arc<FunctionAbout>> {
        lock(&self.about).clone()
    }

    /// The worker, started where none runs that takes calls.
    pub async fn worker(self: &Arc<Self>) -> Result<Arc<Worker>, FunctionError> {
        if let Some(worker) = self.slot.running() {
            return Ok(worker);
        }
        // A task of its own: a client that does not wait for code that loads slowly does not end it for those who come after.
        let code = self.clone();
        let started = tokio::spawn(async move { code.started().await }).await;
        started.unwrap_or_else(|error| Err(FunctionError::Unavailable(format!("the function's process cannot be started: {error}"))))
    }

    async fn started(&self) -> Result<Arc<Worker>, FunctionError> {
        let _starting = self.slot.starting.lock().await;
        if let Some(worker) = self.slot.running() {
            return Ok(worker);
        }
        // Before the worker, which is shown what is there when it starts.
        let path = self.own_packages().await?;
        let worker = Arc::new(self.start().await?);
        let valves = lock(&self.valves).clone();
        let op = Op::Load {
            function: &self.id,
            source: &self.source,
            valves: &valves,
            limits: Bounds::from(&self.house.config.limits),
            path: path.iter().filter_map(|path| path.to_str()).collect(),
        };
        let about = worker
            .call(op, None, self.house.config.patience)
            .end()
            .await
            .map_err(|failure| FunctionError::Code { reason: self.explained(failure.words), line: failure.line })?;
        let about = serde_json::from_slice::<FunctionAbout>(&about)
            .map_err(|error| FunctionError::Code { reason: format!("what it says of itself cannot be read: {error}"), line: None })?;
        *lock(&self.about) = Some(Arc::new(about));
        *lock(&self.slot.worker) = Some(worker.clone());
        let newest = lock(&self.valves).clone();
        if newest != valves {
            // They were set while the code was loaded.
            worker.tell(Op::Valves { values: &newest });
        }
        tokio::spawn(stop_when_idle(Arc::downgrade(&self.slot), Arc::downgrade(&worker), self.house.config.idle));
        Ok(worker)
    }

    async fn start(&self) -> Result<Worker, FunctionError> {
        let house = &self.house;
        let ready = house.environment.ready(&house.config).await.map_err(FunctionError::Unavailable)?;
        let folder = house.folder_of(&self.id);
        let started = async {
            tokio::fs::create_dir_all(folder.join("work")).await?;
            tokio::fs::create_dir_all(folder.join("tmp")).await?;
            house.tell_protection();
            Worker::start(&house.config, &ready, &folder)
        };
        started.await.map_err(|error| {
            tracing::error!(function = self.id, %error, "a function's process cannot be started");
            FunctionError::Unavailable("the function's process cannot be started; the server's log says why".to_owned())
        })
    }

    /// Where the packages are that the front matter requires.
    async fn own_packages(&self) -> Result<Option<PathBuf>, FunctionError> {
        let config = &self.house.config;
        let Some(requirements) = requirements(&self.source).filter(|_| config.requirements) else { return Ok(None) };
        let ready = self.house.environment.ready(config).await.map_err(FunctionError::Unavailable)?;
        let installed = own_packages(config, &ready, &self.house.folder_of(&self.id), &requirements).await;
        installed.map_err(|reason| FunctionError::Code { reason, line: None })
    }

    /// Says what may help where a package is missing.
    fn explained(&self, words: String) -> String {
        let missing = words.starts_with("No module named") && requirements(&self.source).is_some() && !self.house.config.requirements;
        if missing {
            return format!(
                "{words}; the function's requirements are installed only where ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS is on"
            );
        }
        words
    }

    /// Sets the administrator's values, in the running worker too.
    pub fn set_valves(&self, values: Map<String, Value>) {
        *lock(&self.valves) = values.clone();
        if let Some(worker) = self.slot.running() {
            worker.tell(Op::Valves { values: &values });
        }
    }

    /// Ends the worker at once.
    pub fn stop(&self) {
        if let Some(worker) = lock(&self.slot.worker).take() {
            worker.kill("the function was switched off");
        }
    }
}

/// The `requirements:` of a function's front matter.
fn requirements(source: &str) -> Option<String> {
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| source.trim_start().starts_with(quotes))?;
    let front = source.trim_start()[3..].split(quotes).next()?;
    let named = front.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim() == "requirements")?;
    Some(named.1.trim().to_owned()).filter(|requirements| !requirements.is_empty())
}

/// Lets a worker go that nobody has called for a while.
async fn stop_when_idle(slot: Weak<Slot>, worker: Weak<Worker>, idle: Duration) {
    let mut wait = idle;
    loop {
        tokio::time::sleep(wait).await;
        let (Some(slot), Some(worker)) = (slot.upgrade(), worker.upgrade()) else { return };
        if !worker.takes_calls() {
            return;
        }
        wait = idle;
        let Some(since) = worker.idle_since() else { continue };
        if since.elapsed() < idle {
            wait = idle - since.elapsed();
            continue;
        }
        let mut place = lock(&slot.worker);
        if place.as_ref().is_some_and(|held| Arc::ptr_eq(held, &worker)) {
            *place = None;
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_from_the_front_matter_alone() {
        let source = "\"\"\"\ntitle: A\nrequirements: httpx, tiktoken==0.9\n\"\"\"\nrequirements: no\n";
        assert_eq!(requirements(source).as_deref(), Some("httpx, tiktoken==0.9"));
        assert_eq!(requirements("x = 1\nrequirements: no\n"), None);
        assert_eq!(requirements("\"\"\"\ntitle: A\n\"\"\"\nrequirements: no\n"), None);
        assert_eq!(requirements("\"\"\"\nrequirements:\n\"\"\""), None);
    }
}
