//! Asking the upstreams for their models, and making the catalogue of what they say.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::catalogue::Catalogue;
use super::{Kind, Models};
use crate::Error;

impl Models {
    /// The snapshot; asked for first where there is none, and behind this request where it is old.
    pub(super) async fn current(&self) -> Result<Arc<Catalogue>, Error> {
        let Some(age) = self.age() else {
            self.recheck().await?;
            return Ok(self.inner.catalogue.load_full());
        };
        if age > self.inner.config.max_age && !self.inner.refreshing.swap(true, Ordering::AcqRel) {
            let models = self.clone();
            tokio::spawn(async move {
                if let Err(error) = models.refresh().await {
                    tracing::warn!(%error, "the model catalogue could not be refreshed");
                }
                models.inner.refreshing.store(false, Ordering::Release);
            });
        }
        Ok(self.inner.catalogue.load_full())
    }

    /// How long ago all upstreams were asked; `None` before the first time.
    fn age(&self) -> Option<Duration> {
        let asked_at = self.inner.asked_at.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.inner.born.elapsed().saturating_sub(Duration::from_millis(asked_at)))
    }

    /// Asks every upstream what it offers, side by side. Waits for all of them, but no longer than [`super::ModelsConfig::patience`]:
    /// slower ones join the catalogue behind the caller's back.
    pub async fn refresh(&self) -> Result<(), Error> {
        let asked = Instant::now();
        let all = (0..self.inner.connections.len()).collect();
        // A task of its own: a caller that leaves does not take the answers from those who wait beside it.
        tokio::spawn(self.clone().ask(all, asked)).await.map_err(Error::internal)??;
        let millis = u64::try_from(asked.saturating_duration_since(self.inner.born).as_millis()).unwrap_or(u64::MAX - 1);
        self.inner.asked_at.fetch_max(millis + 1, Ordering::AcqRel);
        Ok(())
    }

    /// Asks one upstream again, after something changed there.
    pub(crate) async fn refresh_one(&self, kind: Kind, index: usize) -> Result<(), Error> {
        let asked = Instant::now();
        let mut connections = self.inner.connections.iter();
        let place = connections.position(|connection| (connection.kind, connection.index) == (kind, index));
        tokio::spawn(self.clone().ask(place.into_iter().collect(), asked)).await.map_err(Error::internal)?
    }

    /// Asks the upstreams for an id that nobody knows, unless they were asked just now. Those who come meanwhile share the answer.
    pub(super) async fn recheck(&self) -> Result<(), Error> {
        let came = Instant::now();
        let mut ended = self.inner.rechecking.lock().await;
        let recent = |age: Duration| age < self.inner.config.recheck;
        if ended.is_some_and(|ended| ended >= came || recent(ended.elapsed())) || self.age().is_some_and(recent) {
            return Ok(());
        }
        self.refresh().await?;
        *ended = Some(Instant::now());
        Ok(())
    }

    /// Whether a connection of this kind, or of any, did not answer when it was last asked for its models, or has not answered yet.
    pub(super) async fn is_somebody_silent(&self, kind: Option<Kind>) -> bool {
        let offers = self.inner.offers.lock().await;
        self.inner.connections.iter().zip(offers.iter()).any(|(connection, offer)| {
            let may_have_it = connection.kind != Kind::Function && !connection.is_listed_by_settings();
            let expected = !connection.settings.presumed || offer.has_answered();
            kind.is_none_or(|kind| connection.kind == kind) && may_have_it && expected && !offer.answers()
        })
    }

    async fn ask(self, places: Vec<usize>, since: Instant) -> Result<(), Error> {
        let mut answers: FuturesUnordered<_> = places.into_iter().map(|place| self.clone().ask_one(place, since)).collect();
        let mut patience = std::pin::pin!(tokio::time::sleep(self.inner.config.patience));
        loop {
            tokio::select! {
                answer = answers.next() => match answer {
                    Some(taken) => taken?,
                    None => return Ok(()),
                },
                () = &mut patience => break,
            }
        }
        tokio::spawn(async move {
            while let Some(taken) = answers.next().await {
                if let Err(error) = taken {
                    tracing::warn!(%error, "the models of a slow upstream could not be added");
                }
            }
        });
        Ok(())
    }

    /// Asks one connection, unless somebody began to ask it after `since`, and publishes its answer.
    async fn ask_one(self, place: usize, since: Instant) -> Result<(), Error> {
        let mut last = self.inner.asking[place].clone().lock_owned().await;
        if last.is_some_and(|began| began >= since) {
            return Ok(());
        }
        let began = Instant::now();
        let (connection, limit) = (&self.inner.connections[place], self.inner.config.list_timeout);
        let answer = match tokio::time::timeout(limit, connection.list()).await {
            Ok(Ok(models)) => Ok(models),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("{} did not list its models within {limit:?}", connection.models.name())),
        };
        connection.set_reachable(answer.is_ok());
        self.inner.offers.lock().await[place].take(answer, self.inner.config.keep_unanswered, connection.settings.presumed);
        *last = Some(began);
        self.publish().await
    }

    /// Shows a change of records at once, over what the upstreams offered last.
    pub(super) async fn records_changed(&self) -> Result<(), Error> {
        self.publish().await
    }

    /// Shows a change of functions at once.
    pub(crate) async fn functions_changed(&self) -> Result<(), Error> {
        self.publish().await
    }

    /// Makes the catalogue anew.
    async fn publish(&self) -> Result<(), Error> {
        let mut offers = self.inner.offers.lock().await;
        let records = match &self.inner.store {
            Some(store) => store.model_records().await?,
            None => Vec::new(),
        };
        for (connection, offer) in self.inner.connections.iter().zip(offers.iter_mut()) {
            if connection.kind == Kind::Function {
                // What runs is known here and now; an answer that was on its way while it changed would bring back what is gone.
                offer.take(Ok(self.inner.functions.offers()), self.inner.config.keep_unanswered, false);
            }
        }
        let catalogue = Catalogue::build(&self.inner.connections, &offers, records, &self.inner.functions);
        self.inner.catalogue.store(Arc::new(catalogue));
        Ok(())
    }
}
