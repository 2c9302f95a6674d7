//! Functions as the community writes them, unchanged, in real workers: what a user of each sees.

mod filters;
mod pipes;
mod proxies;
mod support;
