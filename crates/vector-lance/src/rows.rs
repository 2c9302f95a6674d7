//! Chunks as rows: the schema of a space's table, its name, and the way there and back.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, FixedSizeListArray, Float32Array, PrimitiveArray, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use sha2::{Digest, Sha256};
use transom_domain::{Chunk, FileId, Fingerprint};
use transom_vector::{EmbeddedChunk, Space, VectorError};

/// Tables of ours begin so; others in the folder are left alone.
pub(crate) const TABLE_PREFIX: &str = "chunks_";
/// The column that filters look at.
pub(crate) const FILE_ID: &str = "file_id";
/// The column that is searched.
pub(crate) const VECTOR: &str = "vector";
/// The column of words.
pub(crate) const TERMS: &str = "terms";
/// The column that orders a file's chunks.
pub(crate) const ORDINAL: &str = "ordinal";
/// What LanceDB calls the distance that it computed.
pub(crate) const DISTANCE: &str = "_distance";
/// What LanceDB calls the BM25 that it computed.
pub(crate) const BM25: &str = "_score";
/// The columns that make a chunk; vector and terms stay where they are.
pub(crate) const CHUNK_COLUMNS: [&str; 6] = [FILE_ID, ORDINAL, "text", "start_index", "page", "headings"];

/// Part of a table's name: with another layout, vectors are made again instead of misread.
const LAYOUT: &str = "v2";
const FINGERPRINT_KEY: &str = "transom.fingerprint";
const DIMENSION_KEY: &str = "transom.dimension";

/// The name of a space's table. Safe as a folder's name whatever the fingerprint holds.
pub(crate) fn table_name(space: &Space) -> String {
    format!("{}{}", embedder_prefix(&space.fingerprint), space.dimension)
}

/// What the names of an embedder's tables begin with, so that they can be told also where they cannot be read.
pub(crate) fn embedder_prefix(fingerprint: &Fingerprint) -> String {
    format!("{TABLE_PREFIX}{LAYOUT}_{}_", &hex::encode(Sha256::digest(fingerprint.0.as_bytes()))[..32])
}

/// The schema of a space's table.
pub(crate) fn schema(space: &Space) -> Result<SchemaRef, VectorError> {
    let fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new(FILE_ID, DataType::Utf8, false),
        Field::new(ORDINAL, DataType::UInt32, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("start_index", DataType::UInt64, false),
        Field::new("page", DataType::UInt32, true),
        Field::new("headings", DataType::Utf8, false),
        Field::new(VECTOR, DataType::FixedSizeList(item(), width(space)?), false),
        Field::new(TERMS, DataType::Utf8, false),
    ];
    let metadata =
        HashMap::from([(FINGERPRINT_KEY.to_owned(), space.fingerprint.0.clone()), (DIMENSION_KEY.to_owned(), space.dimension.to_string())]);
    Ok(Arc::new(Schema::new_with_metadata(fields, metadata)))
}

/// The space that a table says it is of.
pub(crate) fn space_of(schema: &Schema) -> Option<Space> {
    let fingerprint = Fingerprint(schema.metadata.get(FINGERPRINT_KEY)?.clone());
    let dimension = schema.metadata.get(DIMENSION_KEY)?.parse().ok()?;
    Some(Space { fingerprint, dimension })
}

/// A file's chunks as rows of the space's table.
pub(crate) fn to_rows(space: &Space, file: &FileId, chunks: Vec<EmbeddedChunk>) -> Result<RecordBatch, VectorError> {
    let texts =
        |of: fn(&Chunk) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(chunks.iter().map(|stored| of(&stored.chunk)))) };
    let ordinals = chunks.iter().map(|stored| stored.chunk.ordinal);
    let starts = chunks.iter().map(|stored| stored.chunk.start_index as u64);
    let numbers: Vec<f32> = chunks.iter().flat_map(|stored| stored.vector.iter().copied()).collect();
    let vectors = FixedSizeListArray::try_new(item(), width(space)?, Arc::new(Float32Array::from(numbers)), None);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(chunks.iter().map(|stored| format!("{file}:{}", stored.chunk.ordinal)))),
        Arc::new(StringArray::from_iter_values(chunks.iter().map(|_| file.as_ref()))),
        Arc::new(UInt32Array::from_iter_values(ordinals)),
        texts(|chunk| chunk.text.clone()),
        Arc::new(UInt64Array::from_iter_values(starts)),
        Arc::new(chunks.iter().map(|stored| stored.chunk.page).collect::<UInt32Array>()),
        texts(|chunk| serde_json::Value::from(chunk.headings.clone()).to_string()),
        Arc::new(vectors.map_err(|error| VectorError::Backend(error.to_string()))?),
        Arc::new(StringArray::from_iter_values(chunks.iter().map(|stored| stored.terms.as_str()))),
    ];
    RecordBatch::try_new(schema(space)?, columns).map_err(|error| VectorError::Backend(error.to_string()))
}

/// Rows as chunks.
pub(crate) fn to_chunks(rows: &RecordBatch) -> Result<Vec<Chunk>, VectorError> {
    let files = strings(rows, FILE_ID)?;
    let ordinals = numbers::<UInt32Type>(rows, ORDINAL)?;
    let texts = strings(rows, "text")?;
    let starts = numbers::<UInt64Type>(rows, "start_index")?;
    let pages = numbers::<UInt32Type>(rows, "page")?;
    let headings = strings(rows, "headings")?;
    (0..rows.num_rows())
        .map(|row| {
            Ok(Chunk {
                file_id: FileId::from(files.value(row)),
                ordinal: ordinals.value(row),
                text: texts.value(row).to_owned(),
                start_index: starts.value(row) as usize,
                page: pages.is_valid(row).then(|| pages.value(row)),
                headings: serde_json::from_str(headings.value(row))
                    .map_err(|error| VectorError::Damaged(format!("a chunk's headings: {error}")))?,
            })
        })
        .collect()
}

/// A column of text.
pub(crate) fn strings<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a StringArray, VectorError> {
    rows.column_by_name(name).and_then(|column| column.as_string_opt()).ok_or_else(|| unexpected(name))
}

/// A column of numbers.
pub(crate) fn numbers<'a, T: ArrowPrimitiveType>(rows: &'a RecordBatch, name: &str) -> Result<&'a PrimitiveArray<T>, VectorError> {
    rows.column_by_name(name).and_then(|column| column.as_primitive_opt()).ok_or_else(|| unexpected(name))
}

/// What is said of a column that is not as it was written.
pub(crate) fn unexpected(column: &str) -> VectorError {
    VectorError::Damaged(format!("column {column} is missing or of another type"))
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, true))
}

fn width(space: &Space) -> Result<i32, VectorError> {
    let width = i32::try_from(space.dimension).ok().filter(|width| *width > 0);
    width.ok_or_else(|| VectorError::Backend(format!("a space of {} dimensions cannot be stored", space.dimension)))
}
