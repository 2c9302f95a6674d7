//! LanceDB's errors in the port's words.

use std::error::Error as StdError;
use std::io::ErrorKind;

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

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}

fn is_full(error: &(dyn StdError + 'static)) -> bool {
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge))
}

/// A file that the table names is missing or is not what it should be. Callers ask only about tables that were found,
/// so "not found" never means "not made yet".
fn is_damage(error: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<lancedb::Error>() {
        return matches!(error, lancedb::Error::TableCorrupted { .. } | lancedb::Error::TableNotFound { .. });
    }
    if let Some(error) = error.downcast_ref::<LanceError>() {
        return matches!(error, LanceError::CorruptFile { .. } | LanceError::NotFound { .. } | LanceError::DatasetNotFound { .. });
    }
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    matches!(kind, Some(ErrorKind::NotFound | ErrorKind::UnexpectedEof | ErrorKind::InvalidData))
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
