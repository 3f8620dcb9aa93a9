//! Records as bytes, and back.
//!
//! Owns how log, catalog, index and property values are encoded. Reading trusts no length: what a record claims
//! to hold cannot make it allocate much more than its bytes could.

use std::io::Read;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::error::Result;

/// The bytes of a record. `what` names it in the error, which is a defect.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T, what: &str) -> Result<Vec<u8>> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| Error::internal(format!("{what} cannot be encoded")).caused_by(error))
}

/// Calls a function of bincode with a limit for a record of so many bytes. The limit counts bytes in memory, of which one
/// byte can stand for eight; it must be a constant.
macro_rules! limited {
    ($length:expr, |$config:ident| $decode:expr) => {{
        let config = bincode::config::standard();
        match $length {
            0..=0xffff => {
                let $config = config.with_limit::<{ 1 << 20 }>();
                $decode
            }
            0x1_0000..=0xff_ffff => {
                let $config = config.with_limit::<{ 1 << 28 }>();
                $decode
            }
            _ => {
                let $config = config.with_limit::<{ 1 << 40 }>();
                $decode
            }
        }
    }};
}

/// The record that the bytes hold, if they hold one and nothing else.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let decoded = limited!(bytes.len(), |config| bincode::serde::decode_from_slice(bytes, config));
    let (value, length) = decoded.ok()?;
    (length == bytes.len()).then_some(value)
}

/// The next record of several that are read one after the other; `length` is how many bytes all of them take.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read, length: u64) -> Option<T> {
    limited!(length, |config| bincode::serde::decode_from_std_read(from, config)).ok()
}
