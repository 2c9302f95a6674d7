//! For tests: a scripted model, and the suite that every [`crate::ChatModel`] passes.

mod fake;
pub mod suite;

pub use fake::FakeModel;
