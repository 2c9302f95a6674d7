//! What connections offer: the lists as they last came, and which connection answers for a model.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use transom_llm::UpstreamModel;

use super::{Connection, Kind};

/// What one connection offered when it last answered.
#[derive(Default)]
pub(super) struct Offer {
    models: Vec<UpstreamModel>,
    answered_at: Option<Instant>,
    /// Why it did not answer the last time.
    pub failure: Option<String>,
}

impl Offer {
    /// Whether the connection was asked and answered the last time.
    pub fn answers(&self) -> bool {
        self.answered_at.is_some() && self.failure.is_none()
    }

    /// Whether it has ever answered.
    pub fn has_answered(&self) -> bool {
        self.answered_at.is_some()
    }

    /// The models.
    pub fn models(&self) -> &[UpstreamModel] {
        &self.models
    }

    /// Takes an answer in. One that fails keeps the last offer for `keep`, so that a hiccup takes no model away.
    /// A connection that is `presumed` may be missing without a warning.
    pub fn take(&mut self, answer: Result<Vec<UpstreamModel>, String>, keep: Duration, presumed: bool) {
        match answer {
            Ok(models) => {
                if self.failure.take().is_some() {
                    tracing::info!("an upstream answers again");
                }
                self.models = models;
                self.answered_at = Some(Instant::now());
            }
            Err(reason) => {
                if presumed && self.answered_at.is_none() {
                    tracing::debug!(%reason, "nothing answers at an address that nobody configured");
                } else if self.failure.as_ref() != Some(&reason) {
                    tracing::warn!(%reason, "an upstream does not list its models");
                }
                if self.answered_at.is_none_or(|at| at.elapsed() > keep) {
                    self.models.clear();
                }
                self.failure = Some(reason);
            }
        }
    }
}

/// A model of one connection.
#[derive(Clone)]
pub struct Offering {
    /// The connection.
    pub connection: Connection,
    /// The model as the connection lists it; its id is the one that the upstream is asked with.
    pub model: UpstreamModel,
}

impl Offering {
    /// Which API the model is offered through.
    pub fn kind(&self) -> Kind {
        self.connection.kind
    }
}

/// Where a model is to be had: every connection that offers one of this id.
pub struct Upstream {
    /// In the order of the connections; never empty.
    offerings: Vec<Offering>,
    /// The one that lists show.
    shown: usize,
    next: AtomicUsize,
}

impl Upstream {
    pub(super) fn new(first: Offering) -> Self {
        Self { offerings: vec![first], shown: 0, next: AtomicUsize::new(0) }
    }

    pub(super) fn add(&mut self, another: Offering) {
        self.offerings.push(another);
    }

    /// Decides which offering lists show: the one that a call would go to.
    pub(super) fn settle(&mut self) {
        self.shown = self.preferred(None).unwrap_or(0);
    }

    /// All of them, in the order of the connections.
    pub fn offerings(&self) -> &[Offering] {
        &self.offerings
    }

    /// The one that lists show.
    pub fn shown(&self) -> &Offering {
        &self.offerings[self.shown]
    }

    /// Those of one kind of upstream.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Offering> {
        self.offerings.iter().filter(move |offering| offering.kind() == kind)
    }

    /// Whether a connection of this kind offers it; of any kind for `None`.
    pub fn has(&self, kind: Option<Kind>) -> bool {
        kind.is_none_or(|kind| self.of(kind).next().is_some())
    }

    /// Whether functions alone answer for it.
    pub(super) fn is_a_functions(&self) -> bool {
        self.offerings.iter().all(|offering| offering.kind() == Kind::Function)
    }

    /// The first offering of this kind that can be reached, or the first where none can.
    fn preferred(&self, kind: Option<Kind>) -> Option<usize> {
        let fits = |offering: &Offering| kind.is_none_or(|kind| offering.kind() == kind);
        let reachable = self.offerings.iter().position(|offering| fits(offering) && offering.connection.is_reachable());
        reachable.or_else(|| self.offerings.iter().position(fits))
    }

    /// The offering whose turn it is: Ollamas with the same model take turns, as far as they can be reached.
    fn turn(&self, preferred: usize) -> usize {
        if self.offerings[preferred].kind() != Kind::Ollama {
            return preferred;
        }
        let reachable = self.offerings[preferred].connection.is_reachable();
        let fits = |offering: &Offering| offering.kind() == Kind::Ollama && offering.connection.is_reachable() == reachable;
        let places = || self.offerings.iter().enumerate().filter(|(_, offering)| fits(offering)).map(|(place, _)| place);
        match places().count() {
            0 | 1 => preferred,
            several => places().nth(self.next.fetch_add(1, Ordering::Relaxed) % several).unwrap_or(preferred),
        }
    }
}

/// Which offering answers one call. Decided once: what the call has been told of one connection must not meet another. A copy keeps a
/// decision that was made before it was copied.
#[derive(Clone)]
pub(super) struct Choice {
    preferred: usize,
    chosen: OnceLock<usize>,
}

impl Choice {
    /// Among the offerings of this kind; `None` where there are none.
    pub fn among(upstream: &Upstream, kind: Option<Kind>) -> Option<Self> {
        Some(Self { preferred: upstream.preferred(kind)?, chosen: OnceLock::new() })
    }

    /// The offering that would answer if it were not for turns.
    pub fn preferred<'u>(&self, upstream: &'u Upstream) -> &'u Offering {
        &upstream.offerings[self.preferred]
    }

    /// The offering that answers.
    pub fn offering<'u>(&self, upstream: &'u Upstream) -> &'u Offering {
        &upstream.offerings[*self.chosen.get_or_init(|| upstream.turn(self.preferred))]
    }
}
