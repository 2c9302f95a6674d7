//! What parent and child say to each other.
//!
//! The parent begins with its [`Limits`](crate::Limits), the child answers with its [`Protection`](crate::Protection).
//! Then, as often as wanted: a [`Request`] and the document's bytes one way, a [`Reply`] and the text's bytes the other.
//! Everything but those bytes is a head: its length in four bytes, least first, and JSON.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use transom_domain::Text;
use transom_ingest::ExtractError;

/// A head at most: a book of a hundred thousand pages says where each begins in a third of it.
const LONGEST_HEAD: u32 = 16 * 1024 * 1024;

/// A document that follows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// How many bytes.
    pub(crate) size: u64,
    /// What the sender calls it.
    pub(crate) filename: String,
    /// What the sender says that it is.
    pub(crate) content_type: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply {
    /// How many bytes of text follow.
    pub(crate) size: u64,
    /// Everything about the text but its letters, which follow; or why there is none.
    pub(crate) outcome: Result<Text, ExtractError>,
}

/// A head as bytes.
pub(crate) fn head(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let length = u32::try_from(json.len()).ok().filter(|&length| length <= LONGEST_HEAD);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a head is too long"))?;
    Ok([length.to_le_bytes().as_slice(), &json].concat())
}

/// Writes a head.
pub(crate) fn write_head(to: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    to.write_all(&head(value)?)
}

/// Reads a head; nothing where the other side is gone.
pub(crate) fn read_head<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(gone) if gone.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(other) => return Err(other),
    }
    let mut json = vec![0; checked(length)?];
    from.read_exact(&mut json)?;
    Ok(Some(serde_json::from_slice(&json)?))
}

/// Writes a head.
pub(crate) async fn send_head(to: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> io::Result<()> {
    to.write_all(&head(value)?).await
}

/// Reads a head.
pub(crate) async fn receive_head<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut json = vec![0; checked(length)?];
    from.read_exact(&mut json).await?;
    Ok(serde_json::from_slice(&json)?)
}

fn checked(length: [u8; 4]) -> io::Result<usize> {
    match u32::from_le_bytes(length) {
        length @ ..=LONGEST_HEAD => Ok(length as usize),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "a head is too long")),
    }
}
