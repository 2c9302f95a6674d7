//! VectorStore on LanceDB.
