//! How many connections there are, in all and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::ConnectionLimits;

/// The log says no more often than this that connections are refused.
const SECONDS_BETWEEN_WARNINGS: u64 = 60;

/// Counts connections. Shared by the threads that accept them.
#[derive(Clone)]
pub(super) struct Admission(Arc<Shared>);

struct Shared {
    all: Option<usize>,
    per_address: Option<usize>,
    open: Mutex<Open>,
    warned: AtomicU64,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection that was admitted. It counts until this is dropped.
pub(super) struct Permit {
    admission: Admission,
    address: Option<IpAddr>,
}

impl Admission {
    pub(super) fn new(limits: &ConnectionLimits) -> Self {
        let shared = Shared { all: limits.all, per_address: limits.per_address, open: Mutex::default(), warned: AtomicU64::new(0) };
        Self(Arc::new(shared))
    }

    /// Admits a connection, or refuses it where there are as many as allowed.
    pub(super) fn admit(&self, address: Option<IpAddr>) -> Option<Permit> {
        let address = address.map(network);
        let refused = {
            let mut open = self.open();
            let of_address = address.and_then(|address| open.by_address.get(&address).copied()).unwrap_or(0);
            if self.0.all.is_some_and(|most| open.all >= most) {
                "in all"
            } else if self.0.per_address.is_some_and(|most| of_address >= most) {
                "from one address"
            } else {
                open.all += 1;
                if let Some(address) = address {
                    open.by_address.insert(address, of_address + 1);
                }
                return Some(Permit { admission: self.clone(), address });
            }
        };
        self.warn(refused);
        None
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, scope: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let last = self.0.warned.load(Ordering::Relaxed);
        let due = now >= last + SECONDS_BETWEEN_WARNINGS;
        if due && self.0.warned.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(scope, "connections are refused: there are as many as the limits allow");
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

/// A host usually has a whole /64 of IPv6 to itself, so that is what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(all: Option<usize>, per_address: Option<usize>) -> Admission {
        Admission::new(&ConnectionLimits { all, per_address, ..ConnectionLimits::default() })
    }

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn a_connection_above_the_limit_is_refused_until_another_ends() {
        let admission = admission(Some(2), None);
        let first = admission.admit(address("192.0.2.1"));
        let second = admission.admit(None);
        assert!(first.is_some() && second.is_some());
        assert!(admission.admit(address("192.0.2.2")).is_none());
        drop(second);
        assert!(admission.admit(address("192.0.2.2")).is_some());
    }

    #[test]
    fn one_address_cannot_take_the_connections_of_another() {
        let admission = admission(Some(10), Some(1));
        let held = admission.admit(address("192.0.2.1"));
        assert!(admission.admit(address("192.0.2.1")).is_none());
        assert!(admission.admit(address("192.0.2.2")).is_some());
        drop(held);
        assert!(admission.admit(address("192.0.2.1")).is_some());
        assert!(admission.open().by_address.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let admission = admission(None, Some(1));
        let _held = admission.admit(address("2001:db8::1"));
        assert!(admission.admit(address("2001:db8::2")).is_none());
        assert!(admission.admit(address("2001:db8:0:1::1")).is_some());
        let _held = admission.admit(address("192.0.2.1"));
        assert!(admission.admit(address("::ffff:192.0.2.1")).is_none());
    }
}
