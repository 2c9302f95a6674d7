//! The one client for addresses that users give.
//!
//! Whoever may name an address that the server then asks could reach what only the server can: the router, a database without a
//! password, the cloud's metadata. So a [`Fetcher`] takes `http` and `https` alone and judges every address that a name stands for;
//! one that is not public refuses the whole name. The address that was judged is the one that is connected to, since the judge is the
//! client's own resolver, and each redirect is judged like the first address. No proxy of the environment, no cookie, no credential
//! goes along. An answer is bounded in bytes after decompression and in time as a whole.
//!
//! [`Reach::Local`] opens the addresses of one's own machine and network, for those who want that. What clouds and links keep for
//! themselves (`169.254.169.254` and its like) stays closed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), transom_fetch::FetchError> {
//! use transom_fetch::{FetchError, FetchSettings, Fetcher};
//!
//! let fetcher = Fetcher::new(FetchSettings::default())?;
//! for address in ["http://127.0.0.1:9200/", "http://169.254.169.254/latest/", "http://[::ffff:10.0.0.1]/"] {
//!     assert!(matches!(fetcher.fetch(address).await, Err(FetchError::Forbidden { .. })), "{address}");
//! }
//! assert!(matches!(fetcher.fetch("file:///etc/passwd").await, Err(FetchError::Address(_))));
//! # Ok(())
//! # }
//! ```
//!
//! A page comes whole ([`Fetcher::fetch`]) or as it arrives ([`Fetcher::open`], a [`Page`]). A [`FetchError`] is a sentence for whoever
//! gave the address, and holds nothing that only the server knows.
//!
//! It does not know what is done with the bytes, who may ask, or what they mean. Addresses that the administrator configured are
//! asked through `transom-upstream`.

mod address;
mod error;
mod fetcher;
mod page;
mod resolver;
#[cfg(test)]
mod tests;

pub use address::Reach;
pub use error::FetchError;
pub use fetcher::{FetchSettings, Fetcher};
pub use page::{Document, Page};
