//! Making user data fit: compression where it is needed, and the error where it is not enough.

use std::fmt;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::{Error, ErrorKind, Result, UserData};
use flate2::{Compression, GzBuilder};

/// User data that does not fit, however it is compressed: the source of the error of
/// [`Bootstrap::render`](crate::Bootstrap::render).
///
/// ```
/// use cloud_bootstrap::{Bootstrap, Format, TooLarge};
///
/// let error = Bootstrap::new().render(Format::Script, 1000).unwrap_err();
/// let TooLarge { size, limit, .. } = TooLarge::of(&error).expect("a first boot takes more than that");
/// assert!(*size > 1000 && *limit == 1000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLarge {
    /// What it takes at least, in bytes.
    pub size: usize,
    /// What it may take, in bytes.
    pub limit: usize,
}

impl TooLarge {
    /// The sizes that are behind an error, where this is what went wrong.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "takes {} bytes where {} fit", self.size, self.limit)
    }
}

impl std::error::Error for TooLarge {}

/// The plain form where it fits, else the compressed one where that does.
pub(crate) fn smallest(
    limit: usize,
    plain: impl FnOnce() -> Result<String>,
    compressed: impl FnOnce() -> Result<String>,
) -> Result<UserData> {
    let plain = plain()?;
    if plain.len() <= limit {
        return Ok(UserData::new(plain));
    }
    let compressed = compressed()?;
    if compressed.len() <= limit {
        return Ok(UserData::new(compressed));
    }
    let size = plain.len().min(compressed.len());
    let rule = format!("must be at most {limit} bytes, and takes {size} when it is compressed");
    Err(Error::invalid("user_data", rule).with_source(TooLarge { size, limit }))
}

/// gzip in base64 without line ends; the same text always gives the same.
pub(crate) fn gzip(text: &str) -> Result<String> {
    let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let bytes = writer.write_all(text.as_bytes()).and_then(|()| writer.finish());
    let bytes = bytes.map_err(|error| Error::new(ErrorKind::Unexpected, format!("cannot be compressed ({error})")))?;
    Ok(STANDARD.encode(bytes))
}

/// Base64 in lines of 76, as messages have it.
pub(crate) fn in_lines(base64: &str) -> String {
    let lines = base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_plain_form_is_taken_where_it_fits() {
        let pick = |limit| smallest(limit, || Ok("12345678".to_owned()), || Ok("1234".to_owned()));
        assert_eq!(pick(8).unwrap().expose(), "12345678");
        assert_eq!(pick(7).unwrap().expose(), "1234");
        let error = pick(3).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("user_data")));
        assert_eq!(TooLarge::of(&error), Some(&TooLarge { size: 4, limit: 3 }));
        assert!(error.message().contains('3') && error.message().contains('4'), "{error}");
    }

    #[test]
    fn compression_is_undone_and_repeatable() {
        let text = "first boot ".repeat(100);
        let packed = gzip(&text).unwrap();
        assert_eq!(packed, gzip(&text).unwrap());
        let mut again = String::new();
        let bytes = STANDARD.decode(in_lines(&packed).replace('\n', "")).unwrap();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut again).unwrap();
        assert_eq!(again, text);
    }
}
