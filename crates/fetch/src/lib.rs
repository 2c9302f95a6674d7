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
//! ```no_run
//! # async fn example() -> Result<(), transom_fetch::FetchError> {
//! use transom_fetch::{FetchSettings, Fetcher};
//!
//! let fetcher = Fetcher::new(FetchSettings::default())?;
//! let document = fetcher.fetch("https://example.com/").await?;
//! println!("{} bytes of {:?} from {}", document.bytes.len(), document.media_type, document.url);
//! # Ok(())
//! # }
//! ```
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
