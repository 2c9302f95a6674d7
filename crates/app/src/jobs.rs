//! Background work: leases jobs from the store and does them.
