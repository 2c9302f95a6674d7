//! What the adapters of HTTP upstreams share.
//!
//! [`upstream_client`] builds the one outbound client for addresses that the administrator configured.
//! An [`Upstream`] is one such address with its key and its limits: it sends calls, reads whole answers up to a bound,
//! hands streams on as they come, and turns every failure into an [`transom_llm::LlmError`] that holds neither keys nor
//! the credentials of the address. [`lines`] cuts a stream into lines, and [`embed_in_batches`] is what remote embedders
//! have in common.
//!
//! ```
//! use transom_llm::LlmError;
//! use transom_upstream::{ClientSettings, Limits, Upstream, upstream_client};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), LlmError> {
//! # let server = transom_testkit::Upstream::start().await;
//! # let address = server.base_url().replace("http://", "http://me:secret@");
//! let upstream = Upstream::new(&address, None, Limits::default(), upstream_client(&ClientSettings::default())?)?;
//! assert!(!upstream.name().contains("secret"), "the credentials of the address are used and never shown");
//! let refused = upstream.post("/nowhere", "{}".into()).await;
//! assert!(matches!(refused, Err(LlmError::Refused { status: 404, .. })));
//! # Ok(())
//! # }
//! ```
//!
//! It knows no API: paths, bodies and their meaning are the adapters'.

mod client;
mod embed;
mod failure;
mod headers;
mod lines;
mod upstream;

pub use client::{ClientSettings, Proxies, UpstreamClient, upstream_client};
pub use embed::{EmbedderSettings, Remote, embed_in_batches};
pub use failure::refusal;
pub use lines::lines;
pub use upstream::{Limits, Upstream, bytes_of, media_type, peek};
