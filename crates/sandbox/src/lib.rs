//! Extraction in child processes that can hurt nobody.
