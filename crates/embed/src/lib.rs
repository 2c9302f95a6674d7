//! The built-in embedding model, in process: all-MiniLM-L6-v2.
