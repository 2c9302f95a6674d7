//! Names become addresses, and every address is judged.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::error::Closed;

/// Says whether an address may be asked.
pub(crate) type Judge = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Resolves through another resolver and gives back nothing unless everything it found may be asked.
/// The client connects to what this gives back and to nothing else, so what was judged cannot differ from what is used.
pub(crate) struct Judged {
    pub(crate) inner: Arc<dyn Resolve>,
    pub(crate) judge: Judge,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, judge) = (self.inner.resolve(name), self.judge.clone());
        Box::pin(async move {
            let found: Vec<SocketAddr> = found.await?.collect();
            // One closed address is enough: a name that has a public one beside it is a trick, or a mistake.
            if !found.iter().all(|address| judge(address.ip())) {
                return Err(Closed.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The system's resolver.
pub(crate) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}
