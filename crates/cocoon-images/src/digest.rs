//! Content by its hash: what a blob is called, and what a download is held to.

use std::fmt;

use cloud_types::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// The SHA-256 of some bytes, by which they are stored and found. Its text form is `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits, with or without `sha256:` before them.
    ///
    /// # Errors
    /// `InvalidRequest` on field `digest` for anything else, another algorithm among it.
    pub fn parse(text: &str) -> Result<Self> {
        let rule = || Error::invalid("digest", format!("must be the 64 hexadecimal digits of a SHA-256, got {text:?}"));
        from_hex(text.strip_prefix("sha256:").unwrap_or(text)).map(Self).ok_or_else(rule)
    }

    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits alone.
    #[must_use]
    pub fn hex(&self) -> String {
        to_hex(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

/// A hash that somebody published of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksum {
    Sha256(Digest),
    Sha512([u8; 64]),
}

impl Checksum {
    /// Reads hexadecimal digits; their number tells which hash it is.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Digest).map(Self::Sha256).or_else(|| from_hex(text).map(Self::Sha512))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => digest.fmt(f),
            Self::Sha512(bytes) => write!(f, "sha512:{}", to_hex(bytes)),
        }
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes what passes by. The longer hash costs as much again, and is made only where it is asked for.
#[derive(Clone)]
pub(crate) struct Hashes {
    sha256: Sha256,
    sha512: Option<Sha512>,
}

impl Hashes {
    /// Hashes that can be held against `expected`.
    pub(crate) fn new(expected: Option<Checksum>) -> Self {
        let long = matches!(expected, Some(Checksum::Sha512(_)));
        Self { sha256: Sha256::new(), sha512: long.then(Sha512::new) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(long) = &mut self.sha512 {
            long.update(bytes);
        }
    }

    /// The digest of all so far.
    pub(crate) fn digest(&self) -> Digest {
        Digest(self.sha256.clone().finalize().into())
    }

    /// What was found in place of `expected`, where it was not found.
    pub(crate) fn differs(&self, expected: Checksum) -> Option<Checksum> {
        let found = match (expected, &self.sha512) {
            (Checksum::Sha512(_), Some(long)) => Checksum::Sha512(long.clone().finalize().into()),
            _ => Checksum::Sha256(self.digest()),
        };
        (found != expected).then_some(found)
    }
}

impl fmt::Debug for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashes")
    }
}

fn from_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != 2 * BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn to_hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_is_read_with_its_algorithm_and_without() {
        assert_eq!(Digest::parse(EMPTY).unwrap(), Digest::of(b""));
        assert_eq!(Digest::parse(&format!("sha256:{}", EMPTY.to_uppercase())).unwrap().hex(), EMPTY);
        assert_eq!(Digest::of(b"").to_string(), format!("sha256:{EMPTY}"));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "sha256:", "sha512:00", &EMPTY[1..], &format!("{EMPTY}0"), "../../etc/passwd", &"é".repeat(32)]
        {
            assert_eq!(Digest::parse(text).unwrap_err().field(), Some("digest"), "{text}");
        }
    }

    #[test]
    fn the_longer_hash_is_held_against_what_was_published() {
        let published = Checksum::from_hex(&to_hex(&Sha512::digest(b"image"))).unwrap();
        let mut hashes = Hashes::new(Some(published));
        hashes.update(b"ima");
        assert!(hashes.differs(published).is_some());
        hashes.update(b"ge");
        assert_eq!(hashes.differs(published), None);
    }
}
