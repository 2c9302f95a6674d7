//! Extraction in child processes that can hurt nobody.
//!
//! [`Sandbox`] is a [`Reader`](transom_ingest::Reader) that keeps a few child processes ready and gives each document to
//! one of them. A child is the program that [`SandboxConfig`] names, which calls [`answer`] and nothing else:
//! the server's own executable with a sub-command.
//!
//! A child has no environment, no secret and no file but one socket to its parent. Before it takes the first document it
//! gives up what it does not need, as far as the system lets it ([`Protection`] says how far): address space and
//! processor time are limited; files, sockets and processes cannot be made or reached. What is left is memory and
//! arithmetic. The parent counts the processor time that each document takes and reads no longer answer than it has asked for. A child
//! that overruns, or ends over a document, fails that document alone; the next one gets a new child. A child whose parent
//! is gone ends at once.
//!
//! ```standalone_crate
//! use transom_ingest::{Document, Extractors, Reader};
//! use transom_sandbox::{Program, Sandbox, SandboxConfig, answer};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Before there is a thread, a setting or a log: the child is to have none of them.
//!     if std::env::args().any(|argument| argument == "extract") {
//!         return Ok(answer(Extractors::standard())?);
//!     }
//!     let runtime = tokio::runtime::Runtime::new()?;
//!     let sandbox = Sandbox::new(SandboxConfig::new(Program::own("extract")?));
//!     let document = Document::whole("Herons wait.", "notes.txt", None);
//!     assert_eq!(runtime.block_on(sandbox.read(document))?.text, "Herons wait.");
//!     Ok(())
//! }
//! ```
//!
//! What is wrong with a document, being too large or taking too much processor time among it, is an `ExtractError` for whoever sent it;
//! a child that was ended by somebody else, or got too little processor time, is `ExtractError::Interrupted`, after which the document
//! may be tried again.
//!
//! Everything but the limits of address space, system calls and files works on any Unix; those are Linux's.

mod answer;
mod child;
mod clock;
mod frame;
mod jail;
mod limits;
mod sandbox;

pub use answer::answer;
pub use limits::{Limits, Protection};
pub use sandbox::{Program, Sandbox, SandboxConfig};
