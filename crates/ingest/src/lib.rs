//! Bytes in, chunks out: recognises a file, extracts its text and splits it.
