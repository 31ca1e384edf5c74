//! Percent-encoding of path segments and query parts, and the check that a path stays below its base.

use std::fmt::{self, Write};

use cloud_types::{Error, Result};

/// One path segment made from any text, such as an id that a user handed in: everything but letters, digits
/// and `-._~` is percent-encoded, so that it cannot leave its place in the path.
///
/// ```
/// assert_eq!(format!("servers/{}", cloud_http::segment("a/b?c")), "servers/a%2Fb%3Fc");
/// ```
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text);
    out
}

/// Appends `text` percent-encoded; a space is `%20`, which is right in a path and in a query.
pub(crate) fn encode_into(out: &mut String, text: impl fmt::Display) {
    write!(Encoder(out), "{text}").expect("writing to a String never fails");
}

/// Refuses a path that would not stay where it is put: segments `.` and `..`, empty ones, and characters that
/// end a path or that no URL holds.
pub(crate) fn check_path(path: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\' | b'"' | b'<' | b'>');
    let dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let climbs = |segment: &str| segment.is_empty() || (segment.len() <= 6 && dots(segment));
    if !path.is_empty() && (!path.bytes().all(allowed) || path.split('/').any(climbs)) {
        return Err(Error::invalid("path", "an id is empty or holds characters that a path cannot"));
    }
    Ok(())
}

struct Encoder<'a>(&'a mut String);

impl Write for Encoder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                self.0.push(char::from(byte));
            } else {
                write!(self.0, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_would_leave_their_place_are_refused() {
        for bad in ["a/../b", "..", "a/%2e%2E/b", "./a", "a//b", "/a", "a?b", "a#b", "a b", "a\\b", "ä", "a/"] {
            assert_eq!(check_path(bad).expect_err(bad).field(), Some("path"));
        }
        for good in ["", "servers", "servers/42/actions/poweron", "a%2Fb", "v1.2/..x", "a:b@c"] {
            check_path(good).expect(good);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_makes_one_segment_or_is_refused(text in ".*") {
            let path = format!("servers/{}", segment(&text));
            if check_path(&path).is_ok() {
                let url = url::Url::parse("http://h/v1/").unwrap().join(&path).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                proptest::prop_assert_eq!(segments, ["v1", "servers", &segment(&text)]);
            }
        }
    }
}
