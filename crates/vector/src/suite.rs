//! The behaviour suite that every store runs.
