//! The provider's error codes and what they mean here, a row a code, each with the page that says so.

use cloud_http::{Answer, ErrorTable};
use cloud_types::{Error, ErrorKind};
use serde::Deserialize;

/// The table.
#[derive(Debug)]
pub(crate) struct Errors;

/// The body of an error.
#[derive(Deserialize)]
struct Body {
    code: String,
}

impl ErrorTable for Errors {
    fn error(&self, answer: &Answer<'_>) -> Error {
        let Some(Body { code }) = answer.json() else { return answer.by_status() };
        let error = match kind(&code) {
            Some((kind, message)) => Error::new(kind, message),
            None => answer.by_status(),
        };
        error.with_code(code)
    }
}

/// <https://api.example.com/errors>
fn kind(code: &str) -> Option<(ErrorKind, &'static str)> {
    Some(match code {
        "sold_out" => (ErrorKind::NoCapacity, "no machine of this type is left here"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_has_its_kind() {
        assert_eq!(kind("sold_out").map(|(kind, _)| kind), Some(ErrorKind::NoCapacity));
        assert_eq!(kind("never heard of"), None);
    }
}
