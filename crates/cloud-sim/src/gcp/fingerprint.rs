//! Fingerprints: a text that changes with what it is taken of, so that a writer can show that it
//! has read the present state.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::errors::{self, ApiError};

/// The fingerprint of a value: eight bytes in base64.
pub(super) fn of(value: &impl Serialize) -> String {
    let text = serde_json::to_vec(value).expect("fingerprints are taken of plain JSON");
    let sum = text.iter().fold(OFFSET, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(PRIME));
    STANDARD.encode(sum.to_be_bytes())
}

/// Checks the fingerprint that a writer sent; the two alphabets of base64 are the same to it.
pub(super) fn check(sent: Option<&str>, present: &str, what: &str) -> Result<(), ApiError> {
    let sent = sent.map(|sent| sent.replace('-', "+").replace('_', "/"));
    if sent.as_deref() == Some(present) {
        return Ok(());
    }
    Err(errors::stale(what))
}

/// FNV-1a.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
