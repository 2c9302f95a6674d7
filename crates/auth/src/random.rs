//! Random bytes from the system.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::AuthError;

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| AuthError::Random(error.to_string()))?;
    Ok(bytes)
}
