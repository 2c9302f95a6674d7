//! Comparing with every one of the named rows.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt64Type};
use futures_util::TryStreamExt;
use lance::Dataset;
use lance::dataset::ROW_ID;
use lance::dataset::scanner::{RowAddrMask, RowAddrTreeMap};
use transom_vector::VectorError;

use crate::error::from_lance;
use crate::read::Ranked;
use crate::rows::{VECTOR, numbers, unexpected};

/// The rows nearest to `vector`, nearest first: `limit` of them, and all that are as near as the last one.
pub(crate) async fn nearest(dataset: &Dataset, rows: RowAddrTreeMap, vector: &[f32], limit: usize) -> Result<Ranked, VectorError> {
    let mut scan = dataset.scan();
    scan.with_row_id_prefilter(RowAddrMask::from_allowed(rows)).with_row_id().project(&[VECTOR]).map_err(from_lance)?;
    let mut batches = scan.try_into_stream().await.map_err(from_lance)?;
    let length = dot(vector, vector).sqrt();
    let mut ranked = Ranked::new();
    while let Some(batch) = batches.try_next().await.map_err(from_lance)? {
        let ids = numbers::<UInt64Type>(&batch, ROW_ID)?;
        let vectors = batch.column_by_name(VECTOR).and_then(|column| column.as_fixed_size_list_opt()).ok_or_else(|| unexpected(VECTOR))?;
        let width = vectors.value_length() as usize;
        let numbers = vectors.values().as_primitive_opt::<Float32Type>().ok_or_else(|| unexpected(VECTOR))?.values();
        if width != vector.len() {
            return Err(unexpected(VECTOR));
        }
        let first = vectors.offset() * width;
        for (row, stored) in numbers[first..].chunks_exact(width).take(batch.num_rows()).enumerate() {
            let likeness = dot(stored, vector) / (dot(stored, stored).sqrt() * length);
            // Without a direction there is no likeness.
            if likeness.is_finite() {
                ranked.push((ids.value(row), likeness.clamp(-1.0, 1.0)));
            }
        }
    }
    ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    if let Some(last) = limit.checked_sub(1).and_then(|last| ranked.get(last)).map(|last| last.1) {
        let kept = ranked.partition_point(|row| row.1 >= last);
        ranked.truncate(kept);
    }
    Ok(ranked)
}

/// Eight sums at a time, which the compiler makes vector instructions of.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a_eights, b_eights) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_eights.remainder().iter().zip(b_eights.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_eights.zip(b_eights) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::dot;

    #[test]
    fn all_of_a_vector_counts() {
        let a: Vec<f32> = (0..19).map(|n| n as f32).collect();
        let b: Vec<f32> = (0..19).map(|n| (n % 3) as f32).collect();
        assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>());
    }
}
