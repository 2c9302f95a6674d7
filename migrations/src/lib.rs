//! The database schema, one purpose a file.
