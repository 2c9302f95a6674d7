//! LanceDB's errors in the port's words.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use lance_core::Error as LanceError;
use transom_vector::VectorError;

/// What a failure means to the caller. LanceDB has no error for "damaged", so the chain of causes is searched.
pub(crate) fn translate(error: lancedb::Error) -> VectorError {
    let text = error.to_string();
    if chain(&error).any(is_full) {
        VectorError::Full(text)
    } else if chain(&error).any(is_damage) {
        VectorError::Damaged(text)
    } else {
        VectorError::Backend(text)
    }
}

/// As [`translate`], for what lance says without lancedb.
pub(crate) fn from_lance(error: LanceError) -> VectorError {
    translate(error.into())
}

/// Runs what reads stored bytes. LanceDB trusts lengths that it finds in a file, and panics over those of a broken one.
pub(crate) async fn guard<T>(reading: impl Future<Output = Result<T, VectorError>>) -> Result<T, VectorError> {
    let outcome = AssertUnwindSafe(reading).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(VectorError::Damaged("reading what is stored panicked".to_owned())))
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = match this.downcast_ref::<LanceError>() {
            // Its own `source` skips the error that it shares.
            Some(LanceError::Shared { source }) => Some(source.as_ref()),
            _ => this.source(),
        };
        Some(this)
    })
}

fn is_full(error: &(dyn StdError + 'static)) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
}

/// What is said of a file that is shorter than it should be, or not what it should be, by errors without a type for it.
const SIGNS: &[&str] = &[
    "Invalid range ",
    "does not have sufficient data",
    "does not appear to be a Lance file",
    "Invalid format: ",
    "file size is too small",
    " is outside file of size ",
    "failed to decode Protobuf message",
];

/// A file that the table names is missing or is not what it should be. Callers ask only about tables that were found,
/// so "not found" never means "not made yet".
fn is_damage(error: &(dyn StdError + 'static)) -> bool {
    if let Some(lancedb::Error::TableCorrupted { .. } | lancedb::Error::TableNotFound { .. }) = error.downcast_ref() {
        return true;
    }
    if let Some(LanceError::CorruptFile { .. } | LanceError::NotFound { .. } | LanceError::DatasetNotFound { .. }) = error.downcast_ref() {
        return true;
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof | ErrorKind::InvalidData);
    }
    let text = error.to_string();
    SIGNS.iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn from_io(kind: ErrorKind) -> VectorError {
        translate(lancedb::Error::CreateDir { path: "vectors".to_owned(), source: io::Error::from(kind) })
    }

    #[test]
    fn a_full_disk_is_told_apart_from_damage_and_the_rest() {
        assert!(matches!(from_io(ErrorKind::StorageFull), VectorError::Full(_)));
        assert!(matches!(from_io(ErrorKind::QuotaExceeded), VectorError::Full(_)));
        assert!(matches!(from_io(ErrorKind::UnexpectedEof), VectorError::Damaged(_)));
        assert!(matches!(from_io(ErrorKind::PermissionDenied), VectorError::Backend(_)));
    }
}
