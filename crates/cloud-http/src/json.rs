//! JSON in: parsed once and fast; only a failure is parsed again, to name the field.
//!
//! The error never quotes the body, which may hold secrets: path and expectation only.

use std::fmt;

use serde::de::DeserializeOwned;

/// Why a body is not what was asked for: where in it, and what was expected there.
#[derive(Debug)]
pub(crate) struct JsonError {
    path: String,
    problem: String,
}

/// Parses `body` as `T`.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(body).map_err(|error| explain::<T>(body, &error))
}

fn explain<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> JsonError {
    if !error.is_data() {
        let problem = format!("not whole or not JSON at line {}, column {}", error.line(), error.column());
        return JsonError { path: String::new(), problem };
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => String::new(),
        Err(error) => path(error.path()),
    };
    JsonError { path, problem: without_content(&error.to_string()) }
}

/// The path, with what is no plain name (a key that somebody chose) left out.
fn path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let plain = |key: &str| key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let mut text = String::new();
    for segment in path.iter().take(20) {
        let dot = if text.is_empty() { "" } else { "." };
        text += &match segment {
            Segment::Seq { index } => format!("[{index}]"),
            Segment::Map { key } | Segment::Enum { variant: key } if plain(key) => format!("{dot}{key}"),
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => format!("{dot}?"),
        };
    }
    text
}

/// serde's messages quote the value that was found. Kept is what our own types say: the expectation or the field.
fn without_content(message: &str) -> String {
    const QUOTING: [&str; 5] =
        ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];
    for named in ["missing field `", "duplicate field `"] {
        if let Some((field, _)) = message.strip_prefix(named).and_then(|rest| rest.split_once('`')) {
            return format!("{named}{field}`");
        }
    }
    let expected = message.rfind(", expected ").filter(|_| QUOTING.iter().any(|start| message.starts_with(start)));
    expected.map_or_else(|| "not a value that is allowed here".to_owned(), |at| message[at + 2..].to_owned())
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for JsonError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct List {
        #[serde(rename = "servers")]
        _servers: Vec<Server>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Server {
        #[serde(rename = "id")]
        _id: u64,
        #[serde(rename = "labels", default)]
        _labels: std::collections::BTreeMap<String, u8>,
    }

    #[test]
    fn an_error_names_the_path_and_never_the_value() {
        for (body, expected) in [
            (r#"{"servers":[{"id":1},{"id":"marker, expected x"}]}"#, "servers[1].id: expected u64"),
            (r#"{"servers":[{}]}"#, "servers[0]: missing field `id`"),
            (r#"{"servers":[{"id":1,"labels":{"marker key":"marker"}}]}"#, "servers[0].labels.?: expected u8"),
            (r#"{"servers":[{"id":1}"#, "not whole or not JSON"),
            ("<html>marker</html>", "not whole or not JSON"),
            ("\u{0}", "not whole or not JSON"),
        ] {
            let error = parse::<List>(body.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{body}: {error}");
            assert!(!error.contains("marker"), "{error}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let body = "[".repeat(100_000);
        assert!(parse::<serde_json::Value>(body.as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_parser_panic(body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse::<List>(&body).map_err(|error| error.to_string());
        }
    }
}
