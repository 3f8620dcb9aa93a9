//! Records as bytes, and back.
//!
//! Owns how log, catalog, index and property values are encoded. Reading trusts no length: what a record claims
//! to hold cannot make it allocate much more than its bytes could.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::error::Result;

/// The bytes of a record. `what` names it in the error, which is a defect.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, what: &str) -> Result<Vec<u8>> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| Error::internal(format!("{what} cannot be encoded")).caused_by(error))
}

/// The record that the bytes hold, if they hold one and nothing else.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    // The limit counts bytes in memory, of which one byte can stand for eight; it must be a constant.
    let config = bincode::config::standard();
    let (value, length) = match bytes.len() {
        0..=0xffff => bincode::serde::decode_from_slice(bytes, config.with_limit::<{ 1 << 20 }>()),
        0x1_0000..=0xff_ffff => {
            bincode::serde::decode_from_slice(bytes, config.with_limit::<{ 1 << 28 }>())
        }
        _ => bincode::serde::decode_from_slice(bytes, config.with_limit::<{ 1 << 40 }>()),
    }
    .ok()?;
    (length == bytes.len()).then_some(value)
}
